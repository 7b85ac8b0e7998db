"""Questions and answers: what is asked when, what is refused and why, and that what comes of it passes `check`."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from heard_sensors import heard, interview_of

from agent.config.keys import Config
from agent.config.load import check_table
from agent.errors import ConfigError
from agent.messages.words import LANGUAGES, table
from agent.setup.asking import all_asked, answered, next_asked, remarks_on
from agent.setup.draft import tables_of
from agent.setup.filling import filled
from agent.setup.found import doubts, in_words
from agent.setup.given import Given
from agent.setup.interview import Interview
from agent.setup.questions import QUESTIONS

PUMP = {"sensors.0.machine": "Cooling pump 3"}


def checked(interview: Interview) -> Config:
    """The config of an interview, once it has passed the check."""
    config, problems = check_table(copy.deepcopy(tables_of(interview)), interview.folder)
    assert problems == []
    assert config is not None
    return config


def asked_in_turn(interview: Interview, answers: dict[str, str]) -> tuple[Interview, list[str]]:
    """The interview to its end, and the keys in the order in which they were asked."""
    keys = []
    while (asked := next_asked(interview)) is not None:
        keys.append(asked.question.key)
        interview, problem = answered(interview, asked, answers.get(asked.name, ""))
        assert problem is None, (asked.name, problem)
    return interview, keys


@pytest.mark.parametrize("name", ["frames", "rows", "motion frames", "batches", "mapped", "figure", "bare"])
def test_whatever_sends_becomes_a_config_that_passes_the_check(name: str, tmp_path: Path) -> None:
    given = {**PUMP, "sensors.0.watch": heard()[name].what, "sensors.0.quantity": "velocity_rms_mm_s"}
    config = checked(filled(interview_of(tmp_path, name), Given(given)))
    (sensor,) = config.sensors.values()
    assert sensor.machine == "cooling_pump_3"
    assert config.machines["cooling_pump_3"].name == "Cooling pump 3"
    assert config.broker.host == "10.0.0.7"


def test_what_can_be_left_open_is_left_open_and_what_cannot_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        filled(interview_of(tmp_path, "batches", "mapped"), Given({"sensors.0.speed": "fixed", "agent_id": "a b"}))
    told = refused.value.problems
    assert [one.partition(":")[0] for one in told] == [
        "sensors[0].watch",
        "sensors[0].machine",
        "sensors[0].rpm",
        "agent_id",
    ]
    assert "plant/pump/acc, plant/fan/acc" in told[0]
    assert told[3] == "agent_id: 'a b' is not an id; use 1 to 64 of A-Z a-z 0-9 _ -"


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("sensors.0.rpm", "fast", "is no number"),
        ("sensors.0.rpm", "-3", "expected a number > 0"),
        ("sensors.0.bearing", "6299", "did you mean '6209'?"),
        ("sensors.0.sensor", "pump de", "is not an id"),
        ("sensors.0.speed", "quick", "Give one of: fixed, range"),
        ("sensors.0.machine", "x" * 300, "at most 200 letters"),
        ("sensors.0.machine", "a\x1b[2Jb", "on one line"),
        ("sensors.0.machine", "", "cannot be left open"),
        ("publish_broker", "http://x", "no way to a broker"),
        ("publish_broker", "user:pw@host", "holds a user or a password"),
        ("base_topic", "a/#", "matching"),
        ("sink_url", "ftp://x", "ftp://x"),
        ("page_password", "short", "less than 8 letters"),
    ],
)
def test_a_wrong_answer_is_refused_at_once_for_what_the_check_says(
    key: str, text: str, said: str, tmp_path: Path
) -> None:
    right = {**PUMP, "sensors.0.speed": "fixed", "sensors.0.rpm": "1480", "page": "network"}
    right |= {"alerts": "webhook", "sink_url": "https://x.example"}
    interview = interview_of(tmp_path, "batches")
    while (asked := next_asked(interview)) is not None and asked.name != key:
        interview, problem = answered(interview, asked, right.get(asked.name, ""))
        assert problem is None
    assert asked is not None
    same, problem = answered(interview, asked, text)
    assert same is interview
    assert problem is not None
    assert said in problem
    assert str(tmp_path) not in problem


@pytest.mark.parametrize(
    "said", ["nde", "NDE", "non-drive end (fan, far side)", "Non-drive  end", "반구동측", "반구동측(팬, 반대쪽)"]
)
def test_a_choice_is_taken_by_the_words_that_are_shown(said: str, tmp_path: Path) -> None:
    interview, _ = asked_in_turn(interview_of(tmp_path, "batches"), {**PUMP, "sensors.0.end": said})
    assert interview.answers["sensors.0.end"] == "nde"


@pytest.mark.parametrize(("name", "machine_id"), [("송풍기 2", "machine_2"), ("송풍기", "machine"), ("Fan 2", "fan_2")])
def test_a_machine_without_a_latin_letter_has_an_id_that_says_what_it_is(
    name: str, machine_id: str, tmp_path: Path
) -> None:
    config = checked(filled(interview_of(tmp_path, "batches"), Given({"sensors.0.machine": name})))
    assert [*config.machines] == [machine_id]


def test_a_remark_of_the_check_is_told_beside_the_answer(tmp_path: Path) -> None:
    interview, _ = asked_in_turn(interview_of(tmp_path, "batches"), {**PUMP, "sensors.0.bearing": "9balls"})
    (bearing,) = (one for one in all_asked(interview) if one.question.key == "bearing")
    assert "known approximately" in remarks_on(interview, bearing)[0]


def test_each_way_to_tell_a_speed_is_one(tmp_path: Path) -> None:
    ways = {
        "unknown": None,
        "fixed": {"rpm": 1480},
        "range": {"estimate": [1400, 1500.5]},
        "topic": {"topic": "plant/pump/rpm", "source": "plant"},
    }
    for way, speed in ways.items():
        told = {"rpm": "1480", "rpm_low": "1400", "rpm_high": "1500,5", "speed": way}
        given = {**PUMP, **{f"sensors.0.{key}": text for key, text in told.items()}}
        interview, keys = asked_in_turn(interview_of(tmp_path, "batches", "speed"), given)
        checked(interview)
        assert tables_of(interview)["machines"]["cooling_pump_3"].get("speed") == speed
        assert ("rpm" in keys) == (way == "fixed")
        assert len(tables_of(interview)["sources"]) == 1


def test_a_speed_of_a_topic_for_a_sensor_on_a_port_gets_its_source(tmp_path: Path) -> None:
    given = {**PUMP, "sensors.0.speed": "topic"}
    interview, _ = asked_in_turn(interview_of(tmp_path, "frames", "speed"), given)
    assert [source.kind for source in checked(interview).sources] == ["serial", "mqtt"]


def test_the_second_sensor_of_a_machine_is_asked_about_its_own_bearing_alone(tmp_path: Path) -> None:
    given = {**PUMP, "sensors.0.watch": "plant/pump/acc", "sensors.0.more": "yes", "sensors.0.bearing": "6205"}
    given |= {"sensors.1.machine": "cooling pump 3", "sensors.1.end": "nde", "sensors.1.bearing": "6206"}
    given["sensors.1.machine"] = "Cooling pump 3"
    interview, keys = asked_in_turn(interview_of(tmp_path, "batches", "frames"), given)
    second = keys[keys.index("more") + 1 : keys.index("agent_id")]
    assert second == ["watch", "machine", "end", "sensor", "bearing"]
    config = checked(interview)
    (machine,) = config.machines.values()
    assert {name: one.geometry for name, one in machine.bearings.items()} == {"de": "6205", "nde": "6206"}
    assert {name: one.bearings for name, one in config.sensors.items()} == {
        "cooling_pump_3_de": ("de",),
        "cooling_pump_3_nde": ("nde",),
    }


def test_a_word_of_any_language_leaves_a_bearing_unknown(tmp_path: Path) -> None:
    interview, _ = asked_in_turn(interview_of(tmp_path, "batches"), {**PUMP, "sensors.0.bearing": "모름"})
    assert tables_of(interview)["machines"]["cooling_pump_3"]["bearings"] == {"de": {}}


def test_going_back_takes_the_latest_answer_back_alone(tmp_path: Path) -> None:
    interview = interview_of(tmp_path, "batches")
    for text in ("", "Pump", "nde"):
        asked = next_asked(interview)
        assert asked is not None
        interview, _ = answered(interview, asked, text)
    before = interview.taken_back()
    asked = next_asked(before)
    assert asked is not None
    assert asked.question.key == "end"
    assert [*before.answers] == ["sensors.0.watch", "sensors.0.machine"]


def test_a_machine_whose_name_has_no_letter_of_an_id_gets_one(tmp_path: Path) -> None:
    given = {"sensors.0.watch": "plant/pump/acc", "sensors.0.machine": "냉각 펌프", "sensors.0.more": "yes"}
    given |= {"sensors.1.machine": "송풍기"}
    interview, _ = asked_in_turn(interview_of(tmp_path, "batches", "frames", language="ko"), given)
    config = checked(interview)
    assert {name: one.name for name, one in config.machines.items()} == {"machine": "냉각 펌프", "machine_2": "송풍기"}
    assert config.agent.language == "ko"


def test_to_a_config_that_is_there_a_sensor_alone_is_added(tmp_path: Path) -> None:
    given = {**PUMP, "sensors.0.watch": "plant/pump/acc"}
    first, _ = asked_in_turn(interview_of(tmp_path, "batches"), given)
    more = interview_of(tmp_path, "mapped", existing=tables_of(first))
    interview, keys = asked_in_turn(more, {**PUMP, "sensors.0.end": "nde"})
    assert keys == ["watch", "rate_hz", "unit", "machine", "end", "sensor", "bearing"]
    config = checked(interview)
    assert len(config.sources) == 1
    assert set(config.sensors) == {"cooling_pump_3_de", "cooling_pump_3_nde"}


def test_a_secret_is_no_answer_but_a_file_of_its_own(tmp_path: Path) -> None:
    given = {**PUMP, "publish_broker": "other", "publish_username": "box", "publish_password": "hush-hush"}
    interview, _ = asked_in_turn(interview_of(tmp_path, "batches"), given)
    assert "hush" not in repr(interview)
    file = tmp_path / "secrets" / "publish.password"
    assert file.read_text() == "hush-hush\n"
    assert file.stat().st_mode & 0o777 == 0o600
    config = checked(interview)
    assert config.broker.password_file == str(file)
    assert config.sources[0].settings.broker.host == "10.0.0.7"


def test_what_sends_no_vibration_is_not_offered(tmp_path: Path) -> None:
    interview = interview_of(tmp_path, "words", "speed", "figure", "batches")
    assert [one.what for one in interview.at(0).left] == ["plant/press/velocity", "plant/pump/acc"]


def test_what_was_heard_is_said_in_every_language() -> None:
    for language in LANGUAGES:
        for found in heard().values():
            assert in_words(found, language)
            doubts(found, language)
    assert in_words(heard()["batches"], "en") == "vibration: JSON, x, 4000 Hz, g"


def test_every_question_has_words_and_says_why_it_is_asked(tmp_path: Path) -> None:
    words = table()["setup"]
    for question in QUESTIONS:
        assert question.key in words
        assert f"{question.key}_why" in words
    fixed = ("quantity", "unit", "end", "speed", "iso_group", "foundation", "more", "home_assistant", "alerts", "page")
    spot = interview_of(tmp_path, "batches", "speed").at(0)
    for question in (one for one in QUESTIONS if one.key in fixed):
        for choice in question.choices(spot):
            assert f"{question.key}_{choice}" in words or choice in ("g", "m/s2"), choice
