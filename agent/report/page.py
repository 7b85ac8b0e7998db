"""The whole report: one HTML page that loads nothing, runs nothing, and reads the same on a screen and on paper.

It is well-formed XML as well, and its policy allows its own style sheet alone, by hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.messages.notices import in_language
from agent.messages.words import Language, say
from agent.report.markup import Markup, element, joined
from agent.report.section import Section
from agent.report.section_text import name_of, section_text, state_in_words
from agent.report.style import CSS
from agent.report.tables import foreign, table

_STYLE = base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE}'; base-uri 'none'; form-action 'none'"
"""What a page of ours may do: show itself in its own style, and nothing else."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A recording that was asked for and cannot be read."""

    name: str
    why: str  # as the refusal words it, without its path


def page_of(sections: Sequence[Section], *, language: Language, made: datetime, unread: Sequence[Unread] = ()) -> str:
    """The page of all sections, with a table of contents where there is more than one entry in it."""
    return document(
        _contents(sections, unread, language),
        *(section_text(one, number=n, is_first=n == 1) for n, one in enumerate(sections, 1)),
        title=say("report.title", language),
        names=", ".join(map(name_of, sections)),
        language=language,
        made=made,
    )


def document(*parts: Markup, title: str, names: str, language: Language, made: datetime) -> str:
    """A whole page of parts under its title; `names` of what it is about stand in the browser's own."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{title}: {names}" if names else title),
        element("style", Markup(CSS)),
    )
    body = element(
        "body",
        element("h1", title),
        element("p", say("report.made", language, when=made.strftime("%Y-%m-%d %H:%M %Z").strip()), class_="quiet"),
        *parts,
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang=language)}\n"


def _contents(sections: Sequence[Section], unread: Sequence[Unread], language: Language) -> Markup:
    if len(sections) + len(unread) < 2:
        return joined()
    rows: list[tuple[str, ...]] = [
        (element("a", foreign(name_of(one)), href=f"#s{n}"), state_in_words(one.answer), one.answer.text.title)
        for n, one in enumerate(sections, 1)
    ]
    rows += [
        (foreign(one.name), f"✕ {say('report.not_read', language)}", in_language(one.why, language)) for one in unread
    ]
    return element("nav", element("h3", say("report.contents", language)), table(rows))
