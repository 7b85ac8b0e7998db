"""One section of a report as markup: what is said, what it rests on, what was seen, what is not known, and whence."""

from __future__ import annotations

from collections.abc import Iterator

from agent.alerting.verdict import Verdict
from agent.faults import HEALTHY
from agent.messages.answer import Answer, questions, what_was_read
from agent.messages.notices import in_language
from agent.messages.said import fault_said, said_by_verdict
from agent.messages.wording import text_of
from agent.messages.words import Language, say, words_for
from agent.report.days_drawn import days_text
from agent.report.drawn import drawings
from agent.report.figures import figures
from agent.report.lines import lines_text
from agent.report.markup import Markup, element, joined
from agent.report.origin import origin
from agent.report.section import Section
from agent.report.tables import foreign, listed, table
from agent.report.unknowns import unknowns

SYMBOLS = {"fault": "▲", "abnormal": "◆", "healthy": "●", "not_named": "○", "not_judged": "✕"}
"""State of a section -> its shape."""


def section_text(section: Section, *, number: int, is_first: bool) -> Markup:
    """The whole section; `number` makes its anchors unique in the page."""
    answer, language = section.answer, section.answer.language
    parts = [
        element("h2", foreign(name_of(section))),
        element("p", what_was_read(answer), class_="quiet"),
        said_block(answer, state_of(answer.verdict)),
        *under("verdict", language, rests_on(answer)),
        *under("found_lines", language, lines_text(answer)),
        *under("figures", language, figures(answer)),
        *drawings(section, id_=f"s{number}"),
        *(under("days", language, days_text(section.days, language, id_=f"s{number}")) if section.days else ()),
        *under("unknowns", language, unknown(answer)),
        *under("notes", language, notes_text(answer)),
        *under("origin", language, origin(section)),
    ]
    return element("section", *parts, id=f"s{number}", class_="first" if is_first else None)


def name_of(section: Section) -> str:
    """The recording's name, and of which bearing it is."""
    name, bearing = section.answer.recording.path.name, section.bearing
    if bearing is None:
        return name
    return f"{name}, {say('report.bearing_of', section.answer.language, bearing=bearing.id)}"


def state_of(verdict: Verdict) -> str:
    """A key of SYMBOLS."""
    said = fault_said(verdict)
    if verdict.judged == 0:
        return "not_judged"
    if said is not None:
        return said
    return "healthy" if verdict.fault == HEALTHY and said_by_verdict(verdict).is_named else "not_named"


def state_in_words(answer: Answer) -> str:
    return shaped(state_of(answer.verdict), answer.language)


def shaped(state: str, language: Language) -> str:
    """The state's words behind its shape."""
    return f"{SYMBOLS[state]} {say(f'report.state_{state}', language)}"


def under(code: str, language: Language, *parts: str) -> Iterator[Markup]:
    """Parts under their heading."""
    yield element("h3", say(f"report.{code}", language))
    yield joined(*parts)


def said_block(answer: Answer, state: str) -> Markup:
    """What is said, framed as its state is, and what is asked."""
    parts = [
        element("p", shaped(state, answer.language), class_="state"),
        element("p", answer.text.title, class_="title"),
        element("p", answer.text.sentence),
        element("p", answer.text.advice),
    ]
    if not answer.verdict.validated:
        caution = say("label.caution", answer.language), say("shown.simulated", answer.language)
        parts.append(element("p", ": ".join(caution), class_="caution"))
    asked = [element("p", f"? {question}", class_="asks") for question in questions(answer)]
    return joined(element("div", *parts, class_=f"said {state}"), *asked)


def rests_on(answer: Answer) -> Markup:
    """The table of what a verdict rests on."""
    language, verdict = answer.language, answer.verdict
    name = say("report.no_name", language)
    if said_by_verdict(verdict).is_named:
        name = say("report.named", language, title=answer.text.title, percent=f"{verdict.probability:.0%}")
    reason = words_for("reason", verdict.reason, language) if verdict.reason else ""
    likeness = [
        f"{text_of(m.fault, descriptions=answer.descriptions, language=language).title} {m.similarity:.2f}"
        for m in verdict.matches
    ]
    rows = [
        (say("report.name", language), name),
        (say("report.because", language), reason),
        (
            say("report.windows", language),
            say("report.windows_of", language, judged=verdict.judged, windows=verdict.windows),
        ),
        (say("report.likeness", language), listed(likeness)),
    ]
    return table([row for row in rows if row[1]], class_="facts")


def unknown(answer: Answer) -> Markup:
    """The table of what could not be known."""
    language = answer.language
    rows = unknowns(answer)
    if not rows:
        return element("p", say("report.nothing_unknown", language))
    heads = ("unknown", "why", "to_give")
    shown = [(listed(things), why, give) for why, things, give in rows]
    return table(shown, heads=[say(f"report.{head}", language) for head in heads])


def notes_text(answer: Answer) -> Markup:
    """What the reader noted."""
    notes = [in_language(note, answer.language) for note in answer.recording.notes]
    if not notes:
        return element("p", say("report.no_notes", answer.language))
    return element("ul", *(element("li", foreign(note)) for note in notes))
