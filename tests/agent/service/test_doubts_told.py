"""What contradicts itself about a sensor is a notice while it lasts, and a silent speed is one for a person to mend."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from one_alert import ALERT

from agent.config.keys import MachineConfig, SpeedConfig
from agent.messages.notices import is_known
from agent.service.doubts_told import LASTS_S, ToldDoubts
from agent.service.maintenance import Silences
from agent.types import Diagnosis, Rate, SeenAs, SourceFault, Speed, SpeedQuestion

ASKED = SpeedQuestion("contradicted", 1797.0, 3217.2)
SILENT, TOLD = Speed(None, "unknown", doubt="silent"), Speed(1500.0, "topic")


def window(speed: Speed, at_s: float, *, running: bool = True, quality: str | None = None) -> Diagnosis:
    return replace(ALERT.diagnosis, speed=speed, time_s=at_s, running=running, quality=quality)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("rate_off", "rate_mismatch"),
        ("second_sender", "second_sender"),
        ("duplicate_device", "second_sender"),
        ("crc", None),
    ],
)
def test_input_that_contradicts_itself_is_a_notice_for_a_while(kind: str, reason: str | None) -> None:
    doubts = ToldDoubts()
    assert doubts.refuse(SourceFault(kind, "why; mend"), 10.0) == reason
    assert doubts.notices(10.0 + LASTS_S) == ([] if reason is None else [f"{reason}: why; mend"])
    assert doubts.notices(10.1 + LASTS_S) == []


def test_a_doubted_speed_is_a_notice_until_one_is_told_again() -> None:
    doubts = ToldDoubts()
    doubts.feed(window(SILENT, 5.0))
    assert [notice.partition(":")[0] for notice in doubts.notices(6.0)] == ["speed_silent"]
    doubts.feed(window(replace(SILENT, doubt="contradicted"), 7.0))
    assert [notice.partition(":")[0] for notice in doubts.notices(8.0)] == ["speed_contradicts"]
    doubts.feed(window(TOLD, 9.0, quality="clipped"))  # says nothing of a speed
    assert doubts.notices(9.0)
    doubts.feed(window(TOLD, 9.5))
    assert doubts.notices(9.5) == []


def test_a_contradicted_rate_is_a_notice_with_both_figures() -> None:
    doubts = ToldDoubts()
    doubts.feed(replace(window(TOLD, 5.0, quality="rate_mismatch"), rate=Rate(3200.0, "declared", seen_hz=2720.0)))
    assert doubts.notices(6.0) == [
        "rate_mismatch: 3200 Hz declared, 2720 Hz arrive; correct rate_hz, or the sensor's clock"
    ]


@pytest.mark.parametrize(
    ("speed", "told"),
    [
        (Speed(None, "unknown", asks=ASKED, doubt="contradicted"), ("1797 rpm is given", "at 3217 rpm; no speed is")),
        (Speed(1797.0, "config", asks=replace(ASKED, seen_rpm=1950.0)), ("at 1950 rpm; no part is named", "tolerance")),
        (Speed(None, "unknown", asks=SpeedQuestion("hertz", 29.95, 1797.0)), ("29.95 rpm is given", "were Hz meant?")),
    ],
)
def test_a_nominal_speed_that_is_asked_about_is_a_notice_with_both_and_lasts(
    speed: Speed, told: tuple[str, str]
) -> None:
    doubts = ToldDoubts()
    doubts.feed(window(speed, 4.0, running=False))
    assert doubts.notices(4.0) == []  # nothing is heard of a machine at rest
    doubts.feed(window(speed, 5.0))
    doubts.feed(window(replace(TOLD, origin="config"), 6.0))
    (notice,) = doubts.notices(5.0 + LASTS_S)  # a person may look only when it has passed
    assert notice.startswith("speed_contradicts: ")
    assert all(one in notice for one in told)
    assert is_known(notice, "ko")
    assert doubts.notices(5.1 + LASTS_S) == []


class Heard(Silences):
    """Notes what would be announced."""

    def __init__(self, doubts: ToldDoubts) -> None:
        machines = {
            "press": MachineConfig(speed=SpeedConfig(topic="t", source="s", maintenance_after_min=2.0)),
            "fan": MachineConfig(),
        }
        parts: Any = SimpleNamespace(config=SimpleNamespace(machines=machines), speaker=None, topics=None, sinks={})
        setup = SimpleNamespace(machine=SimpleNamespace(id="press"))
        self.desk: Any = SimpleNamespace(doubts=doubts, last=window(SILENT, 0.0), pipeline=SimpleNamespace(setup=setup))
        self.said: list[tuple[str, float, bool]] = []
        registrar: Any = self
        super().__init__(parts, {"press_de": self.desk}, registrar=registrar)

    def say_silence(self, machine: str, *, silent_s: float, over: bool) -> None:
        self.said.append((machine, silent_s, over))


def test_who_has_to_mend_a_tacho_is_told_once_after_its_minutes_and_once_when_it_speaks_again() -> None:
    doubts = ToldDoubts()
    heard = watch = Heard(doubts)
    doubts.feed(window(SILENT, 100.0))
    for now_s in (100.0, 219.0, 220.0, 300.0):
        watch.look(now_s)
    assert heard.said == [("press", 120.0, False)]
    doubts.feed(window(TOLD, 310.0))
    watch.look(310.0)
    watch.look(320.0)
    assert heard.said[1:] == [("press", 210.0, True)]


def test_a_tacho_that_is_off_together_with_its_machine_is_nobodys_work() -> None:
    doubts = ToldDoubts()
    heard = watch = Heard(doubts)
    doubts.feed(window(SILENT, 100.0, running=False))
    watch.look(1000.0)
    doubts.feed(window(SILENT, 1000.0))
    watch.desk.last = window(SILENT, 1100.0, running=False)  # it was switched off meanwhile
    watch.look(2000.0)
    assert heard.said == []


def test_what_to_look_at_first_follows_from_how_a_wrong_rate_shows() -> None:
    for seen_as, first, then in (
        ("late", "look at who sends them", "rate_hz"),
        ("stamps", "correct rate_hz", "the sensor's clock"),
        ("evenly", "correct rate_hz", "who sends them"),
    ):
        doubts = ToldDoubts()
        rate = Rate(3200.0, "declared", seen_hz=2720.0, seen_as=cast("SeenAs", seen_as))
        doubts.feed(replace(window(TOLD, 5.0, quality="rate_mismatch"), rate=rate))
        (notice,) = doubts.notices(5.0)
        assert 0 < notice.index(first) < notice.rindex(then)
        assert is_known(notice, "ko")
