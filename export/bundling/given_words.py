"""Words that somebody gives for faults: the file of them, and what people then read in alerts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.bundle.load import Bundle
from agent.diagnosis.matching import Text
from agent.service.names import MOST_OF_A_FAULT, NO_FAULTS, is_fault_name
from agent.types import HEALTHY
from export.text.encoders import HOLD_SENTENCES, LANGUAGES, Sentences, TextError, read_file

ADVICE = {"ko": "설비를 점검하고 진동 추이를 관찰하십시오.", "en": "Inspect the machine and watch the trend."}
"""For a fault that is described without advice; other languages get the English one."""

NOTHING_GIVEN = "nothing to describe with: name words (--descriptions) or rows of judged alerts (--examples)"

SCRIPTS = {"ko": {"HANGUL", "LATIN"}, "en": {"LATIN"}}
"""Language -> what Unicode calls the letters in which it is written."""


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one language describes a fault; title, sentence and advice are what people read in an alert."""

    sentences: tuple[str, ...]
    title: str | None = None
    sentence: str | None = None
    advice: str | None = None


Descriptions = Mapping[str, Mapping[str, Wording]]
"""language -> fault -> wording"""


def read_descriptions(path: Path) -> Descriptions:
    """A TOML file with a table per language, fault id -> sentences; TextError names what is wrong.

    Instead of a list a fault may have a table with `sentences` and, optionally, `title`, `sentence` and `advice`.
    A language that no text tower has learnt is refused: its sentences would stand for nothing.
    """
    given = read_file(path, dict[str, Any], must=HOLD_SENTENCES)
    found: dict[str, dict[str, Wording]] = {}
    for language, faults in given.items():
        if not isinstance(faults, dict):
            raise TextError(f"{path}: {language}: stands below no language; the file must {HOLD_SENTENCES}")
        if language not in LANGUAGES:
            raise TextError(
                f"{path}: [{language}]: text towers read {' and '.join(LANGUAGES)} alone, and agents speak no other "
                "language; write these sentences in one of them"
            )
        for fault, wording in faults.items():
            where = f"{path}: {language}.{fault}"
            if fault in NO_FAULTS:
                raise TextError(f"{where}: is reserved, since the agent says it of a sensor; give the fault another id")
            if not is_fault_name(fault):
                raise TextError(f"{where}: not a fault id; use at most {MOST_OF_A_FAULT} small letters, digits and _")
            whole = _wording(wording, where)
            if not whole.sentences or any(not sentence.strip() for sentence in whole.sentences):
                raise TextError(f"{where}: an empty list or sentence; write one or take it out")
            if unread := [sentence for sentence in whole.sentences if not _is_readable(sentence, language)]:
                raise TextError(
                    f"{where}: {unread[0]!r} holds no word in the letters of {language}, and the tower reads no "
                    "others; write it in that language, or take it out"
                )
            found.setdefault(language, {})[fault] = whole
    if not found:
        raise TextError(f"{path}: describes no fault; write a table per language, fault = [sentences]")
    return found


def _wording(given: object, where: str) -> Wording:
    """What stands for a fault; TextError, from `where` on, names the wrong key and those there are."""
    table = {"sentences": given} if isinstance(given, list) else given
    keys = ", ".join(Wording.__struct_fields__)
    if not isinstance(table, dict):
        raise TextError(f"{where}: is no list; the file must {HOLD_SENTENCES}, or instead of a list a table of {keys}")
    if unknown := [key for key in table if key not in Wording.__struct_fields__]:
        raise TextError(f"{where}.{unknown[0]}: no such key; there are {keys}")
    if "sentences" not in table:
        raise TextError(f"{where}: holds no sentences; write sentences = [...]")
    for key, value in table.items():
        if key != "sentences" and not isinstance(value, str):
            raise TextError(f"{where}.{key}: is no text; write it in quotes")
    sentences = table["sentences"]
    if not isinstance(sentences, list) or not all(isinstance(sentence, str) for sentence in sentences):
        raise TextError(f"{where}.sentences: is no list of sentences; write each in quotes, between [ and ]")
    return msgspec.convert(table, Wording)


def _is_readable(sentence: str, language: str) -> bool:
    """Whether a letter of it is one in which `language` is written: Korean is typed in Latin letters, too."""
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in sentence if letter.isalpha()}
    return bool(scripts & SCRIPTS[language])


def each_sentence(given: Descriptions) -> Iterator[tuple[str, str, str]]:
    """Language, fault and sentence."""
    for language, table in given.items():
        for fault, wording in table.items():
            for sentence in wording.sentences:
                yield language, fault, sentence


def sentences_of_given(given: Descriptions) -> Sentences:
    """All that is given, flat; of no length where nothing is."""
    each = list(each_sentence(given))
    return Sentences(
        tuple(sentence for _, _, sentence in each),
        tuple(fault for _, fault, _ in each),
        tuple(language for language, _, _ in each),
    )


def texts_of(bundle: Bundle, given: Descriptions) -> bytes:
    """What people read: a known fault keeps its text but for what was given; another is told by its first sentence."""
    texts = {fault: dict(per_language) for fault, per_language in bundle.descriptions.texts.items()}
    for fault in dict.fromkeys(fault for table in given.values() for fault in table):
        wordings = {language: table[fault] for language, table in given.items() if fault in table}
        for language in texts[HEALTHY]:
            wording = wordings.get(language)
            before = texts.get(fault, {}).get(language) or _plain_text(fault, language, wording, wordings)
            texts.setdefault(fault, {})[language] = before if wording is None else _overruled(before, wording)
    return msgspec.json.format(msgspec.json.encode(texts), indent=1)


def _plain_text(fault: str, language: str, wording: Wording | None, wordings: Mapping[str, Wording]) -> Text:
    chosen = wording or next(iter(wordings.values()))
    return Text(
        title=chosen.title or fault.replace("_", " "),
        sentence=chosen.sentence or chosen.sentences[0],
        advice=chosen.advice or ADVICE.get(language, ADVICE["en"]),
    )


def _overruled(text: Text, wording: Wording) -> Text:
    given = {name: value for name in ("title", "sentence", "advice") if (value := getattr(wording, name))}
    return msgspec.structs.replace(text, **given)
