"""What whoever reads a recording asks of its format: which of what it holds, and to be told how far the reading is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _unheard(share: float) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Asked:
    """`variable` is None where the file must leave no choice; several joined by `+` become axes.

    `volts`: a sensitivity is known, so columns of volts are acceleration. `told` hears the share that is read, 0 to 1.
    """

    variable: str | None = None
    volts: bool = False
    told: Callable[[float], None] = _unheard

    @property
    def parts(self) -> tuple[str, ...] | None:
        """The names or numbers that `variable` joins; None where it leaves the choice to the file."""
        if self.variable in (None, "*"):
            return None
        return tuple(part.strip() for part in (self.variable or "").split("+"))
