"""Axes of a drawing: where a value lies in pixels, and at which round values it has ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Values `low` to `high` on pixels `start` to `end`; a logarithmic one wants both above 0.

    ValueError where nothing lies between `low` and `high`, or either is no number.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"nothing lies between {self.low} and {self.high}")
        if self.logarithmic and self.low <= 0:
            raise ValueError(f"{self.low} has no logarithm")

    def at(self, value: float) -> float:
        """The pixel of a value, the nearer end's where it lies outside."""
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def ticks(scale: Scale, most: int = 8) -> list[tuple[float, str]]:
    """About `most` round values at most, and how each is written; a power of ten may be written `10^-4`."""
    if scale.logarithmic:
        return _decades(scale, most)
    step = _nice((scale.high - scale.low) / most)
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    decimals = len(f"{step:.12f}".rstrip("0").partition(".")[2])
    return [(n * step, f"{n * step:.{decimals}f}" if step < 1e5 else f"{n * step:g}") for n in range(first, last + 1)]


def _nice(least: float) -> float:
    """The smallest of 1, 2, 2.5 or 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least * (1 - 1e-9))


def _decades(scale: Scale, most: int) -> list[tuple[float, str]]:
    lowest, highest = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
    every = max(1, math.ceil((highest - lowest) / most))
    steps = (1, 2, 5) if 3 * (highest - lowest) <= most else (1,)
    values = [factor * 10.0**power for power in range(lowest, highest + 1, every) for factor in steps]
    return [(value, _written(value)) for value in values if scale.holds(value)]


def _written(value: float) -> str:
    """As it is, or where that would be long as a power of ten, `2·10^-5`."""
    power = math.floor(math.log10(value) + 1e-9)
    if -3 <= power <= 4:
        return f"{value:g}"
    factor = round(value / 10.0**power)
    return f"10^{power}" if factor == 1 else f"{factor}·10^{power}"
