"""A WitMotion inertial sensor (WT901, JY901, HWT905) on a serial port, in its own binary protocol.

At 200 samples a second and 256 Hz of bandwidth at best it hears imbalance, misalignment and looseness, no bearings.
The protocol declares no rate: the config must, as it was set in the sensor, and one that is plainly wrong is told.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from agent.sources.port import Baud, Port, PortConfig
from agent.sources.rows import RateWatch, RowBlocks
from agent.sources.understanding import Understanding
from agent.sources.witcombined import CombinedDecoder
from agent.sources.witframes import STEP_G, Acceleration, WitDecoder, WitFault
from agent.stream.figures import hz_in_figures
from agent.transport.routes import Route
from agent.types import AXES, Counters, Item, SourceFault, Stream

FULL_SCALE_G = 32767 * STEP_G


class WitmotionConfig(PortConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sensor's rate and full scale stand with the sensor: `rate_hz` and `full_scale`."""

    baud: Baud = 9600  # as it leaves the factory; enough for 20 samples a second of everything, or 80 of acceleration


class WitmotionSource:
    """Reads accelerations from one serial port for one sensor."""

    def __init__(self, config: WitmotionConfig, routes: Sequence[Route], *, name: str = "witmotion") -> None:
        self.name = name
        self._port = Port(config, gather=True)
        self._route = next((route for route in routes if route.quantity is None and route.rate_hz), None)
        self._begin()
        self._understanding = Understanding(unit="frame", baud=config.baud, kind="witmotion")
        self._blocks: RowBlocks | None = None
        self._watch = RateWatch(1.0 if self._route is None else self._route.rate_hz or 1.0)
        self._first_session = secrets.randbits(32)  # sessions count up from here, others at each start of the agent
        self._counts = {"frames": 0, "faults": 0, "sessions": 0}

    def open(self) -> None:
        """Open the port; TransportError where it is missing, held by another process or not permitted."""
        self._port.open()
        self._begin()
        self._understanding.restart()
        self._watch.restart()
        self._blocks = None  # nobody can tell what was missed

    def read(self, timeout_s: float) -> list[Item]:
        """Items of what has arrived, waiting up to `timeout_s` for a byte; TransportError once the port is gone."""
        data = self._port.read(timeout_s)
        arrival_s, wall_s = time.monotonic(), time.time()
        results, frames = self._decoded(data)
        understood = frames > 0
        self._counts["frames"] += frames
        faults: list[SourceFault] = []
        rows = 0
        for result in results:
            if isinstance(result, WitFault):
                faults.append(self._fault(result.kind, result.detail, result.samples))
            elif self._route is not None:
                rows += 1 + result.missing
                self._add(result, self._route)
        items: list[Item] = []
        if self._blocks is not None:
            items += self._blocks.take(arrival_s=arrival_s, wall_s=wall_s, everything=not data)
            faults += self._watched(rows, arrival_s)
        faults += self._understanding.feed(data, understood=understood, now_s=arrival_s)
        return [*items, *faults]

    def fileno(self) -> int:
        """What becomes readable once something has arrived."""
        return self._port.fileno()

    def close(self) -> None:
        self._port.close()

    def counters(self) -> Counters:
        """Bytes, opens, frames of any type, refusals, sessions begun."""
        return self._port.counts | self._counts

    def _begin(self) -> None:
        """Both families are listened for until one of them is heard."""
        self._decoders: tuple[WitDecoder | CombinedDecoder, ...] = (WitDecoder(), CombinedDecoder())

    def _decoded(self, data: bytes) -> tuple[list[Acceleration | WitFault], int]:
        """What became certain, and the frames that it took."""
        before = sum(decoder.frames for decoder in self._decoders)
        results = [result for decoder in self._decoders for result in decoder.feed(data)]
        frames = sum(decoder.frames for decoder in self._decoders) - before
        heard = tuple(decoder for decoder in self._decoders if decoder.frames)
        if len(self._decoders) > 1 and len(heard) == 1:
            self._decoders = heard
        return results, frames

    def _add(self, acceleration: Acceleration, route: Route) -> None:
        if self._blocks is None:
            self._blocks = RowBlocks(_stream(route, session=self._first_session + self._counts["sessions"]))
            self._counts["sessions"] += 1
        else:
            self._blocks.skip(acceleration.missing)
        self._blocks.add([count * STEP_G for count in acceleration.counts])

    def _watched(self, rows: int, now_s: float) -> list[SourceFault]:
        seen_hz = self._watch.feed(rows, now_s=now_s)
        if seen_hz is None or self._route is None:
            return []
        detail = f"{self._route.rate_hz:g} Hz declared, {hz_in_figures(seen_hz)} Hz arrive; correct rate_hz"
        return [self._fault("rate_off", detail)]

    def _fault(self, kind: str, detail: str, samples: int = 0) -> SourceFault:
        self._counts["faults"] += 1
        return SourceFault(kind, detail, None if self._route is None else self._route.sensor, samples)


def _stream(route: Route, *, session: int) -> Stream:
    """The scale is the protocol's; `full_scale` is what the sensor's range was set to, where that is less."""
    limit = FULL_SCALE_G if route.full_scale is None else min(FULL_SCALE_G, route.full_scale)
    assert route.rate_hz is not None
    return replace(Stream(route.sensor, route.rate_hz, AXES, "g", limit, session), step=STEP_G)
