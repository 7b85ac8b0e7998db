"""Names that people give: of themselves and of what an alert was, bounded, seen, and the same however typed."""

from __future__ import annotations

import json
import unicodedata

import pytest

from agent.errors import ConfigError, WordError
from agent.messages.notices import in_language, is_known
from agent.service.alert_requests import Acknowledge, Close, Shelve, Unshelve, remote_request
from agent.service.names import NO_FAULTS, fault_name, is_fault_name, person_named
from agent.types import State


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ball", "ball"),
        ("healthy", "healthy"),
        ("seal_rubs2", "seal_rubs2"),
        ("씰마모", "씰마모"),
        (unicodedata.normalize("NFD", "씰_마모"), "씰_마모"),
        ("ｂａｌｌ", "ball"),
        ("軸受", "軸受"),
        ("ตลับลูกปืน", "ตลับลูกปืน"),
        ("é" * 40, "é" * 40),
    ],
)
def test_names_of_faults_in_any_script_are_one_however_typed(text: str, name: str) -> None:
    assert fault_name(text) == name
    assert is_fault_name(name)


NO_FAULT = ["", "Ball", "É", "seal rubs", "ball\n", "1st", "_x", "../x", "a+", "씰#", "a" * 41]
UNSEEN = ["\x1b[2J", "a\u200bb", "\u3164", "a\ufe0f", "\u0301a", "a\udcff", "\u202ea", "\ufdfa" * 10]


@pytest.mark.parametrize("text", [*NO_FAULT, *UNSEEN])
def test_what_is_no_name_of_a_fault_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^was: '.*' is no name of a fault; give one of healthy, ") as refused:
        fault_name(text)
    assert is_known(str(refused.value), "ko")
    assert len(str(refused.value)) < 600
    assert not is_fault_name(text)


@pytest.mark.parametrize("text", [*NO_FAULTS, "ｉｄｌｅ"])
def test_what_the_agent_says_of_a_sensor_is_refused_as_reserved(text: str) -> None:
    with pytest.raises(WordError, match=r"^was: '[a-z]+' is reserved: .*; give one of healthy, ") as refused:
        fault_name(text)
    assert is_known(str(refused.value), "ko")
    assert not is_fault_name(text)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("bearing", "inner_race, outer_race, ball, cage, or a name of your own"),
        ("rotor", "looseness, imbalance, or a name of your own"),
        ("none", "give healthy"),
        ("Nothing", "give healthy"),
        ("false alarm", "give healthy"),
        ("이상 없음", "give healthy"),
        (unicodedata.normalize("NFD", "정상"), "give healthy"),
    ],
)
def test_groups_and_words_for_healthy_are_refused_with_what_to_give(text: str, mend: str) -> None:
    with pytest.raises(WordError, match=f"^was: '.*' is .*{mend}$") as refused:
        fault_name(text)
    korean = in_language(str(refused.value), "ko")
    assert "지정하십시오" in korean
    assert " is " not in korean


def test_every_state_but_healthy_is_reserved() -> None:
    assert {state.value for state in State} - {"healthy"} <= set(NO_FAULTS)


@pytest.mark.parametrize(
    ("text", "name"),
    [(None, None), (" Kim ", "Kim"), ("김\u3000철수", "김 철수"), ("O'Brien, Ünal (2nd)", "O'Brien, Ünal (2nd)")],
)
def test_people_have_names_on_one_line(text: str | None, name: str | None) -> None:
    assert person_named(text) == name


@pytest.mark.parametrize("text", ["", " ", "a\nb", "a\x1b[2J", "a\x00", "\u202eKim", "x" * 101, "a\udcff"])
def test_what_is_no_name_of_a_person_is_refused_in_both_languages(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^by: '.*' is no name of a person; give at most 100 letters") as refused:
        person_named(text)
    assert is_known(str(refused.value), "ko")


def test_both_hold_for_every_request_whichever_way_it_comes() -> None:
    assert Close("a", "김\u3000철수", "ｂａｌｌ") == Close("a", "김 철수", "ball")
    for request in (Acknowledge, Close, Unshelve, lambda alert, by: Shelve(alert, by, duration="8h")):
        with pytest.raises(ConfigError, match="by: "):
            request("a", "a\nb")
    for asked in (
        {"command": "acknowledge", "alert": "a", "by": "a\x07"},
        {"command": "shelve", "alert": "a", "for": "8h", "by": ""},
        {"command": "close", "alert": "a", "was": "x y"},
    ):
        with pytest.raises(ConfigError, match="no name of a"):
            remote_request(json.dumps(asked).encode())
    told = remote_request(json.dumps({"command": "close", "alert": "a", "was": "씰마모"}).encode())
    assert told == Close("a", None, "씰마모")
