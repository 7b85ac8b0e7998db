"""Features of windows and of views on their samples, through the agent's own code; those of recordings are kept.

A view is taken before the features, so it costs as much as a window does. A few of each window are made once, and each
step of a training draws among them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import export.data.views
from agent.dsp.features import extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.errors import RecordingError
from agent.machine import AxisRole, Bearing
from agent.types import Rate, Window
from export.data.manifest import ManifestRow
from export.data.views import Heard, varied
from export.data.windows import judged_windows, key_of_row, read_samples, speeds_by
from export.progress import track

SEED = 2021


@dataclass(frozen=True, slots=True)
class Viewed:
    """Views on the samples of n windows, k of each: d features, and which of them are known."""

    values: NDArray[np.float32]  # (k, n, d), 0 where unknown
    known: NDArray[np.bool_]  # (k, n, d)


def views_of_windows(
    windows: Sequence[Window],
    rpm: Sequence[float | None],
    *,
    spec: FeatureSpec,
    bearing: Bearing,
    roles: tuple[tuple[str, AxisRole], ...] = (),
    count: int,
    rng: np.random.Generator,
) -> Viewed:
    """`count` views of each of `windows`, whose shafts turn at `rpm`; axes of known role are not turned."""
    d = len(feature_names(spec))
    values, known = np.zeros((count, len(windows), d), np.float32), np.zeros((count, len(windows), d), np.bool_)
    for place, (window, turns) in enumerate(zip(windows, rpm, strict=True)):
        free = [number for number, axis in enumerate(window.stream.axes) if "axial" not in dict(roles).get(axis, "")]
        for view in range(count):
            seen = varied(Heard(window.samples, window.rate.hz, turns), rng, free=free)
            moved = replace(window, samples=seen.samples, rate=Rate(seen.rate_hz, "declared"))
            features = extract(analyse(moved, spec), spec=spec, rpm=seen.rpm, bearing=bearing, roles=roles)
            known[view, place] = features.known
            values[view, place] = np.where(features.known, features.values, 0)
    return Viewed(values, known)


def views_of(
    rows: Iterable[ManifestRow], spec: FeatureSpec, *, cache: Path, count: int, hop_s: float | None = None
) -> Viewed:
    """Of all recordings that can be read, window by window as in `table_of`."""
    hop = spec.hop_s if hop_s is None else hop_s
    cache.mkdir(parents=True, exist_ok=True)
    found: list[Viewed] = []
    for row in track(rows, "views of recordings"):
        kept = cache / f"views-{_key(row, spec, hop, count)}.npz"
        if not kept.exists():
            try:
                _save(_of_recording(row, spec, hop, count), kept)
            except RecordingError:  # the table of features has told of it
                continue
        with np.load(kept, allow_pickle=False) as arrays:
            found.append(Viewed(arrays["values"], arrays["known"]))
    return join_views(found)


def join_views(parts: Sequence[Viewed]) -> Viewed:
    """Those of all windows, in order."""
    return Viewed(
        np.concatenate([part.values for part in parts], axis=1), np.concatenate([part.known for part in parts], axis=1)
    )


def _of_recording(row: ManifestRow, spec: FeatureSpec, hop_s: float, count: int) -> Viewed:
    samples, rate_hz = read_samples(row)
    windows = list(judged_windows(samples, rate_hz=rate_hz, window_s=spec.window_s, hop_s=hop_s))
    speeds, rpm = speeds_by(row.rpm, row.tolerance), []
    for window in windows:
        start_s = window.start / rate_hz
        rpm.append(speeds.during(analyse(window, spec), start_s=start_s, end_s=start_s + spec.window_s).rpm)
    rng = np.random.default_rng([SEED, int(hashlib.sha256(row.path.read_bytes()).hexdigest()[:8], 16)])
    bearing = Bearing("bearing", row.geometry)
    return views_of_windows(windows, rpm, spec=spec, bearing=bearing, count=count, rng=rng)


def _key(row: ManifestRow, spec: FeatureSpec, hop_s: float, count: int) -> str:
    digest = hashlib.sha256(key_of_row(row, spec, hop_s).encode())
    for code in (Path(__file__), Path(str(export.data.views.__file__))):
        digest.update(code.read_bytes())
    digest.update(repr(count).encode())
    return digest.hexdigest()[:24]


def _save(views: Viewed, path: Path) -> None:
    """A kill leaves the whole file or none, and so does another run that writes the same."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, values=views.values, known=views.known)
    part.replace(path)
