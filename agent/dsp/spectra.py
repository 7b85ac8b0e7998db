"""A window in the frequency domain: what depends on the samples alone, before speed or bearing are known.

One forward FFT per axis, and per envelope band one inverse FFT of that band's bins alone and one forward FFT of its
envelope: the cost does not grow with bands x window length. Axes are added as powers, so nothing depends on how the
sensor is turned. Line heights are in log units above the local floor: free of gain, level and window length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.fft import Spectrum, fast_length, hann, power_of, rfft
from agent.types import Vector, Window

_LN2 = np.float32(np.log(2.0))
_SMALLEST_BAND = 16  # bins; an envelope of fewer samples shows nothing

WHOLE_FROM = 0.85
"""Of `FeatureSpec.window_s`: what is shorter is a piece, which shows less. A rate may be measured 10 % off the declared
one, by which the samples of a window are counted."""
LASTING_BELOW_S = 0.75
"""In pieces shorter than this a lone knock weighs as much as damage, and impacts have to last."""
LEAST_REVOLUTIONS = 20.0
"""Of the shaft in a piece, from which its lines are told apart as in whole windows: the fewest that any machine made in
a window that the encoder learnt from (600 rpm, 2 s)."""
LEAST_IN_A_WINDOW = 3.0
"""The same of a whole window. What two parts of a bearing draw lies an order apart or more, and a line is looked for in
a bin to each side; with fewer revolutions one peak would be the line of every part at once."""


class FeatureSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is measured, as data: a bundle carries it, and the agent computes exactly that."""

    window_s: float = 2.0
    hop_s: float = 0.5
    envelope_bands_hz: tuple[tuple[float, float], ...] = (
        (500.0, 1400.0),
        (1200.0, 2600.0),
        (2400.0, 4200.0),
        (4000.0, 5900.0),
        (5900.0, 10_000.0),
    )
    whitening_hz: float = 30.0  # width over which a band's spectrum is made flat before its envelope is taken
    envelope_max_hz: float = 600.0  # highest modulation frequency that is looked at
    lines_max_hz: float = 1500.0  # highest line looked for in the plain spectrum
    floor_width_hz: float = 25.0  # width over which a local floor is taken
    spectrum_hz: tuple[float, float] = (20.0, 5600.0)
    spectrum_bands: int = 40  # logarithmic
    harmonics: int = 4
    tolerance: float = 0.02  # slip and speed error: how far a line may lie from where it belongs
    tolerance_steps: int = 11
    order_grid: tuple[float, float, float] = (0.3, 12.0, 0.1)  # from, to, step


@dataclass(frozen=True, slots=True)
class Spectra:
    """One window in the frequency domain, independent of speed and bearing."""

    bin_hz: float
    rate_hz: float
    power: Vector  # (bins,) Hann-windowed, summed over axes, unit^2 per bin, up to the end of `spectrum_hz`
    axis_power: NDArray[np.float32]  # (axes, bins)
    lines: Vector  # (line bins,) log height of `power` above its local floor
    envelopes: NDArray[np.float32]  # (bands, envelope bins) likewise; 0 in unknown bands
    envelope_known: NDArray[np.bool_]  # (bands,)
    envelope_spread: Vector  # (bands,) log of std/mean of the envelope
    envelope_kurtosis: Vector  # (bands,) log of the envelope's fourth standardised moment
    impulses: float | None  # `envelope_spread` of the band that spreads most, off the window's ends; None without bands
    rms: Vector  # (axes,) in the stream's unit, mean removed
    kurtosis: Vector  # (axes,) fourth standardised moment, 3 for Gaussian noise
    crest: Vector  # (axes,) peak over RMS
    axes: tuple[str, ...]
    whole: bool = True  # False: of a piece shorter than a window

    @property
    def seconds(self) -> float:
        """How long the window was."""
        return 1 / self.bin_hz

    def resolves(self, shaft_hz: float) -> bool:
        """Whether lines at orders of such a shaft stand apart from each other."""
        return shaft_hz / self.bin_hz >= (LEAST_IN_A_WINDOW if self.whole else LEAST_REVOLUTIONS)

    @property
    def hears_bearings(self) -> bool:
        """False where the sensor is too slow for every band that a bearing's impacts excite."""
        return bool(self.envelope_known.any())


