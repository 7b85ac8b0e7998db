"""Whole sentences as different people write them: without templates, in each language for itself.

Who wrote those that train (written.toml) had seen no other sentences, and neither had who wrote those that measure
(written-unseen.toml): the latter stand between a tower and the habits of its authors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from export.text.encoders import FOLDER, NONE, read_file
from export.text.said import SaidSentence

WRITTEN, WRITTEN_UNSEEN = FOLDER / "written.toml", FOLDER / "written-unseen.toml"


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language of a file; tables are fault -> sentences."""

    topic: tuple[str, ...]
    other: tuple[str, ...]
    sound: tuple[str, ...]
    denied: Mapping[str, tuple[str, ...]]
    described: Mapping[str, tuple[str, ...]]
    insisted: Mapping[str, tuple[str, ...]]


def read_written(path: Path = WRITTEN, *, faults: Sequence[str] | None = None) -> tuple[SaidSentence, ...]:
    """Those about faults ("described", "insisted"), then those about none ("denied", "sound", "topic", "other").

    With `faults`, what describes or denies others is left out. TextError names what is wrong.
    """
    languages = read_file(path, dict[str, _Written], must="be made like written.toml")
    about: list[SaidSentence] = []
    none: list[SaidSentence] = []
    for language, written in languages.items():
        for kind, table in (("described", written.described), ("insisted", written.insisted)):
            about += [SaidSentence(text, kind, language, fault) for fault, text in _of(table, faults)]
        none += [SaidSentence(text, "denied", language, NONE) for _, text in _of(written.denied, faults)]
        for kind, texts in (("sound", written.sound), ("topic", written.topic), ("other", written.other)):
            none += [SaidSentence(text, kind, language, NONE) for text in texts]
    return (*about, *none)


def _of(table: Mapping[str, tuple[str, ...]], faults: Sequence[str] | None) -> list[tuple[str, str]]:
    return [(fault, text) for fault, texts in table.items() if not faults or fault in faults for text in texts]
