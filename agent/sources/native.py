"""Messages in this agent's own JSON: batches of x, y, z with rate_hz, unit, seq and t0; rpm; value; a number alone.

Numbers may stand in quotes, and an axis may be one number. Bytes meet their bounds first, then a typed decoder.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

import msgspec

from agent.sources.sent import MAX_SAMPLES, TIMES_TO_S, Sent, Unread
from agent.sources.unknown_keys import facts_in, named, unknown_keys
from agent.tables.numbers import number_of
from agent.types import AXES

LEAST_RPM = 120.0  # a smaller "speed" may be in Hz
SENDERS = frozenset(
    {"sender", "device", "device_id", "deviceid", "dev_id", "mac", "client_id", "clientid"}
) | frozenset({"node", "node_id", "sensor_id", "src", "source", "serial", "sn"})
"""Keys that name who sends."""
NAMES = frozenset({"id", "uid", "dev", "name"})
"""Keys that do where their value is a word; as a number it may count."""

Axis = Annotated[list[float], msgspec.Meta(max_length=MAX_SAMPLES)] | float


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as it is sent. `t0`: seconds at its first sample, Unix or since boot; `seq` counts batches."""

    x: Axis | None = None
    y: Axis | None = None
    z: Axis | None = None
    t0: float | None = None
    rate_hz: float | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None
    unit: str | None = None
    rpm: float | None = None
    value: float | None = None
    t: float | None = None


KEYS = frozenset(Batch.__struct_fields__)
_BATCH = msgspec.json.Decoder(Batch, strict=False)
_KEY = re.compile(r"\$\.(\w+)")


def read_native(payload: bytes, *, quantity: str | None) -> Sent | Unread:
    """What a message says; `quantity` is what its topic was configured for."""
    text = payload.strip()
    if text[:1] == b"[":
        return Unread("json_schema", 'is a list; say in a mapping what stands where, like x = "[*].x"')
    if text[:1] != b"{":
        return _bare(text)
    try:
        batch = _BATCH.decode(payload)
        unknown = unknown_keys(payload, KEYS)
    except msgspec.ValidationError as error:
        match = _KEY.search(str(error))
        return Unread("json_schema", _in_words(str(error)), match[1] if match else None)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return Unread("json", str(error))
    for key in ("t", "t0"):
        time_s = getattr(batch, key)
        if time_s is not None and not abs(time_s) < TIMES_TO_S:
            return Unread("json_schema", f"{key} {time_s} is no time in seconds", key)
    return _sent(batch, unknown, quantity)


def _in_words(message: str) -> str:
    """A decoder's complaint in the words of who reads a log."""
    for technical, plain in _WORDS.items():
        message = message.replace(f"`{technical}`", plain)
    return message[:1].lower() + message[1:].replace("`", "")


_WORDS = {
    "float | array | null": "a list of numbers or a number",
    "float | null": "a number",
    "int | null": "a whole number",
    "str | null": "text",
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
"""Types as the decoder names them -> in words, the longest first."""


def _bare(text: bytes) -> Sent | Unread:
    """A number alone, in quotes or not."""
    number = number_of(text.decode("utf-8", "replace").strip('" \t'))
    if number is not None:
        return Sent(value=number)
    kind = "json_schema" if _is_json(text) else "json"
    return Unread(kind, f"{text[:40].decode('utf-8', 'replace')!r} is neither an object nor a number")


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _sent(batch: Batch, unknown: dict[str, str], quantity: str | None) -> Sent | Unread:
    given = {axis: values for axis in AXES if (values := getattr(batch, axis)) is not None}
    axes = {axis: values if isinstance(values, list) else [values] for axis, values in given.items()}
    facts = facts_in(unknown)
    rpm = batch.rpm
    if rpm is None and quantity == "rpm" and facts.rpm is not None and batch.value is None:
        if facts.rpm < LEAST_RPM:
            said = f'a speed of {facts.rpm:g} may be in Hz; call it rpm, or map it (speed = "...", speed_scale = 60)'
            return Unread("speed", said, "speed")
        rpm = facts.rpm
        unknown = {key: text for key, text in unknown.items() if facts_in({key: text}).rpm is None}
    if not axes and rpm is None and batch.value is None:
        mend = f"; its keys are {named(unknown)}: say in a mapping which is which" if unknown else ""
        return Unread("json_schema", f"holds none of x, y, z, rpm, value{mend}")
    words = (key for key, text in unknown.items() if key.lower() in NAMES and text and number_of(text) is None)
    sender = next((key for key, text in unknown.items() if key.lower() in SENDERS and text), next(words, None))
    return Sent(
        axes=axes,
        unit=batch.unit,
        t0=batch.t0,
        rate_hz=batch.rate_hz,
        said_hz=facts.rate_hz,
        seq=batch.seq,
        sender=None if sender is None else unknown[sender],
        rpm=rpm,
        value=batch.value,
        t=batch.t if batch.t is None or math.isfinite(batch.t) else None,
        unknown=unknown,
    )
