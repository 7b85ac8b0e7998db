"""What a name rests on, and the name that it gives: the two ends of `naming`."""

from __future__ import annotations

from dataclasses import dataclass

from agent.types import LineHeights, Match, Objection, Question, ShaftGrowth, Signs

SPEED, GEOMETRY, HEALTHY_STATE, BANDWIDTH = "speed", "geometry", "healthy_state", "bandwidth"
LENGTH, SURE_SPEED = "length", "sure_speed"
"""What may be missing, and would let more be said: the shaft's speed, the bearing's geometry, a healthy state at this
speed, a sensor fast enough for the bands that impacts excite, samples long enough in one piece; and, in place of the
speed, one that the vibration does not contradict, where a speed was told."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that a name may rest on."""

    matches: tuple[Match, ...]  # every description, best first
    knows_speed: bool  # and nothing contradicts it
    knows_geometry: bool
    has_baseline: bool  # a healthy state of this very speed is known
    within_baseline: bool  # and this is no further from it than healthy windows are
    deviates: bool  # it is known, and its limit is exceeded
    hears_bearings: bool  # the sensor is fast enough for a band that a bearing's impacts excite
    heights: LineHeights | None  # of the bearing lines; None without geometry or speed
    signs: Signs | None  # None where nothing was measured
    asks: Question | None = None  # what the lines give cause to ask about the bearing
    contradicts_speed: bool = False  # a speed was told, and is not known for this alone
    too_short: bool = False  # pieces shorter than a window, in which damage may hide that a whole one shows

    @property
    def impulses(self) -> float | None:
        return None if self.signs is None else self.signs.impulses

    @property
    def is_mistold(self) -> bool:
        """Whether the lines are another bearing's than the one told."""
        return self.asks is not None and self.asks.about == "geometry_told"

    @property
    def growth(self) -> ShaftGrowth | None:
        """Of the shaft's orders; None where it is not known which these are."""
        return self.signs.growth if self.signs is not None and self.knows_speed else None


@dataclass(frozen=True, slots=True)
class Name:
    """What it is called, how sure that is, and why not what it looks most like."""

    fault: str  # a fault id, its parent, "healthy", "abnormal" or "unknown"
    probability: float = 0.0  # of the name given; 0 where there is none
    reason: str = "no_description_fits"
    objection: Objection | None = None  # of the bearing lines, to the nearest candidate
    missing: tuple[str, ...] = ()
    looks_like: str | None = None
    asks: Question | None = None
