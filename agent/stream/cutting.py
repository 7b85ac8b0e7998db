"""How a stream is cut into windows: one after another while samples come, or piece by piece where they come in pieces.

What is shorter than a window is judged with what its length allows; below `SHORTEST_S` nothing is.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.dsp.spectra import FeatureSpec
from agent.stream.windowing import Windower

SHORTEST_S = 0.2
"""What sensors on batteries send as .25 s, by a clock that may be off."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """Lengths in seconds. `shortest_s`: from where on a piece shorter than a window is one; None: it never is."""

    window_s: float
    hop_s: float
    shortest_s: float | None = None

    def windower(self) -> Windower:
        """A new one that cuts so."""
        return Windower(window_s=self.window_s, hop_s=self.hop_s, shortest_s=self.shortest_s)


def whole_windows(spec: FeatureSpec) -> Cutting:
    """Overlapping windows alone, as from samples that keep coming."""
    return Cutting(spec.window_s, spec.hop_s)


def snapshots(spec: FeatureSpec) -> Cutting:
    """Every piece by itself. Windows of a longer one do not overlap: where windows are counted, snapshots are meant."""
    return Cutting(spec.window_s, spec.window_s, SHORTEST_S)


def windows_like(seconds: float | None, spec: FeatureSpec) -> Cutting:
    """As long as pieces of so many seconds are, to be compared with them; None: whole windows."""
    if seconds is None:
        return whole_windows(spec)
    return Cutting(seconds, min(spec.hop_s, seconds), min(SHORTEST_S, seconds))
