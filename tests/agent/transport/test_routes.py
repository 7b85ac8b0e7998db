"""Which sensor a stream or topic belongs to."""

from __future__ import annotations

import pytest

from agent.transport.routes import Route, Routes, matches, problems_of


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("a/b", "a/b", True),
        ("a/+", "a/b", True),
        ("+/+", "a/b", True),
        ("a/+", "a/b/c", False),
        ("a/+", "a", False),
        ("a/b", "a/c", False),
        ("+", "", True),
    ],
)
def test_a_plus_stands_for_exactly_one_level(pattern: str, topic: str, fits: bool) -> None:
    assert matches(pattern, topic) is fits


def test_an_exact_topic_comes_before_a_pattern() -> None:
    routes = Routes(
        (Route("any", topic="p/+"), Route("this", topic="p/1"), Route("speed", topic="p/1", quantity="rpm"))
    )
    assert [route.sensor for route in routes.of_topic("p/1")] == ["this", "speed"]
    assert [route.sensor for route in routes.of_topic("p/2")] == ["any"]
    assert routes.of_topic("q") == ()
    assert routes.topics == ("p/+", "p/1")


def test_streams_by_number_and_device() -> None:
    routes = Routes((Route("a", stream=0), Route("b", stream=1), Route("c", stream=1, device="AB")))
    assert [getattr(routes.of_stream(d, s), "sensor", None) for d, s in [("x", 0), ("x", 1), ("ab", 1), ("ab", 2)]] == [
        "a",
        "b",
        "c",
        None,
    ]


@pytest.mark.parametrize(
    ("route", "mention"),
    [
        (Route("a b"), "ids are"),
        (Route("a", stream=256), "stream 256"),
        (Route("a", device="xyz"), "hexadecimal"),
        (Route("a", topic="p/#"), "'#'"),
        (Route("a", topic="p/x+"), "'+'"),
        (Route("a", topic=""), "empty"),
        (Route("a", topic="t", quantity="colour"), "rpm"),
        (Route("a", rate_hz=0.001), "rate_hz"),
        (Route("a", full_scale=float("nan")), "full_scale"),
    ],
)
def test_every_mistake_is_one_line(route: Route, mention: str) -> None:
    (problem,) = problems_of([route], "sources.line1")
    assert mention in problem
    assert problem.startswith("sources.line1, sensor")


def test_one_stream_for_two_sensors_is_a_mistake() -> None:
    assert problems_of([Route("a", stream=0), Route("b", stream=1)], "s") == []
    assert len(problems_of([Route("a", stream=0), Route("b", stream=0)], "s")) == 1
