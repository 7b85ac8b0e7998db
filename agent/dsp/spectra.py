"""A window in the frequency domain: what depends on the samples alone, before speed or bearing are known.

One forward FFT per axis, and per envelope band one inverse FFT of that band's bins alone and one forward FFT of its
envelope: the cost does not grow with bands x window length. Axes are added as powers, so nothing depends on how the
sensor is turned. Line heights are in log units above the local floor: free of gain, level and window length.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.envelopes import envelopes_of
from agent.dsp.fft import hann, power_of, rfft_over_length, rows_of
from agent.dsp.floors import above_floor
from agent.dsp.moments import mean_of, moments
from agent.types import Vector, Window

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
    samples = np.ascontiguousarray(window.samples.T)  # (axes, n): as a windower cuts them, no copy
    axes, n = samples.shape
    centred = np.empty((rows_of(axes), n), np.float32)
    np.subtract(samples, mean_of(samples)[:, None], out=centred[:axes])
    centred[axes:] = 0.0
    rms, kurtosis, crest = moments(centred[:axes])

    bin_hz = window.rate.hz / n
    bands = band_bins(spec, rate_hz=window.rate.hz, samples=n)
    kept = min(n // 2 + 1, int(spec.spectrum_hz[1] / bin_hz) + 2)
    read = max(kept, *(bins.stop for bins in bands if bins is not None), 0)
    spectrum = rfft_over_length(centred)[:axes, :read]
    del centred  # a quarter of the memory that a window takes
    spectrum *= np.float32(n)
    axis_power = power_of(hann(spectrum[:, :kept])) / np.float32(0.375 * n * n / 2)
    power = axis_power.sum(axis=0)
    width = max(8, round(spec.floor_width_hz / bin_hz))
    envelopes = envelopes_of(
        spectrum,
        bands,
        reach=int(spec.envelope_max_hz / bin_hz) + 1,
        whitening=max(4, round(spec.whitening_hz / bin_hz)),
        lasting=n < LASTING_BELOW_S * window.rate.hz,
    )
    known = envelopes.known
    return Spectra(
        bin_hz=bin_hz,
        rate_hz=window.rate.hz,
        power=power,
        axis_power=axis_power,
        lines=above_floor(power[: int(spec.lines_max_hz / bin_hz) + 1], width),
        envelopes=np.where(known[:, None], above_floor(envelopes.modulation, width), np.float32(0)),
        envelope_known=known,
        envelope_spread=envelopes.spread,
        envelope_kurtosis=envelopes.kurtosis,
        impulses=float(envelopes.impulses[known].max()) if known.any() else None,
        rms=rms,
        kurtosis=kurtosis,
        crest=crest,
        axes=window.stream.axes,
        whole=n >= WHOLE_FROM * spec.window_s * window.rate.hz,
    )
