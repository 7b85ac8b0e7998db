"""The envelopes of a window's bands: how a bearing's impacts modulate what rings there.

Per band one inverse FFT of its bins alone, and one forward FFT of its envelope: the cost does not grow with bands x
window length. Axes are added as powers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.dsp.fft import Spectrum, fast_length, hann, power_of, power_over_rows, rfft_over_length, rows_of
from agent.dsp.floors import evening_gain
from agent.dsp.moments import mean_of
from agent.types import Vector

_ENDS = 0.03  # of an envelope, at each end
_RAYLEIGH_VARIANCE = 4 / np.pi - 1  # of a Rayleigh variable with mean 1
_RAYLEIGH_KURTOSIS = 3.245  # its fourth standardised moment


@dataclass(frozen=True, slots=True)
class Envelopes:
    """What the envelopes of a window's bands are like; 0 in bands that are not `known`."""

    known: NDArray[np.bool_]  # (bands,)
    modulation: NDArray[np.float32]  # (bands, reach) power of each envelope's spectrum, Hann-windowed, in any unit
    spread: Vector  # (bands,) log of std/mean; 0 for Gaussian noise of that bandwidth
    kurtosis: Vector  # (bands,) log of the fourth standardised moment, likewise
    impulses: Vector  # (bands,) `spread` off the ends


def envelopes_of(
    spectrum: Spectrum, bands: Sequence[slice | None], *, reach: int, whitening: int, lasting: bool
) -> Envelopes:
    """Envelopes of the `bands` of a spectrum (axes, bins); None: a band that is not known.

    `reach`: bins of modulation that are wanted; `whitening`: bins over which a band is made flat; `lasting`: whether
    impacts must go on through the piece to count.
    """
    modulation = np.zeros((len(bands), reach + 1), np.complex64)
    shapes = np.zeros((len(bands), 3), np.float32)
    heard = spectrum[:, : max((bins.stop for bins in bands if bins), default=0)]
    power = power_over_rows(heard)
    for row, bins in enumerate(bands):
        if bins is None:
            continue
        envelope = _envelope(heard[:, bins], evening_gain(power[bins], whitening), reach=reach)
        spread, kurtosis = _shape(envelope)
        shapes[row] = spread, kurtosis, _lasting_spread(envelope) if lasting else _inner_spread(envelope)
        modulation[row] = rfft_over_length(envelope)[: reach + 1]
    known = np.array([bins is not None for bins in bands], np.bool_)
    return Envelopes(known, power_of(hann(modulation))[:, :reach], *shapes.T)


def _envelope(band: Spectrum, gain: Vector, *, reach: int) -> Vector:
    """Magnitude of the analytic signal of a band's bins (axes, bins), summed over axes as powers, mean 1.

    Its bins are made even by `gain` first. A resonance or a strong tone would otherwise speak for the whole band; flat,
    every part of it that is modulated at one rate adds up, as in the enhanced envelope spectrum of the cyclic coherence
    (Abboud et al., MSSP 84 (2017)).

    The inverse FFT of the band's bins alone gives the analytic signal, shifted to 0 Hz and decimated, so the cost is
    that of the band, not of the window. It is sampled densely enough for modulation up to `reach` bins.
    """
    axes, bins = band.shape
    white = np.zeros((rows_of(axes), fast_length(max(bins, 2 * reach))), np.complex64)
    np.multiply(band, gain, out=white[:axes, :bins])
    analytic = np.fft.ifft(white).astype(np.complex64, copy=False)
    envelope: Vector = np.sqrt(power_over_rows(analytic[:axes]))
    envelope /= np.maximum(mean_of(envelope), np.float32(1e-20))
    return envelope


def _inner_spread(envelope: Vector) -> float:
    """Log spread of an envelope without its ends.

    A tone between two bins of the window does not end where it began; cut to a band, that step rings at both ends, as
    if the machine knocked. Off the ends nothing of it is left.
    """
    ends = max(1, round(_ENDS * len(envelope)))
    inner = envelope[ends:-ends]
    mean = mean_of(inner)
    variance = float(mean_of(np.square(inner - mean)))
    return 0.5 * math.log(max(variance / max(float(mean), 1e-12) ** 2, 1e-12) / _RAYLEIGH_VARIANCE)


def _lasting_spread(envelope: Vector) -> float:
    """The spread of the calmer half of a piece: impacts of a bearing go on, a lone knock is in one half alone.

    In a whole window it weighs little; in a quarter of a second it would look like damage.
    """
    middle = len(envelope) // 2
    return min(_inner_spread(envelope[:middle]), _inner_spread(envelope[middle:]))


def _shape(envelope: Vector) -> tuple[float, float]:
    """Log spread and log kurtosis of an envelope of mean 1; 0 for Gaussian noise of that bandwidth."""
    square = np.square(envelope - np.float32(1))
    variance = max(float(mean_of(square)), 1e-12)
    fourth = float(np.dot(square, square)) / len(square)
    return 0.5 * math.log(variance / _RAYLEIGH_VARIANCE), math.log(fourth / variance**2 / _RAYLEIGH_KURTOSIS)
