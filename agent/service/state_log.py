"""A state that a sensor entered, logged with what there is to look at where it cannot be judged."""

from __future__ import annotations

import logging

from agent.service.sensor import OVERLOADED
from agent.types import State, StateChange

MENDS = {
    State.INVALID: "check the sensor, its cable, its mounting and its measuring range",
    State.LOST: "check the sensor's power and its line",
}
OVERLOAD_MEND = "use fewer sensors or lower rates, or a faster computer"

log = logging.getLogger(__name__)


def log_state(change: StateChange) -> None:
    """One line; a warning where somebody has to look."""
    mend = OVERLOAD_MEND if change.reason == OVERLOADED else MENDS.get(change.state)
    level = logging.INFO if mend is None else logging.WARNING
    reason = f" ({change.reason})" if change.reason else ""
    log.log(level, "%s: %s%s%s", change.sensor, change.state, reason, f"; {mend}" if mend else "")
