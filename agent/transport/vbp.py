"""Frames of the firmware's protocol as the agent's items; the one way in for serial, binary MQTT and `.vbp` files.

Every path multiplies the same integers by the same float32, so a recording, a port and a broker give the same samples
to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.errors import RecordingError
from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.transport.routes import Routes
from agent.types import Counters, DeviceStatus, Item, SampleBlock, Samples, SourceFault, Stream
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Data, Fault, Flag, Format, Frame, Hello, Log, StreamDescription
from firmware_bridge.numbers import counts_of
from firmware_bridge.session import Block, Heard, StreamStatus, StreamTable

READ_BYTES = 1 << 16
HELLO_PATIENCE_S = 15.0  # devices say HELLO every few seconds; who comes late waits for the next one
SELF_TEST = int(Flag.SELF_TEST)  # a plain number: whether a flag is set is asked of every frame


def values_of(data: Data, description: StreamDescription) -> NDArray[np.int16] | Samples:
    """(n, axes) counts as they came where they have 16 bits, as nearly all do; else samples, as float32.

    These are in g where the device knows its scale, else its integers.
    """
    if data.format is Format.I16:
        counts = np.frombuffer(data.payload, "<i2").reshape(data.n_samples, data.n_axes)
        return counts.astype(np.int16, copy=False)
    samples = counts_of(data).astype(np.float32)
    step = description.scale_g
    return samples if step is None else np.multiply(samples, np.float32(step), dtype=np.float32)


def samples_of(data: Data, description: StreamDescription) -> Samples:
    """The same as samples alone."""
    values = values_of(data, description)
    if values.dtype != np.int16 or description.scale_g is None:
        return values.astype(np.float32, copy=False)
    return np.multiply(values, np.float32(description.scale_g), dtype=np.float32)


def stream_of(description: StreamDescription, *, sensor: str, session: int, live: bool) -> Stream:
    """What a HELLO declares; full scale is the nearer of the sensor's range and the converter's last count."""
    step = description.scale_g
    limits = []
    if description.bits:
        limits.append((2 ** (description.bits - 1) - 1) * (1.0 if step is None else step))
    if step is not None and description.full_scale_g is not None:
        limits.append(description.full_scale_g)
    return Stream(
        sensor=sensor,
        rate_hz=description.rate_hz,
        axes=description.axes,
        unit="raw" if step is None else "g",
        full_scale=min(limits, default=None),
        session=session,
        step=1.0 if step is None else step,
        live=live,
    )


class Place(NamedTuple):
    """Where the blocks of one device's stream go: as what, or why nowhere; while session, HELLO and routes stay."""

    device: str
    session: int
    description: StreamDescription
    stream: Stream | SourceFault


