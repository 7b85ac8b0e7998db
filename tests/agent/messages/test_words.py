"""The one table of words: both languages of everything, and words for every code that the agent can say."""

from __future__ import annotations

import ast
import re
import string
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from requirements import ROOT

from agent.diagnosis import naming
from agent.faults import ABNORMAL, FAULTS_OF_BEARINGS, INVALID, TABLE, UNKNOWN
from agent.messages.wording import SAME
from agent.messages.words import LANGUAGES, as_language, say, table, words_for
from agent.stream.quality import REASONS
from agent.types import Objection, State

SAID = "agent/diagnosis agent/alerting agent/stream/quality.py agent/pipeline.py agent/service/sensor.py"
"""Where the codes are made that a reader meets as a reason."""
REFUSING = "agent/sources agent/transport agent/tables/stream.py firmware_bridge"
CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+")
NO_WORDS = {
    # names of features, quantities and fields, and what a question is about; none of them is ever a reason
    "bearing_lines",  # kinds of doubt: the evidence of each is a sentence of its own
    "iso_zone",
    "unlike_before",
    # names of features, quantities and fields; none of them is ever a reason
    *("velocity_rms_mm_s", "acceleration_rms_g", "hears_bearings", "temperature_c", "inner_race", "outer_race"),
    *("healthy_state", "lost_after_s", "typical_sd", "most_spread", "rms_only", "bsf_even", "geometry_told"),
    *("geometry_unknown", "sure_speed"),
}


def modules(places: str) -> Iterator[Path]:
    for place in places.split():
        path = ROOT / place
        yield from [path] if path.suffix else sorted(path.rglob("*.py"))


