"""What the memory sink has of its own: a bound on what it keeps, and whatever else a message says."""

from __future__ import annotations

from agent.ports import Message
from agent.sinks.memory import MemoryConfig, MemorySink


def test_the_oldest_messages_make_way_and_retained_values_stay():
    sink = MemorySink(MemoryConfig(keep=3), availability="a")
    sink.open()
    sink.publish(Message("state", b"healthy", retain=True, qos=1, kind="state"))
    events = [Message("event", b"%d" % number, qos=1, kind="event") for number in range(5)]
    assert all(map(sink.publish, events))
    assert sink.messages == events[2:]
    assert sink.retained == {"a": b"online", "state": b"healthy"}


def test_nothing_is_kept_while_it_is_closed():
    sink = MemorySink(MemoryConfig(), availability="a")
    assert not sink.publish(Message("event", b"1"))
    sink.close()
    assert sink.messages == []
