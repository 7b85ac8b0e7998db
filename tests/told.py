"""Messages about one sensor as the agent makes them, for sinks that show figures one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agent.ports import Message

ROOT = "textvib/gw"
PLACE = {"agent": "gw", "machine": "pump2", "machine_name": "펌프 2", "position": "drive end"}
STATE = {
    "state": "healthy",
    "title": "Healthy",
    "since": "2026-11-26T10:00:00Z",
    "bearing": "de",
    "deviation": 0.4,
    "speed": {"rpm": 1480.0},
}
WINDOW = {
    "bearing": "de",
    "fault": "outer_race",
    "probability": 0.81,
    "text": {"title": "Outer race", "sentence": "바깥 궤도가 상했습니다.", "advice": "Plan."},
    "evidence": {"velocity_rms": {"value": 3.25, "unit": "mm/s", "reason": None}, "iso_zone": "B"},
}
ALERT = {
    "id": "7-abc",
    "event": "raised",
    "severity": "alarm",
    "bearing": "de",
    "fault": "outer_race",
    "probability": 0.81,
    "text": {"title": "Outer race", "sentence": "Damaged.", "advice": "Plan a change."},
    "opened": "2026-11-26T10:00:00Z",
}


def _message(topic: str, told: dict[str, Any], **keys: Any) -> Message:
    return Message(f"{ROOT}/{topic}", msgspec.json.encode(PLACE | told), qos=1, **keys)


def state(sensor: str = "p2", **changes: Any) -> Message:
    return _message(f"sensor/{sensor}/state", STATE | changes, retain=True, kind="state")


def removed(sensor: str = "p2") -> Message:
    return Message(f"{ROOT}/sensor/{sensor}/state", b"", retain=True, qos=1)


def window(sensor: str = "p2", **changes: Any) -> Message:
    return _message(f"sensor/{sensor}/diagnosis", {"sensor": sensor} | WINDOW | changes, kind="diagnosis")


def alert(sensor: str = "p2", **changes: Any) -> Message:
    return _message(f"alert/{sensor}/de", {"sensor": sensor} | ALERT | changes, retain=True, kind="alert")


def ended(sensor: str = "p2") -> Message:
    return Message(f"{ROOT}/alert/{sensor}/de", b"", retain=True, qos=1, kind="alert")


def event(sensor: str = "p2", *, seq: int = 3, ago_s: float = -1.0, **changes: Any) -> Message:
    """`ago_s` before now; by default a moment later, so that no birth is younger."""
    told = {"sensor": sensor, "seq": seq, "time": datetime.now(UTC) - timedelta(seconds=ago_s)} | ALERT | changes
    return _message("event", told, kind="event", seq=seq, alert="7-abc")


def maintenance(**changes: Any) -> Message:
    told = {"kind": "speed_silent", "event": "raised", "text": "The speed is told no more.", "seq": 4} | changes
    return _message("maintenance", told, kind="event", seq=4)


def health(**changes: Any) -> Message:
    told = {"version": "0.1.0", "bundle": "default 3", "runtime": "onnx", "notices": [], "open_alerts": []} | changes
    return _message("health", told, retain=True, kind="health")
