"""What a sentence says beside the cosines: whether it states a fault at all, and whether of a part that is described.

A tower reads words. It puts a question, a plan, a bare "bearing", a complaint and "gear tooth is broken" where their
words lie, and was not taught that nothing is stated or that no description is about gears. What grammar, the glossary
and lists of words show of that is said here; no cosine is changed by it, and no training sentence is asked what it
should have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from agent.types import HEALTHY
from export.bundling.near_none import ReadsLike, reads_like
from export.bundling.sentence_reader import Near, Reader
from export.text.concepts import PARTS, told_by
from export.text.glossary import GlossaryEncoder
from export.text.languages import is_foreign
from export.text.moods import Mood, mood_of
from export.text.vague import Vague, vague_in

NEARLY = 0.05
"""Of cosine below the limit, within which a sentence is nearly near."""
WELL = 0.5
"""Cosine to health from which, where health is the nearest, a sentence says that something is in order."""
DENYING = ("no", "dismissed")
WRONG = ("damage", "loose", "unbalance", "misalignment")
"""Concepts that say of a machine that something is wrong with it."""

Doubt = Mood | Vague | Literal["no part described", "unknown words"]


class Heard(msgspec.Struct, frozen=True):
    """What is said of one sentence; at most one of `nearly`, `is_well` and `like`.

    None of these where a fault is near, nor where there are doubts: what states nothing is no near miss, and no praise.
    """

    near: tuple[str, ...]  # faults whose descriptions it reaches
    doubts: tuple[Doubt, ...] = ()  # why it may describe no fault, whatever it is near
    nearly: str | None = None  # the fault that it reaches all but NEARLY
    is_well: bool = False  # says that the machine is in order
    like: ReadsLike | None = None


def hear(sentence: str, ranking: Sequence[Near], reader: Reader) -> Heard:
    """What `sentence` says, whose faults are ranked in `ranking`, nearest first."""
    concepts = GlossaryEncoder().concepts_in(sentence)
    near = tuple(one.fault for one in ranking if one.similarity >= reader.near)
    doubts = _doubts(sentence, concepts, near[0] if near else None)
    if near or doubts:
        return Heard(near, doubts)
    denies, first = bool(concepts.intersection(DENYING)), ranking[0]
    is_wrong = not denies and bool(concepts.intersection(WRONG))
    if first.fault == HEALTHY and first.similarity >= WELL and not is_wrong:
        return Heard(near, is_well=True)
    if not denies and first.similarity >= reader.near - NEARLY:
        return Heard(near, nearly=first.fault)
    like = reads_like(sentence, reader)
    if like.kind == "denial" and "in_order" in concepts and not concepts.intersection(("damage", *DENYING)):
        return Heard(near, is_well=True)
    return Heard(near, like=like if denies or like.kind != "denial" else None)


def denies(heard: Heard) -> bool:
    """Whether a sentence that is near no fault denies one, or says that something is in order."""
    return heard.is_well or (heard.like is not None and heard.like.kind == "denial")


def _doubts(sentence: str, concepts: frozenset[str], fault: str | None) -> tuple[Doubt, ...]:
    """`fault` is the one that the sentence is near."""
    found: list[Doubt] = []
    if (mood := mood_of(sentence)) is not None:
        found.append(mood)
    told = None if fault is None else told_by().get(fault)
    if is_foreign(sentence):
        found.append("unknown words")
    elif (vague := vague_in(sentence)) is not None:
        found.append(vague)
    elif told is not None and not concepts & told:
        found.append("no part described")
    elif told is not None and concepts <= frozenset(PARTS):
        found.append("part alone")
    return tuple(found)
