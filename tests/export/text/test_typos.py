"""Slips of the finger: near their word, different from it and each other, the same everywhere."""

from __future__ import annotations

import difflib
import unicodedata

import pytest

from export.text.typos import typos


@pytest.mark.parametrize("text", ["outer race fault", "외륜 결함", "BPFO 성분", "케이지"])
def test_slips_stay_near_their_word(text: str) -> None:
    made = typos(text, 6)
    assert len(set(made)) == len(made) > 1
    assert text not in made
    for slip in made:
        jamo = [unicodedata.normalize("NFD", one) for one in (text, slip)]
        assert difflib.SequenceMatcher(None, *jamo).ratio() > 0.75, slip
        assert abs(len(jamo[0]) - len(jamo[1])) <= 1


def test_the_same_slips_everywhere() -> None:
    assert typos("cage fault", 4) == typos("cage fault", 4) == CAGE
    assert typos("내륜 결함", 4) == INNER


def test_what_cannot_slip_does_not() -> None:
    assert typos("7", 3) == ()
    assert typos("", 3) == ()


CAGE = ("cagefault", "cage ffault", "cage ault", "cag fault")
INNER = ("내륭 결함", "내뉸 결함", "내륜 결험", "내륜 겨함")
