"""Which column of a table is the shaft's speed, in revolutions per minute: by its name and unit, if its numbers agree.

A tacho's pulses, a mains or a drive's frequency, and a speed in per cent are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agent.limits import MAX_RPM
from agent.tables.columns import Cells
from agent.tables.units import plain
from agent.tables.values import Column

LEAST_RPM = 10.0
LEAST_UNSAID = 200.0  # rpm; less, under a name that says no unit, may be Hz or per cent
MOST_STEP = 0.25  # of the speed, between rows, at the most of them: pulses jump further

_RPM_WORD = re.compile(r"rpm|drehzahl|umdreh|u/?min|회전\s*수|tr/?min|r/min|rev(?:olution)?s?[ _/]*(?:per[ _]*)?min")
_SPEED_WORD = re.compile(r"speed|tach|rotat|shaft|spindle|회전|regime|encoder|\bfr\b|\bn\b")
_PER_MINUTE = ("rpm", "1/min", "min-1", "min^-1", "u/min", "r/min", "rev/min", "tr/min")
_PER_SECOND = ("hz", "rps")
_NO_SHAFT = re.compile(
    r"mains|grid|line|netz|drive[ _]?freq|output|inverter|vfd|umrichter|인버터|전원|전류|sampl|wind|flow|fan_speed_?%"
)


def speed_of(cells: Sequence[Cells], columns: Sequence[Column]) -> tuple[int, Column] | None:
    """The one such column, its `scale` what one of its unit is in rpm; None where there is none, or several."""
    found = [(k, per) for k, column in enumerate(columns) if (per := _rpm_per_unit(cells[k], column)) is not None]
    if len(found) != 1:
        return None
    k, per = found[0]
    return k, replace(columns[k], reason="is the shaft's speed", scale=per)


def _rpm_per_unit(cells: Cells, column: Column) -> float | None:
    if column.role != "speed" or not column.sure:
        return None
    name, unit = plain(column.name), plain(column.unit or "")
    if _NO_SHAFT.search(name):
        return None
    if unit in _PER_MINUTE or (_RPM_WORD.search(name) and unit not in _PER_SECOND):
        per, least = 1.0, LEAST_RPM
    elif unit in _PER_SECOND and _SPEED_WORD.search(name):
        per, least = 60.0, LEAST_RPM
    elif not unit and _SPEED_WORD.search(name):
        per, least = 1.0, LEAST_UNSAID
    else:
        return None
    return per if _turns(cells, per, least) else None


def _turns(cells: Cells, per: float, least: float) -> bool:
    """Whether the numbers may be a speed that moves as the mass of a machine lets it."""
    rpm = cells.values[np.isfinite(cells.values)] * per
    if not len(rpm) or rpm.min() < 0 or rpm.max() > MAX_RPM or np.median(rpm) < least:
        return False
    return len(rpm) < 2 or bool(np.quantile(np.abs(np.diff(rpm)), 0.95) <= MOST_STEP * np.median(rpm))
