"""Whether the machine runs: from its measured speed where there is one, else from how much it shakes.

The limit to start is above the limit to stop, so that a machine near it does not flicker between the two.
"""

from __future__ import annotations

from agent.types import Speed

RUNNING_SHARE = 0.25
"""Of the quietest healthy RMS. Measured on an induction motor with a MEMS sensor: standing still it reads 0.1 of its
RMS at 2000 rpm, and 0.4 of it at half that speed without the belt."""
STARTS_ABOVE = 1.25  # of the limit under which it stops


class RunningGate:
    """One machine's running state."""

    def __init__(self) -> None:
        self._running = True

    def feed(self, rms: float | None, *, limit: float | None, speed: Speed) -> bool:
        """Whether the machine runs in a window of this RMS; `limit` in the same unit, None: everything runs.

        A speed measured to be 0 is a machine that stands still, however much its surroundings shake it.
        """
        if speed.origin in ("topic", "tacho") and speed.steady and speed.rpm == 0:
            self._running = False
        elif rms is None or limit is None:
            self._running = True
        else:
            self._running = rms >= (limit if self._running else limit * STARTS_ABOVE)
        return self._running
