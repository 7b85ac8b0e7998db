"""MQTT messages in JSON as items: batches of samples, speeds and scalar readings. Pure, and nothing is raised.

A batch must say, or its route must, at what rate it was sampled; `seq` or `t0` tells what was lost before it. A rate
that another key of the message or the pace of the batches contradicts is told, and its samples are refused. Bytes meet
their bounds first, then a typed decoder, and only then become a value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.limits import MAX_GAP_S, MAX_RATE_HZ, MAX_RPM, MIN_RATE_HZ, RATE_TOLERANCE, STANDARD_GRAVITY
from agent.sources.pace import Pace
from agent.sources.transmitters import POSSIBLE, is_full_register, is_possible
from agent.sources.unknown_keys import facts_in, named, unknown_keys
from agent.transport.routes import Route
from agent.types import AXES, Item, Reading, SampleBlock, Samples, SourceFault, Stream

MAX_SAMPLES = 1 << 16  # per axis and message
DUPLICATES = 16  # so many messages back is a repeated delivery; farther, the sender started anew
UNIX_TIMES_FROM_S = 1e9  # smaller t0 are the sender's own time, since its boot
MEND = "correct rate_hz"
TIMES_TO_S = 2**53 / 1e6  # the year 2255; more is no time in seconds, milliseconds mostly

Axis = Annotated[list[float], msgspec.Meta(max_length=MAX_SAMPLES)]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as it is sent. `t0`: seconds at its first sample, Unix or since boot; `seq` counts batches."""

    x: Axis | None = None
    y: Axis | None = None
    z: Axis | None = None
    t0: float | None = None
    rate_hz: float | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None
    unit: Literal["g", "m/s2", "raw"] | None = None
    rpm: float | None = None
    value: float | None = None
    t: float | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a topic's batches have got to."""

    stream: Stream
    start: int  # sample index of the latest batch
    end: int
    seq: int | None
    t0: float | None


KEYS = frozenset(Batch.__struct_fields__)

_BATCH = msgspec.json.Decoder(Batch)
_NUMBER = msgspec.json.Decoder(float)


