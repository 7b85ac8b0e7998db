"""Lines of a bearing as a report tells them: findings, others that stand out, background, and what is asked about.

A finding is a line of the part that is named, or of any part where a bearing is suspected and none is named. What
stands out beside a name is told apart from what the name rests on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agent.diagnosis.evidence import APPROXIMATE
from agent.diagnosis.standing_lines import ALIKE
from agent.faults import ABNORMAL, BEARING, UNKNOWN
from agent.messages.answer import Answer, lines_told
from agent.messages.background import element_of
from agent.messages.words import Language, say, words_for
from agent.report.markup import Markup, element, joined
from agent.report.tables import listed, table
from agent.types import BearingLine

Kind = Literal["finding", "other", "background", "asked"]
HEADS = ("line", "order", "seen_hz", "expected_hz", "height_db", "meaning")


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One peak, with all names that fit it, and what it tells."""

    name: str  # as people read it; "" where nobody knows whose it is
    family: str  # of the nearest name: `BPFO` of `2xBPFO`
    order: float
    seen_hz: float
    expected_hz: float | None
    above_floor_db: float
    kind: Kind
    is_asked_about: bool = False  # a question is about it, too


def told_lines(answer: Answer) -> list[ToldLine]:
    """All lines of an answer, each once; findings first."""
    standing, background = lines_told(answer)
    found = [line for line in standing if _is_finding(line, answer.verdict.fault)]
    told = [_told(line, "finding", answer.language) for line in found]
    told += [_told(line, "other", answer.language) for line in standing if line not in found]
    told += [_told(line, "background", answer.language) for line in background]
    asked = () if answer.verdict.asks is None else answer.verdict.asks.lines
    for line in asked:
        same = next((n for n, one in enumerate(told) if abs(one.seen_hz / line.hz - 1) <= 2 * ALIKE), None)
        if same is None:
            told.append(ToldLine("", "", line.order, line.hz, None, line.above_floor_db, "asked"))
        else:
            told[same] = replace(told[same], is_asked_about=True)
    return told


def lines_text(answer: Answer) -> Markup:
    """The table of all lines, or why there is none."""
    language, told = answer.language, told_lines(answer)
    evidence = None if answer.shown is None else answer.shown.evidence
    reason = answer.verdict.reason if evidence is None else evidence.lines_reason
    parts = []
    if told:
        heads = [say(f"report.{head}", language) for head in HEADS]
        parts.append(table([_row(one, language) for one in told], heads=heads))
    elif reason in (None, APPROXIMATE):
        parts.append(element("p", say("report.none_stands", language)))
    if any(line.also for line in answer.verdict.lines):
        parts.append(element("p", say("report.both", language), class_="quiet"))
    if reason == APPROXIMATE:
        parts.append(element("p", say("shown.approximate", language), class_="quiet"))
    elif reason is not None:
        parts.append(element("p", say("report.no_lines", language, reason=words_for("reason", reason, language))))
    return joined(*parts)


def _is_finding(line: BearingLine, fault: str) -> bool:
    return fault in (BEARING, UNKNOWN, ABNORMAL, *map(element_of, (line.name, *line.also)))


def _told(line: BearingLine, kind: Kind, language: Language) -> ToldLine:
    name = say("shown.line_or", language).join((line.name, *line.also))
    family = line.name.rpartition("x")[2]
    return ToldLine(name, family, line.order, line.seen_hz, line.expected_hz, line.above_floor_db, kind)


def _row(line: ToldLine, language: Language) -> tuple[str, ...]:
    meanings = (line.kind, "asked") if line.is_asked_about else (line.kind,)
    return (
        line.name or say("report.not_told", language),
        f"{line.order:.3f}",
        f"{line.seen_hz:.2f}",
        "" if line.expected_hz is None else f"{line.expected_hz:.2f}",
        f"{line.above_floor_db:+.1f}",
        listed(say(f"report.{meaning}", language) for meaning in meanings),
    )
