"""A state that a sensor entered, logged with what there is to look at where it cannot be judged."""

from __future__ import annotations

import logging

from agent.service.sensor import OVERLOADED
from agent.types import State, StateChange

MENDS = {
    State.INVALID: "check the sensor, its cable, its mounting and its measuring range",
    State.LOST: "check the sensor's power and its line",
}
CONTRADICTION_MENDS = {
    "rate_mismatch": "correct rate_hz, or the sensor's clock",
    "speed_contradicts": "check the tacho, and who may write its topic",
    "second_sender": "give each sender a topic of its own",
}
"""By the reason of a state."""
OVERLOAD_MEND = "use fewer sensors or lower rates, or a faster computer"
OVERLOAD_NOTICE = (
    f"overloaded: this computer cannot judge all that comes, and leaves out one sensor after the other; {OVERLOAD_MEND}"
)
"""Of a state."""

log = logging.getLogger(__name__)


def log_state(change: StateChange) -> None:
    """One line; a warning where somebody has to look."""
    by_reason = {**CONTRADICTION_MENDS, OVERLOADED: OVERLOAD_MEND}
    mend = by_reason.get(change.reason or "") or MENDS.get(change.state)
    level = logging.INFO if mend is None else logging.WARNING
    reason = f" ({change.reason})" if change.reason else ""
    log.log(level, "%s: %s%s%s", change.sensor, change.state, reason, f"; {mend}" if mend else "")
