"""Recordings -> a table of features, through the agent's own code, so that training sees what the edge will see.

Features are cached under a key made of the spec, the feature code and the recording's content: whatever would change a
number changes the key.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

import agent.dsp
from agent.dsp.features import extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.dsp.speed import SpeedTrack
from agent.errors import RecordingError
from agent.machine import DEFAULT_TOLERANCE, AxisRole, Bearing, Inside, Machine
from agent.stream.quality import fault_of_signal
from agent.stream.windowing import window_length
from agent.types import AXES, Rate, Samples, Stream, Window
from export.data.healthy import NEITHER_HALF
from export.data.manifest import ManifestRow, read_row
from export.data.table import Table, join, load, save
from export.progress import track


class Measured(NamedTuple):
    """The features of n windows."""

    values: NDArray[np.float32]  # (n, d)
    known: NDArray[np.bool_]  # (n, d)
    impulses: NDArray[np.float32]  # (n,), as in `Table`
    doubted: NDArray[np.bool_]  # (n,), as in `Table`


def table_of(
    rows: Iterable[ManifestRow], spec: FeatureSpec, *, cache: Path, hop_s: float | None = None
) -> tuple[Table, list[str]]:
    """Windows of every recording, and one note for each recording that gave none."""
    rows = list(rows)
    hop = spec.hop_s if hop_s is None else hop_s
    cache.mkdir(parents=True, exist_ok=True)
    tables, notes = [], []
    for row in track(rows, "features"):
        kept = cache / f"{key_of_row(row, spec, hop)}.npz"
        if not kept.exists():
            try:
                save(_windows(row, spec, hop), kept)
            except RecordingError as error:
                notes.append(str(error))
                continue
        table = load(kept)
        if len(table) == 0:
            notes.append(f"{row.path}: no window of {spec.window_s:g} s that can be judged")
        tables.append(table)
    if not tables:
        raise RecordingError("no recording could be read:\n" + "\n".join(notes))
    return join(tables), notes


def window_features(
    samples: Samples,
    *,
    rate_hz: float,
    spec: FeatureSpec,
    hop_s: float,
    rpm: float | None,
    geometry: Inside | None,
    rpm_tolerance: float = DEFAULT_TOLERANCE,
    roles: tuple[tuple[str, AxisRole], ...] = (),
) -> Measured:
    """Of samples (n, axes); windows that cannot be judged are left out."""
    speeds = speeds_by(rpm, rpm_tolerance)
    values, known, impulses, doubted = [], [], [], []
    for window in judged_windows(samples, rate_hz=rate_hz, window_s=spec.window_s, hop_s=hop_s):
        spectra = analyse(window, spec)
        start_s = window.start / rate_hz
        speed = speeds.during(spectra, start_s=start_s, end_s=start_s + spec.window_s)
        features = extract(spectra, spec=spec, rpm=speed.rpm, bearing=Bearing("bearing", geometry), roles=roles)
        values.append(features.values)
        known.append(features.known)
        impulses.append(np.nan if features.impulses is None else features.impulses)
        doubted.append(speed.asks is not None)
    d = len(feature_names(spec))
    return Measured(
        np.array(values, dtype=np.float32).reshape(-1, d),
        np.array(known, dtype=np.bool_).reshape(-1, d),
        np.array(impulses, dtype=np.float32),
        np.array(doubted, dtype=np.bool_),
    )


def speeds_by(rpm: float | None, tolerance: float) -> SpeedTrack:
    """What tells the speed of a recording's windows, in their order, where it is given so and may be off by a share."""
    source: Literal["unknown", "config"] = "unknown" if rpm is None else "config"
    return SpeedTrack(Machine("machine", rpm=rpm, rpm_tolerance=tolerance, speed_source=source))


def judged_windows(samples: Samples, *, rate_hz: float, window_s: float, hop_s: float) -> Iterator[Window]:
    """The windows of samples (n, axes) whose signal can be judged."""
    stream = Stream("recording", rate_hz, axes=AXES[: samples.shape[1]])
    size, hop = window_length(window_s, rate_hz), max(1, round(hop_s * rate_hz))
    for start in range(0, len(samples) - size + 1, hop):
        part = np.ascontiguousarray(samples[start : start + size], dtype=np.float32)
        window = Window(stream, start, part, Rate(rate_hz, "declared"), arrival_s=0.0, wall_s=None)
        if fault_of_signal(window) is None:
            yield window


def recording_name(row: ManifestRow) -> str:
    """What tells the recording of `row` from others in a table."""
    return f"{row.path.absolute().parent.name}/{row.path.name}:{row.variable}"


def labelled(
    values: NDArray[np.float32],
    known: NDArray[np.bool_],
    *,
    label: str,
    group: str,
    machine: str,
    recording: str,
    rpm: float | None,
    baseline: bool,
    impulses: NDArray[np.float32] | None = None,
    doubted: NDArray[np.bool_] | None = None,
    overlap: int = 0,
) -> Table:
    """Windows of one recording as a table; each shares samples with the `overlap` windows before and after it."""
    n = len(values)
    half = np.where(np.arange(n) < n // 2, 0, 1).astype(np.int8)
    half[n // 2 : n // 2 + overlap] = NEITHER_HALF
    return Table(
        values=values,
        known=known,
        labels=np.full(n, label),
        groups=np.full(n, group),
        machines=np.full(n, machine),
        recordings=np.full(n, recording),
        rpm=np.full(n, np.nan if rpm is None else rpm, dtype=np.float32),
        baseline=np.full(n, baseline),
        half=half,
        impulses=np.full(n, np.nan, np.float32) if impulses is None else impulses,
        doubted=np.zeros(n, np.bool_) if doubted is None else doubted,
    )


def read_samples(row: ManifestRow) -> tuple[Samples, float]:
    """Samples (n, axes) of a recording and their rate in Hz; RecordingError where either is missing."""
    recording = read_row(row)
    if recording.rate_hz is None:
        raise RecordingError(f"{row.path}: its sample rate is neither in the file nor in the manifest (rate_hz)")
    return recording.samples, recording.rate_hz


def _windows(row: ManifestRow, spec: FeatureSpec, hop_s: float) -> Table:
    samples, rate_hz = read_samples(row)
    measured = window_features(
        samples,
        rate_hz=rate_hz,
        spec=spec,
        hop_s=hop_s,
        rpm=row.rpm,
        geometry=row.geometry,
        rpm_tolerance=row.tolerance,
    )
    return labelled(
        measured.values,
        measured.known,
        impulses=measured.impulses,
        doubted=measured.doubted,
        label=row.label,
        group=row.group,
        machine=row.machine,
        recording=recording_name(row),
        rpm=row.rpm,
        baseline=row.role == "baseline",
        overlap=math.ceil(spec.window_s / hop_s) - 1,
    )


def feature_digest(spec: FeatureSpec) -> str:
    """What a table of features depends on beside the samples: the spec and all code of agent/dsp."""
    digest = hashlib.sha256(msgspec.json.encode(spec))
    digest.update(repr([field.name for field in fields(Table)]).encode())
    for source in sorted(Path(str(agent.dsp.__file__)).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def key_of_row(row: ManifestRow, spec: FeatureSpec, hop_s: float) -> str:
    """Under which the features of a recording are kept."""
    digest = hashlib.sha256(feature_digest(spec).encode())
    digest.update(hashlib.sha256(row.path.read_bytes()).digest())
    facts = [str(getattr(row, field.name)) for field in fields(row) if field.name != "path"]
    digest.update(repr((row.path.name, row.path.parent.name, hop_s, facts)).encode())
    return digest.hexdigest()[:32]
