"""Arrays whose names say something that their contents contradict: published sets are full of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from agent.errors import RecordingError
from agent.recordings.read import read_recording

SIGNAL = np.random.default_rng(0).normal(size=(4000, 1))


@pytest.mark.parametrize("name", ["VarName6", "X120_DE_time", "counter1", "data", "signal"])
def test_the_only_vector_of_a_file_is_its_signal_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    savemat(tmp_path / "one.mat", {name: SIGNAL})
    assert np.allclose(read_recording(tmp_path / "one.mat", rate_hz=12_000).samples, SIGNAL, atol=1e-6)


def test_a_signal_over_time_is_no_clock_of_another(tmp_path: Path) -> None:
    savemat(tmp_path / "two.mat", {"X120_DE_time": SIGNAL, "X120_FE_time": SIGNAL[::-1]})
    chosen = read_recording(tmp_path / "two.mat", variable="*_DE_time", rate_hz=12_000)
    assert np.allclose(chosen.samples, SIGNAL, atol=1e-6)
    with pytest.raises(RecordingError, match="X120_DE_time"):
        read_recording(tmp_path / "two.mat", rate_hz=12_000)


def test_a_clock_beside_the_signal_is_one(tmp_path: Path) -> None:
    savemat(tmp_path / "timed.mat", {"t": np.arange(4000) / 5000.0, "vibration": SIGNAL})
    recording = read_recording(tmp_path / "timed.mat")
    assert recording.rate_hz == pytest.approx(5000)
    assert recording.samples.shape == (4000, 1)


def test_time_beside_a_table_of_axes_is_its_clock(tmp_path: Path) -> None:
    axes = np.random.default_rng(1).normal(size=(4000, 3))
    np.savez(tmp_path / "timed.npz", t=np.arange(4000) / 5000.0, acc=axes)
    recording = read_recording(tmp_path / "timed.npz")
    assert recording.rate_hz == pytest.approx(5000)
    assert np.allclose(recording.samples, axes, atol=1e-6)


def test_another_quantity_beside_the_signal_leaves_no_choice_and_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "warm.npz", vib=SIGNAL[:, 0], temperature=np.linspace(40, 41, 50), fs=5000)
    recording = read_recording(tmp_path / "warm.npz")
    assert recording.samples.shape == (4000, 1)
    assert "left out: temperature is a temperature by its name" in recording.notes
    np.savez(tmp_path / "two.npz", vib=SIGNAL[:, 0], other=np.linspace(40, 41, 50), fs=5000)
    with pytest.raises(RecordingError, match="holds 2 variables"):
        read_recording(tmp_path / "two.npz")


@pytest.mark.parametrize(
    ("scalars", "rate_hz", "rpm"),
    [
        ({"sampling_rate_khz": 25.6}, 25_600, None),
        ({"fs_khz": 12, "speed_rpm": 1797}, 12_000, 1797),
        ({"Fs": 5120, "shaft_speed_hz": 29.95}, 5120, 1797),
        ({"dt_ms": 0.1}, 10_000, None),
        ({"sampleInterval": 1e-4}, 10_000, None),
        ({"Ts": 1e-4}, 10_000, None),
        ({"samplingRate": 5120, "dt": 1 / 5120}, 5120, None),
        ({"fs": 5120, "dt_ms": 1.0}, None, None),
    ],
)
def test_scalars_beside_the_signal_by_their_names_and_units(
    tmp_path: Path, scalars: dict[str, float], rate_hz: float | None, rpm: float | None
) -> None:
    signal = np.random.default_rng(0).normal(0, 1, 600)
    path = tmp_path / "a.npz"
    np.savez(path, acc=signal, **{name: np.array(value) for name, value in scalars.items()})
    recording = read_recording(path)
    assert (recording.rate_hz, recording.rpm) == (rate_hz, rpm)


def test_a_vector_without_vibration_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, 41 + 0.4 * np.cos(np.arange(4000) / 90))
    with pytest.raises(RecordingError, match="changes slowly, as a temperature does"):
        read_recording(path)
    assert len(read_recording(path, variable="1").samples) == 4000
