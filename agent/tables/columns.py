"""What each column of a table is, from its name and from what its numbers do.

Contents win over a name that merely resembles: what rises evenly is time or a counter. A constant column is a dead axis
only where its name says acceleration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agent.limits import STANDARD_GRAVITY
from agent.tables.clock import second_of
from agent.tables.contents import LEAST_ROWS, Contents, contents_of
from agent.tables.names import NameSense, sense_of
from agent.tables.values import Column, Role

Floats = NDArray[np.float64]

DRIFTS = "changes slowly, as a temperature does, and holds no vibration"
FAR_FROM_ZERO = "stays far from zero, as a temperature or a pressure does"
HOLDS_WORDS = "holds words"
CALLED_TIME = "is called time, and goes down as often as up"
RISES, COUNTS_BY_ONES, COUNTS, IS_TIME = "rises evenly", "counts up by ones", "counts up", "is time by its name"
COUNT_UP = (RISES, COUNTS_BY_ONES, COUNTS, IS_TIME, "holds times")
"""What only a clock or a counter does."""
GRAVITIES = (
    1.0,
    STANDARD_GRAVITY,
    1000.0,
    1000 * STANDARD_GRAVITY,
    *(256.0 * 2**k for k in range(8)),
)  # g, m/s2, mg, mm/s2, and counts per g of usual ranges
NEAR_GRAVITY = 0.12
MOST_UNNAMED = 12  # columns that are looked at together
MOST_TEXT = 0.5  # share of fields that are no numbers from which a column is text
SWINGS = 0.25
"""Share of steps that go down, from which a column called time is a signal over time: CWRU calls its vibration so."""
WHAT = {
    "speed": "a speed",
    "temperature": "a temperature",
    "humidity": "a humidity",
    "pressure": "a pressure",
    "velocity": "a velocity",
    "displacement": "a displacement",
    "angle": "an angle",
    "gyro": "a rate of rotation",
    "magnetic": "a magnetic field",
    "voltage": "a voltage",
    "current": "a current",
    "power": "a power",
    "force": "a force or load",
    "sound": "another quantity",
    "derived": "computed from a signal",
    "label": "a class or state",
    "text": "a remark",
    "counter": "a counter",
    "time": "time",
}


@dataclass(frozen=True, slots=True)
class Cells:
    """One column's fields over the rows looked at: `values` (rows,), NaN where there is no number."""

    name: str
    values: Floats
    text: float = 0.0  # share of the fields that are words
    stamped: bool = False
    unit: str | None = None  # of a line of units beneath the header
    words: tuple[str, ...] = ()  # of a column of few words: which
    turns: float = 0.0  # share of the rows in which such a word is not the row before's


def columns_of(cells: Sequence[Cells], *, rate_hz: float | None) -> tuple[Column, ...]:
    """The role of each column; `rate_hz` (told or written before the table) shows the unit of a nameless clock."""
    return _without_far(cells, [_column(k, cell, rate_hz=rate_hz) for k, cell in enumerate(cells)])


def _without_far(cells: Sequence[Cells], columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns that nothing names are no vibration where they stay far from zero, unless some of them are gravity."""
    unnamed = [k for k, column in enumerate(columns) if column.role == "unknown" and column.reason != CALLED_TIME]
    found = {k: contents_of(cells[k].values) for k in unnamed[:MOST_UNNAMED]}
    triples = [some for count in (2, 3) for some in combinations(found, count)]
    axes = {k for some in triples if is_gravity([found[k].mean for k in some]) for k in some}
    far = {k for k, one in found.items() if one.far and k not in axes and not is_gravity([one.mean])}
    return tuple(
        replace(column, role="slow", reason=FAR_FROM_ZERO) if k in far else column for k, column in enumerate(columns)
    )


def is_gravity(means: Sequence[float]) -> bool:
    """Whether the means of some axes are together as long as gravity in a usual scale."""
    length = float(np.linalg.norm(means))
    return any(abs(length / gravity - 1) < NEAR_GRAVITY for gravity in GRAVITIES)


def _column(number: int, cells: Cells, *, rate_hz: float | None) -> Column:
    sense = sense_of(cells.name, cells.unit)
    label = cells.name.strip() or str(number + 1)
    if cells.text > MOST_TEXT:
        return Column(label, "text", HOLDS_WORDS, sure=sense.strength == "sure")
    found = contents_of(cells.values)
    if cells.stamped:
        return Column(label, "time", COUNT_UP[-1], second=1.0, sure=True, stamped=True)
    role, reason = _role(sense, found)
    column = Column(label, role, reason, unit=sense.unit, axis=sense.axis, sure=sense.strength == "sure")
    if role == "acceleration" and sense.sense is not None and sense.sense.base in ("g", "m/s2"):
        return replace(column, unit=sense.sense.base, scale=sense.sense.scale)
    if role == "acceleration":
        return replace(column, unit=None)
    if role == "voltage" and sense.sense is not None and sense.sense.base == "V":
        return replace(column, unit="V", scale=sense.sense.scale)
    if role == "time":
        return replace(column, second=_second(sense, found, cells.values, rate_hz=rate_hz))
    return column


def _role(sense: NameSense, found: Contents) -> tuple[Role, str]:
    if sense.strength == "sure" and sense.role not in ("acceleration", "time", "counter"):
        return sense.role, f"is {WHAT[sense.role]} by its name"
    if sense.role in ("time", "counter") and sense.strength == "sure":
        return _clock_role(sense.role, found)
    if found.rises:
        return ("counter", COUNTS_BY_ONES) if found.counts and found.step == 1 else ("time", RISES)
    if found.climbs and found.whole and sense.strength != "sure" and not found.steps:
        return "time", "only ever counts up"
    if sense.role == "acceleration":
        return "acceleration", "is acceleration by its name" if sense.strength == "sure" else "is an axis by its name"
    if found.constant:
        return "constant", "never changes"
    if found.steps:
        return "label", "holds few values over long runs"
    if found.drifts and sense.strength in ("none", "neutral"):
        return "slow", DRIFTS
    return "unknown", "does not say what it is" if sense.strength == "none" else "is a measurement"


def _clock_role(role: Role, found: Contents) -> tuple[Role, str]:
    if role == "counter" and (found.counts or found.climbs or found.rises):
        return "counter", COUNTS
    if role == "time" and (found.rises or found.climbs or found.numbers < LEAST_ROWS or found.constant):
        return "time", IS_TIME
    if role == "time" and found.back > SWINGS:
        return "unknown", CALLED_TIME
    if role == "time":
        return "time", "is time by its name, but does not count up evenly"
    return "constant" if found.constant else "label", "is a number by its name, and does not count up"


def _second(sense: NameSense, found: Contents, values: Floats, *, rate_hz: float | None) -> float | None:
    if sense.sense is not None and sense.sense.role == "time":
        return sense.sense.scale
    finite = values[np.isfinite(values)]
    if not len(finite) or found.step <= 0:
        return None
    return second_of(found.step, float(finite[0]), rate_hz=rate_hz)
