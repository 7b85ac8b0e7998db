"""What a sensor's decision has counted so far, as a value: to be kept, moved to another process, and gone on from.

Bounded, and its bounds are checked when it is decoded: it may come from a file that somebody hands in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import msgspec

from agent.alerting.standing import Shown, Standing
from agent.alerting.window_rules import Sum
from agent.types import UNKNOWN, Alert, Diagnosis

MOST_RECENT = 64
"""Of the latest windows over the limit that are moved; a decision that waits for more counts those anew."""

_SLOWEST_RENAME = 6  # doublings: a name that keeps changing is told ever more rarely, in the end 64 times as slowly

Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
Name = Annotated[str, msgspec.Meta(max_length=200)]


@dataclass(frozen=True, slots=True)
class HeldName:
    """How long the windows of an alert have agreed on one name."""

    fault: Name = UNKNOWN
    windows: Count = 0
    changes: Count = 0


def held_on(name: HeldName, present: str, fault: str, raise_after: int) -> tuple[HeldName, bool]:
    """With one window's consensus counted; True where it has held long enough to replace the `present` name."""
    windows = name.windows + 1 if fault == name.fault else 1
    changed = fault != present and windows >= raise_after << min(name.changes, _SLOWEST_RENAME)
    return HeldName(fault, windows, name.changes + changed), changed


@dataclass(frozen=True, slots=True)
class BearingCounts:
    """Of one bearing."""

    bearing: Name | None
    run: Count = 0
    cusum: Sum = 0.0
    raised: Count = 0
    standing: Standing = Standing.UNCONFIRMED
    rests_on: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0  # as `window_rules.Detector`
    name: HeldName = field(default_factory=HeldName)
    recent: Annotated[tuple[Diagnosis, ...], msgspec.Meta(max_length=MOST_RECENT)] = ()
    state: Shown | None = None
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class DecisionCounts:
    """Of one sensor."""

    bearings: Annotated[tuple[BearingCounts, ...], msgspec.Meta(max_length=1000)] = ()
    entered: Shown | None = None
    heard_s: float | None = None  # monotonic: of one start of one machine
