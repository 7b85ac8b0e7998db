"""What is published fits the schemas that are published with it, and says what the values say."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from curves import logistic
from one_alert import ALERT, DIAGNOSIS
from requirements import ROOT

from agent.diagnosis.matching import Calibration, Descriptions, SignLimits, Text
from agent.faults import ABNORMAL
from agent.machine import Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.messages.payloads import PAYLOADS, encode, schemas
from agent.messages.topics import Topics
from agent.messages.wording import missing_in_words
from agent.stream.ledger import Balance
from agent.types import (
    FAULTS,
    UNKNOWN,
    Candidate,
    LineHeights,
    Objection,
    Question,
    ShaftGrowth,
    Signs,
    StandingLine,
    State,
    StateChange,
)

SCHEMAS = ROOT / "docs" / "schemas"

DESCRIPTIONS = Descriptions(
    faults=FAULTS,
    vectors=np.eye(len(FAULTS), dtype=np.float32),
    validated=tuple(fault not in ("cage", "looseness") for fault in FAULTS),
    texts={
        fault: {
            "en": Text(title=f"{fault} title", sentence=f"{fault} sentence", advice=f"{fault} advice"),
            "ko": Text(title=f"{fault} 제목", sentence=f"{fault} 문장", advice=f"{fault} 조언"),
        }
        for fault in FAULTS
    },
)


def speaker(language: str = "en") -> Speaker:
    machine = Machine(id="pump1", name="Cooling pump")
    setup = SensorSetup(sensor="pump_de", machine=machine, position="drive end")
    return Speaker(
        agent="gateway-1", site="plant 4", language=language, descriptions=DESCRIPTIONS, setups={"pump_de": setup}
    )


def validated(name: str, payload: object) -> dict:
    """The payload as a subscriber gets it, checked against the schema as it is kept in docs."""
    document = json.loads(encode(payload))
    schema = json.loads((SCHEMAS / f"{name}.json").read_bytes())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    assert document["schema"] == f"textvib/{name}/1"
    return document


def test_the_schemas_in_docs_are_those_of_the_structs():
    kept = {path.name: path.read_bytes() for path in SCHEMAS.glob("*.json")}
    assert kept == schemas(), "mend with: python -m agent schemas docs/schemas"
    assert len(kept) == len(PAYLOADS)


def test_an_alert_names_its_place_its_fault_in_words_and_its_evidence():
    document = validated("alert", speaker("ko").alert(ALERT))
    place = {
        "agent": "gateway-1",
        "site": "plant 4",
        "sensor": "pump_de",
        "machine": "pump1",
        "machine_name": "Cooling pump",
        "position": "drive end",
        "bearing": "de",
    }
    assert {key: document[key] for key in place} == place
    assert document["text"] == {
        "title": "outer_race 제목",
        "sentence": "outer_race 문장(확신도 91%). "
        "외륜 특성 주파수 성분이 107.2 Hz에서 주변보다 14 dB 높게 나타난 것이 근거입니다.",
        "advice": "outer_race 조언",
    }
    assert document["validated"] is True
    assert [near["fault"] for near in document["nearest"]] == ["outer_race", "inner_race", "healthy"]
    assert document["nearest"][0]["similarity"] == 0.8123
    assert document["second"] == "inner_race"
    assert document["opened"] == "2023-11-14T22:13:20.250000Z"
    assert document["evidence"]["velocity_rms"] == {"value": None, "unit": "mm/s", "reason": "no scale"}
    assert document["evidence"]["lines"][0]["name"] == "BPFO"


def test_a_fault_learnt_from_simulation_alone_says_so():
    assert validated("alert", speaker().alert(replace(ALERT, fault="looseness")))["validated"] is False


@pytest.mark.parametrize("language", ["ko", "en"])
def test_an_unnamed_deviation_has_words_of_its_own(language):
    document = validated("alert", speaker(language).alert(replace(ALERT, fault=UNKNOWN)))
    assert document["fault"] == "unknown"
    assert all(document["text"].values())


@pytest.mark.parametrize("language", ["ko", "en"])
def test_only_a_baseline_says_that_a_machine_departs_from_its_healthy_state(language):
    unnamed = replace(DIAGNOSIS, fault=UNKNOWN)

    def title(**changes: object) -> str:
        document = validated("diagnosis", speaker(language).diagnosis(replace(unnamed, **changes)))
        assert all(document["text"].values())
        return document["text"]["title"]

    deviates = title(deviation=2.5, fault=ABNORMAL)
    assert deviates == validated("alert", speaker(language).alert(replace(ALERT, fault=UNKNOWN)))["text"]["title"]
    not_named = {title(deviation=None)}
    stands_still = title(deviation=None, running=False)
    assert len({deviates, *not_named, stands_still}) == 3


@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_lines_say_against_a_name_is_said_instead_of_it(language):
    heights = LineHeights(0.25, 2.5, 0.125, above_healthy=True)
    objection = Objection("lines_contradict", "inner_race", "outer_race")
    contradicted = replace(DIAGNOSIS, fault=UNKNOWN, heights=heights, objection=objection)
    document = validated("diagnosis", speaker(language).diagnosis(contradicted))
    assert document["objection"] == {"reason": "lines_contradict", "named": "inner_race", "lines": "outer_race"}
    assert document["heights"]["outer_race"] == 2.5
    titles = [DESCRIPTIONS.texts[fault][language].title for fault in ("inner_race", "outer_race")]
    assert all(title in document["text"]["sentence"] for title in titles)
    alert = validated("alert", speaker(language).alert(replace(ALERT, fault=UNKNOWN, diagnosis=contradicted)))
    assert alert["text"] == document["text"]
    named = validated("alert", speaker(language).alert(replace(ALERT, diagnosis=contradicted)))
    assert named["objection"] is None


@pytest.mark.parametrize("name", ["diagnosis", "alert"])
def test_what_a_name_rests_on_and_what_is_missing_are_in_the_payload(name):
    objection = Objection("lines_missing", "inner_race", "outer_race")
    signs = Signs(0.75, True, ShaftGrowth(0.0, 1.5, -2.0, None, 0.25))
    cause = replace(
        DIAGNOSIS, fault="bearing", signs=signs, missing=("geometry",), looks_like="ball", objection=objection
    )
    said = (
        speaker().diagnosis(cause)
        if name == "diagnosis"
        else speaker().alert(replace(ALERT, fault="bearing", diagnosis=cause))
    )
    document = validated(name, said)
    growth = {"half": 0.0, "first": 1.5, "second": -2.0, "third": None, "rest": 0.25}
    assert document["signs"] == {"impulses": 0.75, "above_healthy": True, "growth": growth, "kurtosis": None}
    assert (document["missing"], document["looks_like"]) == (["geometry"], "ball")
    assert document["objection"]["reason"] == "lines_missing"  # beside the parent that is said
    assert document["text"]["sentence"].startswith("It is most like “inner_race title”, but the bearing lines that")
    assert document["text"]["title"] == "Bearing damage, part not identified"


def test_lines_that_healthy_machines_show_as_well_are_named_as_background():
    own = {"inner_race": 1.0, "outer_race": 1.0, "ball": 1.0}
    calibration = Calibration(0.1, 0, 0, signs=SignLimits(0.1, logistic(10, -1), own))
    speaks = replace(speaker(), calibration=calibration)
    low = replace(DIAGNOSIS, heights=LineHeights(0.5, 0.5, 0.5, above_healthy=True))
    high = replace(DIAGNOSIS, heights=LineHeights(0.5, 2.5, 0.5, above_healthy=True))
    assert validated("diagnosis", speaks.diagnosis(low))["background"] == ["BPFO"]
    assert validated("diagnosis", speaks.diagnosis(high))["background"] == []
    assert validated("alert", speaks.alert(replace(ALERT, diagnosis=low)))["background"] == ["BPFO"]


def test_an_alert_lacks_nothing_that_only_another_name_lacked():
    cause = replace(DIAGNOSIS, fault="bearing", missing=("geometry",))
    document = validated("alert", speaker().alert(replace(ALERT, fault="outer_race", diagnosis=cause)))
    assert document["missing"] == []
    assert document["text"]["sentence"].startswith("outer_race sentence (91% sure). This rests on the line")


@pytest.mark.parametrize(
    ("missing", "english", "korean"),
    [
        ((), None, None),
        (("speed",), "More can be said with the shaft's speed.", "더 알려면 다음이 필요합니다: 회전수."),
        (
            ("speed", "geometry"),
            "More can be said with the shaft's speed and the bearing's type.",
            "더 알려면 다음이 필요합니다: 회전수, 베어링 형번.",
        ),
        (
            ("speed", "geometry", "healthy_state"),
            "More can be said with the shaft's speed, the bearing's type and the machine's healthy state "
            "at the same speed.",
            "더 알려면 다음이 필요합니다: 회전수, 베어링 형번, 같은 회전수에서의 정상 상태.",
        ),
        (
            ("healthy_state", "bandwidth"),
            "More can be said with the machine's healthy state at the same speed and a sensor that is sampled faster.",
            "더 알려면 다음이 필요합니다: 같은 회전수에서의 정상 상태, 샘플링이 더 빠른 센서.",
        ),
    ],
)
def test_what_is_missing_is_one_sentence(missing, english, korean):
    assert missing_in_words(missing, language="en") == english
    assert missing_in_words(missing, language="ko") == korean


def test_a_diagnosis_of_an_invalid_window_is_valid_json_for_anyone():
    invalid = replace(
        DIAGNOSIS, quality="clipped", fault="invalid", probability=0.0, matches=(), deviation=None, evidence=None
    )
    document = validated("diagnosis", speaker().diagnosis(invalid))
    assert (document["quality"], document["fault"], document["second"]) == ("clipped", "invalid", None)
    assert document["nearest"] == []


def test_what_is_not_a_number_is_null_and_never_the_bare_word_nan():
    document = validated("diagnosis", speaker().diagnosis(replace(DIAGNOSIS, deviation=math.nan)))
    assert document["deviation"] is None


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_said_with_and_without_a_window(state):
    change = StateChange("pump_de", state, "no_baseline", 3.0, None)
    bare = validated("state", speaker().state(change, last=None, losses=None))
    assert (bare["state"], bare["since"], bare["nearest"]) == (state.value, None, [])
    full = validated("state", speaker().state(change, last=DIAGNOSIS, losses=Balance(produced=10, received=10)))
    assert full["losses"]["received"] == 10
    assert full["title"]
    assert full["reason_text"] == "no healthy state is known at this speed"
    fault = speaker("ko").state(replace(change, reason="outer_race"), last=None, losses=None)
    assert fault.reason_text == "outer_race 제목"


def test_topics_are_distinct_and_below_the_agent():
    topics = Topics("plant/textvib", "gateway-1")
    every = [
        topics.availability,
        topics.health,
        topics.event,
        topics.state("a"),
        topics.diagnosis("a"),
        topics.alert("a", "de"),
        topics.alert("a", None),
    ]
    assert len(set(every)) == len(every)
    assert all(topic.startswith("plant/textvib/gateway-1/") for topic in every)
    assert topics.alert("a", None).endswith("/alert/a/machine")


def test_what_is_asked_about_a_bearing_is_in_every_payload_with_its_evidence():
    question = Question(
        about="geometry_told",
        told="de",
        told_fits_at=None,
        order=3.59,
        hz=107.6,
        lines=(StandingLine(3.59, 107.6, 28.9),),
        candidates=(Candidate("6205", "BPFO", 3.585, 0.002, 9),),
        searched=44,
        by_chance=2.9,
        balls=(8, 9),
    )
    asking = replace(DIAGNOSIS, fault="bearing", asks=question)
    change = StateChange("pump_de", State.FAULT, None, 1.0, None)
    documents = [
        validated("diagnosis", speaker().diagnosis(asking)),
        validated("alert", speaker().alert(replace(ALERT, fault="bearing", diagnosis=asking))),
        validated("state", speaker().state(change, last=asking, losses=None)),
    ]
    for document in documents:
        assert "6205" in document["asks"]["text"]
        assert document["asks"]["found"]["candidates"][0]["bearing"] == "6205"
        assert document["asks"]["found"]["lines"][0]["above_floor_db"] == 28.9
    named = validated("alert", speaker().alert(replace(ALERT, diagnosis=asking)))
    assert (named["fault"], named["asks"]) == ("outer_race", None)  # named by earlier windows: no question beside it
    assert validated("state", speaker().state(change, last=None, losses=None))["asks"] is None
