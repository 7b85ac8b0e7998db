"""What waits for a sink, and in which order it goes: one event after another, the latest retained, the rest if there is
room."""

from __future__ import annotations

from agent.ports import Message
from agent.service.holds import LONGEST_S
from agent.service.outbox import Outbox


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def event(payload: bytes, *, seq: int = 0) -> Message:
    return Message("event", payload, qos=1, seq=seq)


def taken(outbox: Outbox) -> Message:
    message = outbox.take(0.0)
    assert message is not None
    return message


def drained(outbox: Outbox) -> list[bytes]:
    """Everything that goes, each acknowledged before the next."""
    payloads = []
    while (message := outbox.take(0.0)) is not None:
        payloads.append(message.payload)
        outbox.answer(message)
        outbox.settled()
    return payloads


def test_too_many_diagnoses_make_way_and_events_stay() -> None:
    outbox = Outbox(limit=2)
    for number in range(4):
        outbox.put(Message("diagnosis", b"d%d" % number))
        outbox.put(event(b"e%d" % number))
    assert outbox.dropped == 2
    assert outbox.gone() == []
    assert drained(outbox) == [b"e0", b"e1", b"e2", b"e3", b"d2", b"d3"]
    assert (outbox.waiting, outbox.bytes) == (0, 0)


def test_beyond_its_bytes_diagnoses_make_way_before_events_and_the_oldest_first() -> None:
    outbox = Outbox(limit=100, max_bytes=40)
    outbox.put(Message("diagnosis", b"d" * 10))
    for number in range(5):
        outbox.put(event(b"%d" % number * 10, seq=number))
    assert outbox.dropped == 2
    assert [message.seq for message in outbox.gone()] == [0]
    assert drained(outbox) == [b"1" * 10, b"2" * 10, b"3" * 10, b"4" * 10]


def test_what_waits_from_before_a_restart_is_bounded_as_well() -> None:
    outbox = Outbox(limit=100, max_bytes=25, waiting=[event(b"%d" % number * 10, seq=number) for number in range(4)])
    assert [message.seq for message in outbox.gone()] == [0, 1]
    assert drained(outbox) == [b"2" * 10, b"3" * 10]


def test_the_next_event_waits_for_the_acknowledgement_of_the_one_before() -> None:
    outbox = Outbox(limit=5)
    outbox.put(event(b"first"))
    outbox.put(event(b"second"))
    first = taken(outbox)
    assert outbox.take(0.0) is None
    outbox.answer(first)
    assert [answer.refusal for answer in outbox.settled()] == [None]
    assert taken(outbox).payload == b"second"


def test_what_is_refused_stays_first_and_is_tried_again_ever_more_rarely() -> None:
    clock = Clock()
    outbox = Outbox(limit=5, clock=clock)
    outbox.put(event(b"first"))
    outbox.put(event(b"second"))
    outbox.put(Message("state", b"healthy", retain=True, qos=1))
    pauses = []
    for _ in range(12):
        outbox.answer(taken(outbox), "Not authorized")
        outbox.settled()
        assert outbox.refusals[0].reason == "Not authorized"
        before_s = clock.now_s
        if not pauses:
            assert taken(outbox).topic == "state"  # goes by
        assert outbox.take(0.0) is None
        while not outbox.sendable or outbox._holds.is_held("event"):
            clock.now_s += 0.5
        pauses.append(clock.now_s - before_s)
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == LONGEST_S
    assert taken(outbox).payload == b"first"
    assert outbox.dropped == 0


def test_what_is_refused_is_tried_at_once_where_somebody_asks_for_it() -> None:
    outbox = Outbox(limit=5, clock=Clock())
    outbox.put(event(b"first"))
    for _ in range(2):
        outbox.answer(taken(outbox), "Not authorized")
        outbox.settled()
        assert outbox.take(0.0) is None
        outbox.try_again()
    assert outbox.refusals
    outbox.answer(taken(outbox))
    outbox.settled()
    assert outbox.refusals == ()


