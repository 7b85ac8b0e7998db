"""Signals that cannot be judged get a reason; every real recording passes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from agent.recordings.read import read_recording
from agent.stream.quality import REASONS, fault_of_signal
from agent.types import Rate, Stream, Window

RATE_HZ = 4000.0
N = 8000


def window(
    samples: np.ndarray, *, full_scale: float | None = None, clipped: int = 0, rate_hz: float = RATE_HZ
) -> Window:
    samples = np.asarray(samples, np.float32).reshape(len(samples), -1)
    stream = Stream("a", rate_hz, axes=("x", "y", "z")[: samples.shape[1]], full_scale=full_scale)
    return Window(stream, 0, samples, Rate(rate_hz, "declared"), 0.0, None, clipped=clipped)


def machine(seed: int = 0) -> np.ndarray:
    """A running machine: a shaft's line, resonance bursts, noise; three axes in g."""
    rng = np.random.default_rng(seed)
    t = np.arange(N) / RATE_HZ
    bursts = np.exp(-((t * 87) % 1) * 12) * np.sin(2 * np.pi * 1300 * t)
    signal = 0.2 * np.sin(2 * np.pi * 24.9 * t) + 0.5 * bursts
    return (signal[:, None] * [1.0, 0.7, 0.3] + rng.normal(0, 0.05, (N, 3)) + [0.0, 0.02, 1.0]).astype(np.float32)


GOOD = {
    "machine": machine(),
    "quantised": np.round(machine() / 0.0039) * 0.0039,
    "silent, three levels": np.random.default_rng(1).integers(-1, 2, (N, 3)) * 0.0039,
    "slow wave": np.sin(np.arange(N) * 2 * np.pi / N)[:, None] + machine() * 0.01,
    "half a slow wave": np.cos(np.arange(N) * np.pi / N)[:, None] + machine() * 0.01,
    "ramp": np.linspace(0, 1, N)[:, None] + machine() * 0.01,
    "one axis": machine()[:, :1],
    "short": machine()[:16],
    "lone touch of full scale": np.where((np.arange(N)[:, None] == 77) & (np.arange(3) == 1), 2.0, machine()),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_signals_pass(name: str) -> None:
    assert fault_of_signal(window(GOOD[name])) is None
    assert fault_of_signal(window(GOOD[name], full_scale=2.0)) is None


def broken(kind: str) -> Window:
    x = machine()
    if kind == "nan":
        x[5000, 1] = np.nan
    elif kind == "infinite":
        x[5000, 2] = -np.inf
    elif kind == "clipped":
        return window(np.clip(x - [0, 0, 1], -0.3, 0.3), full_scale=0.3)
    elif kind == "clipped below":
        return window(np.maximum(x, -0.3) - [0, 0, 1], full_scale=0.3)
    elif kind == "clipped, full scale unknown":
        return window(np.clip(x - [0, 0, 1], -0.3, 0.3))
    elif kind == "clipped bursts, full scale unknown":
        x[::400, 0] = 3.0
    elif kind == "clipped by the device's count":
        return window(x, clipped=40)
    elif kind == "dead axis":
        x[:, 1] = 0.25
    elif kind == "stuck axis":
        x[1000:3500, 2] = x[1000, 2]
    elif kind == "jump":
        x[5000:] += 4.0
    elif kind == "jump, silent":
        x = np.round(x * 3) * 0.1
        x[3000:] += 5.0
    elif kind == "frozen":
        x[4000:] = np.tile(x[3872:4000], (32, 1))[: N - 4000]
    elif kind == "frozen in coarse steps":
        x = np.round(x / 0.1) * 0.1
        x[6000:] = np.tile(x[5900:6000], (20, 1))
    return window(x)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("nan", "not_finite"),
        ("infinite", "not_finite"),
        ("clipped", "clipped"),
        ("clipped below", "clipped"),
        ("clipped, full scale unknown", "clipped"),
        ("clipped bursts, full scale unknown", "clipped"),
        ("clipped by the device's count", "clipped"),
        ("dead axis", "dead_axis"),
        ("stuck axis", "stuck_axis"),
        ("jump", "dc_jump"),
        ("jump, silent", "dc_jump"),
        ("frozen", "frozen"),
        ("frozen in coarse steps", "frozen"),
    ],
)
def test_broken_signals_get_their_reason(kind: str, reason: str) -> None:
    assert fault_of_signal(broken(kind)) == reason
    assert reason in REASONS


@pytest.mark.parametrize("at", range(0, N, 371))
def test_a_stuck_axis_is_found_wherever_it_begins(at: int) -> None:
    x = machine()
    x[at : at + N // 4 + 2, 0] = 0.125
    expected = "stuck_axis" if at + N // 4 + 2 <= N else None
    if expected:
        assert fault_of_signal(window(x)) == expected


def test_full_scale_is_met_although_the_product_with_the_step_rounds_down() -> None:
    step = 0.000488
    counts = np.clip(machine() * 40000, -32768, 32767).round()
    samples = counts.astype(np.float32) * np.float32(step)
    assert fault_of_signal(window(samples, full_scale=32767 * step)) == "clipped"


@pytest.mark.data
@pytest.mark.parametrize("window_s", [0.5, pytest.param(2.0, marks=pytest.mark.long)])
def test_every_published_recording_passes(shared_data: Path, window_s: float) -> None:
    """Healthy, faulty, quiet, quantised and motor-off alike: none of them has a broken sensor."""
    reasons: Counter[str] = Counter()
    plan = [("cwru", "*_DE_time", 12_000.0), ("uestc", "Data", 20_000.0), ("hit_selfbuilt", "*", 51_200.0)]
    paths = [(p, v, hz) for folder, v, hz in plan for p in sorted((shared_data / folder).rglob("*.mat"))]
    paths += [(p, None, 1600.0) for p in sorted((shared_data / "adxl345_motor").rglob("*.csv"))[::4]]
    judged = 0
    for path, variable, rate_hz in paths:
        x = read_recording(path, variable=variable, rate_hz=rate_hz).samples
        n = min(round(window_s * rate_hz), len(x))
        for start in range(0, len(x) - n + 1, 8 * n):
            reason = fault_of_signal(window(x[start : start + n], rate_hz=rate_hz))
            judged += 1
            if reason:
                reasons[f"{path.name}: {reason}"] += 1
    assert judged > 150
    assert not reasons
