"""Korean particles fit the word before them wherever it is known how that ends."""

from __future__ import annotations

import pytest

from agent.messages.notices import in_language
from agent.messages.particles import with_particles
from agent.messages.words import say


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("씰마모은(는) 원인", "씰마모는 원인"),
        ("불평형을(를) 씰마모(으)로", "불평형을 씰마모로"),
        ("'축이음'이(가) 없음", "'축이음'이 없음"),
        ("베어링 물(으)로", "베어링 물로"),  # after ㄹ as after a vowel
        ("풀림(으)로", "풀림으로"),
        ("12은(는) 3이(가) 10을(를) 5을(를)", "12는 3이 10을 5를"),
        ("7(으)로 6(으)로 1480(으)로", "7로 6으로 1480으로"),
        ("기계와(과) 축와(과)", "기계와 축과"),
        ("after.wav은(는), ball을(를), (0)은(는)", "after.wav은(는), ball을(를), (0)은(는)"),  # read as nobody knows
    ],
)
def test_the_form_that_fits_is_chosen_where_it_is_known(text: str, said: str) -> None:
    assert with_particles(text) == said


def test_both_tables_are_said_with_them() -> None:
    assert say("asked.was_before", "ko", alert="12ab", before="불평형", fault="씰_마모").endswith(
        "이전 기록 불평형을 씰_마모로 변경했습니다"
    )
    assert in_language("'8시간' is no time; write a number and its unit, like 30m, 8h or 2d", "ko").startswith(
        "'8시간'은 시간이 아닙니다"
    )
    assert in_language("sensors.은(는): unknown section; none is defined", "en").startswith("sensors.은(는)")
