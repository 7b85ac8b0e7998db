"""Notices, problems and notes that rooms below word in English, in another language.

As in gettext the English sentence, with its `{fields}`, is the key: `words.toml` has in `[sentence.ko]` what it is in
Korean. Whatever stands before it, as a key of a config or a file (`key: sentence`), stays. So does a sentence without
an entry; a test finds those that rooms below make. What stands in quotes is somebody's own text: no sentence begins or
ends in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from agent.messages.particles import with_particles
from agent.messages.words import LANGUAGES, Language, table

SENTENCES = {
    "what",
    "reason",
    "near",
    "hint",
    "mend",
    "advice",
    "first",
    "doubt",
    "how",
    "bearing",
    "element",
    "lacking",
    "instead",
    "error",
    "why",
    "cause",
}
"""Fields that are looked up themselves; what stands in others is a name or a figure."""

_QUOTED_AS = range(0xE000, 0xF8FF)
"""Letters of no script (Unicode's private use), one for each text in quotes while a sentence is looked up."""

_ANY_QUOTED = f"[{chr(_QUOTED_AS[0])}-{chr(_QUOTED_AS[-1])}]"
FORMS = {
    "count": r"\d+",
    "row": r"\d+",
    "number": r"\d+",
    "errno": r"-?\d+",
    "quantity": rf"(?:\w|{_ANY_QUOTED})+",
    "spot": r"\S+",
    "text": _ANY_QUOTED,
}
"""Fields that are not just anything: digits alone, a word, a text in quotes."""

CODES = {"rate_mismatch", "speed_contradicts", "speed_silent", "second_sender", "overloaded"}
"""Places that are no key and no file but the reason itself, which the sentence behind them says in words."""

FEW_LETTERS = 15
"""A sentence with fewer letters of its own would fit many others, so its fields hold no end of one (`; `)."""

_FIELD = re.compile(r"\{(\w+)\}")
_QUOTED = re.compile(r"""(?<![\w'"])(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")(?!\w)""")


def in_language(text: str, language: Language) -> str:
    """The same notice in one language; as it is where the table does not know it."""
    if language == "en":
        return text
    masked, quoted = _masked(text, language)
    words = _unmasked(_in_words(masked, language), quoted)
    return with_particles(words) if language == "ko" else words


def _masked(text: str, language: Language) -> tuple[str, list[str]]:
    """Texts in quotes as one letter each, and those texts; the table's own quotes stay."""
    quoted: list[str] = []

    def mask(found: re.Match[str]) -> str:
        if found[0] in _own_quotes(language) or len(quoted) == len(_QUOTED_AS):
            return found[0]
        quoted.append(found[0])
        return chr(_QUOTED_AS[len(quoted) - 1])

    is_free = re.search(_ANY_QUOTED, text) is None
    return (_QUOTED.sub(mask, text), quoted) if is_free else (text, quoted)


def _unmasked(text: str, quoted: list[str]) -> str:
    return text.translate({_QUOTED_AS[n]: one for n, one in enumerate(quoted)})


def _in_words(text: str, language: Language) -> str:
    parts = [_whole(part, language) for part in text.split("; ")]
    known = [part for part in parts if part is not None]
    if len(known) == len(parts):  # a question, what answers it and what there is to choose from
        return "; ".join(known)
    words = _translated(text, language)
    if words is not None:
        return words
    place, colon, sentence = text.partition(": ")
    return _placed(place, _in_words(sentence, language)) if colon else text


def _placed(place: str, words: str) -> str:
    return words if place in CODES else f"{place}: {words}"


def _whole(text: str, language: Language) -> str | None:
    """A sentence that the table has as it stands, behind its place, or as a reason behind the name of a column."""
    if (words := _translated(text, language)) is not None:
        return words
    place, colon, sentence = text.partition(": ")
    if colon:
        behind = _whole(sentence, language)
        return None if behind is None else _placed(place, behind)
    for space in re.finditer(" (?=is |was |holds |never |rises |counts |only |does )", text):
        if (reason := _translated(text[space.end() :], language)) is not None:
            return f"{text[: space.start()]}({reason})"
    return None


def is_known(text: str, language: Language) -> bool:
    """Whether the table has this English sentence, or all its parts, in a language; places before it are left out."""
    masked, _ = _masked(text, language)
    if _translated(masked, language) or all(_whole(part, language) is not None for part in masked.split("; ")):
        return True
    _, colon, sentence = masked.partition(": ")
    return bool(colon) and is_known(sentence, language)


def _translated(text: str, language: Language) -> str | None:
    for pattern, words in _patterns(language):
        found = pattern.fullmatch(text)
        if found:
            return words.format(
                **{
                    name: _in_words(value, language) if name in SENTENCES else value
                    for name, value in found.groupdict().items()
                }
            )
    return None


@lru_cache(maxsize=len(LANGUAGES))
def _patterns(language: Language) -> list[tuple[re.Pattern[str], str]]:
    """A pattern for every entry; those with more letters of their own first, since they say more."""
    entries: Mapping[str, str] = table()["sentence"].get(language, {})
    longest_first = sorted(entries, key=lambda english: -len(_FIELD.sub("", english)))
    return [(_pattern_of(english), entries[english]) for english in longest_first]


@lru_cache(maxsize=len(LANGUAGES))
def _own_quotes(language: Language) -> frozenset[str]:
    """What stands in quotes in the table itself."""
    entries: Mapping[str, str] = table()["sentence"].get(language, {})
    return frozenset(one for english in entries for one in _QUOTED.findall(english))


def _pattern_of(english: str) -> re.Pattern[str]:
    parts = _FIELD.split(english)
    texts, names = parts[0::2], parts[1::2]
    has_few = sum(letter.isalpha() for text in texts for letter in text) < FEW_LETTERS

    def field(place: int, name: str) -> str:
        # What is before a colon is a place; an address may end in one, as :: does.
        ends = [r"(?<!:): "] * (place == 0 and not texts[0]) + ["; "] * has_few
        anything = f"(?:(?!{'|'.join(ends)}).)*?" if ends and name not in SENTENCES else ".*?"
        return f"(?P<{name}>{FORMS.get(name, anything)})"

    fields = [*(field(place, name) for place, name in enumerate(names)), ""]
    return re.compile("".join(re.escape(text) + one for text, one in zip(texts, fields, strict=True)), re.S)
