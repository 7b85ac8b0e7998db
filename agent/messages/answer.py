"""What `replay` answers about one recording: rows for people, and one JSON object that holds all that the rows show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.alerting.verdict import Verdict, verdict_of
from agent.diagnosis.evidence import APPROXIMATE
from agent.diagnosis.matching import Calibration, Descriptions, Text
from agent.dsp.speed_doubts import asked_together
from agent.messages.asked_text import text_of_question
from agent.messages.background import background_of, element_of
from agent.messages.clearest import clearest_of, impulses_limit_of
from agent.messages.notices import in_language
from agent.messages.said import said_by_verdict
from agent.messages.sentences import text_for
from agent.messages.speed_question import text_of_speed_question
from agent.messages.wording import text_of
from agent.messages.words import Language, say, words_for
from agent.recordings.recording import Recording
from agent.types import BearingLine, Diagnosis, Evidence, Figure, SpeedQuestion

NEAREST = 3
MOST_LINES = 4
"""Lines that a row lists; the JSON has them all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A recording's verdict with the figures beside it."""

    recording: Recording
    verdict: Verdict
    text: Text
    background: tuple[str, ...]  # names of those of the verdict's lines that healthy machines show as well
    shown: Diagnosis | None  # the judged window in the middle, whose speed and figures are told; None: none has any
    speed_from: str  # the origin of that window's speed
    speed_question: SpeedQuestion | None  # what to ask about the speed that was given
    descriptions: Descriptions
    language: Language
    diagnoses: tuple[Diagnosis, ...] = ()  # every window, in the order of time
    clearest: Diagnosis | None = None  # the window that shows best what the verdict rests on; None: there is no window
    impulses_limit: float | None = None  # of the impacts of healthy machines, as the verdict's signs have them