class BatchReader:
    """One sensor's JSON messages; a gap in `seq` or `t0` is a jump in the sample count.

    JSON says no session of its own, so they count up from `first_session`, another one at each start of the agent: what
    is named after a session and a sample (an alert's id) is then not named twice.
    """

    def __init__(self, route: Route, *, first_session: int = 0) -> None:
        self._route = route
        self._first_session = first_session
        self._position: Position | None = None
        self._repeats = 0  # duplicates in a row
        self._pace = Pace()
        self._has_named = False  # the unknown keys were told

    def feed(self, payload: bytes, *, arrival_s: float, wall_s: float, retained: bool = False) -> list[Item]:
        """The items of one message that arrived at `arrival_s` (Unix time `wall_s`); `retained`: of unknown age."""
        route = self._route
        try:
            if payload.lstrip()[:1] != b"{":
                return [self._reading(route.quantity, _NUMBER.decode(payload), arrival_s, wall_s)]
            message = _BATCH.decode(payload)
            unknown = unknown_keys(payload, KEYS)
        except msgspec.ValidationError as error:
            return [self._fault("json_schema", str(error))]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            return [self._fault("json", str(error))]
        said_hz = facts_in(unknown).rate_hz if unknown else None
        sent_s = message.t if message.t is not None and message.t >= UNIX_TIMES_FROM_S else wall_s
        if message.t is not None and not abs(message.t) < TIMES_TO_S:
            return [self._fault("json_schema", f"t {message.t} is no time in seconds")]
        items: list[Item] = []
        if message.rpm is not None and route.quantity in (None, "rpm"):
            stale = retained and self._fault("retained", "a speed of unknown age")
            items.append(stale or self._reading("rpm", message.rpm, arrival_s, sent_s))
        if message.value is not None:
            items.append(self._reading(route.quantity, message.value, arrival_s, sent_s))
        if any(getattr(message, axis) is not None for axis in AXES):
            old = retained and self._fault("retained", "samples of unknown age")
            items.append(old or self._block(message, arrival_s, wall_s, said_hz=said_hz))
        if not items:
            there = f"; its keys are {named(unknown)}" if unknown else ""
            return [self._fault("json_schema", f"holds none of x, y, z, rpm, value{there}")]
        return [*items, *self._unknown(unknown, said_hz)]

    def _unknown(self, keys: dict[str, str], said_hz: float | None) -> list[Item]:
        """Once for a topic and sensor: what its messages hold beside the keys that are known."""
        if self._has_named or not keys:
            return []
        self._has_named = True
        rate = "" if said_hz is None else f"; they say {said_hz:g} Hz"
        return [self._fault("unknown_keys", f"{named(keys)} on {self._route.topic} are no known keys{rate}")]

    def _reading(self, quantity: str | None, value: float, arrival_s: float, wall_s: float) -> Item:
        if quantity is None:
            return self._fault("json_schema", "a bare number, but no quantity is configured for this topic")
        if not math.isfinite(value):
            return self._fault("not_finite", f"{quantity} {value}")
        if quantity == "rpm":
            value = abs(value)  # a drive in reverse; its machine vibrates at the same orders
            if value > MAX_RPM:
                return self._fault("speed", f"{value} rpm is more than {MAX_RPM:g}")
        elif quantity in POSSIBLE and not is_possible(quantity, value):
            return self._fault("implausible", f"{quantity} {value:g} cannot be")
        if is_full_register(value):
            return self._fault("no_reading", f"{quantity} {value:g} is a register that holds no reading")
        return Reading(self._route.sensor, quantity, value, arrival_s, wall_s, self._route.axis)

    def _block(self, batch: Batch, arrival_s: float, wall_s: float, *, said_hz: float | None) -> Item:
        """`said_hz`: the rate that a key of another name says; it is believed where no other is known."""
        axes = {axis: values for axis in AXES if (values := getattr(batch, axis)) is not None}
        count = max(len(values) for values in axes.values())
        rate_hz = next((hz for hz in (batch.rate_hz, self._route.rate_hz, said_hz) if hz is not None), None)
        if rate_hz is None:
            return self._fault("no_rate", "says no rate_hz, and none is configured for this sensor", count)
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            return self._fault("rate", f"rate_hz {rate_hz} is not between {MIN_RATE_HZ:g} and {MAX_RATE_HZ:g}", count)
        if not count or min(len(values) for values in axes.values()) != count:
            return self._fault("unequal_axes", f"axes of {sorted(len(v) for v in axes.values())} samples", count)
        if batch.t0 is not None and not abs(batch.t0) < TIMES_TO_S:
            return self._fault("json_schema", f"t0 {batch.t0} is no time in seconds", count)
        samples, unit, factor = _in_g(np.array(list(axes.values()), np.float64).T, batch.unit or self._route.unit)
        if not np.isfinite(samples).all():
            return self._fault("not_finite", "a sample is not finite as float32", count)
        full_scale = None if self._route.full_scale is None else self._route.full_scale * factor
        stream = Stream(self._route.sensor, rate_hz, tuple(axes), unit, full_scale, self._first_session)
        position = _advance(self._position, stream, batch, count)
        if position is None:
            self._repeats += 1
            if self._position is None or self._repeats < DUPLICATES:
                return self._fault("duplicate", f"seq {batch.seq} came before", count)
            position = _afresh(self._position, stream, batch, count)  # nobody repeats so much: it restarted
        self._repeats = 0
        self._position = position
        t0 = batch.t0
        if said_hz is not None and abs(said_hz / rate_hz - 1) > RATE_TOLERANCE:
            return self._fault("rate_off", f"{rate_hz:g} Hz declared, the message says {said_hz:g} Hz; {MEND}", count)
        seen_hz = self._pace.feed(arrival_s if t0 is None else t0, position.end, rate_hz=rate_hz)
        if seen_hz is not None:
            why = MEND if t0 is not None else f"{MEND}, or send t0 if there are pauses between batches"
            return self._fault("rate_off", f"{rate_hz:g} Hz declared, {seen_hz:.4g} Hz arrive; {why}", count)
        return SampleBlock(
            stream=position.stream,
            start=position.start,
            samples=samples,
            device_us=None if t0 is None or t0 < 0 else round(t0 * 1e6),
            arrival_s=arrival_s,
            wall_s=t0 if t0 is not None and t0 >= UNIX_TIMES_FROM_S else wall_s - count / rate_hz,
        )

    def _fault(self, kind: str, detail: str, samples: int = 0) -> SourceFault:
        return SourceFault(kind, detail[:200], self._route.sensor, samples)


def _advance(last: Position | None, stream: Stream, batch: Batch, count: int) -> Position | None:
    """Where a batch of `count` samples belongs; None where it came before. Another session starts at sample 0."""
    if last is None:
        return Position(stream, 0, count, batch.seq, batch.t0)
    afresh = _afresh(last, stream, batch, count)
    if replace(stream, session=last.stream.session) != last.stream:
        return afresh
    missing = 0
    later = None if batch.t0 is None or last.t0 is None else batch.t0 - last.t0
    if batch.seq is not None and last.seq is not None:
        ahead = batch.seq - last.seq
        if ahead <= 0:
            repeated = ahead > -DUPLICATES and (later is None or later <= 0)
            return None if repeated else afresh
        missing = (ahead - 1) * count
    elif later is not None:
        late = round(later * stream.rate_hz) - (last.end - last.start)
        if late < -count:
            return afresh
        missing = late if late > count / 2 else 0  # less is the sender's own jitter
    if missing > MAX_GAP_S * stream.rate_hz:
        return afresh
    start = last.end + missing
    return Position(last.stream, start, start + count, batch.seq, batch.t0)


def _afresh(last: Position, stream: Stream, batch: Batch, count: int) -> Position:
    return Position(replace(stream, session=last.stream.session + 1), 0, count, batch.seq, batch.t0)


def _in_g(columns: NDArray[np.float64], unit: str | None) -> tuple[Samples, Literal["g", "raw"], float]:
    """Samples as float32, in g where their unit is known; that unit; and the factor that was applied."""
    factor = 1 / STANDARD_GRAVITY if unit == "m/s2" else 1.0
    with np.errstate(over="ignore"):  # too large for float32: becomes infinite, and is refused as such
        samples = np.ascontiguousarray(columns * factor, np.float32)
    return samples, "raw" if unit in (None, "raw") else "g", factor
