"""MQTT messages of one sensor as items: batches of samples, speeds and scalar readings. Pure, and nothing is raised.

A batch must say, or its route must, at what rate it was sampled; `seq` or `t0` tells what was lost before it. A rate
that another key of the message, the times of its rows or the pace of the batches contradicts is told, and its samples
are refused; so is what a second sender puts on the topic.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.limits import MAX_RATE_HZ, MAX_RPM, MIN_RATE_HZ, RATE_TOLERANCE, STANDARD_GRAVITY
from agent.sources.mapped import MappedReader
from agent.sources.native import read_native
from agent.sources.pace import SELDOM_S, Pace
from agent.sources.positions import DUPLICATES, Position, advance, afresh
from agent.sources.senders import Mark, Senders
from agent.sources.sent import MAX_SAMPLES as MAX_SAMPLES
from agent.sources.sent import TIMES_TO_S, Sent, Unread
from agent.sources.transmitters import POSSIBLE, is_full_register, is_possible
from agent.sources.unknown_keys import named
from agent.stream.figures import hz_in_figures
from agent.tables.units import unit_sense
from agent.transport.routes import Route
from agent.types import Item, Reading, SampleBlock, Samples, SourceFault, Stream

UNIX_TIMES_FROM_S = 1e9  # smaller t0 are the sender's own time, since its boot
NO_SPEED = (-1.0, -99.0, -999.0, -9999.0)  # else a speed in reverse
MEND = "correct rate_hz"
OVERLAP_S, OVERLAP = 0.1, 0.25  # seconds, and share of a batch, by which stamps may be off
OVERLAPS = 2
TWICE = (1.8, 2.2)  # times the declared rate, which two senders make


class BatchReader:
    """One sensor's messages; a gap in `seq` or `t0` is a jump in the sample count.

    Messages say no session of their own, so they count up from `first_session`, another one at each start of the agent:
    what is named after a session and a sample (an alert's id) is then not named twice.
    """

    def __init__(self, route: Route, *, first_session: int = 0) -> None:
        self._route = route
        self._mapped = None if route.mapping is None else MappedReader(route.mapping)
        self._first_session = first_session
        self._position: Position | None = None
        self._arrived_s = 0.0  # the latest batch
        self._repeats = 0  # duplicates in a row
        self._pace = Pace()
        self._senders = Senders()
        self._overlaps = 0  # in a row
        self._rows_hz: float | None = None  # as the times of the first rows said
        self._has_named = False  # the unknown keys were told

    def feed(
        self, payload: bytes, *, arrival_s: float, wall_s: float, retained: bool = False, is_birth: bool = False
    ) -> list[Item]:
        """The items of one message that arrived at `arrival_s` (Unix time `wall_s`).

        `retained`: it is of unknown age; `is_birth`: it may tell names alone.
        """
        quantity = self._route.quantity
        if self._mapped is None:
            native = read_native(payload, quantity=quantity)
            read = native if isinstance(native, Unread) else [native]
        else:
            read = self._mapped.read(payload, quantity=quantity)
        if isinstance(read, Unread):
            return [] if is_birth and read.kind == "field_missing" else [self._unread(read)]
        items: list[Item] = []
        for number, sent in enumerate(read):
            items += self._items(sent, hash((payload, number)), arrival_s, wall_s, retained=retained)
        return items

    def _items(self, sent: Sent, content: int, arrival_s: float, wall_s: float, *, retained: bool) -> list[Item]:
        if not retained and (why := self._second_sender(sent, content)) is not None:
            return [self._fault("second_sender", why, sent.count, key="sender" if sent.sender else None)]
        route = self._route
        sent_s = sent.t if sent.t is not None and sent.t >= UNIX_TIMES_FROM_S else wall_s
        items: list[Item] = []
        if sent.rpm is not None and route.quantity in (None, "rpm"):
            stale = retained and self._fault("retained", "a speed of unknown age")
            items.append(stale or self._reading("rpm", sent.rpm, arrival_s, sent_s))
        if sent.value is not None:
            items.append(self._reading(route.quantity, sent.value, arrival_s, sent_s))
        if sent.axes:
            old = retained and self._fault("retained", "samples of unknown age")
            items.append(old or self._block(sent, arrival_s, wall_s))
        return [*items, *self._unknown(sent)]

    def _second_sender(self, sent: Sent, content: int) -> str | None:
        rate_hz = sent.rate_hz or self._route.rate_hz or sent.said_hz or sent.rows_hz
        seconds = sent.count / rate_hz if rate_hz else 0.0
        seq, t0 = (sent.seq, sent.t0) if sent.axes else (None, None)
        return self._senders.feed(Mark(seq, t0, seconds, content, sent.sender))

    def _unknown(self, sent: Sent) -> list[Item]:
        """Once for a topic and sensor: what its messages hold beside the keys that are known."""
        if self._has_named or not sent.unknown:
            return []
        self._has_named = True
        rate = "" if sent.said_hz is None else f"; they say {sent.said_hz:g} Hz"
        return [self._fault("unknown_keys", f"{named(sent.unknown)} on {self._route.topic} are no known keys{rate}")]

    def _reading(self, quantity: str | None, value: float, arrival_s: float, wall_s: float) -> Item:
        if quantity is None:
            mend = "set quantity for this sensor, or send x, y, z"
            return self._fault("json_schema", f"a bare number, but no quantity is configured for this topic; {mend}")
        if not math.isfinite(value):
            return self._fault("not_finite", f"{quantity} {value}")
        if quantity == "rpm" and value in NO_SPEED:
            return self._fault("no_reading", f"{value:g} rpm is what drives send for no reading")
        if quantity == "rpm":
            value = abs(value)  # a drive in reverse; its machine vibrates at the same orders
            if value > MAX_RPM:
                return self._fault("speed", f"{value} rpm is more than {MAX_RPM:g}")
        elif quantity in POSSIBLE and not is_possible(quantity, value):
            return self._fault("implausible", f"{quantity} {value:g} cannot be")
        if is_full_register(value):
            return self._fault("no_reading", f"{quantity} {value:g} is a register that holds no reading")
        return Reading(self._route.sensor, quantity, value, arrival_s, wall_s, self._route.axis)

    def _block(self, sent: Sent, arrival_s: float, wall_s: float) -> Item:
        count = sent.count
        rate_hz = self._rate(sent)
        if isinstance(rate_hz, SourceFault):
            return rate_hz
        if not count or min(len(values) for values in sent.axes.values()) != count:
            return self._fault("unequal_axes", f"axes of {sorted(len(v) for v in sent.axes.values())} samples", count)
        if sent.t0 is not None and not abs(sent.t0) < TIMES_TO_S:
            return self._fault("json_schema", f"t0 {sent.t0} is no time in seconds", count, key="t0")
        told = sent.unit or self._route.unit
        scaled = _in_g(np.array(list(sent.axes.values()), np.float64).T, told)
        if scaled is None:
            why = f"{told!r} is no unit of acceleration; g, mg, m/s2, mm/s2, gal and raw are"
            return self._fault("unit", why, count, key="unit")
        samples, unit, factor = scaled
        if not np.isfinite(samples).all():
            return self._fault("not_finite", "a sample is not finite as float32", count)
        full_scale = None if self._route.full_scale is None else self._route.full_scale * factor
        stream = Stream(self._route.sensor, rate_hz, tuple(sent.axes), unit, full_scale, self._first_session)
        position = advance(self._position, stream, seq=sent.seq, t0=sent.t0, count=count, skipped=sent.missing)
        last = self._position
        if last is not None and position is not None and self._is_apart(last, sent, arrival_s, count / rate_hz):
            position = afresh(last, stream, seq=sent.seq, t0=sent.t0, count=count)
        self._arrived_s = arrival_s
        if position is None:
            self._repeats += 1
            if self._position is None or self._repeats < DUPLICATES:
                return self._fault("duplicate", f"seq {sent.seq} came before", count)
            # Nobody repeats so much: it restarted.
            position = afresh(self._position, stream, seq=sent.seq, t0=sent.t0, count=count)
        self._repeats = 0
        before, self._position = self._position, position
        off = self._off_pace(sent, before, position, arrival_s)
        if off is not None:
            return off
        t0 = sent.t0
        return SampleBlock(
            stream=position.stream,
            start=position.start,
            values=samples,
            device_us=None if t0 is None or t0 < 0 else round(t0 * 1e6),
            arrival_s=arrival_s,
            wall_s=t0 if t0 is not None and t0 >= UNIX_TIMES_FROM_S else wall_s - count / rate_hz,
        )

    def _is_apart(self, last: Position, sent: Sent, arrival_s: float, seconds: float) -> bool:
        """Whether time passed since the batch before, of which no count tells: the next one is another session.

        A batch of a sensor that sleeps is a snapshot by itself, unless its `t0` says that it goes on.
        """
        if sent.t0 is not None and last.t0 is not None:
            lasted_s = (last.end - last.start) / last.stream.rate_hz
            return self._route.snapshots and sent.t0 - last.t0 - lasted_s > seconds / 2
        uncounted = sent.seq is None and sent.missing is None
        return self._route.snapshots or (uncounted and arrival_s - self._arrived_s - seconds > SELDOM_S)

    def _rate(self, sent: Sent) -> float | SourceFault:
        """The declared rate, else what the message says otherwise; a fault where there is none, or they disagree."""
        if sent.rows_hz is not None and self._rows_hz is None:
            self._rows_hz = sent.rows_hz
        known = (sent.rate_hz, self._route.rate_hz, sent.said_hz, self._rows_hz)
        rate_hz = next((hz for hz in known if hz is not None), None)
        if rate_hz is None:
            return self._fault("no_rate", "says no rate_hz, and none is configured for this sensor", sent.count)
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            why = f"rate_hz {rate_hz} is not between {MIN_RATE_HZ:g} and {MAX_RATE_HZ:g}"
            return self._fault("rate", why, sent.count, key="rate_hz")
        for other_hz, where in ((sent.said_hz, "the message says"), (sent.rows_hz, "the times of its rows say")):
            if other_hz is not None and abs(other_hz / rate_hz - 1) > RATE_TOLERANCE:
                return self._rate_off(f"{rate_hz:g} Hz declared, {where} {other_hz:g} Hz; {MEND}", sent.count)
        return rate_hz

    def _off_pace(
        self, sent: Sent, before: Position | None, position: Position, arrival_s: float
    ) -> SourceFault | None:
        """A fault where samples come faster or slower than they are said to, or batches overlap."""
        rate_hz, overlap_s = position.stream.rate_hz, 0.0
        goes_on = before is not None and before.stream == position.stream
        if goes_on and before is not None and sent.t0 is not None and before.t0 is not None:
            overlap_s = before.t0 + (before.end - before.start) / rate_hz - sent.t0
        self._overlaps = self._overlaps + 1 if overlap_s > max(OVERLAP_S, OVERLAP * sent.count / rate_hz) else 0
        if self._overlaps >= OVERLAPS:
            why = f"batches begin {overlap_s:.2g} s before the last has ended; {MEND}, or give each sensor a topic"
            return self._rate_off(why, sent.count)
        time_s = arrival_s if sent.t0 is None else sent.t0
        seen_hz = None if self._route.snapshots else self._pace.feed(time_s, position.end, sent.count, rate_hz=rate_hz)
        if seen_hz is None:
            return None
        why = _mends(seen_hz / rate_hz, is_stamped=sent.t0 is not None)
        if TWICE[0] <= seen_hz / rate_hz <= TWICE[1]:
            why += ", or give each sensor a topic of its own if two send here"
        return self._rate_off(f"{rate_hz:g} Hz declared, {hz_in_figures(seen_hz)} Hz arrive; {why}", sent.count)

    def _rate_off(self, detail: str, samples: int) -> SourceFault:
        return self._fault("rate_off", detail, samples, key="rate_hz")

    def _unread(self, unread: Unread) -> SourceFault:
        return self._fault(unread.kind, unread.detail, unread.samples, key=unread.key)

    def _fault(self, kind: str, detail: str, samples: int = 0, *, key: str | None = None) -> SourceFault:
        return SourceFault(kind, detail[:200], self._route.sensor, samples, key=key)


def _mends(factor: float, *, is_stamped: bool) -> str:
    """What may be wrong where batches come at so many times the declared rate, by the clock of who sends or by ours."""
    if is_stamped:
        return f"{MEND}, or the clock behind t0"
    if factor < 1:
        return f"{MEND}, or send t0 where who sends them pauses between batches or loses some"
    return MEND


def _in_g(columns: NDArray[np.float64], unit: str | None) -> tuple[Samples, Literal["g", "raw"], float] | None:
    """Samples as float32, in g where their unit is known; that unit; and the factor that was applied. None: no unit."""
    sense = None if unit is None else unit_sense(unit)
    base = "raw" if unit in (None, "raw") else None if sense is None else sense.base
    if base is None:
        return None
    scale = 1.0 if sense is None or base == "raw" else sense.scale
    factor = scale / STANDARD_GRAVITY if base == "m/s2" else scale
    with np.errstate(over="ignore"):  # too large for float32: becomes infinite, and is refused as such
        samples = np.ascontiguousarray(columns * factor, np.float32)
    return samples, "raw" if base == "raw" else "g", factor
