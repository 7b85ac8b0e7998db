"""Alerts kept in a store as the announcer keeps them, for tests of what becomes of a store."""

from __future__ import annotations

from agent.ports import Message
from agent.service.keeping.alert_rows import Said
from agent.service.keeping.store import Store
from agent.types import Alert


def said(store: Store, alert: Alert, *, sinks: tuple[str, ...] = ("broker",)) -> Said:
    """What is said of an alert."""
    seq = store.numbers.next_seq()
    payload = f"{alert.id} {alert.event} {seq}".encode()
    event = Message("t/event", payload, qos=1, kind="event", seq=seq, alert=alert.id)
    topic, content = f"t/alert/{alert.sensor}/{alert.bearing}", b"" if alert.event == "cleared" else payload
    shown = Message(topic, content, retain=True, qos=1, kind="alert", seq=seq, alert=alert.id)
    return Said(alert, event, shown, sinks)


def keep(store: Store, alert: Alert, *, sinks: tuple[str, ...] = ("broker",)) -> tuple[Message, Message] | None:
    """The same, kept; None where it was not."""
    told = said(store, alert, sinks=sinks)
    return (told.event, told.shown) if store.alerts.commit(told) else None


def opened(store: Store) -> tuple[Alert, ...]:
    return tuple(kept.alert for kept in store.alerts.open())
