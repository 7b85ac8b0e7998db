"""A word put into the place that a form leaves for it, with the Korean particle that its last syllable asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PARTICLES = {"이(가)": ("이", "가"), "은(는)": ("은", "는"), "을(를)": ("을", "를"), "과(와)": ("과", "와")}
_PARTICLES |= {"(이)라": ("이라", "라"), "(으)로": ("으로", "로")}
_HANGUL, _FINALS, _RIEUL = 0xAC00, 28, 8


def fill(form: str, word: str) -> str:
    """`word` in the place of {} in `form`, with the Korean particle behind it that its last syllable asks for."""
    before, after = form.split("{}")
    for marked, (closed, open_) in _PARTICLES.items():
        if after.startswith(marked):
            after = (closed if _is_closed(word, marked) else open_) + after.removeprefix(marked)
    text = re.sub(r"\s+", " ", before + word + after).strip()
    return text[:1].upper() + text[1:] if form[:1].isupper() else text


def thinned(forms: Sequence[str], number: int, every: int) -> Sequence[str]:
    """Every `every`-th form, beginning with another one for each `number`: all occur, without all combinations."""
    return forms[number % every :: every]


def _is_closed(word: str, marked: str) -> bool:
    """Whether the last syllable ends in a consonant; ㄹ counts as none before 로. Other scripts count as open."""
    code = ord(word[-1]) - _HANGUL
    if not 0 <= code < 11_172:
        return False
    final = code % _FINALS
    return final != 0 and not (marked == "(으)로" and final == _RIEUL)
