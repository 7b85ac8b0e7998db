"""How a sensor's figures went over days, drawn: each day's median within its band, limits, and in words how it moves.

What is computed of the days is `agent.trend.line`; nothing is fitted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from agent.messages.trend_text import moves_in_words, next_limit, speeds_in_words
from agent.messages.words import Language, say
from agent.report.curves import polylines
from agent.report.frame import TICK_ROOM, TITLE_ROOM, Drawing, across, axis, drawing, frame, limit
from agent.report.markup import Markup, element, joined
from agent.report.scales import Scale
from agent.report.tables import wide
from agent.trend.line import LEAST_DAYS, Line

PLOT, TOP = 96.0, 8.0
MOST_DRAWN = 6
MOST_DATES = 6
MOST_DOTS = 90
ROOM_OVER = 1.3
"""Of what was seen: a limit that lies higher is told, and not drawn."""


def days_text(lines: Sequence[Line], language: Language, *, id_: str) -> Markup:
    """The drawings, those of figures with a limit first; and how many more are left to `textvib-agent trend`."""
    drawn = sorted((line for line in lines if len(line.days) >= LEAST_DAYS), key=lambda line: not line.limits)
    if not drawn:
        most = max((len(line.days) for line in lines), default=0)
        return element("p", say("report.no_days" if not most else "report.few_days", language, days=most))
    figures = [_figure(_drawn(line, language, id_=f"{id_}-days{n}")) for n, line in enumerate(drawn[:MOST_DRAWN], 1)]
    left = len(drawn) - MOST_DRAWN
    more = (
        element("p", say("report.more_days", language, count=left, command="textvib-agent trend"), class_="quiet")
        if left > 0
        else ""
    )
    return joined(*figures, more)


def _drawn(line: Line, language: Language, *, id_: str) -> Drawing:
    days = np.array([when.toordinal() for when, _ in line.days], np.float64)
    low, middle, high = (np.array([getattr(day, name) for _, day in line.days]) for name in ("low", "middle", "high"))
    x = across(days[0], days[-1])
    shown = {name: value for name, value in line.limits.items() if value <= ROOM_OVER * high.max()}
    y = Scale(*_room(low, high, list(shown.values()), is_ratio=bool(line.limits)), TOP + PLOT, TOP)
    dates = _dates(line.days[0][0], line.days[-1][0])
    points = zip(days.tolist(), middle.tolist(), strict=True)
    dots = [element("circle", cx=x.at(at), cy=y.at(value), r=2.2, class_="dot") for at, value in points]
    return drawing(
        _band(days, low, high, x, y),
        frame(x, y, name=say("report.daily", language), most_up=4, at=dates),
        polylines(days, middle, across=x, up=y, class_="curve"),
        *(dots if len(days) <= MOST_DOTS else ()),
        *(limit(y, value, say(f"trend_limit.{name}", language)) for name, value in shown.items()),
        axis(x, TOP + PLOT, "", at=dates),
        id_=id_,
        title=_title(line, language),
        description=_says(line, language),
        height=TOP + PLOT + TICK_ROOM + TITLE_ROOM / 2,
    )


def _title(line: Line, language: Language) -> str:
    speeds = "" if line.rpm is None else speeds_in_words(line)
    bearing = "" if line.bearing is None else say("report.bearing_of", language, bearing=line.bearing)
    return ", ".join(filter(None, (say(f"trend_figure.{line.figure}", language), bearing, speeds)))


def _says(line: Line, language: Language) -> str:
    """What is drawn, how it moves, and when a limit is reached, or that this cannot be told."""
    first, last = line.days[0][0], line.days[-1][0]
    parts = [say("report.days_say", language, days=len(line.days), first=first, last=last)]
    if line.course is None:
        parts.append(say("report.days_too_few", language))
    elif line.course.moves == "stays":
        parts.append(say("report.days_stay", language))
    else:
        parts.append(say("report.days_move", language, moves=moves_in_words(line.course, language)))
    if line.limits:
        parts.append(_when_reached(line, language))
    return " ".join(parts)


def _when_reached(line: Line, language: Language) -> str:
    """Which limit the last day has reached, and when the next one is; or that this cannot be told."""
    last = line.days[-1][1].middle
    over = [name for name, value in line.limits.items() if last >= value]
    found = next_limit(line)
    told = [say("report.days_over", language, limit=_named(over[-1], language))] if over else []
    if found is not None:
        name, first, last_date = found
        told.append(say("report.days_reached", language, limit=_named(name, language), first=first, last=last_date))
    elif not over:
        told.append(say("report.days_not_reached", language))
    return " ".join(told)


def _named(limit: str, language: Language) -> str:
    return say("report.its_limit" if limit == "alarm" else f"trend_limit.{limit}", language)


def _band(days: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], x: Scale, y: Scale) -> Markup:
    """From the lowest tenth of each day to its highest."""
    over = [f"{x.at(at):.1f},{y.at(value):.1f}" for at, value in zip(days.tolist(), high.tolist(), strict=True)]
    under = [f"{x.at(at):.1f},{y.at(value):.1f}" for at, value in zip(days.tolist(), low.tolist(), strict=True)]
    return element("polygon", points=" ".join([*over, *reversed(under)]), class_="band")


def _room(
    low: NDArray[np.float64], high: NDArray[np.float64], limits: Sequence[float], *, is_ratio: bool
) -> tuple[float, float]:
    """From 0 where there are limits, else around what was seen."""
    lowest, highest = float(low.min()), max([float(high.max()), *limits])
    room = 0.08 * (highest - lowest) or 0.05 * abs(highest) or 1.0
    return (min(0.0, lowest) if is_ratio else lowest - room), highest + room


def _dates(first: date, last: date) -> list[tuple[float, str]]:
    """Days evenly apart, the first and the last among them."""
    span = (last - first).days
    count = min(MOST_DATES, span + 1)
    numbers = sorted({first.toordinal() + round(n * span / (count - 1)) for n in range(count)})
    return [(float(number), str(date.fromordinal(number))) for number in numbers]


def _figure(shown: Drawing) -> Markup:
    caption = element("figcaption", element("b", f"{shown.title}. "), shown.description)
    return element("figure", wide(shown.svg), caption)
