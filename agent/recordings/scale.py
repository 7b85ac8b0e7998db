"""What one volt, one count or full scale of a recording is in g: the sensor's sensitivity, and the recorder's range.

`100mV/g` with `10V` at full scale, `256LSB/g`, `3.9mg/LSB`, or `16g` at full scale: all become one factor.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from agent.limits import STANDARD_GRAVITY
from agent.tables.units import plain, unit_sense

Input: TypeAlias = Literal["V", "count"]
"""What a sensor gives for acceleration: volts, or counts of its converter."""

SENSITIVITY: Final = "a number and V, mV or LSB per g or m/s2, like 100mV/g, 10.2mV/(m/s2) or 256LSB/g"
FULL_SCALE: Final = "a number and V, mV or g at full scale, like 10V or 16g; of counts 16g/32768"
MAX_G = 1e6  # beyond any accelerometer's full scale or least step

_COUNTS = ("lsb", "count", "counts", "cts", "digit", "digits", "bit")
_CHARGE = re.compile(r"[pn]c\b")
_NUMBER_UNIT = re.compile(r"\s*([+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?)\s*(.*\S)\s*", re.IGNORECASE)
_COUNTED = re.compile(r"(.*\S)\s*/\s*(\d+)\s*(?:lsb|counts?|digits?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """`per_g` volts or counts for one g."""

    per_g: float
    of: Input


@dataclass(frozen=True, slots=True)
class FullScale:
    """`value` volts or g at full scale, which is `counts` counts where that was given."""

    value: float
    unit: Literal["V", "g"]
    counts: int | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """What was given of both; the empty one says nothing."""

    sensitivity: Sensitivity | None = None
    full_scale: FullScale | None = None

    def __bool__(self) -> bool:
        return self.sensitivity is not None or self.full_scale is not None

    @property
    def of_volts(self) -> bool:
        """Whether the sensor gives volts, so that a column of them is its acceleration."""
        return self.sensitivity is not None and self.sensitivity.of == "V"

    def g_per_volt(self) -> float | str:
        """g of one volt, or what is missing for it, as the end of a sentence."""
        if self.full_scale is not None:
            return "holds volts, which have no full scale; leave out --full-scale"
        if self.sensitivity is None or self.sensitivity.of != "V":
            return "holds volts; give the sensor's sensitivity in volts (--sensitivity, like 100mV/g)"
        return 1 / self.sensitivity.per_g

    def g_per_full_scale(self, step: float | None) -> float | str:
        """g of a sample that is 1 at full scale and was counted in steps of `step` (None: it was not)."""
        sensitivity, full_scale = self.sensitivity, self.full_scale
        if full_scale is not None and full_scale.counts is not None:
            return "is 1 at full scale whatever its counts; give --full-scale without them, like 10V or 16g"
        if full_scale is not None and full_scale.unit == "g":
            return full_scale.value if sensitivity is None else _both(full_scale)
        if sensitivity is not None and sensitivity.of == "count":
            if full_scale is not None:
                return "has counts per g given, and volts at full scale; leave out one (--sensitivity, --full-scale)"
            return "holds no counts; give --full-scale" if step is None else 1 / (step * sensitivity.per_g)
        if full_scale is None:
            return "is 1 at full scale; give the volts that these are, too (--full-scale, like 10V)"
        if sensitivity is None:
            return "has volts at full scale given; give the sensor's sensitivity, too (--sensitivity, like 100mV/g)"
        return full_scale.value / sensitivity.per_g

    def g_per_count(self) -> float | str:
        """g of one count of a converter."""
        sensitivity, full_scale = self.sensitivity, self.full_scale
        if sensitivity is not None and sensitivity.of == "count":
            if full_scale is None:
                return 1 / sensitivity.per_g
            return "has counts per g given; leave out --full-scale"
        if full_scale is None:
            return (
                "does not say what its numbers are; where they are volts, say so (--unit V or mV), where they are "
                "counts, give volts and counts at full scale (--full-scale, like 10V/32768)"
            )
        if full_scale.counts is None:
            return "does not say its full scale in counts; give them with it (--full-scale, like 16g/32768)"
        if full_scale.unit == "g":
            return full_scale.value / full_scale.counts if sensitivity is None else _both(full_scale)
        if sensitivity is None:
            return "has volts at full scale given; give the sensor's sensitivity, too (--sensitivity, like 100mV/g)"
        return full_scale.value / full_scale.counts / sensitivity.per_g


NO_SCALE: Final = Scale()


def sensitivity_of(text: str) -> Sensitivity:
    """`100mV/g`, `10.2 mV/(m/s2)`, `256LSB/g`, `3.9mg/LSB`, `10 g/V`; ValueError says what is wrong."""
    number, unit = _number_unit(text, SENSITIVITY)
    if _CHARGE.match(unit):
        raise ValueError(
            f"{text!r} is of a charge sensor, whose charge amplifier makes volts of it; give the volts behind that, "
            "like 100mV/g"
        )
    above, _, below = re.sub(r"\s*\bper\b\s*", "/", unit).partition("/")
    electric, inverse = _electric(above), _electric(below)
    if electric is not None and (in_g := _g_of(below)) is not None:
        return Sensitivity(_sensible(number * electric[0] / in_g, text), electric[1])
    if inverse is not None and (in_g := _g_of(above)) is not None:
        return Sensitivity(1 / _sensible(number * in_g / inverse[0], text), inverse[1])
    raise ValueError(f"{text!r} is no sensitivity; give {SENSITIVITY}")


def full_scale_of(text: str) -> FullScale:
    """`10V`, `16g`, `16g/32768`; ValueError says what is wrong."""
    counts: int | None = None
    if match := _COUNTED.fullmatch(text.strip()):
        text, counts = match[1], int(match[2])
        if not 1 < counts <= 1 << 31:
            raise ValueError(f"{counts} is no number of counts at full scale; give one like 32768")
    number, unit = _number_unit(text, FULL_SCALE)
    if (electric := _electric(unit)) is not None and electric[1] == "V":
        return FullScale(_sensible(number * electric[0], text), "V", counts)
    if (in_g := _g_of(unit)) is not None:
        return FullScale(_sensible(number * in_g, text), "g", counts)
    raise ValueError(f"{text!r} is no full scale; give {FULL_SCALE}")


def scale_of(sensitivity: str | None, full_scale: str | None) -> Scale:
    """What both say; ValueError where one cannot be read."""
    return Scale(
        None if sensitivity is None else sensitivity_of(sensitivity),
        None if full_scale is None else full_scale_of(full_scale),
    )


def _both(full_scale: FullScale) -> str:
    return f"has {full_scale.value:g} g at full scale given, so it needs no sensitivity; leave out --sensitivity"


def _number_unit(text: str, form: str) -> tuple[float, str]:
    match = _NUMBER_UNIT.fullmatch(text.replace("±", "").replace("+/-", "").replace("+-", ""))
    if match is None:
        raise ValueError(f"{text!r} has no number and unit; give {form}")
    return float(match[1].replace(",", ".")), plain(match[2])


def _sensible(value: float, text: str) -> float:
    if not (math.isfinite(value) and 1 / MAX_G <= value <= MAX_G):
        raise ValueError(f"{text!r} is beyond any accelerometer; correct the number or its unit")
    return value


def _electric(unit: str) -> tuple[float, Input] | None:
    """A unit of volts or counts, as how much one of it is."""
    unit = unit.strip(" ()[]")
    if unit in _COUNTS:
        return 1.0, "count"
    sense = unit_sense(unit)
    return (sense.scale, "V") if sense is not None and sense.base == "V" else None


def _g_of(unit: str) -> float | None:
    """How many g one of a unit of acceleration is."""
    sense = unit_sense(unit)
    if sense is None or sense.role != "acceleration":
        return None
    return sense.scale if sense.base == "g" else sense.scale / STANDARD_GRAVITY
