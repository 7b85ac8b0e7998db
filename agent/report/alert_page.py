"""The report of one alert: what it said and became, what it rested on when it was raised, and the days before.

Where the windows around it are no longer kept it goes without their pictures, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.messages.alert_answer import state_of_alert
from agent.messages.answer import Answer
from agent.messages.words import say, words_for
from agent.report.days_drawn import days_text
from agent.report.drawn import drawings
from agent.report.figures import figures
from agent.report.lines import lines_text
from agent.report.markup import Markup, element, joined
from agent.report.origin import judged_by, origin, told_bearing, told_speed
from agent.report.page import document
from agent.report.section import Section
from agent.report.section_text import notes_text, rests_on, said_block, under, unknown
from agent.report.tables import foreign, table
from agent.types import Alert


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an alert at a time."""

    when: datetime | None
    what: str  # in words
    who: str | None


@dataclass(frozen=True, slots=True)
class AlertSection:
    """An alert as it is reported."""

    alert: Alert  # as it was last, before it was cleared
    last: Answer  # what it then said
    raised: Section  # what it rested on when it was raised
    place: tuple[str, ...]  # machine, position, sensor, bearing: names of whoever configured them
    since: datetime | None
    until: datetime | None  # None: it is open, or nobody knows
    is_open: bool
    changes: tuple[Change, ...]
    no_windows: str | None  # code of why none are drawn
    was: str | None = None  # what somebody has found it to be


def alert_page_of(section: AlertSection, *, made: datetime) -> str:
    """The page."""
    language = section.last.language
    return document(
        _text(section),
        title=say("report.alert_title", language),
        names=", ".join((section.last.text.title, *section.place)),
        language=language,
        made=made,
    )


def _text(section: AlertSection) -> Markup:
    last, raised = section.last, section.raised
    language, answer = last.language, raised.answer
    parts = [
        element("h2", foreign(", ".join(section.place))),
        element("p", _standing(section), class_="quiet"),
        *([] if section.was is None else [element("p", _found(section))]),
        said_block(last, state_of_alert(section.alert)),
        *under("events", language, _changes(section)),
        *under("verdict", language, rests_on(answer)),
        *under("found_lines", language, lines_text(answer)),
        *under("figures", language, figures(answer, of_alert=True)),
        *(drawings(raised, id_="s1") if section.no_windows is None else _without_windows(section)),
        *(_later(last) if last.shown != answer.shown else ()),
        *under("days", language, days_text(raised.days, language, id_="s1")),
        *under("unknowns", language, unknown(answer)),
        *(under("notes", language, notes_text(answer)) if answer.recording.notes else ()),
        *under("origin", language, _origin(section)),
    ]
    return element("section", *parts, id="s1", class_="first")


def _found(section: AlertSection) -> Markup:
    return element("strong", foreign(say("report.was", section.last.language, title=section.was or "")))


def _standing(section: AlertSection) -> str:
    """Since when it is open, or until when it was."""
    language = section.last.language
    since = written(section.since, section)
    code = "report.alert_open" if section.is_open else "report.alert_past"
    until = written(section.until, section)
    severity = say(f"page.severity_{section.alert.severity}", language)
    return say(code, language, id=section.alert.id, severity=severity, since=since, until=until)


def written(when: datetime | None, section: AlertSection) -> str:
    """A moment in the time of whoever made the report."""
    if when is None:
        return say("report.unknown_time", section.last.language)
    return when.strftime("%Y-%m-%d %H:%M:%S %Z").strip()


def _changes(section: AlertSection) -> Markup:
    language = section.last.language
    heads = [say(f"report.{head}", language) for head in ("when", "what", "who")]
    rows = [(written(one.when, section), one.what, foreign(one.who or "")) for one in section.changes]
    return table(rows, heads=heads)


def _without_windows(section: AlertSection) -> list[Markup]:
    language = section.last.language
    reason = words_for("no_windows", section.no_windows or "", language)
    return [element("h3", say("report.raw_windows", language)), element("p", reason)]


def _later(last: Answer) -> list[Markup]:
    """What the alert rested on when it last changed, where that is not what raised it."""
    return [*under("later", last.language, rests_on(last), lines_text(last), figures(last, of_alert=True))]


def _origin(section: AlertSection) -> Markup:
    language, raised = section.last.language, section.raised
    if raised.files:
        return origin(raised)
    reason = words_for("no_windows", section.no_windows or "", language)
    rows = [
        (say("report.file", language), reason),
        (say("report.told_speed", language), told_speed(raised)),
        (say("report.told_bearing", language), told_bearing(raised)),
        *judged_by(raised.judge, language),
    ]
    return joined(table(rows, class_="facts"))
