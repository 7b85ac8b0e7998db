"""Vibration transmitters as data: which register holds which figure, at what scale and with which sign.

No profile here was verified on hardware; each says where its table comes from, and `check` tells who uses it.
"""

from __future__ import annotations

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


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One 16-bit holding register, counted from 0 (40001 in a manual is 0 here); figure = content x scale."""

    register: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    quantity: Quantity
    axis: Literal["x", "y", "z"] | None = None
    scale: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    signed: bool = False

    def figure(self, word: int) -> float:
        return (word - 65_536 if self.signed and word >= 32_768 else word) * self.scale


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


def spans(registers: Sequence[Register]) -> list[tuple[int, int]]:
    """What to ask for: (first register, count) of as few requests as reach all registers."""
    found: list[tuple[int, int]] = []
    for register in sorted({r.register for r in registers}):
        first, count = found[-1] if found else (register, 0)
        if count and register - first < MAX_WORDS and register - (first + count) <= MAX_HOLE:
            found[-1] = (first, register - first + 1)
        else:
            found.append((register, 1))
    return found