def codes_in(path: Path) -> set[str]:
    """Every text of a module that is written like a code; none of its keys, for those are read and not said."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if key is not None}
    texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in keys)
    return {node.value for node in texts if isinstance(node.value, str) and CODE.fullmatch(node.value)}


def kinds_in(path: Path) -> set[str]:
    """The kinds of refusals that a module makes: what it hands first to a fault, or to a function that makes one."""
    made = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("SourceFault", "Refusal", "Fault", "_fault") and isinstance(node.args[0].value, str):
                made.add(node.args[0].value)
    return made


def entries() -> Iterator[tuple[str, dict[str, object]]]:
    for section, codes in table().items():
        if section != "sentence":
            yield from ((f"{section}.{code}", dict(entry)) for code, entry in codes.items())


def texts_of(entry: object) -> list[str]:
    return [str(text) for text in entry.values()] if isinstance(entry, dict) else [str(entry)]


@pytest.mark.parametrize(("code", "entry"), [*entries()], ids=lambda value: value if isinstance(value, str) else "")
def test_every_entry_has_every_language_with_the_same_fields(code: str, entry: dict[str, object]) -> None:
    assert set(entry) == set(LANGUAGES)
    fields = {
        language: {field for text in texts_of(words) for _, field, _, _ in string.Formatter().parse(text) if field}
        for language, words in entry.items()
    }
    assert fields["en"] == fields["ko"]
    assert all(text.strip() for words in entry.values() for text in texts_of(words))


def test_a_sentence_of_a_room_below_keeps_its_fields() -> None:
    for english, korean in table()["sentence"]["ko"].items():
        assert {f for _, f, _, _ in string.Formatter().parse(english) if f} == {
            f for _, f, _, _ in string.Formatter().parse(str(korean)) if f
        }, english


def test_no_english_remains_in_korean() -> None:
    names = {
        "ISO",
        "RMS",
        "CRC",
        "JSON",
        "ID",
        "Zone",
        "Hz",
        "rpm",
        "mm",
        "dB",
        "TOML",
        "UTF",
        "MiB",
        "TCP",
        "retained",
        "Sparkplug",
        "SHA",
        *("BPFO", "BPFI", "BSF", "FTF", "TextVib", "Edge", "MQTT"),
        *("Ctrl", "Enter", "kW"),  # keys of a keyboard; a unit
    }
    for code, entry in entries():
        for text in texts_of(entry["ko"]):
            plain = re.sub(r"\{\w+\}|--[\w-]+|replay|commission|seal_rubs|\b\w\b", "", text)
            assert set(re.findall(r"[A-Za-z]{2,}", plain)) <= names, code


def test_korean_sentences_are_of_one_politeness() -> None:
    for code, entry in entries():
        for text in texts_of(entry["ko"]):
            for sentence in re.findall(r"[^.!?]*[가-힣)][.](?=\s|$)", text):
                end = re.sub(r"\([^)]*\)", "", sentence).strip()
                assert end.endswith(("니다.", "시오.")) or not re.search(r"[가-힣]\.$", end), code


def test_a_number_stands_with_the_word_that_goes_with_it() -> None:
    said = [say("status.source_connected", "en", name="a", outages=outages) for outages in (0, 1, 2)]
    assert said == [f"source a: connected, {told} so far" for told in ("0 outages", "1 outage", "2 outages")]
    assert say("status.source_connected", "ko", name="a", outages=1) == "소스 a: 연결됨, 지금까지 끊김 1회"


def test_all_text_is_composed_so_that_it_is_as_wide_as_it_looks() -> None:
    for code, entry in entries():
        for words in entry.values():
            assert all(unicodedata.is_normalized("NFC", text) for text in texts_of(words)), code


# ------------------------------------------------------------------------------------------------- every code has words


def test_every_fault_and_what_is_said_instead_has_a_title() -> None:
    assert set(table()["fault"]) >= {fault.id for fault in TABLE} | {UNKNOWN, ABNORMAL, INVALID}
    assert set(table()["text"]) >= {SAME.get(name, name) for name in (UNKNOWN, ABNORMAL, INVALID)}
    assert set(table()["element"]) == set(FAULTS_OF_BEARINGS)


def test_every_state_and_everything_that_may_be_missing_has_words() -> None:
    assert set(table()["state"]) == {state.value for state in State}
    missing = {naming.SPEED, naming.GEOMETRY, naming.HEALTHY_STATE, naming.BANDWIDTH, naming.LENGTH, naming.SURE_SPEED}
    assert set(table()["missing"]) == missing


def test_every_origin_of_a_speed_and_reason_of_an_objection_has_words() -> None:
    from typing import get_args, get_type_hints

    from agent.types import Speed

    assert set(table()["origin"]) == {*get_args(get_type_hints(Speed)["origin"]), "file"}
    assert set(table()["text"]) >= set(get_args(get_type_hints(Objection)["reason"]))


def test_every_reason_why_a_signal_cannot_be_judged_has_words() -> None:
    assert set(table()["reason"]) >= set(REASONS) | {"negative"}


@pytest.mark.parametrize("path", [*modules(SAID)], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_code_that_is_said_as_a_reason_has_words(path: Path) -> None:
    assert codes_in(path) - NO_WORDS - set(table()["reason"]) == set()


@pytest.mark.parametrize("path", [*modules(REFUSING)], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_kind_of_refused_input_has_words(path: Path) -> None:
    assert kinds_in(path) - set(table()["refused"]) == set()


def test_a_code_without_words_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('LIMITS = {"a_key": 1}\nreason = "never_heard_of"\nSourceFault("odd", "x")\n')
    assert codes_in(path) == {"never_heard_of"}
    assert kinds_in(path) == {"odd"}


# --------------------------------------------------------------------------------------------------------- saying it


def test_an_entry_is_filled_in_and_a_code_from_elsewhere_is_still_readable() -> None:
    assert say("shown.baseline", "en", deviation="2.00") == "2.00 times the limit"
    with pytest.raises(KeyError):
        say("shown.nothing", "en")
    assert words_for("reason", "of_a_newer_agent", "ko") == "of a newer agent"
    assert (as_language("ko"), as_language("de"), as_language(None)) == ("ko", "en", "en")


def test_a_reason_stands_in_brackets_and_has_none_of_its_own() -> None:
    assert [code for code, entry in table()["reason"].items() if any("(" in words for words in entry.values())] == []
