"""Figures that were measured, as people write them: so many digits as are known, and no powers of ten."""

from __future__ import annotations

KNOWN = 4
"""Significant digits of a rate that was counted over seconds."""


def hz_in_figures(hz: float) -> str:
    """13220 for 13218.7 Hz."""
    rounded = float(f"{hz:.{KNOWN}g}")
    return f"{rounded:.0f}" if rounded == round(rounded) else f"{rounded:.{KNOWN}g}"
