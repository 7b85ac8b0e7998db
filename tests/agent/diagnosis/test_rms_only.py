"""Transmitters: severity from figures alone, one diagnosis per round of readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from one_alert import ALERT, DIAGNOSIS

from agent.diagnosis.matching import Descriptions
from agent.diagnosis.rms_only import STALE_AFTER_S, Transmitter, is_rms_only
from agent.machine import Machine, Mounting, SensorSetup
from agent.messages.compose import Speaker
from agent.types import UNKNOWN, Diagnosis, Reading, Speed

MACHINE = Machine("pump", mounting=Mounting(group=2, foundation="rigid"))  # zone limits 1.4, 2.8, 4.5 mm/s
SETUP = SensorSetup("pump_de", MACHINE, idle_below_g=0.05)
SPEED = Speed(1500.0, "config")


def velocity(value: float, axis: str | None = None, at_s: float = 0.0) -> Reading:
    return Reading("pump_de", "velocity_rms_mm_s", value, at_s, wall_s=1e9 + at_s, axis=axis)


def acceleration(value: float, at_s: float = 0.0) -> Reading:
    return Reading("pump_de", "acceleration_rms_g", value, at_s)


def feed(*readings: Reading, speed: Speed = SPEED, setup: SensorSetup = SETUP) -> list[Diagnosis]:
    transmitter = Transmitter(setup)
    return [diagnosis for reading in readings for diagnosis in transmitter.feed(reading, speed)]


def zone_of(diagnosis: Diagnosis) -> str | None:
    assert diagnosis.evidence is not None
    return diagnosis.evidence.iso_zone


@pytest.mark.parametrize(("value", "zone"), [(1.0, "A"), (2.0, "B"), (3.0, "C"), (5.0, "D")])
def test_velocity_gives_a_zone_and_no_name(value: float, zone: str) -> None:
    (diagnosis,) = feed(velocity(value))
    assert (zone_of(diagnosis), diagnosis.fault, diagnosis.matches, diagnosis.deviation) == (zone, UNKNOWN, (), None)
    assert (diagnosis.running, diagnosis.quality, diagnosis.wall_s) == (True, None, 1e9)
    assert diagnosis.evidence is not None
    assert diagnosis.evidence.lines_reason == "no_samples"
    assert diagnosis.evidence.kurtosis.reason == "no_samples"
    assert diagnosis.evidence.acceleration_rms.reason == "not_sent"


def test_figure_without_a_limit_has_the_reason() -> None:
    (diagnosis,) = feed(velocity(5.0), setup=SensorSetup("pump_de", Machine("pump")))
    assert diagnosis.evidence is not None
    assert (diagnosis.evidence.iso_zone, diagnosis.evidence.iso_reason) == (None, "no_machine_group")


def test_worst_axis_counts_and_a_round_is_one_diagnosis() -> None:
    rounds = [velocity(v, axis, at_s=t) for t in (0.0, 1.0, 2.0) for axis, v in (("x", 1.0), ("y", 5.0), ("z", 2.0))]
    diagnoses = feed(*rounds)
    assert [zone_of(d) for d in diagnoses] == ["A", "D", "D"]
    assert [d.window_start for d in diagnoses] == [0, 1, 2]
    assert {d.session for d in diagnoses} == {10**9}


def test_axis_that_fell_silent_no_longer_counts() -> None:
    late = STALE_AFTER_S + 1
    diagnoses = feed(velocity(1.0, "x"), velocity(5.0, "y"), velocity(1.0, "x", late), velocity(1.0, "x", late + 1))
    assert [zone_of(d) for d in diagnoses] == ["A", "A", "A"]
    leader_gone = feed(velocity(1.0, "x"), velocity(5.0, "y"), velocity(5.0, "y", late))
    assert [zone_of(d) for d in leader_gone] == ["A", "D"]


@pytest.mark.parametrize(
    ("value", "reason"), [(float("nan"), "not_finite"), (float("inf"), "not_finite"), (-1.0, "negative")]
)
def test_value_that_cannot_be_is_invalid(value: float, reason: str) -> None:
    (diagnosis,) = feed(velocity(value))
    assert (diagnosis.quality, diagnosis.fault, diagnosis.evidence) == (reason, "invalid", None)


def test_standing_still_shows_in_acceleration_or_speed() -> None:
    assert [d.running for d in feed(acceleration(0.01), velocity(0.1, at_s=1.0))] == [False, False]
    assert [d.running for d in feed(acceleration(0.10), velocity(0.1, at_s=1.0))] == [True, True]
    assert [d.running for d in feed(velocity(0.1), speed=Speed(0.0, "topic"))] == [False]


def test_other_quantities_say_nothing() -> None:
    assert feed(Reading("pump_de", "temperature_c", 40.0, 0.0)) == []


@pytest.mark.parametrize(("language", "title", "alarm"), [("en", "RMS only", "RMS only"), ("ko", "RMS 값만", "과대")])
def test_what_is_said_of_figures_is_that_they_are_no_more(language: str, title: str, alarm: str) -> None:
    """A fault that is unknown for want of samples is no deviation that fits no description."""
    setups = {"pump_de": SETUP, DIAGNOSIS.sensor: SETUP}
    nothing = Descriptions(("healthy",), np.eye(1, dtype=np.float32), (True,), {})
    speaker = Speaker(agent="gw", site=None, language=language, descriptions=nothing, setups=setups)
    (diagnosis,) = feed(velocity(5.0))
    assert is_rms_only(diagnosis)
    assert title in speaker.diagnosis(diagnosis).text.title
    told = speaker.alert(replace(ALERT, sensor="pump_de", fault=UNKNOWN, diagnosis=diagnosis)).text
    assert alarm in told.title
    assert not is_rms_only(DIAGNOSIS)
    assert title not in speaker.alert(replace(ALERT, fault=UNKNOWN)).text.title
    (invalid,) = feed(velocity(-1.0))
    assert title not in speaker.diagnosis(invalid).text.title
