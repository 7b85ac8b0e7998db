"""Levels at the shaft's orders against a direct computation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.dsp.features import analyse, extract
from agent.dsp.shaft import ORDERS, REST, order_span, shaft_levels
from agent.dsp.spectra import FeatureSpec, Spectra
from agent.types import Rate, Stream, Window

RATE_HZ = 12_800.0
SPEC = FeatureSpec()
N = round(RATE_HZ * SPEC.window_s)
SHAFT_HZ = 25.0
AMPLITUDES = {0.5: 0.4, 1.0: 1.0, 2.0: 0.3, 3.0: 0.1}  # of the shaft's orders, on the first axis


def spectra_of(samples: NDArray[np.float64], rate_hz: float = RATE_HZ) -> Spectra:
    stream = Stream("s", rate_hz, ("x", "y"), "g")
    return analyse(Window(stream, 0, samples.astype(np.float32), Rate(rate_hz, "declared"), 0.0, None), SPEC)


def sines(amplitudes: dict[float, float], noise: float = 0.0) -> NDArray[np.float64]:
    t = np.arange(N) / RATE_HZ
    lines = sum((a * np.sin(2 * np.pi * order * SHAFT_HZ * t) for order, a in amplitudes.items()), np.zeros(N))
    return np.random.default_rng(3).normal(scale=noise, size=(N, 2)) + np.stack([lines, 0 * lines], axis=1)


def test_levels_are_the_powers_of_the_lines_and_of_all_else() -> None:
    noise = 0.2
    levels = shaft_levels(spectra_of(sines(AMPLITUDES, noise)), SHAFT_HZ)
    for place, order in enumerate(ORDERS):
        # A sine's mean square is half its squared amplitude; the noise in as few bins adds next to nothing.
        assert levels[place] == pytest.approx(10 * np.log10(AMPLITUDES[order] ** 2 / 2), abs=0.3)
    kept = SPEC_SHARE * 2 * noise**2 + AMPLITUDES[0.5] ** 2 / 2  # of both axes; half of 1 x is no order of its own
    assert levels[REST] == pytest.approx(10 * np.log10(kept), abs=0.2)


SPEC_SHARE = (len(spectra_of(sines({}, 0.1)).power) - 1) / (N / 2)
"""Of white noise, the share within the spectrum."""


def test_a_doubled_line_grows_by_six_decibels_and_nothing_else_does() -> None:
    before = shaft_levels(spectra_of(sines(AMPLITUDES, 0.02)), SHAFT_HZ)
    after = shaft_levels(spectra_of(sines({**AMPLITUDES, 1.0: 2.0}, 0.02)), SHAFT_HZ)
    np.testing.assert_allclose(after - before, [0, 6.02, 0, 0, 0], atol=0.1)


def test_an_order_beyond_the_spectrum_is_not_a_number() -> None:
    spectra = spectra_of(sines(AMPLITUDES, 0.1))
    top_hz = (len(spectra.power) - 1) * spectra.bin_hz
    levels = shaft_levels(spectra, top_hz / 2.5)
    assert np.isfinite(levels[[0, 1, 2, REST]]).all()
    assert np.isnan(levels[3])
    assert np.isnan(shaft_levels(spectra, 10 * top_hz)[:REST]).all()


def test_a_span_follows_its_order_and_leaves_out_what_is_no_vibration() -> None:
    assert order_span(1.0, 100.0) == slice(97, 104)
    assert order_span(1.0, 10.0) == slice(8, 13)
    assert order_span(0.5, 2.0).start == 1


def test_features_carry_levels_where_the_speed_is_known() -> None:
    spectra = spectra_of(sines(AMPLITUDES, 0.1))
    told = extract(spectra, spec=SPEC, rpm=60 * SHAFT_HZ, bearing=None)
    assert told.shaft_db is not None
    np.testing.assert_array_equal(told.shaft_db, shaft_levels(spectra, SHAFT_HZ))
    assert extract(spectra, spec=SPEC, rpm=None, bearing=None).shaft_db is None


def test_silence_is_a_level_too() -> None:
    assert np.isfinite(shaft_levels(spectra_of(np.zeros((N, 2))), SHAFT_HZ)).all()
