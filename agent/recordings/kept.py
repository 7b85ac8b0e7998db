"""Windows kept around an alert (`.vbw`): their samples to the last bit, and all that decided what was said of them.

A zip archive of three members: `about.json` for people and lists, `samples.npy` (float32, each sample once), and
`judged.msgpack` with the windows, the healthy state, the machine and the diagnoses, which keeps what is not a number.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from agent.diagnosis.baseline import Baseline
from agent.diagnosis.baseline_bytes import from_bytes
from agent.diagnosis.witness import Circumstances
from agent.errors import RecordingError
from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.machine import AxisRole, BallCount, Bearing, FaultOrders, Geometry, Machine, SensorSetup
from agent.recordings import KEPT as SUFFIX
from agent.recordings.asked import Asked
from agent.recordings.foreign import array_in, reading, weighed
from agent.recordings.recording import Piece, Recording
from agent.types import Diagnosis, Rate, Samples, Speed, Still, Stream, Window

ABOUT, SAMPLES, JUDGED = "about.json", "samples.npy", "judged.msgpack"
MOST_WINDOWS = 1000
MOST_ABOUT_BYTES = 1 << 20


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a list shows of a file: which alert it is of, and by what it was judged."""

    schema: Literal["textvib/kept/1"] = "textvib/kept/1"
    alert: str  # id
    agent: str
    sensor: str
    bearing: str | None
    machine: str
    fault: str
    probability: float
    wall_s: float | None  # Unix time of the window that raised it
    raised_by: int  # `start` of that window
    version: str  # of the agent
    bundle: str  # name and version
    bundle_sha256: str  # of its manifest, which holds the hashes of all else in it
    runtime: str
    detect_at: float
    name_at: float
    windows: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class KeptWindow:
    """A window, what it was judged under, and what was made of it; `row`: where it begins in the samples of all."""

    window: Window
    row: int
    under: Circumstances
    diagnoses: tuple[Diagnosis, ...]  # one per bearing


@dataclass(frozen=True, slots=True)
class Kept:
    """Consecutive windows of one stream, at least one; a gap may lie between two, but no other session.

    `samples` (n, axes) has each sample once, however many windows it is in.
    """

    about: About
    setup: SensorSetup
    samples: Samples
    windows: tuple[KeptWindow, ...]


class BearingRow(msgspec.Struct, frozen=True):
    """A bearing with what is known of its inside under the name of its kind."""

    id: str
    ratio: float
    geometry: Geometry | None = None
    orders: FaultOrders | None = None
    balls: BallCount | None = None


class SetupRow(msgspec.Struct, frozen=True):
    """The sensor's setup, likewise."""

    sensor: str
    machine: Machine
    bearings: tuple[BearingRow, ...]
    position: str | None
    axis_roles: tuple[tuple[str, AxisRole], ...]
    idle_below_g: float | None
    snapshot_every_s: float | None

    @property
    def setup(self) -> SensorSetup:
        bearings = tuple(Bearing(b.id, b.geometry or b.orders or b.balls, b.ratio) for b in self.bearings)
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        return SensorSetup(**told | {"bearings": bearings})


class WindowRow(msgspec.Struct, frozen=True):
    """A window without its samples, which are `length` rows from `row` on."""

    start: int
    row: int
    length: int
    rate: Rate
    arrival_s: float
    wall_s: float | None
    clipped: int
    speed: Speed
    running: bool
    learning: bool
    healthy: int  # which of the healthy states
    diagnoses: tuple[Diagnosis, ...]


class Judged(msgspec.Struct, frozen=True):
    stream: Stream
    setup: SetupRow
    healthy: tuple[dict[str, bytes], ...]  # by bearing, "" for the machine as a whole; each as a store keeps it
    windows: tuple[WindowRow, ...]


def read_about(path: Path) -> About:
    """What a list shows of a file, without its samples; RecordingError where it is damaged or no such file."""
    with reading(path, f"{SUFFIX} file"), zipfile.ZipFile(path) as archive:
        return _about(path, archive)


