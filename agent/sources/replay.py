"""Recordings played as if they were measured now, in real time or as fast as they are read.

A recording of frames goes through the very reader that serves a port, with its gaps, sessions and device time; another
plays for every sensor of the source. Played fast, time is the recording's own: `arrival_s` counts from the start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from agent.errors import EndOfStream, RecordingError
from agent.recordings import format_of
from agent.recordings.read import blocks_of, read_recording
from agent.recordings.scale import Scale, scale_of
from agent.transport.routes import Route, Routes
from agent.transport.vbp import FrameReader, read_frames
from agent.types import Counters, Item, SampleBlock

BLOCKS_PER_READ = 32  # played fast; keeps one read short and its memory small
SESSIONS_PER_PASS = 1 << 32  # more than one file can hold


class ReplayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`files` play one after the other, each as a session of its own; `speed` 0 means as fast as possible."""

    files: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    speed: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 1.0
    loop: bool = False
    variable: str | None = None
    rate_hz: Annotated[float, msgspec.Meta(gt=0)] | None = None
    axes: tuple[Literal["x", "y", "z"], ...] | None = None
    unit: Literal["g", "m/s2", "V", "mV", "raw"] | None = None
    sensitivity: str | None = None
    full_scale: str | None = None

    def __post_init__(self) -> None:
        self.scale()

    def scale(self) -> Scale:
        """What both keys say; ValueError where one cannot be read."""
        return scale_of(self.sensitivity, self.full_scale)


class ReplaySource:
    """Plays files; EndOfStream after the last, unless it loops."""

    def __init__(self, config: ReplayConfig, routes: Sequence[Route], *, name: str = "replay") -> None:
        self.name = name
        self._config = config
        self._routes = tuple(routes)
        self._playing: Iterator[tuple[float, list[Item]]] | None = None
        self._next: tuple[float, list[Item]] | None = None  # seconds into the play, and what is due then
        self._started_s = 0.0
        self._counts = {"blocks": 0, "items": 0, "files": 0, "opens": 0}

    def open(self) -> None:
        """Start from the first file; RecordingError where it cannot be played."""
        missing = next((name for name in self._config.files if not Path(name).is_file()), None)
        if missing is not None:
            raise RecordingError(f"{missing}: there is no such file; correct sources.{self.name}.files")
        self._playing = self._play()
        self._next = next(self._playing, None)
        self._started_s = time.monotonic()
        self._counts["opens"] += 1

    def read(self, timeout_s: float) -> list[Item]:
        """What is due, waiting up to `timeout_s` for it; EndOfStream at the end."""
        if self._playing is None or self._next is None:
            raise EndOfStream(f"replay {self.name}: has been played to its end")
        speed = self._config.speed
        wait_s = self._started_s + self._next[0] / speed - time.monotonic() if speed else 0.0
        if wait_s > 0:
            time.sleep(min(wait_s, timeout_s))
            if wait_s > timeout_s:
                return []
        items: list[Item] = []
        for _ in range(BLOCKS_PER_READ):
            items += self._next[1]
            self._next = next(self._playing, None)
            if self._next is None or (speed and self._started_s + self._next[0] / speed > time.monotonic()):
                break
        self._counts["items"] += len(items)
        self._counts["blocks"] += sum(isinstance(item, SampleBlock) for item in items)
        return [self._stamped(item) for item in items] if speed else items

    def close(self) -> None:
        self._playing = self._next = None

    def counters(self) -> Counters:
        """Files begun, items and blocks handed on, opens."""
        return dict(self._counts)

    def _stamped(self, item: Item) -> Item:
        """In real time a block arrives now; its device time, where it has one, stays what it was."""
        if not isinstance(item, SampleBlock):
            return item
        wall_s = time.time() - len(item.samples) / item.stream.rate_hz
        return replace(item, arrival_s=time.monotonic(), wall_s=wall_s)

    def _play(self) -> Iterator[tuple[float, list[Item]]]:
        elapsed_s, number = 0.0, 0
        while True:
            began_s = elapsed_s
            for name in self._config.files:
                self._counts["files"] += 1
                kind = format_of(Path(name))
                play = self._play_frames if kind is not None and kind.is_framed else self._play_samples
                file_s = elapsed_s
                for into_s, items in play(Path(name), number, file_s):
                    elapsed_s = max(elapsed_s, file_s + into_s)
                    yield elapsed_s, items
                number += 1
            if not self._config.loop or elapsed_s == began_s:  # files without samples would loop for ever
                return

    def _play_frames(self, path: Path, number: int, base_s: float) -> Iterator[tuple[float, list[Item]]]:
        reader = FrameReader(Routes(self._routes), live=False, session_base=number * SESSIONS_PER_PASS)
        first: dict[tuple[str, int], tuple[int, float]] = {}  # session -> its first index, and when it began
        into_s = 0.0
        for frame in read_frames(path):
            for item in reader.feed(frame, arrival_s=base_s + into_s, wall_s=None):
                if isinstance(item, SampleBlock):
                    index, began_s = first.setdefault((item.stream.sensor, item.stream.session), (item.start, into_s))
                    into_s = max(into_s, began_s + (item.end - index) / item.stream.rate_hz)
                    yield into_s, [replace(item, arrival_s=base_s + into_s)]
                else:
                    yield into_s, [item]

    def _play_samples(self, path: Path, number: int, base_s: float) -> Iterator[tuple[float, list[Item]]]:
        config = self._config
        recording = read_recording(
            path,
            variable=config.variable,
            rate_hz=config.rate_hz,
            axes=config.axes,
            unit=config.unit,
            scale=config.scale(),
        )
        sensors = [route.sensor for route in self._routes if route.quantity is None]
        plays = [blocks_of(recording, sensor, session_base=number * SESSIONS_PER_PASS) for sensor in sensors]
        for blocks in zip(*plays, strict=True):
            into_s = blocks[0].arrival_s
            yield into_s, [replace(block, arrival_s=base_s + into_s) for block in blocks]
