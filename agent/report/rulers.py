"""Rows beneath a spectrum that show where lines belong: one row each for shaft, bearing elements and mains.

A row says whose lines it shows in words, so that no colour has to; its spans are as wide as slip allows.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.diagnosis.places import Place
from agent.messages.words import Language, say
from agent.report.frame import LEFT, span
from agent.report.markup import Markup, element, joined
from agent.report.scales import Scale

ROW, APART = 15.0, 4.0
"""Height of a row, and the room between the plot and the first."""
NUMBER_ROOM = 22.0
"""Pixels that the number of a multiple needs beside its span."""


def rows_of(places: Sequence[Place], across: Scale) -> dict[str, list[Place]]:
    """The places that a scale holds, by the family that they are of, in their order."""
    rows: dict[str, list[Place]] = {}
    for place in places:
        if across.holds(place.middle_hz):
            rows.setdefault(place.family, []).append(place)
    return rows


def rulers(rows: dict[str, list[Place]], across: Scale, *, top: float, language: Language) -> Markup:
    """The rows, from `top` on, `ROW` high each."""
    return joined(*(_row(family, row, across, top + n * ROW, language) for n, (family, row) in enumerate(rows.items())))


def _row(family: str, row: Sequence[Place], across: Scale, y: float, language: Language) -> Markup:
    kind = row[0].kind
    name = say(f"report.row_{kind}", language, family=family)
    parts = [element("text", name, x=LEFT - 5, y=y + ROW - 4, class_="tick up")]
    for n, place in enumerate(row):
        parts.append(span(across, place.low_hz, place.high_hz, y=y + 2, height=ROW - 4, class_=f"place {kind}"))
        right = across.at(place.high_hz) + 2
        following = across.at(row[n + 1].low_hz) if n + 1 < len(row) else across.end
        if following - right >= NUMBER_ROOM:
            parts.append(element("text", f"{place.multiple}×", x=right, y=y + ROW - 4, class_="tick start"))
    return joined(*parts)
