"""What has been heard of each stream so far, summed up for people: rate, losses, level per axis.

Lost is what nobody admits: every jump in the sample index, less what the device says it dropped itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.frames import Fault, StreamDescription
from firmware_bridge.numbers import counts_of
from firmware_bridge.session import Block, Heard, StreamStatus

COLUMNS = ("device", "stream", "sensor", "session", "rate Hz", "received", "dropped", "lost", "RMS without mean")


@dataclass(slots=True)
class StreamTally:
    """One stream of one session."""

    description: StreamDescription
    first: int  # sample index of the first block
    first_us: int | None
    end: int  # index after the last sample heard
    last: int = 0  # sample index of the last block
    last_us: int | None = None
    received: int = 0
    missing: int = 0  # samples that the index jumped over
    dropped: int = 0  # by the device, since the first block
    unheard_drops: int | None = None  # dropped before the first block; known from the first STATUS on
    rms: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def lost(self) -> int:
        """Samples missing for which the device has given no account."""
        return max(0, self.missing - self.dropped)

    @property
    def rate_hz(self) -> float | None:
        """Samples per second of device time; None without sound time stamps."""
        if self.first_us is None or self.last_us is None or self.last_us <= self.first_us:
            return None
        return (self.last - self.first) / (self.last_us - self.first_us) * 1e6


class Tally:
    """Counts everything that a `StreamTable` lets through or refuses."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, int, int], StreamTally] = {}
        self.heard: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def feed(self, heard: Heard) -> None:
        """Count one thing."""
        if isinstance(heard, Fault):
            self.faults[heard.kind] += 1
            return
        self.heard[type(heard).__name__] += 1
        if isinstance(heard, Block):
            self._add(heard)
        elif isinstance(heard, StreamStatus):
            self._settle(heard)

    def rows(self) -> list[tuple[str, ...]]:
        """The table for people, one row per stream and session, under COLUMNS."""
        return [
            (
                device,
                str(number),
                stream.description.sensor or "-",
                f"{session % 2**16:04x}",
                f"{stream.rate_hz:.2f}" if stream.rate_hz else f"{stream.description.rate_hz:.0f} declared",
                str(stream.received),
                str(stream.dropped),
                str(stream.lost),
                _levels(stream),
            )
            for (device, session, number), stream in self.streams.items()
        ]

    def _add(self, block: Block) -> None:
        data = block.data
        key = (block.device, block.session, data.stream_id)
        if key not in self.streams:
            self.streams[key] = StreamTally(block.stream, data.sample_index, data.t_us, data.sample_index)
        stream = self.streams[key]
        if data.sample_index < stream.end:
            return  # heard before
        stream.missing += data.sample_index - stream.end
        stream.received += data.n_samples
        stream.end, stream.last, stream.last_us = data.end, data.sample_index, data.t_us
        stream.rms = counts_of(data).std(axis=0) * (block.stream.scale_g or 1.0)

    def _settle(self, heard: StreamStatus) -> None:
        status = heard.status
        stream = self.streams.get((heard.device, heard.session, status.stream_id))
        if stream is None:
            return
        dropped = status.dropped_fifo + status.dropped_queue
        if stream.unheard_drops is None:
            # One who came late cannot tell which drops came before; as many as it has seen jumps are taken to be after.
            stream.unheard_drops = max(0, dropped - stream.missing) if stream.first else 0
        stream.dropped = dropped - stream.unheard_drops


def _levels(stream: StreamTally) -> str:
    unit = "g" if stream.description.scale_g else "LSB"
    levels = (f"{axis} {level:.4g}" for axis, level in zip(stream.description.axes, stream.rms, strict=True))
    return " ".join((*levels, unit))
