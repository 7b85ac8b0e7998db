"""Vibration transmitters as data: which registers hold which figure, of which type, at what scale.

No profile here was verified on hardware; each says where its table comes from, and `check` tells who uses it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from agent.sources.rtu import MAX_WORDS

MAX_HOLE = 8  # registers read for nothing rather than asking twice
POSSIBLE = {
    "velocity_rms_mm_s": (0.0, 500.0),
    "acceleration_rms_g": (0.0, 200.0),
    "temperature_c": (-60.0, 250.0),
}
"""Figures outside are a wrong scale, a wrong sign or a wrong register."""

Quantity = Literal["velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"]


Type = Literal["uint16", "int16", "uint32", "int32", "float32"]

_FORMATS = {"uint16": ">H", "int16": ">h", "uint32": ">I", "int32": ">i", "float32": ">f"}
NO_READING = {
    16: frozenset({0xFFFF, 0x7FFF, 0x8000}),
    32: frozenset({0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000}),
}
"""What transmitters put into registers that hold no reading: all bits set, and the ends of the signed range.

A figure that is exactly one of these is lost, one in 20 000; an alarm for a sensor that is not there would be worse.
"""


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One or two registers, counted from 0 (40001 or 30001 in a manual is 0 here); figure = content x scale.

    `type` of 32 bits takes two, `words` says whether the first holds the high half; `signed` is "int16" by an older
    name. `function` 3 reads holding registers (4xxxx in a manual), 4 input registers (3xxxx).
    """

    register: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    quantity: Quantity
    axis: Literal["x", "y", "z"] | None = None
    scale: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    signed: bool = False
    type: Type | None = None
    words: Literal["high_first", "low_first"] = "high_first"
    function: Literal[3, 4] = 3

    def __post_init__(self) -> None:
        if self.signed and self.type not in (None, "int16"):
            raise ValueError(f"signed belongs to 16 bits; {self.type} says its sign itself")
        if self.register + self.width > 65_536:
            raise ValueError(f"{self.type} takes {self.width} registers, and there is one from {self.register} on")

    @property
    def width(self) -> int:
        """Registers that it takes."""
        return struct.calcsize(_FORMATS[self._type]) // 2

    @property
    def _type(self) -> Type:
        return self.type or ("int16" if self.signed else "uint16")

    def figure(self, *words: int) -> float | None:
        """The figure in the contents of its `width` registers, as they are numbered; None where they hold no reading.

        May be infinite, and not a number.
        """
        ordered = words if self.words == "high_first" else words[::-1]
        data = struct.pack(f">{self.width}H", *ordered)
        is_float = self._type == "float32"
        if (int.from_bytes(data) in NO_READING[16 * self.width]) and not (is_float and data == b"\x80\0\0\0"):
            return None  # as a float 0x80000000 is a zero, with a sign
        (content,) = struct.unpack(_FORMATS[self._type], data)
        return float(content) * self.scale


def is_possible(quantity: str, figure: float) -> bool:
    """Whether a machine can have this figure of a quantity of POSSIBLE; what is not a number it cannot."""
    low, high = POSSIBLE[quantity]
    return low <= figure <= high


def is_full_register(figure: float) -> bool:
    """Whether a figure is 0xFFFF, 0x7FFF or 0x8000 in whole units, tenths, hundredths or thousandths: no reading."""
    return any(abs(figure) == word / unit for word in NO_READING[16] for unit in (1, 10, 100, 1000))


@dataclass(frozen=True, slots=True)
class Profile:
    """A model of transmitter."""

    address: int  # as it leaves the factory
    registers: tuple[Register, ...]
    source: str
    doubt: str | None = None


PROFILES = {
    # The acceleration in 0x34..0x36 is a momentary value and no RMS: it is left alone.
    "wtvb01_485": Profile(
        address=0x50,
        registers=(
            Register(register=0x3A, quantity="velocity_rms_mm_s", axis="x"),
            Register(register=0x3B, quantity="velocity_rms_mm_s", axis="y"),
            Register(register=0x3C, quantity="velocity_rms_mm_s", axis="z"),
            Register(register=0x40, quantity="temperature_c", scale=0.01, signed=True),
        ),
        source="WitMotion WTVB01-485 manual v2.5-05-06, section 6.4",
        doubt="its velocity is whole mm/s in the manual and hundredths in other people's code, and may be a peak",
    ),
    "banner_qm42vt2": Profile(
        address=1,
        registers=(
            Register(register=5201, quantity="velocity_rms_mm_s", axis="z", scale=0.001),
            Register(register=5203, quantity="temperature_c", scale=0.01, signed=True),
            Register(register=5205, quantity="velocity_rms_mm_s", axis="x", scale=0.001),
        ),
        source="register order as published for QM42VT1 and QM42VT2, block at 5200",
        doubt="its scales are from memory of the maker's table",
    ),
}


def spans(registers: Sequence[Register]) -> list[tuple[int, int, int]]:
    """What to ask for: (function, first register, count) of as few requests as reach all registers."""
    found: list[tuple[int, int, int]] = []
    for function, register, width in sorted({(r.function, r.register, r.width) for r in registers}):
        last, first, count = found[-1] if found else (function, register, 0)
        end = max(first + count, register + width)
        if count and last == function and end - first <= MAX_WORDS and register - (first + count) <= MAX_HOLE:
            found[-1] = (function, first, end - first)
        else:
            found.append((function, register, width))
    return found
