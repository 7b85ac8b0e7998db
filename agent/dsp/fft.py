"""Fourier transforms in single precision: which lengths are fast, the Hann window, the power of a bin."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Spectrum: TypeAlias = NDArray[np.complex64]


def rfft(samples: NDArray[np.float32]) -> Spectrum:
    """Forward FFT along the last axis. numpy computes it in double precision: tones do not blur what lies far below."""
    return np.fft.rfft(samples).astype(np.complex64, copy=False)


def rfft_over_length(samples: NDArray[np.float32]) -> Spectrum:
    """The same over the number of samples, which numpy computes in single precision from 2.0 on, in half the time."""
    return np.fft.rfft(samples, norm="forward").astype(np.complex64, copy=False)


def hann(spectrum: Spectrum) -> Spectrum:
    """The spectrum as if the samples had been tapered by a periodic Hann window: a 3-point convolution of the bins."""
    tapered = np.zeros_like(spectrum)
    bins, inner = parts_of(spectrum), parts_of(tapered)[..., 2:-2]
    np.add(bins[..., :-4], bins[..., 4:], out=inner)
    inner *= np.float32(-0.5)
    inner += bins[..., 2:-2]
    inner *= np.float32(0.5)
    return tapered


def power_of(spectrum: Spectrum) -> NDArray[np.float32]:
    """Squared magnitude of every bin."""
    squares = np.square(parts_of(spectrum))
    power: NDArray[np.float32] = squares[..., ::2] + squares[..., 1::2]
    return power


def parts_of(spectrum: Spectrum) -> NDArray[np.float32]:
    """The same memory as (..., 2 x bins) real and imaginary parts in turn: real arithmetic takes half the time."""
    return spectrum.view(np.float32)


@lru_cache(maxsize=256)
def fast_length(n: int) -> int:
    """The smallest length >= n whose only prime factors are 2, 3 and 5, which FFTs like."""
    best = 1 << (n - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            twos = three << max(0, (-(-n // three) - 1).bit_length())
            if n <= twos < best:
                best = twos
            three *= 3
        five *= 5
    return best


def fast_length_within(n: int) -> int:
    """The largest length <= n (n >= 1) that is fast likewise."""
    while fast_length(n) != n:
        n -= 1
    return n
