"""A sentence of a third language is told by its words; none about machines in Korean or English counts so."""

from __future__ import annotations

import pytest

from agent.types import FAULTS
from export.text.encoders import FOLDER, read_wordings, sentences_of
from export.text.languages import is_foreign
from export.text.no_fault import UNSEEN, read_contrasts
from export.text.said import SAID_UNSEEN, read_said
from export.text.written import WRITTEN_UNSEEN, read_written


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            "Der Außenring ist beschädigt",
            "Die Schrauben sind locker",
            "der aussenring hat einen schaden",
            "Lagerschaden",
        ),
        *("Unwucht des Läufers", "La bague extérieure est endommagée", "El anillo exterior está dañado"),
        *("L'anello esterno è danneggiato", "los pernos están flojos", "de buitenring is beschadigd"),
        *("Wałek jest wygięty", "Подшипник повреждён", "轴承外圈损坏", "モーターの軸受が損傷した"),
    ],
)
def test_a_third_language_is_foreign(sentence: str) -> None:
    assert is_foreign(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            "The shaft rubs on its seal",
            "belt slip squeal on startup",
            "Oil whirl in a journal bearing",
            "BPFO at 3.58x",
        ),
        *(
            "the impeller cavitates at low suction head",
            "teh outter rign is piited",
            "rotor bar cracked",
            "naeryun sonsang",
        ),
        *("축이 씰에 쓸린다", "임펠러에서 캐비테이션이 발생한다", "진동값 0.8mm/s로 A구역이에요.", "", "6205-2RS"),
    ],
)
def test_technical_words_and_slips_are_not(sentence: str) -> None:
    assert not is_foreign(sentence)


def test_of_sentences_about_machines_that_no_training_has_seen_none_is_foreign() -> None:
    unseen = sentences_of(read_wordings(FOLDER / "unseen.toml"), FAULTS).texts
    written = [one.text for one in read_written(WRITTEN_UNSEEN) if one.kind != "other"]
    denied = [one.text for one in read_contrasts(UNSEEN).negatives if one.kind != "other"]
    said = [one.text for one in read_said(SAID_UNSEEN)]
    assert not [text for text in (*unseen, *written, *denied, *said) if is_foreign(text)]
