"""Whether the machine runs: from its measured speed where there is one, else from how much it shakes.

The limit to start is above the limit to stop, so that a machine near it does not flicker between the two. A speed of 0
is believed only of a machine that does not plainly shake: whoever publishes zeros must not silence one.
"""

from __future__ import annotations

from agent.diagnosis.evidence import ISO_20816_3_MM_S
from agent.types import Figure, Speed

RUNNING_SHARE = 0.25
"""Of the quietest healthy RMS. Measured on an induction motor with a MEMS sensor: standing still it reads 0.1 of its
RMS at 2000 rpm, and 0.4 of it at half that speed without the belt."""
STARTS_ABOVE = 1.25  # of the limit under which it stops
PLAINLY = 2.0
"""Times the limit under which it stops: half of the quietest healthy RMS, where that was learnt. The neighbours of a
machine that stands shake it by a part of that."""
SHAKES_G = 0.1  # where no limit is known: several times what cheap sensors make of themselves, and neighbours pass on
SHAKES_MM_S = min(limits[0] for limits in ISO_20816_3_MM_S.values())
"""Where no limit is known: the least boundary of ISO 20816-3 between machines as new and others, all running."""


class RunningGate:
    """One machine's running state."""

    def __init__(self) -> None:
        self._running = True

    def feed(self, rms: float | None, *, limit: float | None, speed: Speed) -> bool:
        """Whether the machine runs in a window of this RMS; `limit` in the same unit, None: everything runs.

        A speed measured to be 0 is a machine that stands still, although its surroundings shake it a little.
        """
        if is_told_still(speed):
            self._running = False
        elif rms is None or limit is None:
            self._running = True
        else:
            self._running = rms >= (limit if self._running else limit * STARTS_ABOVE)
        return self._running


def is_told_still(speed: Speed) -> bool:
    """Whether a tacho or a topic says that the shaft is at rest."""
    return speed.origin in ("topic", "tacho") and speed.steady and speed.rpm == 0


def plainly_shakes(rms: float | None, *, limit: float | None, unit: str, velocity: Figure) -> bool:
    """Whether a machine shakes as none does that stands still.

    `rms` of its worst axis and `limit`, under which it stands still, in `unit` ("g" or "raw"). Where no limit is known
    and the unit is raw, nobody can tell.
    """
    if rms is not None and limit is not None:
        return rms >= PLAINLY * limit
    shakes = rms is not None and unit == "g" and rms >= SHAKES_G
    return shakes or (velocity.value is not None and velocity.value >= SHAKES_MM_S)
