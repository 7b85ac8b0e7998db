"""Features -> the numbers and codes that the encoder eats; training and the edge call the same lines.

What is unknown becomes 0, the mean of what was seen in training, and the encoder is told how much of each view that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.features import views
from agent.spectra import FeatureSpec
from agent.types import Vector


class CodeScale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """real = scale x (code - zero_point)."""

    scale: float
    zero_point: int

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.int8]:
        """Nearest int8 codes, saturating."""
        codes: NDArray[np.int8] = np.clip(np.rint(values / np.float32(self.scale)) + self.zero_point, -128, 127).astype(
            np.int8
        )
        return codes

    def decode(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """Values that the codes stand for."""
        return (codes.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)


LIMIT = 2.0
"""Standard deviations at which an input saturates. A machine never seen is far out in many features at once; without a
limit these few outvote all others. On the leak-free columns logistic regression gains .06 by it."""


@dataclass(frozen=True, slots=True)
class InputScaling:
    """How n features become encoder inputs. A gain of 0 hides a feature from the encoder."""

    mean: Vector  # (n,)
    gain: Vector  # (n,) 1 / standard deviation
    deviation_gain: Vector  # (n,) 1 / standard deviation of the difference from the healthy reference
    view_shares: NDArray[np.float32]  # (n, views) see `view_shares`

    @property
    def size(self) -> int:
        """Length of one encoder input."""
        return 2 * len(self.mean) + int(self.view_shares.shape[1]) + 1

    def inputs(
        self, values: NDArray[np.float32], known: NDArray[np.bool_], reference: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """(..., n) features -> (..., size) encoder inputs in real numbers.

        In order, all saturated at `LIMIT`: the standardised features; their standardised difference from `reference`,
        the same machine healthy (NaN where unknown, None or all NaN where there is none); the known share of each view;
        whether there is a reference.
        """
        n = len(self.mean)
        result = np.zeros((*values.shape[:-1], self.size), dtype=np.float32)
        result[..., :n] = np.where(known, _saturated((values - self.mean) * self.gain), 0)
        if reference is not None:
            difference = values - reference
            both = known & np.isfinite(difference)
            result[..., n : 2 * n] = np.where(both, _saturated(difference * self.deviation_gain), 0)
            result[..., -1] = both.any(axis=-1)
        result[..., 2 * n : -1] = known.astype(np.float32) @ self.view_shares
        return result


def _saturated(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(values, -LIMIT, LIMIT)


def view_shares(spec: FeatureSpec) -> NDArray[np.float32]:
    """(n, views) weights that turn a mask of known features into the known share of each view."""
    members = np.stack(list(views(spec).values()), axis=1).astype(np.float32)
    shares: NDArray[np.float32] = members / members.sum(axis=0)
    return shares
