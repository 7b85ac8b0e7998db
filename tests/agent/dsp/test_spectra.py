"""The numpy signal code against scipy as the oracle; the tolerances stated here are the ones the docs promise."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal, stats

from agent.dsp.spectra import FeatureSpec, analyse, hears_bearings
from agent.stream.windowing import window_length
from agent.types import Rate, Stream, Window

RATE_HZ = 12_800.0
SPEC = FeatureSpec()


def window_of(samples: NDArray[np.float64], rate_hz: float = RATE_HZ, unit: str = "g") -> Window:
    columns = samples if samples.ndim == 2 else samples[:, None]
    stream = Stream("s", rate_hz, ("x", "y", "z")[: columns.shape[1]], "g" if unit == "g" else "raw")
    return Window(stream, 0, columns.astype(np.float32), Rate(rate_hz, "declared"), 0.0, None)


@pytest.fixture(scope="module")
def noisy() -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    n = int(RATE_HZ * SPEC.window_s)
    t = np.arange(n) / RATE_HZ
    tones = 0.3 * np.sin(2 * np.pi * 29.95 * t) + 0.1 * np.sin(2 * np.pi * 1500 * t)
    return 1.0 + np.stack([tones + rng.normal(0, 0.05, n), rng.normal(0, 0.2, n), 0.5 * tones], axis=1)


def test_power_spectrum_equals_scipy_periodogram_within_a_thousandth_of_its_peak(noisy: NDArray[np.float64]) -> None:
    spectra = analyse(window_of(noisy), SPEC)
    frequency, density = signal.periodogram(noisy, RATE_HZ, "hann", detrend="constant", axis=0)
    expected = (density * (frequency[1] - frequency[0])).T
    kept = spectra.axis_power.shape[1] - 1
    np.testing.assert_allclose(
        spectra.axis_power[:, 2:kept], expected[:, 2:kept], rtol=1e-3, atol=1e-6 * expected.max()
    )
    np.testing.assert_allclose(spectra.power, spectra.axis_power.sum(axis=0))


def test_moments_equal_scipy_stats(noisy: NDArray[np.float64]) -> None:
    spectra = analyse(window_of(noisy), SPEC)
    centred = noisy - noisy.mean(axis=0)
    np.testing.assert_allclose(spectra.rms, centred.std(axis=0), rtol=1e-3)
    np.testing.assert_allclose(spectra.kurtosis, stats.kurtosis(noisy, fisher=False), rtol=1e-3)
    np.testing.assert_allclose(spectra.crest, np.abs(centred).max(axis=0) / centred.std(axis=0), rtol=1e-3)


def test_envelope_of_a_band_equals_the_hilbert_envelope_of_the_brick_wall_filtered_signal() -> None:
    rate_hz, n = 14_400.0, 28_800  # the band has 3600 bins, so its envelope falls on every eighth sample
    noise = np.random.default_rng(2).normal(size=n)
    low, high = SPEC.envelope_bands_hz[2]
    first, last = int(low * 2), int(high * 2)
    spectrum = np.fft.rfft(noise - noise.mean())
    spectrum[:first] = 0
    spectrum[last:] = 0
    envelope = np.abs(signal.hilbert(np.fft.irfft(spectrum, n)))[::8]
    unwhitened = msgspec.structs.replace(SPEC, whitening_hz=1e6)  # one block for the whole band: a constant gain
    spectra = analyse(window_of(noise, rate_hz), unwhitened)
    spread = np.log(envelope.std() / envelope.mean() / np.sqrt(4 / np.pi - 1))
    assert spectra.envelope_spread[2] == pytest.approx(spread, abs=1e-4)
    fourth = stats.kurtosis(envelope, fisher=False)
    assert spectra.envelope_kurtosis[2] == pytest.approx(np.log(fourth / 3.245), abs=1e-3)


def test_modulation_shows_up_in_the_envelope_spectrum_where_scipy_sees_it() -> None:
    n = 25_600
    t = np.arange(n) / RATE_HZ
    rng = np.random.default_rng(3)
    carrier = rng.normal(size=n)
    samples = carrier * (1 + 0.8 * np.cos(2 * np.pi * 107.5 * t))
    spectra = analyse(window_of(samples), SPEC)
    for row in np.flatnonzero(spectra.envelope_known):
        assert np.argmax(spectra.envelopes[row, 20:]) + 20 == round(107.5 / spectra.bin_hz)


def test_turning_the_sensor_changes_nothing_that_is_summed_over_axes(noisy: NDArray[np.float64]) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    straight, turned = analyse(window_of(noisy), SPEC), analyse(window_of(noisy @ turn), SPEC)
    np.testing.assert_allclose(straight.power, turned.power, rtol=5e-3, atol=1e-7 * float(straight.power.max()))
    np.testing.assert_allclose(straight.envelope_spread, turned.envelope_spread, atol=2e-3)


def test_gain_changes_no_line_height(noisy: NDArray[np.float64]) -> None:
    quiet, loud = analyse(window_of(noisy), SPEC), analyse(window_of(noisy * 1000), SPEC)
    np.testing.assert_allclose(quiet.lines, loud.lines, atol=5e-3)
    np.testing.assert_allclose(quiet.envelopes, loud.envelopes, atol=2e-2)


@pytest.mark.parametrize(("rate_hz", "bands"), [(800.0, 0), (3200.0, 1), (6400.0, 2), (12_000.0, 4), (52_000.0, 5)])
def test_bands_above_nyquist_are_unknown_and_zero(rate_hz: float, bands: int) -> None:
    samples = np.random.default_rng(5).normal(size=int(rate_hz * 2))
    spectra = analyse(window_of(samples, rate_hz), SPEC)
    assert spectra.envelope_known.sum() == bands
    assert not spectra.envelopes[~spectra.envelope_known].any()


@pytest.mark.parametrize("rate_hz", [200.0, 2500.0, 2600.0, 2790.0, 2800.0, 3200.0, 25_600.0])
def test_whether_bearings_are_heard_is_known_before_a_window_is(rate_hz: float) -> None:
    n = window_length(SPEC.window_s, rate_hz)
    spectra = analyse(window_of(np.random.default_rng(7).normal(size=n), rate_hz), SPEC)
    assert spectra.hears_bearings == hears_bearings(SPEC, rate_hz=rate_hz, samples=n) == (rate_hz >= 2800)


def test_a_window_too_short_for_an_envelope_hears_no_bearing() -> None:
    narrow = msgspec.structs.replace(SPEC, envelope_bands_hz=((500.0, 530.0),))
    assert hears_bearings(narrow, rate_hz=3200.0, samples=6400)
    assert not hears_bearings(narrow, rate_hz=3200.0, samples=1600)


def test_a_window_is_not_changed_by_being_analysed() -> None:
    window = window_of(5.0 + np.random.default_rng(6).normal(size=4096))
    before = window.samples.copy()
    analyse(window, SPEC)
    np.testing.assert_array_equal(window.samples, before)


@pytest.mark.parametrize("n", [16, 17, 100, 1601])
def test_short_windows_and_silence_give_finite_numbers(n: int) -> None:
    for samples in (np.zeros(n), np.random.default_rng(7).normal(size=n)):
        spectra = analyse(window_of(samples, rate_hz=n / 2), SPEC)
        for values in (spectra.power, spectra.lines, spectra.envelopes, spectra.rms, spectra.kurtosis, spectra.crest):
            assert np.isfinite(values).all()


def test_a_tone_in_a_band_does_not_hide_the_modulation_beside_it() -> None:
    t = np.arange(25_600) / RATE_HZ
    noise = np.random.default_rng(8).normal(size=len(t))
    samples = noise * (1 + 0.8 * np.cos(2 * np.pi * 107.5 * t)) + 20 * np.sin(2 * np.pi * 3000 * t)
    at = round(107.5 / 0.5)
    flat = msgspec.structs.replace(SPEC, whitening_hz=1e6)
    with_whitening, without = (analyse(window_of(samples), spec).envelopes[2, at] for spec in (SPEC, flat))
    assert with_whitening > without + 1.0


@pytest.mark.parametrize(("rpm", "resolved"), [(1.8, False), (60, False), (95, True), (1797, True)])
def test_a_window_of_too_few_revolutions_tells_no_line_from_another(
    noisy: NDArray[np.float64], rpm: float, resolved: bool
) -> None:
    spectra = analyse(window_of(noisy), FeatureSpec())
    assert spectra.whole
    assert spectra.resolves(rpm / 60) == resolved
