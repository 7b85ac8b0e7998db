"""One topic is one sensor: a second sender is refused by name, and nobody else is taken for one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable

from agent.sources.batches import BatchReader
from agent.transport.routes import Route
from agent.types import Item, SampleBlock, SourceFault

COUNT = 100


def feed(messages: Iterable[dict], *, step_s: float = 0.1) -> list[Item]:
    """Messages of 100 samples at 1000 Hz, one each `step_s`."""
    reader = BatchReader(Route("fan", topic="t"))
    generator = random.Random(1)
    found: list[Item] = []
    for number, message in enumerate(messages):
        body = {"rate_hz": 1000, "x": [generator.gauss(0, 1) for _ in range(COUNT)]} | message
        found += reader.feed(json.dumps(body).encode(), arrival_s=step_s * number, wall_s=1.7e9 + step_s * number)
    return found


def kinds(items: list[Item]) -> list[str]:
    return [item.kind if isinstance(item, SourceFault) else "block" for item in items]


def by_turns(first: list[dict], second: list[dict]) -> list[dict]:
    return [message for pair in zip(first, second, strict=True) for message in pair]


def test_two_names_are_told_apart_and_the_second_is_named() -> None:
    first, second = ([{"device": name, "seq": n} for n in range(10)] for name in ("esp-1", "esp-2"))
    found = [item for item in feed(by_turns(first, second), step_s=0.05) if getattr(item, "kind", "") != "unknown_keys"]
    assert kinds(found)[4:] == ["block", "second_sender"] * 8
    refused = [item for item in found if isinstance(item, SourceFault) and item.kind == "second_sender"]
    assert "'esp-2' sends here, too, beside 'esp-1', which is heard; give each sender a topic" in refused[0].detail
    assert (refused[0].key, refused[0].samples) == ("sender", COUNT)


def test_two_counters_far_apart_are_two_senders_and_the_first_is_heard() -> None:
    found = feed(by_turns([{"seq": n} for n in range(10)], [{"seq": 900 + n} for n in range(10)]), step_s=0.05)
    assert kinds(found)[6:] == ["block", "second_sender"] * 7
    blocks = [item for item in found[6:] if isinstance(item, SampleBlock)]
    assert len({block.stream.session for block in blocks}) == 1


def test_two_counters_alike_are_two_senders_and_neither_is_heard() -> None:
    found = feed(by_turns([{"seq": n} for n in range(10)], [{"seq": n} for n in range(10)]), step_s=0.05)
    assert set(kinds(found)[8:]) == {"second_sender"}
    assert "who count alike" in getattr(found[-1], "detail", "")


def test_two_clocks_are_two_senders() -> None:
    first = [{"t0": 1.7e9 + 0.1 * n} for n in range(10)]
    second = [{"t0": 50 + 0.1 * n} for n in range(10)]
    assert kinds(feed(by_turns(first, second), step_s=0.05))[6:] == ["block", "second_sender"] * 7


def test_two_senders_on_one_clock_are_told_by_their_overlap() -> None:
    long = {"x": [0.1, -0.1] * 500}
    first = [long | {"t0": 1.7e9 + n} for n in range(6)]
    second = [long | {"t0": 1.7e9 + n + 0.4} for n in range(6)]
    found = feed(by_turns(first, second), step_s=0.5)
    assert set(kinds(found)[3:]) == {"rate_off"}
    assert "give each sensor a topic" in getattr(found[-1], "detail", "")


def test_a_sender_that_starts_anew_is_no_second_one() -> None:
    for before, after in ((40, 0), (3, 900), (12, 10)):
        messages = [{"seq": before + n} for n in range(10)] + [{"seq": after + n, "t0": 5 + n / 10} for n in range(30)]
        assert "second_sender" not in kinds(feed(messages))


def test_a_sender_that_is_replaced_is_heard_after_a_while() -> None:
    messages = [{"device": "old", "seq": n} for n in range(5)] + [{"device": "new", "seq": n} for n in range(40)]
    assert kinds(feed(messages))[-20:] == ["block"] * 20


def test_messages_delivered_twice_or_late_are_no_second_sender() -> None:
    reader = BatchReader(Route("fan", topic="t"))
    bodies = [json.dumps({"rate_hz": 1000, "seq": n, "x": [0.01 * n, 0.1] * 50}).encode() for n in range(30)]
    order = [0, 1, 2, 1, 2, 3, 4, 5, 4, 5, 6, 7, *range(8, 30), 28, 29]
    found = [item for n, k in enumerate(order) for item in reader.feed(bodies[k], arrival_s=0.1 * n, wall_s=1.7e9)]
    assert set(kinds(found)) == {"block", "duplicate"}


def test_an_id_that_is_a_word_names_a_sender_and_one_that_counts_does_not() -> None:
    first, second = ([{"id": name, "seq": n} for n in range(6)] for name in ("a1", "b2"))
    assert "second_sender" in kinds(feed(by_turns(first, second), step_s=0.05))
    counting = [{"id": n % 5, "t0": 0.1 * n} for n in range(40)]
    assert "second_sender" not in kinds(feed(counting))


def test_a_key_that_is_new_in_every_message_names_no_sender() -> None:
    assert "second_sender" not in kinds(feed({"device": f"message-{n}", "seq": n} for n in range(50)))
