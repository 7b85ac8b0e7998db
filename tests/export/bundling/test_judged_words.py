"""Words that describe another fault than theirs are refused, and denials among them are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from agent.bundle.load import Bundle
from export.bundling.given_words import Wording
from export.bundling.judged_words import SAME, check_words, remarks_on_words
from export.bundling.sentence_reader import Reader
from export.network.graph import Floats, unit_rows
from export.text.encoders import NgramEncoder, Sentences, TextError

FAULTS = ("healthy", "inner_race", "outer_race")
BUNDLE = cast(
    "Bundle",
    SimpleNamespace(
        descriptions=SimpleNamespace(faults=FAULTS, vectors=np.eye(3, 4, dtype=np.float32)),
        manifest=SimpleNamespace(faults=FAULTS),
    ),
)
NOWHERE = (0.0, 0.0, 0.0, 1.0)
INNER, OUTER = (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)


def reader(places: Mapping[str, Sequence[float]]) -> Reader:
    """A tower that puts sentences where it is told; the first three directions are the descriptions of FAULTS."""

    def read(sentences: Sequence[str]) -> Floats:
        return unit_rows(np.array([places.get(one, NOWHERE) for one in sentences], np.float32))

    def describe(sentences: Sentences, faults: Sequence[str], *, trained: Sequence[str]) -> Floats:
        assert not trained, "words are held against whole descriptions"
        rows = read(sentences.texts)
        return unit_rows(np.stack([rows[np.array(sentences.faults) == fault].mean(axis=0) for fault in faults]))

    vectors = BUNDLE.descriptions.vectors
    made = SimpleNamespace(
        encoder=NgramEncoder(),
        near=0.9,
        describe=describe,
        cosines=lambda sentences, bundle: read(sentences) @ vectors.T,
        whole_descriptions=lambda bundle: vectors,
    )
    return cast("Reader", made)


def given(fault: str, *sentences: str) -> dict[str, dict[str, Wording]]:
    return {"en": {fault: Wording(sentences)}}


def almost(cosine: float, *, to: int, else_to: int = 3) -> tuple[float, ...]:
    """A place with that cosine to a description, the rest along another direction."""
    place = [0.0] * 4
    place[to], place[else_to] = cosine, float(np.sqrt(1 - cosine**2))
    return tuple(place)


@pytest.mark.parametrize(
    ("sentence", "place", "said"),
    [
        (
            "The outer race is pitted",
            OUTER,
            "is near outer_race (1.00), and agents would take what is wrong for health",
        ),
        ("the outer ring looks odd", almost(0.87, to=2), "is near outer_race (0.87)"),  # all but near
        ("the seal is torn", NOWHERE, "says that something is wrong"),
        ("no damage on the outer ring", almost(0.95, to=2), "is near outer_race (0.95)"),  # whatever it denies
        ("the motor sounds strange", NOWHERE, "says that something is wrong"),
    ],
)
def test_health_that_reads_like_a_fault_is_refused(sentence: str, place: Sequence[float], said: str) -> None:
    well = "everything is in order"
    with pytest.raises(TextError) as refused:
        check_words(BUNDLE, reader({sentence: place, well: (1, 0, 0, 0)}), given("healthy", well, sentence))
    assert str(refused.value).startswith(f"en.healthy: {sentence!r} {said}")
    assert str(refused.value).endswith("--near-anyway")


@pytest.mark.parametrize(
    ("sentence", "place"),
    [
        ("everything is in order", (1, 0, 0, 0)),
        ("no damage on the outer ring", NOWHERE),
        ("no damage on the outer ring", almost(0.87, to=2)),  # as `rank` has it, a denial is not nearly near
        ("wear is within the limits", NOWHERE),
    ],
)
def test_health_may_be_told_and_faults_be_denied(sentence: str, place: Sequence[float]) -> None:
    check_words(BUNDLE, reader({sentence: place}), given("healthy", sentence))


def test_a_description_at_that_of_another_fault_is_refused() -> None:
    said = r"^en\.seal_rub: 'b' lies where outer_race is described \(0\.\d+\), and agents would call that seal_rub; "
    with pytest.raises(TextError, match=said):
        check_words(BUNDLE, reader({"a": almost(SAME, to=2), "b": OUTER}), given("seal_rub", "a", "b"))
    with pytest.raises(TextError, match="'a' lies where healthy is described"):
        check_words(BUNDLE, reader({"a": (1, 0, 0, 0)}), given("seal_rub", "a"))
    swapped = {"en": {"inner_race": Wording(("outer pits",)), "outer_race": Wording(("inner pits",))}}
    with pytest.raises(TextError) as refused:
        check_words(BUNDLE, reader({"outer pits": OUTER, "inner pits": INNER}), swapped)
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["en.inner_race", "en.outer_race"]


def test_a_fault_near_an_old_one_and_one_told_again_are_taken() -> None:
    near = given("seal_rub", "a")
    check_words(BUNDLE, reader({"a": almost(0.8, to=2)}), near)
    check_words(BUNDLE, reader({"a": almost(SAME - 0.01, to=2)}), near)
    assert "is near outer_race (0.94)" in next(remarks_on_words(BUNDLE, reader({"a": almost(0.94, to=2)}), near))
    check_words(BUNDLE, reader({"a": OUTER}), given("outer_race", "a"))
    check_words(BUNDLE, reader({}), {})


def test_a_denial_among_the_sentences_is_remarked_on() -> None:
    def told(fault: str, sentence: str, place: Sequence[float] = NOWHERE) -> list[str]:
        return list(remarks_on_words(BUNDLE, reader({sentence: place}), given(fault, sentence)))

    for fault in ("seal_rub", "outer_race"):
        (said,) = told(fault, "no defect in the outer race")
        assert said.startswith(f"en.{fault}: 'no defect in the outer race' denies a fault, or says that all is well")
        assert "denies a fault" in told(fault, "이상 없음", (0.8, 0, 0, 0.6))[0]
    assert not told("seal_rub", "the shaft rubs on its seal")
    assert not told("healthy", "no defect in the outer race", (0.8, 0, 0, 0.6))
    assert "write plainly that the machine is in order" in told("healthy", "the weather", almost(0.2, to=1))[0]


def test_a_fault_of_which_no_sentence_says_what_is_wrong_is_refused() -> None:
    for sentences, said in (
        (("the gearbox", "gear"), "names a part"),
        (("베어링에서 이상한 소리가 납니다", "abnormal noise"), "says that something is wrong, and not what"),
    ):
        with pytest.raises(TextError) as refused:
            check_words(BUNDLE, reader({}), given("gear_wear", *sentences))
        assert str(refused.value).startswith(f"en.gear_wear: {sentences[0]!r} {said}")
        assert str(refused.value).endswith("--near-anyway")


def test_one_sentence_among_others_that_states_nothing_is_told() -> None:
    for sentence, said in (
        ("gear", "names a part, and nothing"),
        ("the gearbox sounds strange", "says that something is wrong, and not what"),
        ("if the gears were worn", "speaks of what would be under a condition"),
    ):
        words = given("gear_wear", "the teeth of the gear are worn", sentence)
        check_words(BUNDLE, reader({}), words)
        (told,) = remarks_on_words(BUNDLE, reader({}), words)
        assert told.startswith(f"en.gear_wear: {sentence!r} {said}")
        assert told.endswith(": write what is wrong with the machine")


def test_a_sentence_in_a_third_language_is_told() -> None:
    words = given("gear_wear", "the teeth of the gear are worn", "Die Zähne des Zahnrads sind verschlissen")
    (told,) = remarks_on_words(BUNDLE, reader({}), words)
    assert told.startswith("en.gear_wear: 'Die Zähne des Zahnrads sind verschlissen' holds hardly a word")
