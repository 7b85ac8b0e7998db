"""Raw windows at one sample rate, in the order of the table of features: for what learns from samples alone.

They are the same windows that the features are read from: the same hop, and the same ones left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from export.data.manifest import ManifestRow
from export.data.windows import judged_windows, read_samples, recording_name
from export.progress import track


@dataclass(frozen=True, slots=True)
class RawWindows:
    """n windows of the first axis, in the unit of their recording."""

    samples: NDArray[np.float32]  # (n, window_s x rate)
    recordings: NDArray[np.str_]  # (n,) as in the table of features


def raw_windows(
    rows: Iterable[ManifestRow], spec: FeatureSpec, *, rate_hz: float, hop_s: float | None = None
) -> RawWindows:
    """Windows of every recording that can be read, brought to `rate_hz` by polyphase filtering."""
    size = round(spec.window_s * rate_hz)
    windows: list[NDArray[np.float32]] = []
    recordings: list[str] = []
    for row in track(rows, "raw windows of recordings"):
        try:
            samples, own_hz = read_samples(row)
        except RecordingError:  # the table of features has told of it
            continue
        ratio = Fraction(rate_hz / own_hz).limit_denominator(1000)
        hop = spec.hop_s if hop_s is None else hop_s
        for window in judged_windows(samples, rate_hz=own_hz, window_s=spec.window_s, hop_s=hop):
            moved = resample_poly(window.samples[:, 0], ratio.numerator, ratio.denominator)
            windows.append(np.resize(moved.astype(np.float32), size))
            recordings.append(recording_name(row))
    return RawWindows(np.array(windows, np.float32).reshape(-1, size), np.array(recordings, np.str_))
