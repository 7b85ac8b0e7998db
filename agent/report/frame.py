"""What every drawing has: a frame with ticks and their lines, named axes, a title and a description for who cannot see.

Lengths are pixels of a drawing `WIDTH` wide; colours and letters are in `agent.report.style`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.messages.terminal import width as columns_of
from agent.report.markup import Markup, element, joined, text
from agent.report.scales import Scale, ticks

WIDTH = 720.0
LEFT, RIGHT = 78.0, 706.0
"""Of what is drawn; before it stand the ticks of its height and the names of its rows."""
COLUMN = 6.3
"""Of a letter at most, as wide as a column of a terminal, in the size of labels."""
TICK_ROOM, TITLE_ROOM = 16.0, 16.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG, and in words what it shows."""

    svg: Markup
    title: str
    description: str


def drawing(*parts: str, id_: str, title: str, description: str, height: float) -> Drawing:
    """A whole drawing; `id_` is unique in its page."""
    svg = element(
        "svg",
        element("title", title, id=f"{id_}-t"),
        element("desc", description, id=f"{id_}-d"),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_labelledby=f"{id_}-t {id_}-d",
    )
    return Drawing(svg, title, description)


def across(low: float, high: float) -> Scale:
    """A scale over the whole width."""
    return Scale(low, high, LEFT, RIGHT)


Ticks = Sequence[tuple[float, str]]
"""Values, and how each is written."""


def frame(
    across: Scale, up: Scale, *, name: str, bottom: float | None = None, most_up: int = 5, at: Ticks | None = None
) -> Markup:
    """The box of a plot with what its height says; its vertical lines go down to `bottom`, below rows beneath it.

    `at`: where they stand, if not at round values.
    """
    below = up.start if bottom is None else bottom
    middle = (up.start + up.end) / 2
    return joined(
        *(_line(across.at(x), up.end, across.at(x), below, "grid") for x, _ in (ticks(across) if at is None else at)),
        *(_line(LEFT, up.at(y), RIGHT, up.at(y), "grid") for y, _ in ticks(up, most_up)),
        *(_tick(label, LEFT - 5, up.at(y) + 4, "tick up") for y, label in ticks(up, most_up)),
        element("rect", x=LEFT, y=up.end, width=RIGHT - LEFT, height=up.start - up.end, class_="box"),
        element("text", name, x=0.0, y=0.0, transform=f"translate(13 {middle:.1f}) rotate(-90)", class_="axis"),
    )


def axis(across: Scale, y: float, name: str, *, at: Ticks | None = None) -> Markup:
    """Ticks (`at`: those) and name of what goes across, below `y`."""
    marked = ticks(across) if at is None else at
    labels = [_below(label, across.at(value), y + TICK_ROOM - 3) for value, label in marked]
    named = element("text", name, x=(LEFT + RIGHT) / 2, y=y + TICK_ROOM + TITLE_ROOM - 3, class_="axis")
    return joined(*labels, named)


def span(across: Scale, low: float, high: float, *, y: float, height: float, class_: str) -> Markup:
    """A rectangle from one value to another, two pixels wide at least."""
    left, right = across.at(low), across.at(high)
    if right - left < 2:
        left, right = (left + right) / 2 - 1, (left + right) / 2 + 1
    return element("rect", x=left, y=y, width=right - left, height=height, class_=class_)


def vertical(x: float, top: float, bottom: float, class_: str) -> Markup:
    return _line(x, top, x, bottom, class_)


def limit(up: Scale, value: float, words: str) -> Markup:
    """A dashed line with its name."""
    y = up.at(value)
    beside = y - 4 if y - up.end > 14 else y + 12
    return joined(_line(LEFT, y, RIGHT, y, "limit"), element("text", words, x=RIGHT - 4, y=beside, class_="label end"))


def room_for(words: str) -> float:
    """How wide a label is at most."""
    return COLUMN * columns_of(text(words))


def _below(label: str, x: float, y: float) -> Markup:
    """A label in the middle of its tick; at the end of the drawing it ends there."""
    is_wide = x + room_for(label) / 2 > WIDTH
    return _tick(label, WIDTH, y, "tick up") if is_wide else _tick(label, x, y, "tick")


def _tick(label: str, x: float, y: float, class_: str) -> Markup:
    """The label of a tick; what stands behind `^` is raised."""
    plain, _, power = label.partition("^")
    raised = element("tspan", power.replace("-", "−"), dy=-4, class_="raised") if power else ""
    return element("text", plain, raised, x=x, y=y, class_=class_)


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)
