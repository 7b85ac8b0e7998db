"""What names a part and no state, and what says that something is wrong and not what, is told by words."""

from __future__ import annotations

import pytest

from agent.types import FAULTS
from export.text.encoders import FOLDER, NONE, read_wordings, sentences_of
from export.text.no_fault import UNSEEN, WORDINGS, read_contrasts
from export.text.said import SAID, SAID_UNSEEN, read_said
from export.text.vague import vague_in
from export.text.written import WRITTEN, WRITTEN_UNSEEN, read_written


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            "bearing",
            "The bearings",
            "bearng",
            "beering",
            "motor",
            "the motor's shaft",
            "gear",
            "ball bearing",
            "outer race",
        ),
        *(
            "drive end bearing of the pump",
            "bearing noise",
            "베어링",
            "배어링",
            "모터 축",
            "베어링의 외륜",
            "펌프베어링에서",
        ),
    ],
)
def test_a_part_without_a_state_is_a_part_alone(sentence: str) -> None:
    assert vague_in(sentence) == "part alone"


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            "the motor sounds strange",
            "the motor sounds odd",
            "An unusual noise",
            "abnormal vibration",
            "strnage noise",
        ),
        *("wierd sound", "the pump is not right", "The fan doesn’t sound right", "something's wrong with the pump"),
        *("there is a problem with the bearing", "it vibrates too much", "weird noise from the outer ring"),
        *(
            "the bearing is damaged",
            "pump failure",
            "모터 소리가 이상하다",
            "베어링에서 이상한 소리가 납니다",
            "모터 소리가 이싱하다",
        ),
        *(
            "설비가 평소와 다르다",
            "진동이 심합니다",
            "모터 고장",
            "베어링 이상",
            "베어링이 손상되었다",
            "펌프가 정상이 아니다",
        ),
    ],
)
def test_what_says_that_something_is_wrong_and_not_what_is_a_complaint(sentence: str) -> None:
    assert vague_in(sentence) == "complaint"


@pytest.mark.parametrize(
    "sentence",
    [
        *(
            "the bearing is fine",
            "the bearing is sound",
            "no strange noise",
            "the strange noise is gone",
            "nothing unusual",
        ),
        *(
            "the bearing is wearing",
            "the bolts rattle strangely",
            "strange lines at BPFO",
            "a strange leak at the seal",
        ),
        *("the outer ring is damaged", "gear tooth is broken", "the gear whines", "the shafts are in line", "", "the"),
        *(
            "이상 없음",
            "이상한 소리가 없다",
            "외륜이 손상되었다",
            "볼트가 풀려 이상한 소리가 난다",
            "기어 이가 부러졌다",
            "정상입니다",
        ),
        "the largest animal",
        "Vibration has risen because the coupling is badly aligned",
        "체결 상태가 좋지 않습니다",
    ],
)
def test_what_says_more_or_denies_is_neither(sentence: str) -> None:
    assert vague_in(sentence) is None


def test_no_description_of_a_fault_and_no_praise_counts_as_either() -> None:
    described = [sentences_of(read_wordings(file), FAULTS).texts for file in (WORDINGS, FOLDER / "unseen.toml")]
    told = [one.text for file in (SAID, SAID_UNSEEN) for one in read_said(file) if one.fault != NONE]
    told += [one.text for file in (WRITTEN, WRITTEN_UNSEEN) for one in read_written(file) if one.fault != NONE]
    contrasts = read_contrasts(UNSEEN)
    praise = [one.text for one in contrasts.negatives if one.kind in ("sound", "denied")]
    praise += [one.text for one in read_written(WRITTEN_UNSEEN) if one.kind in ("sound", "denied")]
    affirmed = [text for table in contrasts.affirmed.values() for texts in table.values() for text in texts]
    assert not [text for text in (*described[0], *described[1], *told, *praise, *affirmed) if vague_in(text)]
