"""Korean particles that follow what was filled in: the one that fits where it is known how the word before it ends.

The table has both forms, 은(는) or (으)로. After Hangul and figures one of them is right, and is put in their place;
after other scripts, of which nobody knows how somebody reads them aloud, both stand.
"""

from __future__ import annotations

import re

FORMS = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "와(과)": ("과", "와"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
"""As the table writes it -> after a final consonant, and without one."""

_FIRST, _FINALS = 0xAC00, 28  # of Unicode's syllables
_RIEUL = 8  # of the finals, after which (으)로 is as after none
_FIGURES = {"0": 21, "1": _RIEUL, "2": 0, "3": 16, "4": 0, "5": 0, "6": 1, "7": _RIEUL, "8": _RIEUL, "9": 0}
"""How figures read aloud end; a number that ends in 0 does so in a consonant, whatever its tens."""

_ANY = re.compile(rf"""([0-9가-힣])(['"’”`]?)({"|".join(map(re.escape, FORMS))})""")


def with_particles(text: str) -> str:
    """The text with one form wherever that can be known."""
    return _ANY.sub(_chosen, text) if "(" in text else text


def _chosen(found: re.Match[str]) -> str:
    letter, quote, particle = found.groups()
    final = _FIGURES[letter] if letter in _FIGURES else (ord(letter) - _FIRST) % _FINALS
    closed, opened = FORMS[particle]
    is_closed = final != 0 and not (particle == "(으)로" and final == _RIEUL)
    return f"{letter}{quote}{closed if is_closed else opened}"
