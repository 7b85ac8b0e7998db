"""Views of a window that leave its machine's state what it is: as from another place, time, sensor or speed.

What changes what is heard acts on samples, before the features: another speed, noise, mains hum, another direction of
the sensor; nobody could tell from features what becomes of them. What features are free of, or what is plainly missing,
acts on their rows, at no cost: gain moves the level alone, and a band that a sensor does not hear is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.types import Samples

Floats = NDArray[np.float32]

SPEEDS = (0.92, 1.09)  # further, resonances that stay in Hz would lie in other orders than they ever do
NOISE_DB = (6.0, 30.0)  # of the signal over the noise
MAINS_HZ = (50.0, 60.0)
HUM_DB = (6.0, 30.0)  # of the signal over the hum
HUM_HARMONICS = 4
GAIN_DB = 12.0  # either way
WIDEST_SPAN = 1 / 3  # of the logarithm of all that is heard


@dataclass(frozen=True, slots=True)
class Heard:
    """Samples (n, axes), how fast they were taken, and how fast the shaft turned; None where nobody knows."""

    samples: Samples
    rate_hz: float
    rpm: float | None


def at_speed(heard: Heard, ratio: float) -> Heard:
    """The same turns of the shaft made `ratio` times as fast: every line moves in Hz and none in orders.

    Samples taken at the same angles are the same samples at another rate (computed order tracking, Fyfe and Munck 1997,
    MSSP 11), so nothing is interpolated. Resonances move along, as they do not on a machine.
    """
    return Heard(heard.samples, heard.rate_hz * ratio, None if heard.rpm is None else heard.rpm * ratio)


def turned(heard: Heard, rotation: NDArray[np.float64]) -> Heard:
    """As a sensor hears it that is glued on in another direction: `rotation` (axes, axes), which keeps every length."""
    return replace(heard, samples=(heard.samples @ rotation.T).astype(np.float32))


def noisy(heard: Heard, db: float, rng: np.random.Generator) -> Heard:
    """With the white noise of a worse sensor, so many decibels below the signal of each axis."""
    noise = rng.normal(size=heard.samples.shape) * _rms(heard.samples) * 10 ** (-db / 20)
    return replace(heard, samples=(heard.samples + noise).astype(np.float32))


def humming(heard: Heard, mains_hz: float, db: float, rng: np.random.Generator) -> Heard:
    """With the mains and its harmonics in the cable, so many decibels below the signal, at phases and shares of chance.

    Power drawn by rectifiers and magnets shows at even harmonics, hum at the odd ones; either may be the strongest.
    """
    times = np.arange(len(heard.samples)) / heard.rate_hz
    shares = rng.dirichlet(np.ones(HUM_HARMONICS))
    hum = np.zeros(len(times))
    for number, share in enumerate(shares, start=1):
        if number * mains_hz < heard.rate_hz / 2:
            hum += np.sqrt(2 * share) * np.cos(2 * np.pi * (number * mains_hz * times + rng.random()))
    added = hum[:, np.newaxis] * _rms(heard.samples) * 10 ** (-db / 20)
    return replace(heard, samples=(heard.samples + added).astype(np.float32))


def rotation_of(axes: int, free: Sequence[int], rng: np.random.Generator) -> NDArray[np.float64]:
    """(axes, axes) that turns the axes `free` among each other by chance and leaves the others alone.

    An axis of which is known that it is axial stays what it is. One axis cannot be turned: it would hear less of the
    same, which is gain.
    """
    rotation = np.eye(axes)
    if len(free) > 1:
        drawn, upper = np.linalg.qr(rng.normal(size=(len(free), len(free))))
        rotation[np.ix_(free, free)] = drawn * np.sign(np.diag(upper))
    return rotation


def varied(heard: Heard, rng: np.random.Generator, *, free: Sequence[int] = ()) -> Heard:
    """One view on samples, each change with a chance of one half; `free` axes may be turned."""
    speed, noise, hum, turn = rng.random(4) < 0.5
    if speed:
        heard = at_speed(heard, float(np.exp(rng.uniform(*np.log(SPEEDS)))))
    if turn and len(free) > 1:
        heard = turned(heard, rotation_of(heard.samples.shape[1], free, rng))
    if hum:
        heard = humming(heard, float(rng.choice(MAINS_HZ)), rng.uniform(*HUM_DB), rng)
    if noise:
        heard = noisy(heard, rng.uniform(*NOISE_DB), rng)
    return heard


# ------------------------------------------------------------------------------------------------------ on feature rows


def louder(values: Floats, gains_db: NDArray[np.float64], spec: FeatureSpec) -> Floats:
    """Rows (n, d) as of samples so many decibels louder, (n,): the level moves, a logarithm, and nothing else."""
    moved = values.copy()
    moved[:, feature_names(spec).index("level")] += (gains_db / 20 * np.log(10)).astype(np.float32)
    return moved


def band_edges(spec: FeatureSpec) -> NDArray[np.float64]:
    """(d, 2) between which frequencies each feature is heard that one band alone gives, in Hz; NaN for the others."""
    bounds = np.geomspace(*spec.spectrum_hz, spec.spectrum_bands + 1)
    spectrum = {f"spectrum/{i}": (bounds[i], bounds[i + 1]) for i in range(spec.spectrum_bands)}
    envelopes = {f"shape/{kind}/{i}": b for kind in ("spread", "peaky") for i, b in enumerate(spec.envelope_bands_hz)}
    nowhere = (np.nan, np.nan)
    found = {**spectrum, **envelopes}
    edges: NDArray[np.float64] = np.array([found.get(name, nowhere) for name in feature_names(spec)], dtype=np.float64)
    return edges


def without_bands(
    known: NDArray[np.bool_], edges: NDArray[np.float64], spans_hz: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """What is left of `known` (n, d) where a sensor hears nothing between the frequencies `spans_hz` (n, 2).

    A band counts as unheard where the span touches it, as the agent counts one that its sensor is too slow for. Figures
    over all bands stay: they are means and bests of those that are heard.
    """
    low, high = edges[:, 0], edges[:, 1]
    touched: NDArray[np.bool_] = (low < spans_hz[:, 1:]) & (high > spans_hz[:, :1])
    return known & ~touched


def spans_of(count: int, spec: FeatureSpec, rng: np.random.Generator) -> NDArray[np.float64]:
    """(count, 2) spans in Hz that a view leaves out: nothing for one half of them, up to a third of all else."""
    low, high = np.log(spec.spectrum_hz[0]), np.log(spec.envelope_bands_hz[-1][1])
    widths = rng.uniform(0, WIDEST_SPAN * (high - low), count) * (rng.random(count) < 0.5)
    starts = rng.uniform(low, high - widths)
    spans: NDArray[np.float64] = np.exp(np.stack([starts, starts + widths], axis=1))
    return spans


def _rms(samples: Samples) -> NDArray[np.float64]:
    """(axes,) of the signal less its mean."""
    deviations: NDArray[np.float64] = samples.astype(np.float64).std(axis=0)
    return deviations