def band_bins(spec: FeatureSpec, *, rate_hz: float, samples: int) -> tuple[slice | None, ...]:
    """Bins of each envelope band in the spectrum of so many samples.

    None where the band ends above half the rate, or is too narrow for an envelope that shows anything.
    """
    bin_hz = rate_hz / samples
    spans = [slice(int(low / bin_hz), int(high / bin_hz)) for low, high in spec.envelope_bands_hz]
    return tuple(s if s.stop <= samples // 2 and s.stop - s.start >= _SMALLEST_BAND else None for s in spans)


def hears_bearings(spec: FeatureSpec, *, rate_hz: float, samples: int) -> bool:
    """What `Spectra.hears_bearings` of a window of so many samples at this rate will be."""
    return any(bins is not None for bins in band_bins(spec, rate_hz=rate_hz, samples=samples))


def analyse(window: Window, spec: FeatureSpec) -> Spectra:
    """The window's spectra. Samples must be finite: `quality.fault_of_signal` comes first."""
    samples = np.array(window.samples.T, order="C")  # a copy: the mean is taken off in place
    n = samples.shape[1]
    samples -= samples.mean(axis=1, keepdims=True)
    rms, kurtosis, crest = _moments(samples)

    spectrum = rfft(samples)
    bin_hz = window.rate.hz / n
    kept = min(spectrum.shape[1], int(spec.spectrum_hz[1] / bin_hz) + 2)
    axis_power = power_of(hann(spectrum[:, :kept])) / np.float32(0.375 * n * n / 2)
    power = axis_power.sum(axis=0)
    width = max(8, round(spec.floor_width_hz / bin_hz))

    whole = n >= WHOLE_FROM * spec.window_s * window.rate.hz
    bands = len(spec.envelope_bands_hz)
    modulation = np.zeros((bands, int(spec.envelope_max_hz / bin_hz) + 1), np.float32)
    known = np.zeros(bands, np.bool_)
    spread, peaky, inner = (np.zeros(bands, np.float32) for _ in range(3))
    for row, bins in enumerate(band_bins(spec, rate_hz=window.rate.hz, samples=n)):
        if bins is None:
            continue
        band = _whitened(spectrum[:, bins], max(4, round(spec.whitening_hz / bin_hz)))
        envelope = _envelope(band, reach=modulation.shape[1])
        known[row] = True
        spread[row], peaky[row] = _shape(envelope)
        inner[row] = _inner_spread(envelope) if n >= LASTING_BELOW_S * window.rate.hz else _lasting_spread(envelope)
        modulation[row] = power_of(hann(rfft(envelope)))[: modulation.shape[1]]
    envelopes = np.where(known[:, None], _above_floor(modulation, width), np.float32(0))
    return Spectra(
        bin_hz=bin_hz,
        rate_hz=window.rate.hz,
        power=power,
        axis_power=axis_power,
        lines=_above_floor(power[None, : int(spec.lines_max_hz / bin_hz) + 1], width)[0],
        envelopes=envelopes,
        envelope_known=known,
        envelope_spread=spread,
        envelope_kurtosis=peaky,
        impulses=float(inner[known].max()) if known.any() else None,
        rms=rms,
        kurtosis=kurtosis,
        crest=crest,
        axes=window.stream.axes,
        whole=whole,
    )


def _moments(samples: NDArray[np.float32]) -> tuple[Vector, Vector, Vector]:
    """RMS, kurtosis and crest factor per axis of samples (axes, n) without their mean."""
    square = samples * samples
    variance = np.maximum(square.mean(axis=1), np.float32(1e-20))
    fourth = np.array([np.dot(row, row) for row in square], np.float32) / np.float32(samples.shape[1])
    return np.sqrt(variance), fourth / variance**2, np.sqrt(square.max(axis=1) / variance)


def _whitened(band: Spectrum, width: int) -> Spectrum:
    """The band's bins (axes, bins) with their power, summed over axes, made equal in blocks of about `width` bins.

    A resonance or a strong tone would otherwise speak for the whole band; flat, every part of it that is modulated at
    one rate adds up, as in the enhanced envelope spectrum of the cyclic coherence (Abboud et al., MSSP 84 (2017)).
    """
    bins = band.shape[1]
    blocks = max(1, bins // width)
    size = bins // blocks
    power = power_of(band[:, : blocks * size]).sum(axis=0).reshape(blocks, size).mean(axis=1)
    level = -0.5 * np.log(np.maximum(power, np.float32(1e-30)))
    left, weight = _between(bins, blocks, size)
    gain = np.exp(level[left] * (1 - weight) + level[np.minimum(left + 1, blocks - 1)] * weight)
    white: Spectrum = band * gain
    return white


def _envelope(band: Spectrum, *, reach: int) -> Vector:
    """Magnitude of the analytic signal of a band's bins (axes, bins), summed over axes as powers, mean 1.

    The inverse FFT of the band's bins alone gives the analytic signal, shifted to 0 Hz and decimated, so the cost is
    that of the band, not of the window. It is sampled densely enough for modulation up to `reach` bins.
    """
    length = fast_length(max(band.shape[1], 2 * reach))
    analytic = np.fft.ifft(band, length, axis=1).astype(np.complex64, copy=False)
    envelope: Vector = np.sqrt(power_of(analytic).sum(axis=0))
    envelope /= np.float32(max(float(envelope.mean()), 1e-20))
    return envelope


def _inner_spread(envelope: Vector) -> float:
    """Log spread of an envelope without its ends.

    A tone between two bins of the window does not end where it began; cut to a band, that step rings at both ends, as
    if the machine knocked. Off the ends nothing of it is left.
    """
    ends = max(1, round(_ENDS * len(envelope)))
    inner = envelope[ends:-ends]
    mean = max(float(inner.mean()), 1e-12)
    return 0.5 * float(np.log(max(float(inner.var()) / mean**2, 1e-12) / _RAYLEIGH_VARIANCE))


def _lasting_spread(envelope: Vector) -> float:
    """The spread of the calmer half of a piece: impacts of a bearing go on, a lone knock is in one half alone.

    In a whole window it weighs little; in a quarter of a second it would look like damage.
    """
    middle = len(envelope) // 2
    return min(_inner_spread(envelope[:middle]), _inner_spread(envelope[middle:]))


def _shape(envelope: Vector) -> tuple[float, float]:
    """Log spread and log kurtosis of an envelope of mean 1; 0 for Gaussian noise of that bandwidth."""
    deviation = envelope - np.float32(1)
    square = deviation * deviation
    variance = max(float(square.mean()), 1e-12)
    fourth = float(np.dot(square, square)) / len(square)
    return 0.5 * float(np.log(variance / _RAYLEIGH_VARIANCE)), float(np.log(fourth / variance**2 / _RAYLEIGH_KURTOSIS))


_ENDS = 0.03  # of an envelope, at each end
_RAYLEIGH_VARIANCE = 4 / np.pi - 1  # of a Rayleigh variable with mean 1
_RAYLEIGH_KURTOSIS = 3.245  # its fourth standardised moment


def _above_floor(power: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """log(1 + power / local mean) per row of (rows, bins).

    The local mean is taken robustly, median / ln 2 (that of exponentially distributed noise power) per block of `width`
    bins, and interpolated in the logarithm between the blocks' centres.
    """
    rows, bins = power.shape
    blocks = max(1, bins // width)
    size = bins // blocks
    blocked = power[:, : blocks * size].reshape(rows, blocks, size)
    medians = np.partition(blocked, size // 2, axis=2)[:, :, size // 2]
    floor = np.log(np.maximum(medians, np.float32(1e-30)) / _LN2)
    left, weight = _between(bins, blocks, size)
    floor = floor[:, left] * (1 - weight) + floor[:, np.minimum(left + 1, blocks - 1)] * weight
    heights: NDArray[np.float32] = np.log1p(power * np.exp(-floor))
    return heights


@lru_cache(maxsize=64)
def _between(bins: int, blocks: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For every bin the block to its left and the weight of the next one, for linear interpolation between centres."""
    position = np.clip((np.arange(bins) + 0.5) / size - 0.5, 0, blocks - 1)
    left = position.astype(np.intp)
    return left, (position - left).astype(np.float32)
