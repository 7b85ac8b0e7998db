"""Sentences that describe no fault: written out rightly, kept apart from what measures, and refused where malformed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.types import FAULTS
from export.text.encoders import LANGUAGES, NONE, TextError, read_wordings, sentences_of
from export.text.forms import fill
from export.text.no_fault import (
    KINDS,
    TRAINING,
    UNSEEN,
    Contrasts,
    read_contrasts,
    training_sentences,
    wordings_digest,
)

HANGUL = re.compile("[가-힣]")
GOOD = """
[en]
denials = ["no {}"]
praises = ["the {} is fine"]
affirmations = ["there is {}"]
defects = { ball = ["ball fault"] }
parts = ["ball"]
sound = ["the balls are round"]
topic = ["a ball bearing"]
other = ["hello"]
"""


@pytest.mark.parametrize(
    ("form", "word", "said"),
    [
        ("{}이(가) 없다", "내륜 결함", "내륜 결함이 없다"),
        ("{}이(가) 없다", "볼 마모", "볼 마모가 없다"),
        ("{}은(는) 정상", "케이지", "케이지는 정상"),
        ("{}을(를) 발견", "유격", "유격을 발견"),
        ("{}과(와) 관계가 없다", "언밸런스", "언밸런스와 관계가 없다"),
        ("{}(으)로 판단", "축 정렬불량", "축 정렬불량으로 판단"),
        ("{}(으)로 판단", "볼", "볼로 판단"),
        ("{}(이)라고 한다", "볼 파손", "볼 파손이라고 한다"),
        ("{}이(가) 없다", "BPFO", "BPFO가 없다"),
        ("{} was not found", "ball fault", "ball fault was not found"),
    ],
)
def test_a_particle_takes_the_form_its_word_asks_for(form: str, word: str, said: str) -> None:
    assert fill(form, word) == said


def test_no_particle_is_left_open() -> None:
    for path in (TRAINING, UNSEEN):
        for text in texts_of(read_contrasts(path)):
            assert "(" not in text
            assert "{}" not in text


def texts_of(contrasts: Contrasts) -> list[str]:
    affirmed = [text for table in contrasts.affirmed.values() for texts in table.values() for text in texts]
    return [one.text for one in contrasts.negatives] + affirmed


@pytest.mark.parametrize("path", [TRAINING, UNSEEN])
def test_every_kind_in_every_language(path: Path) -> None:
    contrasts = read_contrasts(path)
    for language in LANGUAGES:
        assert {one.kind for one in contrasts.negatives if one.language == language} == set(KINDS)
        assert {one.fault for one in contrasts.negatives if one.language == language} == {*FAULTS, None} - {"healthy"}
        assert set(contrasts.affirmed[language]) >= set(FAULTS) - {"healthy"}
    for one in contrasts.negatives:
        if not one.text.startswith(("lorem", "1234567890")):
            assert bool(HANGUL.search(one.text)) == (one.language == "ko")


def test_what_measures_is_never_trained_on() -> None:
    def plain(texts: list[str]) -> set[str]:
        return {" ".join(text.lower().split()).rstrip(".") for text in texts}

    trained = plain(texts_of(read_contrasts())) | plain(list(training_sentences().texts))
    unseen = plain(texts_of(read_contrasts(UNSEEN)))
    told = plain(list(sentences_of(read_wordings(UNSEEN.with_name("unseen.toml")), FAULTS).texts))
    assert not trained & unseen
    assert not trained & told


def test_thinning_keeps_every_word_and_every_form() -> None:
    whole, thin = read_contrasts(), read_contrasts(every=3)
    assert len(thin.negatives) < len(whole.negatives) / 2
    assert {one.fault for one in thin.negatives} == {one.fault for one in whole.negatives}
    endings = [one.text for one in thin.negatives]
    for form in ("ruled out", "Nothing points to", "검출되지 않습니다", "관계가 없습니다"):
        assert any(form in text for text in endings), form


def test_a_fault_left_out_is_neither_denied_nor_affirmed() -> None:
    others = tuple(fault for fault in FAULTS if fault != "cage")
    contrasts = read_contrasts(faults=others)
    assert "cage" not in {one.fault for one in contrasts.negatives}
    assert all("cage" not in table for table in contrasts.affirmed.values())
    assert "cage" not in training_sentences(others).faults


def test_training_sentences_hold_wordings_affirmations_and_none() -> None:
    everything = training_sentences()
    labelled = dict(zip(everything.texts, everything.faults, strict=True))
    assert labelled["외륜 결함"] == "outer_race"
    assert labelled["The fan is not balanced"] == "imbalance"
    assert labelled["The bearing has no defect"] == "healthy"
    assert labelled["The rotor is balanced"] == NONE
    assert len(labelled) == len(everything.texts), "a sentence stands twice"


def test_the_digest_follows_both_files() -> None:
    assert wordings_digest() == wordings_digest()
    assert len(wordings_digest()) == 64


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("no {}", "no"), "must hold {} once"),
        (("no {}", "{} {}"), "must hold {} once"),
        (('other = ["hello"]', "other = 3"), "like negatives.toml"),
        (('other = ["hello"]', ""), "like negatives.toml"),
        (('other = ["hello"]', 'others = ["hello"]'), "like negatives.toml"),
        (("[en]", "[en"), "like negatives.toml"),
    ],
)
def test_a_bad_file_names_the_mend(change: tuple[str, str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "negatives.toml"
    path.write_text(GOOD)
    assert len(read_contrasts(path).negatives) == 5
    path.write_text(GOOD.replace(*change))
    with pytest.raises(TextError, match=re.escape(says)) as caught:
        read_contrasts(path)
    assert str(path) in str(caught.value)
