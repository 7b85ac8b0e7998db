"""Rows of alerts and of what is said of them: an alert, its event for every sink and the topic that will show it are
one transaction.

It is on the disk before anybody hears of it: whatever instant the process ends at, the next one knows what is open,
what is still to be said and what a broker may still show.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from agent.ports import Message
from agent.service.keeping.numbers import Numbers
from agent.service.keeping.state_tables import Put
from agent.service.keeping.transactions import Statement, Transactions
from agent.types import Alert


class Said(NamedTuple):
    """A change of an alert with what is said of it: its event, and what is retained from now on."""

    alert: Alert | None  # None: one that only a sink still knew
    event: Message
    shown: Message
    sinks: tuple[str, ...]


class OpenAlert(NamedTuple):
    """An alert that is open, with what was last said of it; `seq` 0 and no payload where an older agent stored it."""

    alert: Alert
    seq: int
    payload: bytes


class AlertRows:
    """The alerts that are open, by sensor and bearing."""

    def __init__(self, transactions: Transactions, *, numbers: Numbers) -> None:
        self._transactions = transactions
        self._numbers = numbers

    def commit(self, said: Said) -> bool:
        """Keep what an alert is now, what is to be said of it and where it will be shown. False: not written yet."""
        return self._transactions.write(self.steps(said))

    def commit_event(self, event: Message, *, sinks: tuple[str, ...]) -> bool:
        """Keep what is to be said of an alert that is over, for every sink. False: not written yet."""
        return self._transactions.write([self._waiting(event, sinks), *self._numbers.steps()])

    def open(self) -> tuple[OpenAlert, ...]:
        """The alerts that were open at the last write, also those of sensors that are no longer configured."""
        alerts = []
        query = "select sensor, bearing, value, seq, payload from alert"
        for sensor, bearing, value, seq, payload in self._transactions.rows(query):
            try:
                alerts.append(OpenAlert(msgspec.json.decode(value, type=Alert), seq, payload or b""))
            except msgspec.MsgspecError as error:
                self._transactions.notice(
                    f"{sensor}/{bearing}: a stored alert cannot be read ({error}); it is forgotten"
                )
        return tuple(alerts)

    def save_again(self, alert: Alert, shown: Message, *, sinks: tuple[str, ...]) -> bool:
        """An open alert, of which not even memory knows any more."""
        steps = self.steps(Said(alert, shown, shown, sinks))
        events = [step for step in steps if isinstance(step, Put) and step.table == "outbox"]
        return self._transactions.write([step for step in steps if step not in events])

    def steps(self, said: Said) -> list[Statement]:
        """What is open now, an event for every sink, and that each may show it until it has acknowledged something
        newer."""
        alert, event, shown, sinks = said
        place = (shown.topic, shown.alert, shown.seq)
        return [
            *([] if alert is None else [_standing(alert, event)]),
            self._waiting(event, sinks),
            Put("retained", [(sink, *place) for sink in sinks]),
            *self._numbers.steps(),
        ]

    def _waiting(self, event: Message, sinks: tuple[str, ...]) -> Put:
        """An event for every sink, until it has it."""
        bucket_s = self._numbers.bucket_s(event.seq)
        row = (event.seq, event.topic, event.payload, event.qos, event.kind, event.alert, bucket_s)
        return Put("outbox", [(sink, *row) for sink in sinks])


def _standing(alert: Alert, event: Message) -> Statement:
    """The row of an alert that is open, or its end."""
    key = (alert.sensor, alert.bearing or "")
    if alert.event == "cleared":
        return "delete from alert where sensor = ? and bearing = ? and id = ?", [(*key, alert.id)]
    row = (*key, alert.id, msgspec.json.encode(alert), event.seq, event.payload)
    return Put("alert", [row])