class FrameReader:
    """What one line, topic or file has said so far; frames in, items out, nothing raised.

    `live=False` marks a recording, whose arrival times mean nothing. `session_base` is added to every session, so that
    a recording played again is another session.
    """

    def __init__(self, routes: Routes, *, live: bool = True, session_base: int = 0) -> None:
        self._routes = routes
        self._live = live
        self._session_base = session_base
        self._table = StreamTable()
        self._streams: dict[tuple[str, StreamDescription], Stream] = {}  # of the present session
        self._session: tuple[str, int] | None = None
        self._places: dict[int, Place] = {}  # by stream id
        self._greeted = False  # whether a HELLO came since we listen
        self._since_s: float | None = None  # when the first frame came that needs one
        self._counts = {"frames": 0, "blocks": 0, "faults": 0, "device_logs": 0, "before_hello": 0}

    def feed(self, frame: Frame | Fault, *, arrival_s: float, wall_s: float | None) -> list[Item]:
        """The items of one decoded frame that arrived, whole, at `arrival_s` (Unix time `wall_s`)."""
        if isinstance(frame, Fault):
            return [self._refuse(frame, sensor=None)]
        self._counts["frames"] += 1
        event = self._table.feed(frame)
        self._greeted = self._greeted or isinstance(frame, Hello)
        if isinstance(event, Block):
            return [self._block(event, arrival_s, wall_s)]
        if isinstance(event, StreamStatus):
            return self._status(event, arrival_s)
        if isinstance(event, Fault):
            return [] if self._is_early(event, arrival_s) else [self._refuse(event, sensor=self._sensor_of(event))]
        if isinstance(event, Log):
            self._counts["device_logs"] += 1
        return []

    @property
    def routes(self) -> Routes:
        return self._routes

    def reroute(self, routes: Routes) -> None:
        """What belongs to which sensor from now on; sessions go on."""
        self._routes = routes
        self._places.clear()

    def listen_anew(self) -> None:
        """The line was opened again: what is under way on it may have begun without us."""
        self._greeted, self._since_s = False, None

    def counters(self) -> Counters:
        """Frames, blocks handed on, faults, log lines, frames too early for us, frames missing by number, sessions."""
        table = self._table
        return self._counts | {"frames_missing": table.frames_missing, "sessions": table.starts}

    def _block(self, block: Block, arrival_s: float, wall_s: float | None) -> Item:
        description, data = block.stream, block.data
        place = self._places.get(data.stream_id)
        if (
            place is None
            or place.description is not description
            or place.session != block.session
            or place.device != block.device
        ):
            stream = self._stream_or_fault(block)
            place = self._places[data.stream_id] = Place(block.device, block.session, description, stream)
        if isinstance(place.stream, SourceFault):
            self._counts["faults"] += 1
            return replace(place.stream, samples=data.n_samples)
        if data.flags & SELF_TEST:
            fault = Fault("self_test", "the sensor shakes itself", samples=data.n_samples)
            return self._refuse(fault, sensor=place.stream.sensor)
        self._counts["blocks"] += 1
        return SampleBlock(
            stream=place.stream,
            start=data.sample_index,
            values=values_of(data, description),
            device_us=data.t_us,
            arrival_s=arrival_s,
            wall_s=None if wall_s is None else wall_s - data.n_samples / description.rate_hz,
            clipped=data.n_clipped,
        )

    def _stream_or_fault(self, block: Block) -> Stream | SourceFault:
        """What the blocks of a stream are to the agent, or why they are refused."""
        description = block.stream
        route = self._routes.of_stream(block.device, description.stream_id)
        if route is None:
            where = f"device {block.device} stream {description.stream_id}"
            return SourceFault("no_route", f"no sensor is configured for {where}")
        if not MIN_RATE_HZ <= description.rate_hz <= MAX_RATE_HZ:
            return SourceFault("rate", f"{description.rate_hz:g} Hz declared", route.sensor)
        return self._stream(block, route.sensor)

    def _stream(self, block: Block, sensor: str) -> Stream:
        """One object per description and session, so that whoever compares streams need not look inside."""
        if self._session != (block.device, block.session):
            self._session = (block.device, block.session)
            self._streams.clear()
        key = (sensor, block.stream)
        if key not in self._streams:
            if len(self._streams) > 64:  # a device that refines its description with every HELLO
                self._streams.clear()
            session = self._session_base + block.session
            self._streams[key] = stream_of(block.stream, sensor=sensor, session=session, live=self._live)
        return self._streams[key]

    def _status(self, reported: StreamStatus, arrival_s: float) -> list[Item]:
        route = self._routes.of_stream(reported.device, reported.stream.stream_id)
        if route is None:
            return []
        status = reported.status
        return [
            DeviceStatus(
                sensor=route.sensor,
                session=self._session_base + reported.session,
                produced=status.produced,
                dropped_fifo=status.dropped_fifo,
                dropped_queue=status.dropped_queue,
                arrival_s=arrival_s,
                queued=status.queued,
            )
        ]

    def _is_early(self, fault: Fault, arrival_s: float) -> bool:
        """Whether a frame is not understood only because we came after its HELLO: normal for a while, and not told."""
        if fault.kind != "before_hello" or self._greeted or not self._live:
            return False
        self._since_s = arrival_s if self._since_s is None else self._since_s
        self._counts["before_hello"] += 1
        return arrival_s - self._since_s <= HELLO_PATIENCE_S

    def _sensor_of(self, fault: Fault) -> str | None:
        hello = self._table.hello
        if fault.stream_id is None or hello is None:
            return None
        route = self._routes.of_stream(hello.device, fault.stream_id)
        return None if route is None else route.sensor

    def _refuse(self, fault: Fault, *, sensor: str | None) -> SourceFault:
        self._counts["faults"] += 1
        return SourceFault(fault.kind, fault.detail, sensor, fault.samples)


def read_frames(path: Path, *, max_bytes: int | None = None) -> Iterator[Frame | Fault]:
    """The frames of a `.vbp` file, read in pieces; RecordingError where it cannot be opened or is too large."""
    decoder = Decoder()
    try:
        with path.open("rb") as file:
            if max_bytes is not None and path.stat().st_size > max_bytes:
                raise RecordingError(f"{path}: is larger than {max_bytes} bytes; record shorter pieces")
            while piece := file.read(READ_BYTES):
                yield from decoder.feed(piece)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    yield from decoder.finish()


def read_blocks(path: Path, *, max_bytes: int | None = None) -> Iterator[Heard]:
    """What a `.vbp` file says: blocks and loss counters under their HELLO, and what was refused."""
    table = StreamTable()
    for frame in read_frames(path, max_bytes=max_bytes):
        yield frame if isinstance(frame, Fault) else table.feed(frame)
