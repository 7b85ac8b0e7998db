"""Marks at peaks of a spectrum: findings, what else stands out, what healthy machines show, and what is asked about.

A shape says which of the four it is, and the label where there is room for it; the table beside the drawing has them
all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.report.curves import Placed, place_labels
from agent.report.frame import LEFT, RIGHT, room_for, vertical
from agent.report.lines import Kind
from agent.report.markup import Markup, element, joined
from agent.report.scales import Scale

ROWS, ROW = 3, 14.0
"""Of labels above a plot, and how high each is."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One peak, at a value across and one up."""

    x: float
    y: float
    label: str
    kind: Kind


def marks(wanted: Sequence[Mark], across: Scale, up: Scale) -> Markup:
    """All that lie within, the most telling first; labels in rows above the plot, each with a line down to its peak."""
    kinds: tuple[Kind, ...] = ("finding", "asked", "other", "background")
    shown = [mark for kind in kinds for mark in wanted if mark.kind == kind and across.holds(mark.x)]
    sizes = [(across.at(mark.x), room_for(mark.label)) for mark in shown]
    placed = place_labels(sizes, low=LEFT, high=RIGHT, rows=ROWS)
    both = list(zip(shown, placed, strict=True))
    return joined(
        *(_leader(mark, place, across, up) for mark, place in both if place is not None),
        *(_peak(mark, across.at(mark.x), up.at(mark.y)) for mark in shown),
        *(_label(mark, place, up) for mark, place in both if place is not None),
    )


def _leader(mark: Mark, place: Placed, across: Scale, up: Scale) -> Markup:
    return vertical(across.at(mark.x), _base(place, up) + 3, up.at(mark.y) - 7, f"leader {mark.kind}")


def _label(mark: Mark, place: Placed, up: Scale) -> Markup:
    return element("text", mark.label, x=place.middle, y=_base(place, up), class_=f"mark {mark.kind}")


def _base(place: Placed, up: Scale) -> float:
    """The line that a label stands on."""
    return up.end - 6 - place.row * ROW


def _peak(mark: Mark, x: float, y: float) -> Markup:
    if mark.kind == "background":
        return element("circle", cx=x, cy=y, r=3.5, class_="peak background")
    size, height = 5.0, 8.0
    if mark.kind == "asked":
        points = f"{x - size:.1f},{y - 5:.1f} {x:.1f},{y - 10:.1f} {x + size:.1f},{y - 5:.1f} {x:.1f},{y:.1f}"
    else:
        points = f"{x - size:.1f},{y - height:.1f} {x + size:.1f},{y - height:.1f} {x:.1f},{y:.1f}"
    return element("path", d=f"M{points.replace(' ', 'L')}Z", class_=f"peak {mark.kind}")
