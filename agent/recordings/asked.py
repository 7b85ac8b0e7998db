"""What whoever reads a recording asks of its format: which of what it holds, and to be told how far the reading is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def unheard(share: float) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`variable` is None where the file must leave no choice; several joined by `+` become axes.

    `volts`: a sensitivity is known, so columns of volts are acceleration. `progress` hears the share read, 0 to 1.
    """

    variable: str | None = None
    volts: bool = False
    progress: Callable[[float], None] = unheard

    @property
    def parts(self) -> tuple[str, ...] | None:
        """The names or numbers that `variable` joins; None where it leaves the choice to the file."""
        if self.variable in (None, "*"):
            return None
        return tuple(part.strip() for part in (self.variable or "").split("+"))
