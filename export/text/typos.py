"""Sentences as they are typed in haste: letters swapped, lost or doubled, no spaces, one jamo for its neighbour.

The slips are those of Damerau 1964 (doi 10.1145/363958.363994); a Korean syllable slips in one of its jamo, where two
sound alike or lie side by side on the keyboard. Chance is drawn from the sentence itself: the same one everywhere.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Callable, Sequence

import numpy as np

_HANGUL, _VOWELS, _FINALS = 0xAC00, 21, 28
_LIKE_INITIAL = {0: 15, 15: 0, 1: 0, 2: 5, 5: 2, 3: 16, 16: 3, 7: 17, 17: 7, 9: 10, 10: 9, 12: 14, 14: 12}
_LIKE_VOWEL = {0: 4, 4: 8, 8: 4, 1: 5, 5: 1, 11: 10, 10: 11, 13: 18, 18: 13, 20: 19, 19: 20, 6: 2, 17: 12}
_LIKE_FINAL = {4: 21, 21: 4, 16: 4, 1: 0, 8: 0, 20: 19, 19: 20, 17: 16}


def typos(text: str, count: int) -> tuple[str, ...]:
    """At most `count` different slips of `text`, none of them `text` itself."""
    rng = np.random.default_rng(zlib.crc32(text.encode()))
    found: dict[str, None] = {}
    for _ in range(4 * count):
        slip = _SLIPS[int(rng.integers(len(_SLIPS)))](text, rng)
        if slip != text and slip.strip():
            found[slip] = None
    return tuple(found)[:count]


def is_slip(word: str, of: str) -> bool:
    """Whether `word` is `of` with one letter, or jamo, lost, added, mistaken or swapped for its neighbour.

    Never the first one: slips seldom strike there (Pollock and Zamora 1984, doi 10.1145/358027.358048), and many words
    of another meaning differ in it alone ("wearing" and "bearing").
    """
    a, b = (unicodedata.normalize("NFD", text) for text in (word, of))
    if a == b or abs(len(a) - len(b)) > 1 or a[:1] != b[:1]:
        return False
    at = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    x, y = a[at:], b[at:]
    return x[1:] == y[1:] or x[1:] == y or x == y[1:] or (x[1::-1] == y[:2] and x[2:] == y[2:])


def _swapped(text: str, rng: np.random.Generator) -> str:
    at = _place(text[:-1], rng, lambda character: character.isalpha() and character.isascii())
    return text if at is None else text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _lost(text: str, rng: np.random.Generator) -> str:
    at = _place(text, rng, lambda character: character.isalpha() and character.isascii())
    return text if at is None else text[:at] + text[at + 1 :]


def _doubled(text: str, rng: np.random.Generator) -> str:
    at = _place(text, rng, lambda character: character.isalpha() and character.isascii())
    return text if at is None else text[: at + 1] + text[at:]


def _joined(text: str, rng: np.random.Generator) -> str:
    at = _place(text, rng, str.isspace)
    return text if at is None else text[:at] + text[at + 1 :]


def _slipped(text: str, rng: np.random.Generator) -> str:
    """One jamo of one syllable for the one that it is taken for."""
    at = _place(text, rng, lambda character: 0 <= ord(character) - _HANGUL < 11_172)
    if at is None:
        return text
    rest, final = divmod(ord(text[at]) - _HANGUL, _FINALS)
    initial, vowel = divmod(rest, _VOWELS)
    part = int(rng.integers(3))
    initial = _LIKE_INITIAL.get(initial, initial) if part == 0 else initial
    vowel = _LIKE_VOWEL.get(vowel, vowel) if part == 1 else vowel
    final = _LIKE_FINAL.get(final, final) if part == 2 else final
    return text[:at] + chr(_HANGUL + (initial * _VOWELS + vowel) * _FINALS + final) + text[at + 1 :]


def _place(text: str, rng: np.random.Generator, fits: Callable[[str], bool]) -> int | None:
    places = [at for at, character in enumerate(text) if fits(character)]
    return places[int(rng.integers(len(places)))] if places else None


_SLIPS: Sequence[Callable[[str, np.random.Generator], str]] = (_swapped, _lost, _doubled, _joined, _slipped, _slipped)
