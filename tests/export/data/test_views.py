"""Views keep the physics that they claim to: orders, levels, norms, and what features are blind to."""

from __future__ import annotations

import numpy as np
import pytest

import simulator
from agent.dsp.features import extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.machine import Bearing, Geometry
from agent.types import Rate, Stream, Window
from export.data.views import (
    SPEEDS,
    Heard,
    at_speed,
    band_edges,
    humming,
    louder,
    noisy,
    rotation_of,
    spans_of,
    turned,
    varied,
    without_bands,
)

SPEC = FeatureSpec()
NAMES = feature_names(SPEC)
RATE_HZ, RPM = 12_000.0, 1797.0
BEARING = Bearing("de", Geometry(9, 7.94, 39.04))
SIGNAL = simulator.signal("outer_race", seconds=2, rate_hz=int(RATE_HZ), rpm=RPM, seed=1).astype(np.float32)
HEARD = Heard(SIGNAL, RATE_HZ, RPM)


def features_of(heard: Heard):
    axes = ("x", "y", "z")[: heard.samples.shape[1]]
    window = Window(Stream("s", RATE_HZ, axes=axes), 0, heard.samples, Rate(heard.rate_hz, "declared"), 0.0, None)
    return extract(analyse(window, SPEC), spec=SPEC, rpm=heard.rpm, bearing=BEARING)


def of_view(values: np.ndarray, *views: str) -> np.ndarray:
    return values[[name.split("/")[0] in views for name in NAMES]]


PLAIN = features_of(HEARD)


def test_gain_moves_the_level_and_nothing_else() -> None:
    louder_samples = features_of(Heard(SIGNAL * 4, RATE_HZ, RPM))
    by_row = louder(PLAIN.values[np.newaxis], np.array([20 * np.log10(4)]), SPEC)[0]
    np.testing.assert_allclose(by_row, louder_samples.values, atol=2e-3)
    changed = {NAMES[i] for i in np.flatnonzero(by_row != PLAIN.values)}
    assert changed == {"level"}


@pytest.mark.parametrize("ratio", SPEEDS)
def test_another_speed_moves_lines_in_hz_and_none_in_orders(ratio: float) -> None:
    moved = at_speed(HEARD, ratio)
    assert moved.rpm == pytest.approx(RPM * ratio)

    def loudest_hz(heard: Heard) -> float:
        power = np.abs(np.fft.rfft(heard.samples[:, 0] * np.hanning(len(heard.samples))))
        return float(np.argmax(power[1:]) + 1) * heard.rate_hz / len(heard.samples)

    assert loudest_hz(moved) == pytest.approx(ratio * loudest_hz(HEARD))
    assert loudest_hz(moved) / moved.rpm == pytest.approx(loudest_hz(HEARD) / RPM)
    again = features_of(moved)
    low = [i for i, name in enumerate(NAMES) if name.startswith("low_order/") and again.known[i] and PLAIN.known[i]]
    np.testing.assert_allclose(again.values[low], PLAIN.values[low], atol=0.5)  # floors are so many Hz wide
    assert np.abs(of_view(again.values - PLAIN.values, "spectrum")).max() > 0.5


def test_turning_the_sensor_keeps_every_length_and_all_that_adds_axes() -> None:
    assert SIGNAL.shape[1] == 3
    rotation = rotation_of(3, (0, 1, 2), np.random.default_rng(0))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    other = turned(HEARD, rotation)
    np.testing.assert_allclose(
        np.linalg.norm(other.samples, axis=1), np.linalg.norm(SIGNAL, axis=1), rtol=1e-3, atol=1e-4
    )
    again = features_of(other)
    np.testing.assert_allclose(
        of_view(again.values, "spectrum", "level", "raw", "share"),
        of_view(PLAIN.values, "spectrum", "level", "raw", "share"),
        atol=2e-2,
    )


def test_an_axial_axis_stays_what_it_is_and_one_axis_cannot_be_turned() -> None:
    rotation = rotation_of(3, (0, 1), np.random.default_rng(0))
    np.testing.assert_array_equal(rotation[2], [0, 0, 1])
    np.testing.assert_array_equal(rotation[:, 2], [0, 0, 1])
    np.testing.assert_array_equal(rotation_of(1, (0,), np.random.default_rng(0)), [[1.0]])


@pytest.mark.parametrize("db", [6.0, 20.0])
def test_noise_and_hum_lie_so_far_below_the_signal(db: float) -> None:
    rng = np.random.default_rng(0)
    for added in (noisy(HEARD, db, rng), humming(HEARD, 50.0, db, rng)):
        left = added.samples - SIGNAL
        found = 20 * np.log10(SIGNAL.std(axis=0) / left.std(axis=0))
        np.testing.assert_allclose(found, db, atol=0.3)
        assert (added.rate_hz, added.rpm) == (RATE_HZ, RPM)


def test_hum_is_at_the_mains_and_its_harmonics_alone() -> None:
    left = humming(HEARD, 60.0, 6.0, np.random.default_rng(0)).samples - SIGNAL
    power = np.abs(np.fft.rfft(left[:, 0].astype(np.float64))) ** 2
    lines = [round(60 * number * len(left) / RATE_HZ) for number in range(1, 5)]
    assert power[lines].sum() == pytest.approx(power.sum(), rel=1e-6)


def test_a_band_left_out_is_what_a_slow_sensor_does_not_hear() -> None:
    slow = features_of(Heard(SIGNAL[::2], RATE_HZ / 2, RPM))
    span = np.array([[RATE_HZ / 4, 1e6]])
    by_row = without_bands(PLAIN.known[np.newaxis], band_edges(SPEC), span)[0]
    for name, one, other in zip(NAMES, by_row, slow.known, strict=True):
        if name.startswith(("spectrum/", "shape/spread/", "shape/peaky/")):
            assert one == other, name
    kept = [i for i, name in enumerate(NAMES) if not name.startswith(("spectrum", "shape"))]
    np.testing.assert_array_equal(by_row[kept], PLAIN.known[kept])


def test_half_of_the_spans_leave_nothing_out() -> None:
    spans = spans_of(4000, SPEC, np.random.default_rng(0))
    assert 0.4 < (spans[:, 0] == spans[:, 1]).mean() < 0.6
    everything = np.ones((4000, len(NAMES)), np.bool_)
    left = without_bands(everything, band_edges(SPEC), spans).mean()
    assert 0.9 < left < 1


def test_what_names_a_fault_outlasts_every_view() -> None:
    """The pattern of the damaged race stays the highest of the bearing's."""
    rng = np.random.default_rng(5)
    combs = [NAMES.index(f"comb/{name}/mean") for name in ("bpfo", "bpfi", "bsf")]
    for _ in range(12):
        values = features_of(varied(HEARD, rng, free=(0, 1, 2))).values[combs]
        assert values.argmax() == 0
