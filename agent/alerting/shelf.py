"""An open alert on the shelf: when its time is over, and what brings it back before.

In doubt it comes back too early, never too late: where the clock by which it was put there cannot be trusted any more,
its time is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

from agent.types import Diagnosis, Shelf

WORSE = 2.0
"""By this factor, 6 dB: about one zone of ISO 20816-3 further (1.6 to 2)."""

LEAST_DEVIATION = 1.0  # the limit of the healthy state; twice as far below it is no worsening


def shelf_for(
    seconds: float, *, windows: Sequence[Diagnosis], wall_s: float, origin: tuple[str, float] | None
) -> Shelf:
    """A shelf from now on. `windows`: the latest abnormal ones, whose median it is held against; `wall_s` and `origin`
    are what the clocks say (see `Shelf`)."""
    return Shelf(wall_s + seconds, seconds, origin, deviation=_deviation(windows), velocity_mm_s=_velocity(windows))


def is_over(shelf: Shelf, *, wall_s: float, origin: tuple[str, float] | None) -> bool:
    """Whether its time has passed. Within one start of the machine a clock that is set changes nothing; after another
    start the wall clock must say a time that can be: none from before the alert was put there."""
    passed_s = shelf.seconds - (shelf.until_wall_s - _as_then(shelf, wall_s, origin))
    return not 0 <= passed_s < shelf.seconds


def moved(shelf: Shelf, origin: tuple[str, float]) -> Shelf:
    """The same shelf by a clock that was set since; as it is where the machine was started anew."""
    if shelf.origin is None or shelf.origin[0] != origin[0]:
        return shelf
    return replace(shelf, until_wall_s=shelf.until_wall_s + origin[1] - shelf.origin[1], origin=origin)


def is_worse(shelf: Shelf, windows: Sequence[Diagnosis]) -> bool:
    """Whether the latest abnormal windows lie `WORSE` times as high as when the alert was put there."""
    then_far = None if shelf.deviation is None else max(shelf.deviation, LEAST_DEVIATION)
    return _has_grown(then_far, _deviation(windows)) or _has_grown(shelf.velocity_mm_s, _velocity(windows))


def _has_grown(then: float | None, now: float | None) -> bool:
    return then is not None and now is not None and now >= WORSE * then


def _as_then(shelf: Shelf, wall_s: float, origin: tuple[str, float] | None) -> float:
    """What the wall clock would say had nobody set it since."""
    if shelf.origin is None or origin is None or shelf.origin[0] != origin[0]:
        return wall_s
    return wall_s - origin[1] + shelf.origin[1]


def _deviation(windows: Iterable[Diagnosis]) -> float | None:
    return _median(window.deviation for window in windows)


def _velocity(windows: Iterable[Diagnosis]) -> float | None:
    return _median(window.evidence.velocity_rms.value if window.evidence else None for window in windows)


def _median(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None
