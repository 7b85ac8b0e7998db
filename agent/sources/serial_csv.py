"""A serial port on which a sketch prints columns of numbers: three axes, or six or nine, with or without a time stamp.

Rows are counted; a time stamp shows which are missing, and without one a re-opened port is a new session. A rate comes
from the config or from stamps with a unit, and nowhere else: rows without one are refused.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec

from agent.limits import RATE_TOLERANCE, STANDARD_GRAVITY
from agent.sources.csvlines import CsvRow, LineReader, Refusal
from agent.sources.line_speed import LineSpeed
from agent.sources.port import Baud, Port, PortConfig
from agent.sources.rows import RateWatch, RowBlocks
from agent.sources.stamps import Counts, RateFromStamps, Stamps, Step
from agent.sources.understanding import Understanding
from agent.stream.figures import hz_in_figures
from agent.tables.values import Table, Told
from agent.transport.routes import Route
from agent.types import Counters, Item, SampleBlock, SourceFault, Stream

Column = Annotated[int, msgspec.Meta(ge=1, le=64)] | Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
LARGEST = 2.0**31  # counts of the widest converter there is; no accelerometer gives more, in any unit


SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
"""Unit of a time column, as the config names it -> seconds."""


class SerialCsvConfig(PortConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`columns` and `time` are names in the header or numbers from 1; None leaves them to the header."""

    baud: Baud = 115_200
    columns: Annotated[tuple[Column, ...], msgspec.Meta(min_length=1, max_length=3)] | None = None
    time: Column | None = None
    time_unit: Literal["s", "ms", "us"] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A row, and where it belongs."""

    stream: Stream  # of any session
    values: list[float]
    missing: int = 0  # rows before it
    device_us: int | None = None
    is_new: bool = False  # the first of a session


class SerialCsvSource:
    """Reads rows from one serial port for one sensor."""

    def __init__(self, config: SerialCsvConfig, routes: Sequence[Route], *, name: str = "serial_csv") -> None:
        self.name = name
        self._config = config
        self._route = next((route for route in routes if route.quantity is None), None)
        self._speed = LineSpeed(routes, source=name)
        self._port = Port(config, gather=True)
        rate_hz = None if self._route is None else self._route.rate_hz
        self._lines = LineReader(Told(columns=config.columns, time_column=config.time, rate_hz=rate_hz))
        self._understanding = Understanding(unit="row of numbers", baud=config.baud, kind="serial_csv")
        self._first_session = secrets.randbits(32)  # sessions count up from here, others at each start of the agent
        self._sessions = 0
        self._measured_hz: float | None = None
        self._begin(None)

    def _begin(self, table: Table | None) -> None:
        """Another table is another stream."""
        self._table = table
        self._blocks: RowBlocks | None = None
        self._stamps: Stamps | Counts | None = None
        self._measuring: RateFromStamps | None = None
        self._watch: RateWatch | None = None

    def open(self) -> None:
        """Open the port; TransportError where it is missing, held by another process or not permitted."""
        self._port.open()
        self._lines.restart()
        self._understanding.restart()
        if self._watch is not None:
            self._watch.restart()
        if self._blocks is not None and self._stamps is None:
            self._new_session(self._blocks.stream)  # nobody can tell what was missed

    def read(self, timeout_s: float) -> list[Item]:
        """Items of what has arrived, waiting up to `timeout_s` for a byte; TransportError once the port is gone."""
        data = self._port.read(timeout_s)
        arrival_s, wall_s = time.monotonic(), time.time()
        results = self._lines.feed(data) if data else self._lines.settle()
        refused: list[Refusal] = []
        items: list[Item] = []
        rows = 0
        for result in results:
            if isinstance(result, Refusal):
                self._refuse(result, refused)
                rows += result.samples
                continue
            if result.table is not self._table:
                items += self._take(arrival_s, wall_s, everything=True)
                self._begin(result.table)
            place = self._place(result, refused)
            if place is None:
                continue
            if place.is_new:
                items += self._take(arrival_s, wall_s, everything=True)
            self._put(place)
            rows += 1 + (place.missing if place.missing <= place.stream.rate_hz else 0)  # not those of an outage
        items += self._take(arrival_s, wall_s, everything=not data)
        refused += self._watched(rows, arrival_s)
        whole = [result for result in results if isinstance(result, CsvRow)]
        speeds, untaken = self._speed.feed(whole, arrival_s=arrival_s, wall_s=wall_s)
        understood = self._lines.is_promising or bool(whole)
        return [
            *speeds,
            *items,
            *self._merged([*refused, *untaken]),
            *self._understanding.feed(data, understood=understood, now_s=arrival_s),
        ]

    def fileno(self) -> int:
        """What becomes readable once something has arrived."""
        return self._port.fileno()

    def close(self) -> None:
        self._port.close()

    def counters(self) -> Counters:
        """Bytes, opens; lines by what became of them; sessions begun."""
        return self._port.counts | self._lines.counts | {"sessions": self._sessions}

    def _place(self, row: CsvRow, refused: list[Refusal]) -> _Place | None:
        """Where a row belongs; None where it is refused, or serves to measure the rate."""
        rate_hz, why = self._rate(row)
        if rate_hz is None or self._route is None:
            refused += [why] if why else []
            return None
        stream, factors = self._stream(row.table, rate_hz)
        values = [value * factor for value, factor in zip(row.values, factors, strict=True)]
        if max(map(abs, values)) > LARGEST:
            self._refuse(Refusal("too_large", f"{row.values} is beyond any range", 1), refused)
            return None
        is_new = self._blocks is None
        step = self._step(row, rate_hz, refused)
        if step is None:
            return None
        return _Place(stream, values, step.missing, step.device_us, is_new=is_new or step.is_new)

    def _step(self, row: CsvRow, rate_hz: float, refused: list[Refusal]) -> Step | None:
        """How many rows are missing before this one, by its time or else its counter; None where it is refused."""
        second = self._second(row.table)
        if second is not None and row.stamp is not None:
            self._stamps = self._stamps or Stamps(second=second, rate_hz=rate_hz)
            step, said = self._stamps.feed(row.stamp), f"time {row.stamp:.15g}"
        elif row.count is not None:
            self._stamps = self._stamps or Counts(rate_hz=rate_hz)
            step, said = self._stamps.feed(row.count), f"count {row.count:.15g}"
        else:
            return Step(0, None)
        if step is None:
            self._refuse(Refusal("time", f"{said} continues nothing", 1), refused)
        return step

    def _put(self, place: _Place) -> None:
        if place.is_new:
            self._new_session(place.stream)
        assert self._blocks is not None
        self._blocks.skip(place.missing)
        self._blocks.add(place.values, device_us=place.device_us)

    def _take(self, arrival_s: float, wall_s: float, *, everything: bool) -> list[SampleBlock]:
        if self._blocks is None:
            return []
        return self._blocks.take(arrival_s=arrival_s, wall_s=wall_s, everything=everything)

    def _refuse(self, refusal: Refusal, refused: list[Refusal]) -> None:
        """Where no stamp shows what is missing, a refused line moves the count on; a stamp would count it again."""
        refused.append(refusal)
        if self._blocks is not None and self._stamps is None:
            self._blocks.skip(refusal.samples)

    def _rate(self, row: CsvRow) -> tuple[float | None, Refusal | None]:
        if self._route is None:
            return None, Refusal("no_route", "no sensor is configured for this source")
        declared, written = self._route.rate_hz, row.table.facts.rate_hz
        if declared is not None and written is not None and abs(written / declared - 1) > RATE_TOLERANCE:
            detail = f"{declared:g} Hz declared, the lines say {written:g} Hz; correct rate_hz"
            return None, Refusal("rate_off", detail, 1)
        if declared is not None:
            return declared, None
        if self._measured_hz is not None:
            return self._measured_hz, None
        second = self._second(row.table)
        if second is None or row.stamp is None:
            if written is not None:
                return written, None
            clock = "no time column" if row.table.time is None else "no unit of its time column (time_unit)"
            return None, Refusal("no_rate", f"no rate_hz is configured for this sensor, and there is {clock}")
        if self._measuring is None:
            self._measuring = RateFromStamps(second=second)
        self._measured_hz = self._measuring.feed(row.stamp)
        return None, None

    def _second(self, table: Table) -> float | None:
        unit = self._config.time_unit
        if unit is not None:
            return SECONDS[unit]
        return None if table.time is None else table.columns[table.time].second

    def _stream(self, table: Table, rate_hz: float) -> tuple[Stream, list[float]]:
        """What the rows are, and the factors that make their values so: a unit of the config is that of the print."""
        route = self._route
        assert route is not None
        unit = route.unit or table.unit
        factor = 1 / STANDARD_GRAVITY if unit == "m/s2" else 1.0
        printed = [1.0 if unit == table.unit else scale for scale in table.scales]
        full_scale = None if route.full_scale is None else route.full_scale * factor
        known: Literal["g", "raw"] = "raw" if unit in (None, "raw") else "g"
        return Stream(route.sensor, rate_hz, table.axes, known, full_scale), [factor / scale for scale in printed]

    def _new_session(self, stream: Stream) -> None:
        self._blocks = RowBlocks(replace(stream, session=self._first_session + self._sessions))
        self._watch = RateWatch(stream.rate_hz)
        self._sessions += 1

    def _watched(self, rows: int, now_s: float) -> list[Refusal]:
        seen_hz = None if self._watch is None else self._watch.feed(rows, now_s=now_s)
        if seen_hz is None or self._blocks is None:
            return []
        declared = self._blocks.stream.rate_hz
        return [Refusal("rate_off", f"{declared:g} Hz declared, {hz_in_figures(seen_hz)} Hz arrive; correct rate_hz")]

    def _merged(self, refused: list[Refusal]) -> list[SourceFault]:
        """One fault per kind and read: a line that is always wrong would be thousands a second."""
        sensor = None if self._route is None else self._route.sensor
        faults: dict[str, SourceFault] = {}
        for refusal in refused:
            lost = faults[refusal.kind].samples if refusal.kind in faults else 0
            faults[refusal.kind] = SourceFault(refusal.kind, refusal.detail, sensor, lost + refusal.samples)
        return list(faults.values())
