"""Raw windows are those of the features, and a small convolutional net learns what only their samples show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent.dsp.spectra import FeatureSpec
from export.commands.proving_tables import columns_as_text
from export.data.manifest import ManifestRow
from export.data.raw import RawWindows, raw_windows
from export.data.table import Table
from export.data.windows import table_of
from export.studies.columns.cnn import CnnConfig, cnn_cell, cnn_key
from export.studies.columns.protocols import RawTrial, run_protocols
from export.studies.columns.simple import SimpleConfig
from export.studies.columns.splits import columns_of
from export.studies.columns.training_cache import Material
from export.training.recipe import TrainConfig

SPEC = FeatureSpec()
CONFIG = CnnConfig(
    steps=60, batch=16, rate_hz=500, piece=128, channels=(8, 8), kernels=(16, 8), strides=(4, 2), dim=8, text="ngrams"
)
KINDS = ("healthy", "inner_race", "outer_race", "ball")


def row(path: Path, rate_hz: float) -> ManifestRow:
    return ManifestRow(path, "", rate_hz, 1000.0, "", "m", "g", "healthy")


def test_raw_windows_are_those_of_the_features(tmp_path: Path) -> None:
    rate_hz, tone_hz = 4000.0, 50.0
    times = np.arange(round(6 * rate_hz)) / rate_hz
    samples = np.sin(2 * np.pi * tone_hz * times) + np.random.default_rng(0).normal(0, 0.1, len(times))
    samples[round(4.2 * rate_hz) :] = 0.0  # dead from here
    np.save(tmp_path / "a.npy", samples.astype(np.float32))
    np.save(tmp_path / "b.npy", samples[: round(2.6 * rate_hz)].astype(np.float32))
    (tmp_path / "c.npy").write_bytes(b"no recording")
    rows = [row(tmp_path / name, rate_hz) for name in ("a.npy", "c.npy", "b.npy")]
    table, notes = table_of(rows, SPEC, cache=tmp_path / "cache")
    raw = raw_windows(rows, SPEC, rate_hz=1000.0)
    assert len(notes) == 1
    assert raw.recordings.tolist() == table.recordings.tolist()
    whole = round((6 - SPEC.window_s) / SPEC.hop_s) + 1
    assert 3 <= np.char.endswith(raw.recordings, "a.npy:").sum() < whole  # none of what is dead
    assert raw.samples.shape[1] == SPEC.window_s * 1000
    spectrum = np.abs(np.fft.rfft(raw.samples[0]))
    assert np.argmax(spectrum) == round(tone_hz * SPEC.window_s)
    assert raw.samples[0].std() == pytest.approx(samples[: round(2 * rate_hz)].std(), rel=0.1)


@pytest.fixture(scope="module")
def raw(published: Table) -> RawWindows:
    """Tones of one frequency per label, at any gain."""
    rng = np.random.default_rng(0)
    times = np.arange(1000) / 500
    tones = np.array([20.0 + 45 * KINDS.index(label) for label in published.labels])
    phases, gains = rng.uniform(0, 6, (2, len(tones), 1))
    samples = np.sin(2 * np.pi * tones[:, None] * times + phases) + rng.normal(0, 0.3, (len(tones), 1000))
    return RawWindows((samples * np.exp(gains)).astype(np.float32), published.recordings)


@pytest.mark.long
def test_it_learns_from_samples_alone_and_never_from_the_scored_side(published: Table, raw: RawWindows) -> None:
    material = Material(published, None, SPEC)
    column = columns_of(published)["C>H"]
    cell = cnn_cell(material, column, raw, CONFIG)
    assert cell.balanced_accuracy > 0.9
    assert cell.training_accuracy > 0.9
    assert cell.steps == CONFIG.steps
    assert cell.parameters == (16 * 8 + 2 * 8) + (8 * 8 * 8 + 2 * 8) + (8 * 8 + 8)  # two convolutions, one layer
    swapped = published.labels.copy()
    swapped[column.scored] = np.roll(published.labels[column.scored], 7)
    other = cnn_cell(Material(replace(published, labels=swapped), None, SPEC), column, raw, CONFIG)
    assert other.training_accuracy == cell.training_accuracy
    assert other.balanced_accuracy < cell.balanced_accuracy


def test_other_windows_are_refused(published: Table, raw: RawWindows) -> None:
    moved = RawWindows(raw.samples, np.roll(raw.recordings, 1))
    with pytest.raises(ValueError, match="not those of the table"):
        cnn_cell(Material(published, None, SPEC), columns_of(published)["C>H"], moved, CONFIG)


@pytest.mark.long
def test_its_cells_stand_beside_the_others(published: Table, raw: RawWindows, tmp_path: Path) -> None:
    material = Material(published, None, SPEC)
    reads: list[int] = []

    def read() -> RawWindows:
        reads.append(1)
        return raw

    recipe = TrainConfig(steps=4, batch=16, text="ngrams", text_steps=4, hidden=(8,), dim=8, teacher=None)
    for _ in range(2):  # the second time from the cells kept
        summary = run_protocols(
            material,
            recipe,
            seeds=1,
            folder=tmp_path,
            only=("800", "014"),
            simple=SimpleConfig(trees=3),
            cnn=RawTrial(msgspec.structs.replace(CONFIG, steps=2), read),
        )
    assert reads == [1]
    assert summary.mean_cnn == summary.columns["800"].cnn
    assert summary.columns["014"].cnn is not None
    assert set(summary.seconds) == {"students", "simple recipes", "their inner folds", "CNN"}
    assert "CNN, 2 steps" in columns_as_text(summary)
    key = cnn_key(material, CONFIG)
    assert cnn_key(material, msgspec.structs.replace(CONFIG, seed=1)) != key
    assert cnn_key(Material(published, published, SPEC), CONFIG) == key  # simulated windows have no samples here
