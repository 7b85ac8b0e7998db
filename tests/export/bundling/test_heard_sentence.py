"""Beside its cosines a sentence says whether it states anything, of a part that is described, or is nearly there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from export.bundling.heard_sentence import NEARLY, hear
from export.bundling.sentence_reader import Near, Reader
from export.text.encoders import NgramEncoder

READER = cast("Reader", SimpleNamespace(encoder=NgramEncoder(), near=0.9))


def ranked(fault: str, similarity: float) -> tuple[Near, ...]:
    return (Near(fault, similarity), Near("seal_rub", -0.5))


@pytest.mark.parametrize(
    ("sentence", "fault", "doubts"),
    [
        ("gear tooth is broken", "cage", ("no part described",)),
        ("the winding is burnt and broken", "inner_race", ("no part described",)),
        ("기어 이가 부러졌다", "cage", ("no part described",)),
        ("the cage is broken", "cage", ()),
        ("리테이너가 깨졌다", "cage", ()),
        ("the cage", "cage", ("part alone",)),
        ("outer ring of the bearing", "outer_race", ("part alone",)),
        ("Is the cage broken?", "cage", ("question",)),
        ("we will replace the broken cage", "cage", ("plan",)),
        ("Is the gear broken?", "cage", ("question", "no part described")),
        ("if the cage were broken", "cage", ("condition",)),
        ("strange noise from the cage", "cage", ("complaint",)),
        ("베어링에서 이상한 소리가 납니다", "cage", ("complaint",)),
        ("abnormal vibration", "healthy", ("complaint",)),
        ("the shaft rubs on its seal", "seal_rub", ()),
        ("the machine is in good order", "healthy", ()),
    ],
)
def test_a_sentence_near_a_fault_may_be_doubted_by_what_it_says(
    sentence: str, fault: str, doubts: tuple[str, ...]
) -> None:
    heard = hear(sentence, ranked(fault, 0.95), READER)
    assert (heard.near, heard.doubts) == ((fault,), doubts)
    assert (heard.nearly, heard.is_well, heard.like) == (None, False, None)


def test_a_near_miss_is_no_denial_and_health_is_no_fault() -> None:
    missed = hear("the cage is somewhat cracked", ranked("cage", 0.9 - NEARLY / 2), READER)
    assert (missed.near, missed.nearly, missed.like) == ((), "cage", None)
    far = hear("the cage is somewhat cracked", ranked("cage", 0.5), READER)
    assert far.nearly is None
    assert far.like is None or far.like.kind == "other"
    for said in ("the machine runs fine", "설비가 정상입니다"):
        assert hear(said, ranked("healthy", 0.8), READER).is_well
        assert not hear(said, ranked("ball", 0.95), READER).is_well
    assert not hear("the belt is torn", ranked("healthy", 0.1), READER).is_well
    denied = hear("no damage on the cage", ranked("cage", 0.88), READER)
    assert denied.nearly is None
    assert denied.like is not None
    assert denied.like.kind == "denial"
    assert not hear("the cage is not fine", ranked("cage", 0.3), READER).is_well


@pytest.mark.parametrize(
    ("sentence", "doubt"),
    [
        ("bearing", "part alone"),
        ("the motor sounds strange", "complaint"),
        ("the pump is not right", "complaint"),
        ("bearing fault", "complaint"),
        ("if the bearing were in good order", "condition"),
        ("is the machine fine?", "question"),
        ("Der Käfig ist gebrochen", "unknown words"),
    ],
)
def test_what_states_nothing_is_no_praise_however_near_health_it_lies(sentence: str, doubt: str) -> None:
    heard = hear(sentence, ranked("healthy", 0.88), READER)
    assert (heard.near, heard.doubts) == ((), (doubt,))
    assert (heard.nearly, heard.is_well, heard.like) == (None, False, None)


def test_what_is_wrong_is_no_praise_however_near_health_it_lies() -> None:
    assert not hear("the belt is torn", ranked("healthy", 0.8), READER).is_well