def read_kept(path: Path, *, features: int) -> Kept:
    """The windows of a file as they were judged, by a bundle of so many features; RecordingError as `read_about`."""
    with reading(path, f"{SUFFIX} file"), zipfile.ZipFile(path) as archive:
        about, samples, judged = _members(path, archive)
        states = [_baselines(path, stored, features) for stored in judged.healthy]
        return Kept(
            about=about,
            setup=judged.setup.setup,
            samples=samples,
            windows=tuple(
                KeptWindow(
                    Window(
                        stream=judged.stream,
                        start=one.start,
                        samples=samples[one.row : one.row + one.length].copy(),
                        rate=one.rate,
                        arrival_s=one.arrival_s,
                        wall_s=one.wall_s,
                        clipped=one.clipped,
                    ),
                    one.row,
                    Circumstances(one.speed, one.running, one.learning, states[one.healthy], _still_in(one.diagnoses)),
                    one.diagnoses,
                )
                for one in judged.windows
            ),
        )


def read(path: Path, asked: Asked) -> Recording:
    """The samples as a recording like any other, at the declared rate, with the gaps that lay between windows."""
    with reading(path, f"{SUFFIX} file"), zipfile.ZipFile(path) as archive:
        about, samples, judged = _members(path, archive)
    if asked.variable not in (None, "*"):
        raise RecordingError(f"{path}: has one stream and no {asked.variable!r}; leave --channel out")
    stream, rpm = judged.stream, next((w.speed.rpm for w in judged.windows if w.start == about.raised_by), None)
    pieces, end = [], None
    for one in judged.windows:
        if end is None or one.start > end:
            pieces.append(Piece(one.row, one.start))
        end = one.start + one.length
    return Recording(
        path=path,
        samples=samples,
        rate_hz=stream.rate_hz,
        rpm=rpm,
        unit=stream.unit,
        axes=stream.axes,
        pieces=tuple(pieces),
        full_scale=stream.full_scale,
        step=stream.step,
        written_unit="g" if stream.unit == "g" else None,
        notes=(f"kept around alert {about.alert}",),
    )


def _still_in(diagnoses: tuple[Diagnosis, ...]) -> Still | None:
    """Why the machine was held to stand still: each of the window's diagnoses bears it."""
    return next((one.still for one in diagnoses), None)


def _members(path: Path, archive: zipfile.ZipFile) -> tuple[About, Samples, Judged]:
    sizes = {member.filename: member.file_size for member in weighed(path, archive)}
    about = _about(path, archive)
    judged = msgspec.msgpack.decode(archive.read(JUDGED), type=Judged)
    with archive.open(SAMPLES) as file:
        samples = array_in(path, SAMPLES, file, sizes[SAMPLES])
    if samples.dtype != np.float32 or samples.ndim != 2 or samples.shape[1] != len(judged.stream.axes):
        raise RecordingError(f"{path}: its samples are {samples.dtype} {samples.shape}, not those of its axes")
    if problem := _problem_of(judged, len(samples)):
        raise RecordingError(f"{path}: {problem}; the file was altered")
    return about, samples, judged


def _problem_of(judged: Judged, rows: int) -> str | None:
    """What in the windows cannot be, however it came there; every figure that sizes something is among it."""
    if not 1 <= len(judged.windows) <= MOST_WINDOWS:
        return f"it has {len(judged.windows)} windows"
    if not MIN_RATE_HZ <= judged.stream.rate_hz <= MAX_RATE_HZ:
        return f"its rate is {judged.stream.rate_hz} Hz"
    for one in judged.windows:
        if not (0 <= one.row < one.row + one.length <= rows and 0 <= one.healthy < len(judged.healthy)):
            return f"window {one.start} lies outside of it"
        if not MIN_RATE_HZ <= one.rate.hz <= 2 * MAX_RATE_HZ:
            return f"window {one.start} has a rate of {one.rate.hz} Hz"
    return None


def _about(path: Path, archive: zipfile.ZipFile) -> About:
    if archive.getinfo(ABOUT).file_size > MOST_ABOUT_BYTES:
        raise RecordingError(f"{path}: {ABOUT} is larger than {MOST_ABOUT_BYTES} bytes")
    return msgspec.json.decode(archive.read(ABOUT), type=About)


def _baselines(path: Path, stored: Mapping[str, bytes], features: int) -> dict[str | None, Baseline]:
    try:
        return {bearing or None: from_bytes(value, size=features) for bearing, value in stored.items()}
    except ValueError as error:
        raise RecordingError(f"{path}: {error}; name the bundle that judged it with --bundle") from error
