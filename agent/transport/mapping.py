"""Which field of a message is what: the keys of `mapping` in a config, and the rules between them.

A path is written as in `agent.transport.paths`; of several the first that a message has counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from agent.transport.paths import steps_of

Path = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Paths = Path | Annotated[tuple[Path, ...], msgspec.Meta(min_length=1, max_length=8)]

AXIS_FIELDS = ("x", "y", "z")
PATH_FIELDS = (*AXIS_FIELDS, "time", "rate", "seq", "sender", "unit", "value", "value_unit", "speed")
SCALES = {"scale": AXIS_FIELDS, "rate_scale": ("rate",), "value_scale": ("value",), "speed_scale": ("speed",)}
"""Factor -> the fields that it multiplies."""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a sender puts what. `like` names a ready mapping, whose fields the others overrule.

    x, y, z: a number or a list of numbers, all in every message unless `axes_may_lack`. Times `scale` they are in
    `scaled_unit`, None: in the message's `unit`, or the sensor's. time: of the first sample or of each, in `time_unit`;
    a time since 1970 shows its own. rate: in Hz times `rate_scale`. value: the sensor's `quantity`, times
    `value_scale`, in that quantity's own unit unless the message says another at `value_unit`. speed: rpm, times
    `speed_scale`. seq counts messages; sender is who sends.
    """

    like: str | None = None
    format: Literal["json", "sparkplug_b"] | None = None
    x: Paths | None = None
    y: Paths | None = None
    z: Paths | None = None
    axes_may_lack: bool | None = None
    scale: float | None = None
    scaled_unit: Literal["g", "m/s2", "raw"] | None = None
    unit: Paths | None = None
    time: Paths | None = None
    time_unit: Literal["s", "ms", "us", "ns"] | None = None
    rate: Paths | None = None
    rate_scale: float | None = None
    seq: Paths | None = None
    sender: Paths | None = None
    value: Paths | None = None
    value_unit: Paths | None = None
    value_scale: float | None = None
    speed: Paths | None = None
    speed_scale: float | None = None

    def over(self, ready: Mapping) -> Mapping:
        """A ready mapping with what is given here in its place."""
        own = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(ready, **(own | {"like": None}))

    def paths(self, name: str) -> tuple[str, ...]:
        """The paths of a field, none where it is not mapped."""
        given: str | tuple[str, ...] | None = getattr(self, name)
        return () if given is None else (given,) if isinstance(given, str) else given

    def factor(self, name: str) -> float:
        """What the numbers of a field are multiplied by."""
        key = next((key for key, fields in SCALES.items() if name in fields), None)
        scale: float | None = None if key is None else getattr(self, key)
        return 1.0 if scale is None else scale


def problems_of(mapping: Mapping, where: str, *, needs: tuple[str, ...]) -> Iterator[str]:
    """Every mistake in a mapping that is whole, one line each, with its key; one of `needs` must be mapped."""
    for name in PATH_FIELDS:
        for path in mapping.paths(name):
            try:
                steps_of(path)
            except ValueError as error:
                yield f"{where}.{name}: {error}"
    if needs and not any(mapping.paths(name) for name in needs):
        yield f'{where}: maps none of {", ".join(needs)}; say where it stands in the message, like {needs[0]} = "a.b"'
    for key, fields in SCALES.items():
        scale = getattr(mapping, key)
        if scale is not None and not (math.isfinite(scale) and scale != 0):
            yield f"{where}.{key}: {scale} is no factor; give a number other than 0"
        if scale is not None and not any(mapping.paths(name) for name in fields):
            yield f"{where}.{key}: multiplies {' '.join(fields)}, of which none is mapped; map one, or remove it"
    for key, field in (("time_unit", "time"), ("scaled_unit", "x"), ("unit", "x")):
        fields = AXIS_FIELDS if field == "x" else (field,)
        if getattr(mapping, key) is not None and not any(mapping.paths(name) for name in fields):
            yield f"{where}.{key}: says something of {' '.join(fields)}, of which none is mapped; map one, or remove it"
    if mapping.unit is not None and mapping.scaled_unit is not None:
        yield f"{where}.unit: and scaled_unit both say a unit; give one of them"