def test_a_new_connection_tries_what_was_refused_at_once() -> None:
    outbox = Outbox(limit=5, clock=Clock())
    outbox.put(event(b"first"))
    outbox.answer(taken(outbox), "Not authorized")
    outbox.settled()
    assert outbox.take(0.0) is None
    outbox.all_back()
    outbox.answer(taken(outbox))
    outbox.settled()
    assert outbox.refusals == ()


def test_what_was_under_way_when_a_connection_ended_goes_again_in_its_order() -> None:
    outbox = Outbox(limit=5)
    outbox.put(event(b"first"))
    outbox.put(Message("state", b"healthy", retain=True, qos=1))
    outbox.put(event(b"second"))
    lost = [taken(outbox), taken(outbox)]
    assert (outbox.waiting, outbox.waiting_events) == (3, 2)
    outbox.all_back()
    outbox.repeat_retained()
    assert drained(outbox) == [b"first", b"second", b"healthy"]
    outbox.answer(lost[0])
    assert outbox.settled() == []  # an answer that comes too late


def test_of_a_retained_topic_only_the_latest_value_waits_and_an_emptied_one_is_not_repeated() -> None:
    outbox = Outbox(limit=2)
    for number in range(50):
        outbox.put(Message("state", b"%d" % number, retain=True, qos=1))
    assert (outbox.dropped, outbox.waiting, drained(outbox)) == (0, 1, [b"49"])
    outbox.repeat_retained()
    assert drained(outbox) == [b"49"]
    outbox.put(Message("state", b"", retain=True, qos=1))
    assert drained(outbox) == [b""]
    outbox.repeat_retained()
    assert drained(outbox) == []


def test_a_later_value_of_a_topic_waits_for_the_answer_to_the_earlier_one() -> None:
    outbox = Outbox(limit=2)
    outbox.put(Message("state", b"old", retain=True, qos=1))
    old = taken(outbox)
    outbox.put(Message("state", b"new", retain=True, qos=1))
    assert outbox.take(0.0) is None
    outbox.answer(old, "Not authorized")
    outbox.settled()
    outbox.all_back()
    assert drained(outbox) == [b"new"]


def test_a_message_put_back_is_next_unless_a_later_value_replaced_it() -> None:
    outbox = Outbox(limit=5)
    outbox.put(event(b"first"))
    outbox.put(event(b"second"))
    outbox.put(Message("diagnosis", b"d1"))
    outbox.back(taken(outbox))
    assert drained(outbox) == [b"first", b"second", b"d1"]
    for payload in (b"d2", b"d3"):
        outbox.put(Message("diagnosis", payload))
    outbox.back(taken(outbox))
    assert drained(outbox) == [b"d2", b"d3"]
    outbox.put(Message("health", b"old", retain=True))
    old = taken(outbox)
    outbox.put(Message("health", b"fresh", retain=True))
    outbox.back(old)
    assert drained(outbox) == [b"fresh"]


def test_how_long_an_answer_is_owed_is_known() -> None:
    clock = Clock()
    outbox = Outbox(limit=5, clock=clock)
    outbox.put(event(b"first"))
    assert outbox.unanswered_s == 0
    message = taken(outbox)
    clock.now_s = 61.0
    assert outbox.unanswered_s == 61.0
    outbox.answer(message)
    outbox.settled()
    assert outbox.unanswered_s == 0


def test_events_that_are_too_old_are_dropped_from_the_oldest_on() -> None:
    outbox = Outbox(limit=5)
    for seq in range(1, 5):
        outbox.put(event(b"%d" % seq, seq=seq))
    outbox.drop(lambda message: message.seq <= 2)
    assert [message.seq for message in outbox.gone()] == [1, 2]
    assert (outbox.dropped, drained(outbox)) == (2, [b"3", b"4"])
