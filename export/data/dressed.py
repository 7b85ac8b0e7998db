"""Healthy recordings dressed as other machines: what a sensor may hear that is no fault.

A real healthy window keeps its noise and its rolling; it gets another transmission path, tones of mains, gears, blades,
belts and drives, another speed, and a bearing geometry that is not its own. Whatever is named there is a false name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.machine import Geometry
from agent.types import HEALTHY, Samples
from export.data.manifest import ManifestRow
from export.data.table import Table, join, load, save
from export.data.windows import feature_digest, labelled, read_samples, window_features
from export.progress import track

DRESSED = "dressed-"  # what names of such machines begin with
COUNT = 240
"""However many machines are simulated: a share of false signs of a few in a hundred is counted on these."""
MAINS_HZ = (50.0, 60.0)
CARRIERS_HZ = (2000.0, 3000.0, 4000.0, 5000.0, 8000.0)  # of frequency converters
RPM = (400.0, 3600.0)
TAPS = 257  # of the random transmission path

Signal = NDArray[np.float64]


def dressed_table(
    rows: Sequence[ManifestRow], spec: FeatureSpec, *, cache: Path, count: int = COUNT, seed: int = 5
) -> Table | None:
    """Two windows of each of `count` dressed recordings; None where no healthy recording is long enough.

    Each belongs to the group of the recording that it dresses: what it keeps of it stays on its side of a split.
    """
    cache.mkdir(parents=True, exist_ok=True)
    healthy = [row for row in rows if row.label == HEALTHY]
    key = hashlib.sha256(feature_digest(spec).encode() + Path(__file__).read_bytes())
    key.update(
        repr(
            (
                count,
                seed,
                [(str(row.path), row.variable, row.rate_hz, *([row.unit] if row.unit else ())) for row in healthy],
            )
        ).encode()
    )
    kept = cache / f"dressed-{key.hexdigest()[:24]}.npz"
    if kept.exists():
        return load(kept)
    seconds = spec.window_s + spec.hop_s + 0.1
    read = track(healthy, "healthy recordings, to make other machines of")
    sources = [source for row in read if (source := _source_of(row, seconds)) is not None]
    if not sources:
        return None
    rng = np.random.default_rng(seed)
    tables = []
    for number in track(list(range(count)), "other machines made of healthy recordings"):
        row, samples, rate_hz = sources[int(rng.integers(len(sources)))]
        size = int(seconds * rate_hz)
        start = int(rng.integers(0, len(samples) - size + 1))
        rpm = float(np.exp(rng.uniform(*np.log(RPM))))
        signal = dress(samples[start : start + size, 0].astype(np.float64), rate_hz, rpm=rpm, rng=rng)
        geometry = Geometry(int(rng.integers(7, 14)), 10.0, float(rng.uniform(38, 60)))
        measured = window_features(
            signal[:, np.newaxis].astype(np.float32),
            rate_hz=rate_hz,
            spec=spec,
            hop_s=spec.hop_s,
            rpm=rpm,
            geometry=geometry,
        )
        name = f"{DRESSED}{row.machine}-{number}"
        tables.append(
            labelled(
                measured.values,
                measured.known,
                impulses=measured.impulses,
                doubted=measured.doubted,
                label=HEALTHY,
                group=row.group,
                machine=name,
                recording=name,
                rpm=rpm,
                baseline=False,
            )
        )
    table = join(tables)
    save(table, kept)
    return table


def dress(samples: Signal, rate_hz: float, *, rpm: float, rng: np.random.Generator) -> Signal:
    """The samples (n,) of a healthy machine as those of another one that turns at `rpm`; RMS 1 before the tones."""
    signal = _through_another_path(samples - samples.mean(), rng)
    times_s = np.arange(len(signal)) / rate_hz
    for hz, amplitude in _tones(rpm / 60, rng):
        if hz < rate_hz / 2:
            signal = signal + amplitude * np.sin(2 * np.pi * hz * times_s + rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.25:  # the load sways with the shaft
        sway = rng.uniform(0.1, 0.5) * np.sin(2 * np.pi * rpm / 60 * int(rng.integers(1, 4)) * times_s)
        signal = signal * (1 + sway)
    return signal


def _source_of(row: ManifestRow, seconds: float) -> tuple[ManifestRow, Samples, float] | None:
    """The recording with its samples (n, axes) and their rate in Hz; None where it is unreadable or shorter."""
    try:
        samples, rate_hz = read_samples(row)
    except RecordingError:
        return None
    return (row, samples, rate_hz) if len(samples) >= int(seconds * rate_hz) else None


def _through_another_path(signal: Signal, rng: np.random.Generator) -> Signal:
    """Filtered by a random smooth response, some 20 dB from trough to peak, to RMS 1."""
    from scipy.signal import firwin2, oaconvolve

    gains = 10 ** (np.cumsum(rng.normal(0, 4, 24)) / 20)
    gains = np.clip(gains / np.median(gains), 0.05, 20)
    taps: Signal = firwin2(TAPS, np.linspace(0, 1, len(gains)), gains)
    filtered: Signal = oaconvolve(signal, taps, mode="same")
    return filtered / max(float(filtered.std()), 1e-12)


def _tones(shaft_hz: float, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """Frequency and amplitude of every tone of one random machine."""

    def level() -> float:
        return float(np.exp(rng.uniform(np.log(0.05), np.log(3.0))))

    for order in range(1, 1 + int(rng.integers(1, 6))):
        yield order * shaft_hz, level() / order
    if rng.random() < 0.6:
        mains_hz, amplitude = float(rng.choice(MAINS_HZ)) * int(rng.integers(1, 3)), level()
        for order in range(1, 1 + int(rng.integers(2, 8))):
            yield order * mains_hz, amplitude / order
    if rng.random() < 0.5:  # a gear, swayed by its shaft
        mesh_hz, amplitude, sway = int(rng.integers(11, 80)) * shaft_hz, level(), float(rng.uniform(0, 0.6))
        for order in (1, 2, 3):
            yield order * mesh_hz, amplitude / order
            for side in (-2, -1, 1, 2):
                yield order * mesh_hz + side * shaft_hz, amplitude / order * sway / abs(side)
    if rng.random() < 0.4:
        blades_hz, amplitude = int(rng.integers(3, 13)) * shaft_hz, level()
        for order in (1, 2, 3):
            yield order * blades_hz, amplitude / order
    if rng.random() < 0.4:  # a frequency converter: its carrier, with pairs of lines beside it
        carrier_hz, fed_hz, amplitude = float(rng.choice(CARRIERS_HZ)), float(rng.uniform(10, 60)), level()
        for side in (-6, -4, -2, 0, 2, 4, 6):
            yield carrier_hz + side * fed_hz, amplitude * (1.0 if side == 0 else 0.6)
    if rng.random() < 0.3:
        belt_hz, amplitude = shaft_hz * float(rng.uniform(0.2, 0.9)), level()
        for order in (1, 2, 3, 4):
            yield order * belt_hz, amplitude / order
