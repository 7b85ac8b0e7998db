"""What a decision has counted is a value: whoever goes on from it says what the one before would have said."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_alert import ALERT

from agent.alerting.alerts import Decision
from agent.alerting.counted import MOST_RECENT, BearingCounts, DecisionCounts
from agent.alerting.window_rules import DecisionConfig
from agent.types import Diagnosis, Output

CONFIG = DecisionConfig(raise_after=3, clear_after=3)


def window(number: int, kind: str) -> Diagnosis:
    """One of a bearing: over the limit by a fault, by another or by none, within it, or not to be judged."""
    deviation = {"high": 2.0, "other": 4.0, "mute": 7.0, "low": 0.1, "bad": 2.0}[kind]
    fault = {"high": ALERT.diagnosis.fault, "other": "looseness", "mute": "abnormal"}.get(kind, "healthy")
    return replace(
        ALERT.diagnosis,
        time_s=float(number),
        window_start=number,
        deviation=deviation,
        fault=fault,
        quality="clipped" if kind == "bad" else None,
        bearing=("de", "nde")[number % 2],
    )


def said(decision: Decision, windows: list[Diagnosis]) -> list[Output]:
    return [output for one in windows for output in decision.feed(one)]


@given(
    st.lists(st.sampled_from(["high", "high", "other", "mute", "mute", "low", "low", "bad"]), max_size=60), st.data()
)
def test_a_decision_moved_at_any_window_says_the_same(kinds, data):
    windows = [window(number, kind) for number, kind in enumerate(kinds)]
    cut = data.draw(st.integers(0, len(windows)))
    whole, first, second = (Decision("pump_de", CONFIG) for _ in range(3))
    expected = said(whole, windows)
    before = said(first, windows[:cut])
    moved = msgspec.msgpack.decode(msgspec.msgpack.encode(first.counted), type=DecisionCounts)
    second.go_on(moved)
    assert before + said(second, windows[cut:]) == expected


def test_what_is_moved_is_bounded_and_a_count_that_cannot_be_is_refused():
    decision = Decision("pump_de", DecisionConfig(raise_after=10_000))
    said(decision, [window(2 * number, "high") for number in range(2 * MOST_RECENT)])
    (counts,) = decision.counted.bearings
    assert len(counts.recent) == MOST_RECENT
    assert counts.run == 2 * MOST_RECENT
    for wrong in (replace(counts, run=-1), replace(counts, rests_on=9), replace(counts, recent=counts.recent * 2)):
        with pytest.raises(msgspec.ValidationError):
            msgspec.msgpack.decode(msgspec.msgpack.encode(wrong), type=BearingCounts)
