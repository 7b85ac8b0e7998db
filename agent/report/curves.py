"""Curves of many points as lines of few, of which no peak is lost, and labels that do not lie on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.report.markup import Markup, element, joined
from agent.report.scales import Scale


def polylines(x: NDArray[np.floating], y: NDArray[np.floating], *, across: Scale, up: Scale, class_: str) -> Markup:
    """The curve through (n,) points of rising `x` as lines, with a gap wherever a value is none."""
    lines = []
    for first, last in _runs(np.isfinite(y) & (x >= across.low) & (x <= across.high)):
        kept = first + decimated(x[first:last], y[first:last], across)
        points = " ".join(f"{across.at(float(x[n])):.1f},{up.at(float(y[n])):.1f}" for n in kept.tolist())
        lines.append(element("polyline", points=points, class_=class_))
    return joined(*lines)


def decimated(x: NDArray[np.floating], y: NDArray[np.floating], across: Scale) -> NDArray[np.intp]:
    """Indices, rising, of the lowest and the highest point in each pixel; all where there are few. None of none."""
    pixels = int(abs(across.end - across.start)) + 1
    if len(y) <= 2 * pixels:
        return np.arange(len(y))
    column = ((x - across.low) / (across.high - across.low) * pixels).astype(np.intp)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(starts[1:], len(y))
    kept = [
        first + place
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
        for place in (int(np.argmin(y[first:last])), int(np.argmax(y[first:last])))
    ]
    return np.unique(np.array(kept, dtype=np.intp))


def _runs(holds: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last + 1 of every stretch in which it holds."""
    edges = np.flatnonzero(np.diff(holds.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class Placed:
    """A label: the middle of its text in pixels, and the row that it stands in, 0 the lowest."""

    middle: float
    row: int


def place_labels(
    wanted: Sequence[tuple[float, float]], *, low: float, high: float, rows: int, gap: float = 4.0
) -> list[Placed | None]:
    """Where labels of (middle, width) go, each in the lowest row that has room there, the first asked first.

    None where no row has; a label is moved inwards where it would stand beyond `low` or `high`.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
    placed: list[Placed | None] = []
    for at, width in wanted:
        middle = min(max(at, low + width / 2), high - width / 2)
        left, right = middle - width / 2 - gap, middle + width / 2 + gap
        row = next((n for n, spans in enumerate(taken) if all(right <= a or left >= b for a, b in spans)), None)
        if row is not None:
            taken[row].append((middle - width / 2, middle + width / 2))
        placed.append(None if row is None else Placed(middle, row))
    return placed
