"""People's own words: each kind in both languages, what measures never trained on, and a bad file named."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from agent.types import FAULTS
from export.text.encoders import FOLDER, LANGUAGES, NONE, TextError, read_wordings, sentences_of
from export.text.no_fault import UNSEEN, read_contrasts, sentences_of_digest, training_sentences, wordings_digest
from export.text.said import SAID, SAID_UNSEEN, plain, read_said
from export.text.written import WRITTEN_UNSEEN, read_written

HANGUL = re.compile("[가-힣]")
GOOD = """
[en]
insisted = ["{} persists"]
defects = { ball = ["ball fault"] }
denied = { closed = ["{}: closed", "all is well"] }
jargon = { ball = ["marbles shot"] }
misspelt = { ball = ["bal"] }
"""


def test_no_sentence_that_measures_is_trained_on() -> None:
    trained = {plain(text) for text in training_sentences().texts}
    measured = [one.text for one in read_said(SAID_UNSEEN)]
    measured += [one.text for one in read_contrasts(UNSEEN).negatives]
    measured += sentences_of(read_wordings(FOLDER / "unseen.toml"), FAULTS).texts
    measured += [one.text for one in read_written(WRITTEN_UNSEEN)]
    assert [text for text in measured if plain(text) in trained] == []
    assert plain(" Ball  Fault.") == "ballfault"


@pytest.mark.parametrize("path", [SAID, SAID_UNSEEN])
def test_every_kind_and_fault_in_every_language(path: Path) -> None:
    denials = [set(spoken["denied"]) for file in (SAID, SAID_UNSEEN) for spoken in _content(file).values()]
    for language in LANGUAGES:
        mine = [one for one in read_said(path) if one.language == language]
        assert {one.kind for one in mine if one.fault == NONE} - {"topic"} == denials[0]
        for kind in ("insisted", "jargon", "misspelt"):
            assert {one.fault for one in mine if one.kind == kind} == set(FAULTS) - {"healthy"}
        assert all(bool(HANGUL.search(one.text)) == (language == "ko") for one in mine if one.kind != "misspelt")
    assert len(denials[0]) >= 20
    assert all(kinds == denials[0] for kinds in denials)


def test_forms_that_measure_are_no_forms_of_training() -> None:
    forms = [plain(text) for spoken in _content(SAID).values() for texts in spoken["denied"].values() for text in texts]
    patterns = [re.compile(re.escape(form).replace(r"\{\}", ".+")) for form in forms if "{}" in form and len(form) > 12]
    unseen = [plain(one.text) for one in read_said(SAID_UNSEEN) if one.fault == NONE]
    assert [text for text in unseen for pattern in patterns if pattern.fullmatch(text)] == []


def test_a_fault_left_out_is_not_spoken_of() -> None:
    others = tuple(fault for fault in FAULTS if fault != "ball")
    assert "ball" not in {one.fault for one in read_said(faults=others)}
    assert not [one for one in read_said(faults=others) if "chipped ball" in one.text]
    assert [one for one in read_said() if "chipped ball" in one.text and one.fault == NONE]


def test_sentences_of_a_run_are_those_that_it_was_trained_with() -> None:
    for said in (True, False):
        assert sentences_of_digest(wordings_digest(said=said)) == training_sentences(said=said)
    assert set(training_sentences(said=False).texts) < set(training_sentences().texts)
    assert sentences_of_digest("0" * 64) is None


def test_forms_are_filled_and_misspelt_ones_made(tmp_path: Path) -> None:
    path = tmp_path / "said.toml"
    path.write_text(GOOD)
    read = {(one.text, one.kind, one.fault) for one in read_said(path)}
    assert {
        ("ball fault: closed", "closed", NONE),
        ("all is well", "closed", NONE),
        ("ball fault persists", "insisted", "ball"),
        ("marbles shot", "jargon", "ball"),
    } <= read
    assert len([kind for _, kind, _ in read if kind == "misspelt"]) > 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("{} persists", "{} and {}"), "may hold {} once"),
        (('defects = { ball = ["ball fault"] }', ""), "may hold {} once"),
        (('jargon = { ball = ["marbles shot"] }', ""), "like said.toml"),
        (('"{} persists"', "3"), "like said.toml"),
        (("[en]", "[en"), "like said.toml"),
    ],
)
def test_a_bad_file_names_the_mend(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "said.toml"
    path.write_text(GOOD.replace(*change))
    with pytest.raises(TextError, match=re.escape(says)) as caught:
        read_said(path)
    assert str(path) in str(caught.value)


def _content(path: Path) -> dict[str, dict[str, dict[str, list[str]]]]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
