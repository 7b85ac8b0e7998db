"""The glossary hears the same in both languages, and a "no" wherever it stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.text.encoders import TextError, text_encoder
from export.text.glossary import FEWEST_SAID_OF, GLOSSARY, SAID_OF, GlossaryEncoder, glossary_file


@pytest.mark.parametrize(
    ("korean", "english", "concepts"),
    [
        ("외륜에 결함이 없다", "no defect in the outer race", {"no", "damage", "outer", "ring"}),
        ("내륜은 정상입니다", "The inner ring is healthy", {"in_order", "inner", "ring"}),
        ("케이지가 파손되지 않았다", "The cage isn't broken", {"no", "damage", "cage"}),
        ("두 축의 정렬", "alignment of two shafts", {"alignment", "coupling"}),
        ("오늘은 일요일", "today is Sunday", set()),
    ],
)
def test_both_languages_name_the_same_concepts(korean: str, english: str, concepts: set[str]) -> None:
    glossary = GlossaryEncoder()
    assert glossary.concepts_in(korean) == concepts
    assert glossary.concepts_in(english) == concepts
    one, other = glossary.encode([korean, english])
    assert np.array_equal(one, other)


def test_english_words_match_where_a_word_begins() -> None:
    glossary = GlossaryEncoder()
    assert "no" not in glossary.concepts_in("a noted casino")
    assert "balance" in glossary.concepts_in("is it balanced")
    assert "balance" not in glossary.concepts_in("imbalance")
    assert "unbalance" in glossary.concepts_in("imbalance")


def test_a_denied_state_differs_from_both_its_words() -> None:
    glossary = GlossaryEncoder()
    balanced, denied, damaged, undamaged = glossary.encode(
        ["the rotor is balanced", "the rotor is not balanced", "the rotor is damaged", "the rotor is not damaged"]
    )
    assert max(balanced @ denied, damaged @ undamaged, denied @ undamaged) < 0.9


def test_rows_are_of_unit_length_even_where_nothing_is_named() -> None:
    rows = GlossaryEncoder().encode(["", "asdf", "외륜 결함"])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.array_equal(rows[0], rows[1])
    assert rows.shape[1] == GlossaryEncoder().dim


def test_another_glossary_has_another_name(tmp_path: Path) -> None:
    changed = tmp_path / "glossary.toml"
    changed.write_text(GLOSSARY.read_text() + '\n[belt]\nen = ["belt"]\nko = ["벨트"]\n')
    assert GlossaryEncoder(changed).name != GlossaryEncoder().name
    assert "belt" in GlossaryEncoder(changed).concepts_in("the belt slips")


def test_what_says_something_of_the_others_stands_first(tmp_path: Path) -> None:
    assert GlossaryEncoder().concepts[: len(SAID_OF)] == SAID_OF
    kept = list(GLOSSARY.parent.glob("glossary-*.toml"))
    assert kept
    for path in kept:
        assert GlossaryEncoder(path).concepts[:FEWEST_SAID_OF] == SAID_OF[:FEWEST_SAID_OF]
    other = tmp_path / "glossary.toml"
    other.write_text('[belt]\nen = ["belt"]\nko = ["벨트"]\n')
    with pytest.raises(ValueError, match="must begin with"):
        GlossaryEncoder(other)


def test_glossaries_of_stored_towers_are_kept_to_the_letter() -> None:
    for path in GLOSSARY.parent.glob("glossary-*.toml"):
        assert GlossaryEncoder(path).name == path.stem
        assert text_encoder(path.stem).name == path.stem
        assert text_encoder(path.stem).dim == GlossaryEncoder(path).dim
    newest = GlossaryEncoder().name
    assert glossary_file(newest) == glossary_file("glossary") == GLOSSARY
    with pytest.raises(TextError, match="glossary-00000000: not among"):
        text_encoder("ngrams+glossary-00000000")


@pytest.mark.parametrize(
    ("said", "concepts"),
    [
        ("The inner race alert was a false alarm", {"inner", "ring", "dismissed"}),
        ("내륜 경보는 오경보였다", {"inner", "ring", "dismissed"}),
        ("It is no false alarm, the fault is still there", {"no", "dismissed", "damage", "persists"}),
        ("외륜이 나갔다", {"outer", "ring", "damage"}),
        ("Is the spectrum in order", {"in_order"}),
        ("베어링을 교체해야 합니다", {"ring"}),
    ],
)
def test_own_words_name_concepts(said: str, concepts: set[str]) -> None:
    assert GlossaryEncoder().concepts_in(said) == concepts
