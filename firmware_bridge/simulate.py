"""The project's simulated motor as the vibration of a virtual sensor; the simulator is imported on use.

The only module of this package that knows the simulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from firmware_bridge.script import Script

if TYPE_CHECKING:
    from simulator import BearingGeometry

Step = tuple[str, float]
"""A fault id and for how many seconds the motor has it."""


def parse_script(text: str) -> list[Step]:
    """`healthy:15,outer_race:15,healthy:10` as steps; ValueError says what is wrong with it."""
    steps = []
    for part in text.split(","):
        fault, _, seconds = part.strip().partition(":")
        try:
            steps.append((fault, float(seconds)))
        except ValueError:
            raise ValueError(f"script step {part!r}; write fault:seconds, such as healthy:15") from None
        if not steps[-1][1] > 0:
            raise ValueError(f"script step {part!r} lasts no time; write fault:seconds, such as healthy:15")
    return steps


def parse_bearing(text: str) -> BearingGeometry:
    """`6205`, or `balls,ball_mm,pitch_mm[,angle_deg]`, also with slashes; ValueError says what is wrong with it."""
    from simulator import BEARING_6205, BearingGeometry

    if text == "6205":
        return BEARING_6205
    try:
        balls, *sizes = text.replace("/", ",").split(",")
        geometry = BearingGeometry(int(balls), *map(float, sizes))
    except (TypeError, ValueError):
        raise ValueError(f"bearing {text!r}; write 6205, or balls,ball_mm,pitch_mm such as 9,7.94,39.04") from None
    if geometry.balls < 3 or not 0 < geometry.ball_mm < geometry.pitch_mm:
        raise ValueError(f"bearing {text!r} cannot exist; write balls,ball_mm,pitch_mm such as 9,7.94,39.04")
    return geometry


def motor(steps: Sequence[Step], *, rate_hz: float, rpm: float, bearing: str = "6205", seed: int = 0) -> Script:
    """A small motor that goes through `steps`, the last one for ever; `rate_hz` is the sensor's true rate.

    ValueError names an unknown fault, an impossible speed, rate or bearing.
    """
    from simulator import demo_source, typical_condition

    source = demo_source(steps[0][0], rate_hz=rate_hz, rpm=rpm, seed=seed, geometry=parse_bearing(bearing))
    starts_s = accumulate(seconds for _, seconds in steps)
    acts = [
        (at_s, partial(source.change, condition=typical_condition(fault)))
        for at_s, (fault, _) in zip(starts_s, steps[1:], strict=False)
    ]
    return Script(source, acts, rate_hz=rate_hz)