def answer_of(
    recording: Recording,
    diagnoses: Sequence[Diagnosis],
    *,
    calibration: Calibration,
    descriptions: Descriptions,
    language: Language,
) -> Answer:
    """The answer on the diagnoses of one bearing."""
    verdict = verdict_of(diagnoses, calibration)
    measured = [d for d in diagnoses if d.evidence is not None]
    shown = measured[len(measured) // 2] if measured else None
    origin = "unknown" if shown is None or shown.speed.rpm is None else shown.speed.origin
    return Answer(
        recording=recording,
        verdict=verdict,
        text=text_for(said_by_verdict(verdict), descriptions=descriptions, language=language),
        background=background_of(verdict.lines, verdict.heights, calibration),
        shown=shown,
        speed_from=origin,
        speed_question=asked_together([d.speed for d in measured]),
        descriptions=descriptions,
        language=language,
        diagnoses=tuple(diagnoses),
        clearest=clearest_of(verdict, diagnoses, shown),
        impulses_limit=impulses_limit_of(verdict, calibration),
    )


def document(answer: Answer) -> dict[str, Any]:
    """The verdict as a JSON object."""
    recording, shown = answer.recording, answer.shown
    return {
        **msgspec.to_builtins(answer.verdict),
        "text": msgspec.to_builtins(answer.text),
        "question": _question(answer),
        "reason_text": words_for("reason", answer.verdict.reason, answer.language),
        "nearest": [
            {"fault": m.fault, "title": _title(m.fault, answer), "similarity": m.similarity}
            for m in answer.verdict.matches[:NEAREST]
        ],
        "background": answer.background,
        "read": {
            "seconds": _seconds(recording),
            "rate_hz": recording.rate_hz,
            "axes": recording.axes,
            "unit": recording.unit,
        },
        "speed": None if shown is None else msgspec.to_builtins(shown.speed),
        "speed_from": answer.speed_from,
        "speed_question": _speed_question(answer),
        "evidence": None if shown is None else msgspec.to_builtins(shown.evidence),
        "notes": [in_language(note, answer.language) for note in recording.notes],
    }


def what_was_read(answer: Answer) -> str:
    """The file's name, and how much of what it holds."""
    recording, language = answer.recording, answer.language
    return say(
        "shown.read",
        language,
        name=recording.path.name,
        seconds=f"{_seconds(recording):.1f}",
        rate_hz=f"{recording.rate_hz or 0:g}",
        axes="+".join(recording.axes),
        unit=say(f"shown.unit_{recording.unit}", language),
    )


def rows(answer: Answer) -> list[tuple[str, str]]:
    """Label and text of every row below it; a row without a label goes on with the one above."""
    language = answer.language
    return [(say(f"label.{label}", language) if label else "", text) for label, text in _rows(answer, language) if text]


def _rows(answer: Answer, language: Language) -> Iterator[tuple[str, str]]:
    verdict = answer.verdict
    yield "verdict", answer.text.title
    yield "", answer.text.sentence
    yield "question", _question(answer) or ""
    yield "advice", answer.text.advice
    reason = words_for("reason", verdict.reason, language)
    yield "because", say("shown.because", language, reason=reason, judged=verdict.judged, windows=verdict.windows)
    yield (
        "nearest",
        ", ".join(f"{_title(m.fault, answer)} {m.similarity:.2f}" for m in verdict.matches[:NEAREST]),
    )
    if verdict.deviation is not None:
        yield "baseline", say("shown.baseline", language, deviation=f"{verdict.deviation:.2f}")
    if answer.shown is not None and answer.shown.evidence is not None:
        yield from _measured(answer, answer.shown, answer.shown.evidence)
    if not verdict.validated:
        yield "caution", say("shown.simulated", language)
    for note in answer.recording.notes:
        yield "note", in_language(note, language)


def questions(answer: Answer) -> list[str]:
    """All that is asked, about the bearing and about the speed."""
    return list(filter(None, (_question(answer), _speed_question(answer))))


def _question(answer: Answer) -> str | None:
    """What is asked about the bearing."""
    return None if answer.verdict.asks is None else text_of_question(answer.verdict.asks, answer.language)


def _speed_question(answer: Answer) -> str | None:
    """What is asked about the speed that was given."""
    asked = answer.speed_question
    return None if asked is None else text_of_speed_question(asked, language=answer.language)


def _measured(answer: Answer, shown: Diagnosis, evidence: Evidence) -> Iterator[tuple[str, str]]:
    language, rpm = answer.language, shown.speed.rpm
    origin = say(f"origin.{answer.speed_from}", language)
    yield "speed", origin if rpm is None else say("shown.rpm", language, rpm=f"{rpm:.0f}", origin=origin)
    yield "question", _speed_question(answer) or ""
    yield from _lines(answer, evidence)
    if evidence.lines_reason == APPROXIMATE:
        yield "", say("shown.approximate", language)
    yield (
        "level",
        say(
            "shown.level",
            language,
            kurtosis=_figure(evidence.kurtosis, 1),
            crest=_figure(evidence.crest_factor, 1),
            velocity=_velocity(evidence.velocity_rms, language),
        ),
    )


def _lines(answer: Answer, evidence: Evidence) -> Iterator[tuple[str, str]]:
    verdict, language = answer.verdict, answer.language
    standing, background = lines_told(answer)
    if standing:
        yield "lines", _listed(standing, language)
    elif evidence.lines_reason in (None, APPROXIMATE) or verdict.lines:
        yield "lines", say("shown.no_line", language)
    else:
        reason = words_for("reason", evidence.lines_reason, language)
        yield "lines", say("shown.none_because", language, reason=reason)
    if background:
        yield "background", say("shown.background", language, lines=_listed(background, language))


def lines_told(answer: Answer) -> tuple[list[BearingLine], list[BearingLine]]:
    """Lines that prove something, those of the fault that is named first; and the background."""
    told = sorted(answer.verdict.lines, key=lambda line: element_of(line.name) != answer.verdict.fault)
    standing = [line for line in told if line.name not in answer.background]
    return standing, [line for line in told if line.name in answer.background]


def _listed(lines: Sequence[BearingLine], language: Language) -> str:
    return "; ".join(
        say(
            "shown.line",
            language,
            name=say("shown.line_or", language).join((line.name, *line.also)),
            seen=f"{line.seen_hz:.1f}",
            expected=f"{line.expected_hz:.1f}",
            db=f"{line.above_floor_db:.0f}",
        )
        for line in lines[:MOST_LINES]
    )


def _figure(figure: Figure, decimals: int) -> str:
    return "-" if figure.value is None else f"{figure.value:.{decimals}f}"


def _velocity(figure: Figure, language: Language) -> str:
    if figure.value is not None:
        return f"{figure.value:.2f} mm/s"
    return say("shown.no_velocity", language, reason=words_for("reason", figure.reason or "", language))


def _title(fault: str, answer: Answer) -> str:
    return text_of(fault, descriptions=answer.descriptions, language=answer.language).title


def _seconds(recording: Recording) -> float:
    return len(recording.samples) / recording.rate_hz if recording.rate_hz else 0.0
