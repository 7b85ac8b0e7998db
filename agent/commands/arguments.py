"""Argument types that several figures of a machine need: wrong ones are wrong usage, said before anything is read."""

from __future__ import annotations

import argparse

from agent.limits import MAX_RPM

WIDEST = 2.0  # highest over lowest speed: further apart, a speed and its double look alike


def rpm(text: str) -> float:
    """A shaft speed."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_RPM:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; give a number above 0, at most {MAX_RPM:g}")
    return value


def rpm_range(text: str) -> tuple[float, float]:
    """Two shaft speeds, as in 1400-1500."""
    low, dash, high = text.partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"{text!r} is no range; give two speeds, the lower first, like 1400-1500")
    limits = rpm(low), rpm(high)
    if not limits[0] < limits[1] < WIDEST * limits[0]:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give the lower speed first, and less than {WIDEST:g}:1 apart: a speed and its double look alike"
        )
    return limits


def bearing(text: str) -> str:
    """The name or measures of a bearing, as `agent.catalogue.geometry_of` reads them."""
    from agent.config.bearings import geometry_of

    try:
        geometry_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
