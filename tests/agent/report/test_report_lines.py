"""Lines as a report tells them, and what it says is not known: findings apart from all else, each thing once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from line_bundle import BUNDLE

from agent.alerting.verdict import Verdict
from agent.machine import Bearing, Machine, SensorSetup
from agent.messages.answer import Answer
from agent.messages.wording import text_of
from agent.recordings.recording import Piece, Recording
from agent.report.lines import lines_text, told_lines
from agent.report.section import bearing_of
from agent.report.time_drawn import place_in_time
from agent.report.unknowns import unknowns, why_no_deviation, why_no_growth
from agent.types import BearingLine, Diagnosis, Evidence, Figure, Question, Rate, Speed, StandingLine

BPFO = BearingLine("BPFO", 3.585, 89.6, 89.5, 30.0)
SHARED = BearingLine("2xBPFI", 10.83, 270.8, 269.5, 25.0, also=("3xBPFO",))
BSF = BearingLine("BSF", 2.357, 58.9, 58.5, 12.0)
KNOWN = Figure(1.0, "1")
VERDICT = Verdict("outer_race", 0.9, "nearest_description", 3, 3, (), 0.5, (BSF, BPFO, SHARED), True)
EVIDENCE = Evidence((), None, KNOWN, "A", None, KNOWN, KNOWN, KNOWN)
SHOWN = Diagnosis(
    sensor="s",
    bearing=None,
    window_start=0,
    session=0,
    wall_s=None,
    time_s=2.0,
    quality=None,
    running=True,
    fault="outer_race",
    probability=0.9,
    matches=(),
    deviation=0.5,
    speed=Speed(1500.0, "told"),
    rate=Rate(1000.0, "declared"),
    evidence=EVIDENCE,
)
RECORDING = Recording(Path("pump.wav"), np.zeros((4000, 1), np.float32), 1000.0, None, "g", ("x",))


def answer(verdict: Verdict, *, background: tuple[str, ...] = (), evidence: Evidence = EVIDENCE) -> Answer:
    return Answer(
        recording=RECORDING,
        verdict=verdict,
        text=text_of("healthy", descriptions=BUNDLE.descriptions, language="en"),
        background=background,
        shown=replace(SHOWN, evidence=evidence),
        speed_from="told",
        speed_question=None,
        descriptions=BUNDLE.descriptions,
        language="en",
    )


def kinds(verdict: Verdict, background: tuple[str, ...] = ()) -> dict[str, str]:
    return {line.name: line.kind for line in told_lines(answer(verdict, background=background))}


def test_what_a_name_rests_on_is_told_apart_from_what_stands_beside_it() -> None:
    told = kinds(VERDICT)
    assert told == {"BPFO": "finding", "2xBPFI or 3xBPFO": "finding", "BSF": "other"}
    assert list(told)[-1] == "BSF"
    assert kinds(VERDICT, background=("BSF",))["BSF"] == "background"
    assert set(kinds(replace(VERDICT, fault="bearing")).values()) == {"finding"}


@pytest.mark.parametrize("fault", ["healthy", "imbalance", "rotor"])
def test_no_line_of_a_bearing_is_a_finding_where_another_name_is_given(fault: str) -> None:
    assert set(kinds(replace(VERDICT, fault=fault)).values()) == {"other"}


def test_a_line_that_is_asked_about_is_told_once() -> None:
    lines = tuple(StandingLine(hz / 25, hz, 20.0) for hz in (89.1, 143.0))
    question = Question("geometry_told", "6205", None, 3.57, 89.1, lines, (), 44, 0.0, ())
    asked = answer(replace(VERDICT, fault="bearing", asks=question))
    told = told_lines(asked)
    assert lines_text(asked).count("asked about") == 2
    assert [(line.name, line.is_asked_about) for line in told if line.is_asked_about] == [("BPFO", True)]
    assert [line.seen_hz for line in told if line.kind == "asked"] == [143.0]


def test_a_reason_is_told_once_with_all_that_it_hides_and_its_mend() -> None:
    evidence = replace(
        EVIDENCE,
        velocity_rms=Figure(None, "mm/s", "no_scale"),
        acceleration_rms=Figure(None, "g", "no_scale"),
        iso_zone=None,
        iso_reason="no_scale",
        lines_reason="no_geometry",
    )
    verdict = replace(VERDICT, missing=("geometry", "healthy_state"), deviation=None)
    rows = {why: (things, give) for why, things, give in unknowns(answer(verdict, evidence=evidence))}
    assert len(rows) == 3
    assert rows["the bearing is not known"][0] == ("A surer or closer name", "Lines of the bearing")
    things, give = rows["the unit of the samples is not known"]
    assert things == ("Velocity RMS, 10 to 1000 Hz", "Acceleration RMS", "Zone of ISO 20816-3")
    assert "--sensitivity" in give
    assert "--healthy" in rows["no healthy state is known at this speed"][1]


def test_a_machine_of_which_all_is_known_lacks_the_growth_of_its_orders_alone() -> None:
    assert [things for _, things, _ in unknowns(answer(VERDICT))] == [("Growth of the shaft's orders",)]


def test_that_no_line_stands_is_said_only_where_lines_were_looked_for() -> None:
    none = replace(VERDICT, lines=())
    assert lines_text(answer(none)) == "<p>None stands out.</p>"
    unknown = lines_text(answer(none, evidence=replace(EVIDENCE, lines_reason="no_speed")))
    assert unknown == "<p>No line can be called that of a part: the speed is not known.</p>"
    approximate = lines_text(answer(none, evidence=replace(EVIDENCE, lines_reason="approximate_geometry")))
    assert "None stands out." in approximate
    unusable = replace(answer(replace(none, fault="invalid", judged=0, reason="frozen")), shown=None)
    assert "None stands out." not in lines_text(unusable)
    assert "comes again and again" in lines_text(unusable)


@pytest.mark.parametrize(
    ("changed", "speed_from", "reasons"),
    [
        ({}, "told", ("no_baseline", "no_baseline")),
        ({}, "unknown", ("no_baseline", "no_speed")),
        ({"needs_s": 2.0}, "told", ("no_baseline", "window_too_short")),
        ({"fault": "invalid", "judged": 0, "reason": "frozen"}, "unknown", ("frozen", "frozen")),
    ],
)
def test_no_healthy_state_is_blamed_only_where_it_is_the_reason(
    changed: dict[str, Any], speed_from: str, reasons: tuple[str, str]
) -> None:
    made = replace(answer(replace(VERDICT, deviation=None, **changed)), speed_from=speed_from)
    assert (why_no_deviation(made), why_no_growth(made)) == reasons


def test_a_section_is_of_the_bearing_that_was_judged() -> None:
    setup = SensorSetup("s", Machine("m"), (Bearing("de"), Bearing("nde")))
    judged = replace(answer(VERDICT), diagnoses=(replace(SHOWN, bearing="nde"),))
    assert bearing_of(judged, setup) is setup.bearings[1]
    assert bearing_of(answer(VERDICT), setup) is None
    assert bearing_of(answer(VERDICT), replace(setup, bearings=setup.bearings[:1])) is setup.bearings[0]


def test_where_a_window_lies_is_told_from_its_own_session() -> None:
    recording = replace(RECORDING, pieces=(Piece(0, 500), Piece(1000, 0, session=1), Piece(3000, 9000, session=1)))
    made = replace(answer(VERDICT), recording=recording)
    assert place_in_time(made, 0, 1500) == (1.0, 1)
    assert place_in_time(made, 1, 9500) == (9.5, 2)
    assert place_in_time(answer(VERDICT), 0, 1500) == (1.5, None)
