"""What a window, or a whole recording, may be called on what is known of it: the one place where a name is decided.

`replay` and the running agent ask it alike. What is not known names nothing: see `matching.nameable` for what becomes
of the candidates, `matching.name_of` for how near the best must be, `line_check.objection_to` for what speaks against.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.diagnosis.line_check import objection_to
from agent.diagnosis.matching import Calibration, name_of, nameable
from agent.types import INVALID, UNKNOWN, Diagnosis, Evidence, LineHeights, Match, Objection, Rate, Speed


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that a name may rest on."""

    matches: tuple[Match, ...]  # every description, best first
    has_baseline: bool  # a healthy state of this very speed is known
    within_baseline: bool  # and this is no further from it than healthy windows are
    hears_bearings: bool  # the sensor is fast enough for a band that a bearing's impacts excite
    heights: LineHeights | None  # of the bearing lines; None without geometry or speed


@dataclass(frozen=True, slots=True)
class Name:
    """What it is called, and why not what it looks most like."""

    fault: str  # a fault id, "healthy" or "unknown"
    objection: Objection | None = None  # of the bearing lines, to the nearest candidate


def name_on(grounds: Grounds, calibration: Calibration) -> Name:
    """Candidates from what is known, the nearest of them if it is near enough, unless bearing lines contradict it."""
    candidates = nameable(grounds.matches, has_baseline=grounds.has_baseline, hears_bearings=grounds.hears_bearings)
    nearest = name_of(candidates, calibration)
    objection = objection_to(nearest, grounds.heights, calibration, within_baseline=grounds.within_baseline)
    return Name(nearest) if objection is None else Name(UNKNOWN, objection)


def unnamed(
    sensor: str,
    bearing: str | None,
    *,
    window_start: int,
    session: int,
    wall_s: float | None,
    time_s: float,
    rate: Rate,
    speed: Speed,
    quality: str | None = None,
    running: bool = False,
    evidence: Evidence | None = None,
) -> Diagnosis:
    """A diagnosis that names nothing, of a bad signal (`quality` says why), a machine at rest, or before its name."""
    return Diagnosis(
        sensor=sensor,
        bearing=bearing,
        window_start=window_start,
        session=session,
        wall_s=wall_s,
        time_s=time_s,
        quality=quality,
        running=running,
        fault=UNKNOWN if quality is None else INVALID,
        probability=0.0,
        matches=(),
        deviation=None,
        speed=speed,
        rate=rate,
        evidence=evidence,
    )
