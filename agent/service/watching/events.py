"""What the log says of states and alerts, with the keys that a machine looks for."""

from __future__ import annotations

import logging

from agent.messages.topics import WHOLE_MACHINE
from agent.service.sensor import OVERLOADED
from agent.types import Alert, State, StateChange

MENDS = {
    State.INVALID: "check the sensor, its cable, its mounting and its measuring range",
    State.LOST: "check the sensor's power and its line",
}
CONTRADICTION_MENDS = {
    "rate_mismatch": "its notices say whether to look at rate_hz, at the sensor's clock or at who sends late",
    "speed_contradicts": "its notices say what is told and what is heard; check the tacho and its topic, or the config",
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
    by_reason = {**CONTRADICTION_MENDS, OVERLOADED: OVERLOAD_MEND}
    mend = by_reason.get(change.reason or "") or MENDS.get(change.state)
    level = logging.INFO if mend is None else logging.WARNING
    reason = f" ({change.reason})" if change.reason else ""
    about = {"event": "state", "sensor": change.sensor, "state": str(change.state), "reason": change.reason}
    log.log(level, "%s: %s%s%s", change.sensor, change.state, reason, f"; {mend}" if mend else "", extra=about)


def log_alert(alert: Alert) -> None:
    about = {"event": f"alert_{alert.event}", "alert": alert.id, "sensor": alert.sensor, "bearing": alert.bearing}
    what = alert.reason or alert.event
    told = {"kind": alert.fault, "reason": alert.reason, "was": alert.was}
    found = f", was {alert.was}" if alert.was else ""
    log.warning("alert %s %s: %s %s%s", alert.id, what, place_of(alert), alert.fault, found, extra=about | told)


def place_of(alert: Alert) -> str:
    """Sensor and bearing as a topic has them."""
    return f"{alert.sensor}/{alert.bearing or WHOLE_MACHINE}"
