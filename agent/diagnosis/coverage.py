"""What the healthy states that were learnt are good for at one speed: only what physics lets carry over does.

Between commissioned speeds bearing lines are compared with those of the nearest speeds, for orders stay what they are.
Levels do not: a limit holds at its own speed, and the shaft's orders within 3 % of it, where no resonance lies between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.types import Doubt


@dataclass(frozen=True, slots=True)
class LearntSpeed:
    """One speed at which a machine was learnt."""

    rpm: float | None  # None: at no known speed
    windows: int
    commissioned_anyway: tuple[Doubt, ...] = ()  # what stood against believing that it was healthy


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a machine's healthy states let be told at one speed."""

    rpm: float | None
    limit: bool  # that it deviates, so that an alert can be raised
    shaft_orders: bool  # imbalance, misalignment and looseness, by the growth of the shaft's orders
    bearings: bool  # bearing damage, compared with the machine's own healthy state


def coverage_at(rpm: float | None, baselines: Mapping[str | None, Baseline], *, at_any_speed: bool = False) -> Coverage:
    """For every bearing; nothing is covered where nothing was learnt. `at_any_speed` as `Baseline.deviation` has it."""
    known = list(baselines.values())
    return Coverage(
        rpm,
        limit=bool(known) and all(baseline.sets_limit(rpm, at_any_speed=at_any_speed) for baseline in known),
        shaft_orders=bool(known) and all(baseline.knows_shaft(rpm) for baseline in known),
        bearings=bool(known) and all(baseline.reference(rpm) is not None for baseline in known),
    )


def learnt_speeds(baselines: Mapping[str | None, Baseline]) -> tuple[LearntSpeed, ...]:
    """Slowest first; windows of the bearing that has fewest, doubts of them all, each once."""
    cells = [cell for baseline in baselines.values() for cell in baseline.cells if cell.count >= MIN_WINDOWS]
    found: list[LearntSpeed] = []
    for cell in sorted(cells, key=lambda one: -1.0 if one.rpm is None else one.rpm):
        if found and cell.covers(found[-1].rpm):
            same = found.pop()
            doubts = tuple(dict.fromkeys((*same.commissioned_anyway, *cell.doubts)))
            found.append(LearntSpeed(same.rpm, min(same.windows, cell.count), doubts))
        else:
            found.append(LearntSpeed(cell.rpm, cell.count, cell.doubts))
    return tuple(found)


def commissioned_anyway(baselines: Mapping[str | None, Baseline]) -> tuple[Doubt, ...]:
    """All that stood against any of the healthy states that are believed."""
    return tuple(dict.fromkeys(doubt for speed in learnt_speeds(baselines) for doubt in speed.commissioned_anyway))
