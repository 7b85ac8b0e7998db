"""When answers of two processors count as one."""

from __future__ import annotations

from typing import Any

from answers import differences

ANSWER = {
    "fault": "healthy",
    "matches": [
        {"fault": "healthy", "probability": 0.72},
        {"fault": "looseness", "probability": 1.453e-5},
        {"fault": "imbalance", "probability": 1.447e-5},
    ],
    "axes": ["x", "y"],
}


def answer(**changed: Any) -> dict[str, Any]:
    return ANSWER | changed


def test_rounding_may_say_which_of_two_that_lie_equally_near_comes_first():
    first, *rest = ANSWER["matches"]
    assert differences(ANSWER, answer(matches=[first, *reversed(rest)])) == []


def test_a_figure_of_one_fault_does_not_stand_for_anothers():
    swapped = [
        {"fault": "looseness", "probability": 0.72},
        {"fault": "healthy", "probability": 1.453e-5},
        ANSWER["matches"][2],
    ]
    assert differences(ANSWER, answer(matches=swapped)) == [
        ".matches.healthy.probability: 0.72 and 1.453e-05",
        ".matches.looseness.probability: 1.453e-05 and 0.72",
    ]


def test_a_missing_fault_another_order_of_the_rest_and_another_name_are_differences():
    assert differences(ANSWER, answer(matches=ANSWER["matches"][:2])) != []
    others = [*ANSWER["matches"][:2], {"fault": "cage", "probability": 1.447e-5}]
    assert differences(ANSWER, answer(matches=others)) != []
    assert differences(ANSWER, answer(axes=["y", "x"])) != []
    assert differences(ANSWER, answer(fault="ball")) == [".fault: healthy and ball"]
