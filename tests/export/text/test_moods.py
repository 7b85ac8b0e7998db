"""Questions, plans and conditions are told from statements by grammar, in both languages, whatever they are about."""

from __future__ import annotations

import pytest

from export.text.moods import mood_of


@pytest.mark.parametrize(
    ("sentence", "mood"),
    [
        ("Is the outer ring pitted?", "question"),
        ("does the cage rattle", "question"),
        ("The bolts are loose, aren't they?", "question"),
        ("I wonder if the rotor is out of balance", "question"),
        ("외륜이 손상되었습니까", "question"),
        ("볼트가 풀렸나요?", "question"),
        ("We will replace the cage tomorrow", "plan"),
        ("Please check the inner race for pitting", "plan"),
        ("We’ll align the shafts", "plan"),
        ("Check the cage for cracks", "plan"),
        ("베어링 교체 예정", "plan"),
        ("내일 케이지를 점검하겠습니다", "plan"),
        ("If the bearing were damaged we would stop", "condition"),
        ("We would stop if the outer ring were damaged", "condition"),
        ("Suppose the cage were cracked", "condition"),
        ("외륜이 손상되었다면 멈춘다", "condition"),
        ("외륜 손상이라면", "condition"),
        ("케이지 파손이면 교환한다", "condition"),
        ("볼트가 풀리면 위험하다", "condition"),
        ("만일 내륜이 깨졌다고 하자", "condition"),
        ("The outer ring is pitted", None),
        ("The bolts are loose as if nobody had tightened them", None),
        ("If you turn it by hand, it catches at one place", None),
        ("손으로 돌리면 한 군데에서 걸린다", None),
        ("볼트가 풀리면서 흔들린다", None),
        ("외륜 표면 손상", None),
        ("The bolts are loose and the machine will not stand still", None),
        ("Isolated pits on the inner race", None),
        ("Whyever, the cage is cracked", None),
        ("외륜에 손상이 있습니다", None),
        ("케이지가 나가요", None),
        ("커플링 하자", None),
        ("왜륜 손상", None),
        ("외륜이 패였다니까", None),
        ("Check valve of the pump is broken", None),
        ("balance weight lost", None),
    ],
)
def test_what_states_nothing_is_known_by_its_grammar(sentence: str, mood: str | None) -> None:
    assert mood_of(sentence) == mood
