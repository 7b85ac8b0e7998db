"""What speaks against learning a machine as healthy: asked before it is believed, since it is believed for good.

    own lines of a bearing element far above those of healthy machines, window after window
    impacts that healthy machines do not show, likewise: what would be called bearing damage without a healthy state
    zone D of ISO 20816-3
    a machine that lies far from its own healthy state of before, at the same speed

Of half the windows at least, so that a lorry that drives past is no doubt. The rules are those by which a name is given
where no healthy state is known (see `naming`), for there is none yet that could be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from agent.diagnosis.baseline import MIN_WINDOWS
from agent.diagnosis.lessons import Lesson, Sight, learn
from agent.diagnosis.matching import SignLimits
from agent.diagnosis.naming import NAME_AT, TOWERING
from agent.faults import TABLE
from agent.types import BearingLine, Doubt

WORST_ZONE = "D"
"""Of vibration that is held to damage the machine (ISO 20816-1, on evaluation zones)."""

FAR, FAR_IN_LEVEL = 3.0, 10.0
"""Deviation from the healthy state of before, in its limits, that no drift and no load explains: in all but the level,
and in the level. On three simulated machines a load that moved the level by 4 dB lay up to 1.9 and 6.0 off a state that
was learnt at one end of it, and another machine at that speed 6.5 and 11.6 at least."""

FREQUENCIES = {fault.id: fault.frequency.upper() for fault in TABLE if fault.frequency is not None}
"""Bearing element -> what its lines are called in the evidence."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """Looks at lessons with the eyes of somebody who was not told that the machine is healthy."""

    signs: SignLimits | None  # of windows without a healthy state; None: the bundle has none, so no bearing is doubted

    def doubts(self, lessons: Sequence[Lesson]) -> tuple[Doubt, ...]:
        """Per speed and bearing; none of a speed that has too few windows to be learnt."""
        found: list[Doubt] = []
        for bearing in dict.fromkeys(bearing for lesson in lessons for bearing in lesson.sights):
            heard = [lesson for lesson in lessons if bearing in lesson.sights and bearing in lesson.features]
            cells = learn([Lesson({bearing: one.features[bearing]}, one.rpm, one.rms) for one in heard], {})
            for cell in cells[bearing].cells:
                sights = [lesson.sights[bearing] for lesson in heard if cell.covers(lesson.rpm)]
                if len(sights) >= MIN_WINDOWS:
                    found += self._of(sights, bearing, cell.rpm)
        return tuple(_without_echoes(found))

    def unchecked(self, lessons: Sequence[Lesson]) -> tuple[str, ...]:
        """Kinds of doubt for which most lessons give nothing to look at."""
        sights = [sight for lesson in lessons for sight in lesson.sights.values()]
        known = {
            "bearing_lines": sum(sight.heights is not None for sight in sights) if self.signs else 0,
            "impacts": sum(sight.impulses is not None for sight in sights) if self.signs else 0,
            "iso_zone": sum(sight.zone is not None for sight in sights),
            "unlike_before": sum(sight.deviation is not None for sight in sights),
        }
        return tuple(kind for kind, count in known.items() if not _most(count, sights))

    def _of(self, sights: Sequence[Sight], bearing: str | None, rpm: float | None) -> list[Doubt]:
        doubts = (
            *self._standing_lines(sights, bearing, rpm),
            self._impacts(sights, bearing, rpm),
            self._worst_zone(sights, rpm),
            self._far_from_before(sights, bearing, rpm),
        )
        return [doubt for doubt in doubts if doubt is not None]

    def _standing_lines(self, sights: Sequence[Sight], bearing: str | None, rpm: float | None) -> list[Doubt]:
        """Of the element whose lines tower most over those of healthy machines, with the lines that show it."""
        heights = [sight.heights for sight in sights if sight.heights is not None]
        if self.signs is None or not _most(len(heights), sights):
            return []
        over = {
            fault: median(getattr(one, fault) for one in heights) / (TOWERING * limit)
            for fault, limit in self.signs.own.items()
        }
        fault = max(over, key=lambda one: over[one])
        lines = _standing(sights, FREQUENCIES[fault])
        if over[fault] < 1 or not lines:
            return []
        shown = sum(getattr(one, fault) >= TOWERING * self.signs.own[fault] for one in heights)
        return [Doubt("bearing_lines", bearing, rpm, shown, len(heights), fault=fault, lines=lines)]

    def _impacts(self, sights: Sequence[Sight], bearing: str | None, rpm: float | None) -> Doubt | None:
        spreads = [sight.impulses for sight in sights if sight.impulses is not None]
        if self.signs is None or not _most(len(spreads), sights):
            return None
        spread, limit = median(spreads), self.signs.impulses
        if spread < limit or self.signs.damage.of(spread) < NAME_AT:
            return None
        shown = sum(one >= limit for one in spreads)
        return Doubt("impacts", bearing, rpm, shown, len(spreads), impulses=spread, limit=limit)

    def _worst_zone(self, sights: Sequence[Sight], rpm: float | None) -> Doubt | None:
        zoned = [sight for sight in sights if sight.zone is not None]
        shown = sum(sight.zone == WORST_ZONE for sight in zoned)
        if not zoned or 2 * shown < len(sights):
            return None
        velocity = median(sight.velocity_mm_s for sight in zoned if sight.velocity_mm_s is not None)
        return Doubt("iso_zone", None, rpm, shown, len(zoned), zone=WORST_ZONE, velocity_mm_s=velocity)

    def _far_from_before(self, sights: Sequence[Sight], bearing: str | None, rpm: float | None) -> Doubt | None:
        known = [(one.deviation, one.level or 0.0) for one in sights if one.deviation is not None]
        if not _most(len(known), sights):
            return None
        away, louder = (median(values) for values in zip(*known, strict=True))
        if not (away >= FAR or louder >= FAR_IN_LEVEL):
            return None
        shown = sum(one >= FAR or level >= FAR_IN_LEVEL for one, level in known)
        return Doubt("unlike_before", bearing, rpm, shown, len(known), deviation=away, level=louder)


def _standing(sights: Sequence[Sight], frequency: str) -> tuple[BearingLine, ...]:
    """The lines of one element that stand in half the windows at least, each at its median, highest first."""
    seen: dict[str, list[BearingLine]] = {}
    for sight in sights:
        for line in sight.lines:
            if line.name.rpartition("x")[2] == frequency:
                seen.setdefault(line.name, []).append(line)
    middles = [
        BearingLine(
            name=name,
            order=lines[0].order,
            expected_hz=median(line.expected_hz for line in lines),
            seen_hz=median(line.seen_hz for line in lines),
            above_floor_db=median(line.above_floor_db for line in lines),
        )
        for name, lines in seen.items()
        if _most(len(lines), sights)
    ]
    return tuple(sorted(middles, key=lambda line: -line.above_floor_db))


def _most(count: int, sights: Sequence[Sight]) -> bool:
    return count > 0 and 2 * count >= len(sights)


def _without_echoes(doubts: Iterable[Doubt]) -> Iterable[Doubt]:
    """Each once: what concerns the machine as a whole was found again with every bearing."""
    told: set[tuple[str, str | None, int | None]] = set()
    for doubt in doubts:
        key = (doubt.kind, doubt.bearing, None if doubt.rpm is None else round(doubt.rpm))
        if key not in told:
            told.add(key)
            yield doubt
