"""Rows by sink: the events that it does not have yet, and the topics on which it may hold something of ours.

Both are keyed by the sink's name alone: one that moved, or whose settings changed, gets what waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from agent.ports import Message
from agent.service.keeping.numbers import Numbers
from agent.service.keeping.state_tables import Put, Row
from agent.service.keeping.transactions import Statement, Transactions


class Shown(NamedTuple):
    """What a sink may hold on a topic: the newest event it is of, and ids of alerts."""

    seq: int
    alerts: frozenset[str]


class SinkRows:
    """What is kept of the messages to each sink; may be used from any thread."""

    def __init__(self, transactions: Transactions, *, numbers: Numbers) -> None:
        self._transactions = transactions
        self._numbers = numbers

    def waiting(self, sink: str) -> list[Message]:
        """The events that a sink does not have yet, oldest first."""
        query = "select topic, payload, qos, kind, seq, alert from outbox where sink = ? order by seq"
        return [
            Message(topic, payload, qos=qos, kind=kind, seq=seq, alert=alert)
            for topic, payload, qos, kind, seq, alert in self._transactions.rows(query, sink)
        ]

    def note_retained(self, messages: Iterable[Message], *, sinks: Collection[str]) -> bool:
        """Before anything is shown on the topics of `messages`: that sinks may hold something there."""
        noted = [(message.topic, message.alert, message.seq) for message in messages]
        rows: list[Row] = [(sink, *place) for sink in sinks for place in noted]
        return self._transactions.write([Put("retained", rows, "insert or ignore")])

    def retained(self, sink: str) -> dict[str, Shown]:
        """Topic -> what a sink may hold there."""
        found: dict[str, Shown] = {}
        query = "select topic, seq, alert from retained where sink = ?"
        for topic, seq, alert in self._transactions.rows(query, sink):
            before = found.get(topic, Shown(0, frozenset()))
            found[topic] = Shown(max(seq, before.seq), before.alerts | ({alert} - {""}))
        return found

    def settle(self, sink: str, messages: list[Message]) -> bool:
        """Forget what a sink has or what was dropped, and what it no longer shows. False: not written yet."""
        changes: list[Statement] = []
        for message in messages:
            if not message.retain and message.seq:
                changes.append(("delete from outbox where sink = ? and seq = ?", [(sink, message.seq)]))
            elif message.retain and (message.seq or not message.payload):
                older = message.seq if message.payload else message.seq + 1
                row = (sink, message.topic, older)
                changes.append(("delete from retained where sink = ? and topic = ? and seq < ?", [row]))
        return self._transactions.write(changes) if changes else True

    def next_connection(self, sink: str) -> int:
        """The number of the next connection to a sink, over all starts, from 0 on."""
        name = f"connections:{sink}"
        before = self._transactions.rows("select value from counter where name = ?", name)
        number = int(before[0][0]) if before else 0
        self._transactions.write([Put("counter", [(name, number + 1)])])
        return number

    def orphaned(self, sinks: Collection[str]) -> dict[str, int]:
        """Sinks that no config names any more -> events that wait for them."""
        rows = self._transactions.rows("select sink, count(*) from outbox group by sink")
        return {sink: waiting for sink, waiting in rows if sink not in sinks}

    def is_too_old(self, message: Message) -> bool:
        """Whether an event has waited for longer than it is kept."""
        return self._numbers.is_too_old(message.seq)
