"""Two sentences: what is wrong and how sure that is, then what it rests on or what is missing.

Windows, alerts and whole recordings are said by the same rule. A name less likely than not is none: it is not said, and
neither is that nothing need be done.
"""

from __future__ import annotations

import re

from agent.diagnosis.grounds import LENGTH
from agent.diagnosis.matching import Descriptions, Text
from agent.faults import BEARING, FAULTS_OF_BEARINGS, FAULTS_OF_DEGREE, HEALTHY, INVALID, ROTOR, UNKNOWN
from agent.messages.background import element_of
from agent.messages.said import Said
from agent.messages.wording import (
    NO_WINDOW,
    NOT_NAMED,
    NOTHING_SEEN,
    RMS_ONLY,
    RMS_TOO_HIGH,
    STANDING_STILL,
    WITHIN_LIMIT,
    missing_in_words,
    text_against,
    text_of,
)
from agent.messages.words import Language, say, words_for
from agent.types import Evidence, ShaftGrowth, Still

GROWN_DB = 3.0
"""From where on an order of the shaft is listed among what has risen."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")


def text_for(said: Said, *, descriptions: Descriptions, language: Language) -> Text:
    """The words for it; `sentence` holds two sentences at most."""
    if said.objection is not None and said.fault == UNKNOWN and not said.recovered:
        return text_against(said.objection, descriptions=descriptions, language=language)
    text = text_of(_name_of_text(said), descriptions=descriptions, language=language)
    first, second = _first_sentence(text.sentence), _basis(said, descriptions, language)
    if said.recovered:
        first, second = say("basis.recovered", language), _deviation(said, language)
    elif said.quality is not None:
        first = say("basis.invalid", language, reason=words_for("reason", said.quality, language))
    elif said.is_named:
        sure = say("basis.sure", language, percent=f"{said.probability:.0%}")
        first = first and f"{first.rstrip('.')}{sure}."
    return Text(text.title, " ".join(filter(None, (first, second))), text.advice)


def _name_of_text(said: Said) -> str:
    if not said.judged:
        return NO_WINDOW
    if said.rms_only:
        return RMS_TOO_HIGH if said.raised else RMS_ONLY
    if said.quality is not None or said.fault == INVALID:
        return INVALID
    if not said.running:
        return STANDING_STILL
    if said.is_named:
        return said.fault
    if said.fault == HEALTHY:
        return WITHIN_LIMIT if said.deviation is not None else NOT_NAMED
    if said.raised or said.deviation is not None:
        return UNKNOWN
    return NOTHING_SEEN if said.looks_like == HEALTHY and LENGTH in said.missing else NOT_NAMED


def _first_sentence(text: str) -> str:
    return _SENTENCE_END.split(text.strip(), maxsplit=1)[0]


# ------------------------------------------------------------------------------------------------ the second sentence


def _basis(said: Said, descriptions: Descriptions, language: Language) -> str | None:
    """What it rests on, or what is missing; None where there is nothing to add."""
    if said.rms_only:
        return _zone(said.evidence, language)
    if said.quality is None and said.still is not None and not said.running:
        return _why_still(said.still, language)
    if said.quality is not None or not said.running or not said.judged:
        return None
    if said.objection is not None:
        return text_against(said.objection, descriptions=descriptions, language=language).sentence
    missing = missing_in_words(said.missing, language=language, needs_s=said.needs_s)
    if missing is not None:
        return missing
    if said.is_named:
        return _grounds_of_name(said, language)
    if said.looks_like not in (None, HEALTHY) and said.fault != HEALTHY:
        title = text_of(said.looks_like, descriptions=descriptions, language=language).title
        return say("basis.looks_like", language, title=title)
    return _deviation(said, language)


def _why_still(still: Still, language: Language) -> str:
    if still.below is None or still.rms is None:
        return say("basis.still_speed", language)
    return say(
        "basis.still_configured" if still.by == "config" else "basis.still_learnt",
        language,
        rms=f"{still.rms:.3g}",
        below=f"{still.below:.3g}",
        unit="" if still.unit == "raw" else " g",
        key="idle_below_g",
    )


def _grounds_of_name(said: Said, language: Language) -> str | None:
    if said.fault == HEALTHY:
        return _deviation(said, language)
    if said.fault == BEARING:
        return say("basis.impacts_alone", language)
    if said.fault in FAULTS_OF_BEARINGS:
        return _own_lines(said, language) or say("basis.likeness", language)
    if said.fault in (ROTOR, *FAULTS_OF_DEGREE) and said.signs is not None and said.signs.growth is not None:
        return _grown(said.signs.growth, language)
    return say("basis.likeness", language)


def _own_lines(said: Said, language: Language) -> str | None:
    own = [line for line in said.lines if element_of(line.name) == said.fault]
    if not own:
        return None
    lowest, highest = min(own, key=lambda line: line.order), max(line.above_floor_db for line in own)
    return say(
        "basis.own_line" if len(own) == 1 else "basis.own_lines",
        language,
        element=words_for("element", said.fault, language),
        hz=f"{lowest.seen_hz:.1f}",
        db=f"{highest:.0f}",
    )


def _grown(growth: ShaftGrowth, language: Language) -> str | None:
    orders = {"½×": growth.half, "1×": growth.first, "2×": growth.second, "3×": growth.third}
    risen = [
        say("basis.order_by", language, order=order, db=f"{by:.0f}")
        for order, by in orders.items()
        if by is not None and by >= GROWN_DB
    ]
    return say("basis.grown", language, orders=", ".join(risen)) if risen else None


def _deviation(said: Said, language: Language) -> str | None:
    if said.deviation is None:
        return None
    code = "basis.within" if said.fault == HEALTHY or said.recovered else "basis.over"
    return say(code, language, deviation=f"{said.deviation:.2f}")


def _zone(evidence: Evidence | None, language: Language) -> str | None:
    if evidence is None or evidence.iso_zone is None or evidence.velocity_rms.value is None:
        return None
    return say("basis.zone", language, velocity=f"{evidence.velocity_rms.value:.2g}", zone=evidence.iso_zone)
