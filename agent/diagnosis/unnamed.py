"""A diagnosis without a name: what every other begins as, and what a bad signal or a machine at rest stays."""

from __future__ import annotations

from agent.faults import INVALID, UNKNOWN
from agent.types import Diagnosis, Evidence, Rate, Speed


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
