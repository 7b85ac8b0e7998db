"""Features -> the numbers and codes that the encoder eats; training and the edge call the same lines.

What is unknown becomes 0, the mean of what was seen in training, and the encoder is told how much of each view that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import SPEED_BOUND, VIEWS, views
from agent.dsp.spectra import FeatureSpec
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


LIMIT = 5.0
"""Standard deviations at which an input saturates: beyond, a machine never seen would be far out in many features at
once, and int8 codes would be spent on what never happens."""
NEAR = np.float32(0.05)
"""Root mean square difference in log units that is none: about what two healthy windows of one machine show."""


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
        return 2 * len(self.mean) + 2 * int(self.view_shares.shape[1]) + 1

    @property
    def speed_bound(self) -> NDArray[np.bool_]:
        """(n,) features whose healthy reference serves at the speed alone at which it was learnt."""
        return speed_bound(self.view_shares)

    def inputs(
        self,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        reference: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """(..., n) features -> (..., size) encoder inputs in real numbers.

        In order, all saturated at `LIMIT`: the standardised features; their standardised difference from `reference`,
        the same machine healthy (NaN where unknown, None or all NaN where there is none); the log of the root mean
        square difference in each view, 0 where there is none; the known share of each view; whether there is a
        reference.
        """
        n, views = self.view_shares.shape
        result = np.zeros((*values.shape[:-1], self.size), dtype=np.float32)
        result[..., :n] = np.where(known, np.clip((values - self.mean) * self.gain, -LIMIT, LIMIT), 0)
        if reference is not None:
            difference = values - reference
            both = known & np.isfinite(difference)
            result[..., n : 2 * n] = np.where(both, np.clip(difference * self.deviation_gain, -LIMIT, LIMIT), 0)
            distances = self._distances(np.where(both, difference, 0), both)
            result[..., 2 * n : 2 * n + views] = np.clip(distances, -LIMIT, LIMIT)
            result[..., -1] = both.any(axis=-1)
        result[..., 2 * n + views : -1] = known.astype(np.float32) @ self.view_shares
        return result

    def _distances(self, difference: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(..., views) how far a window is from healthy in each view; features are logarithms and need no scale."""
        seen = (known & (self.deviation_gain > 0)).astype(np.float32) @ self.view_shares
        square = np.where(self.deviation_gain > 0, difference, 0) ** 2 @ self.view_shares
        distance = np.log(np.sqrt(square / np.maximum(seen, 1e-6)) + NEAR)
        return np.where(seen > 0, distance, np.float32(0))


def view_shares(spec: FeatureSpec) -> NDArray[np.float32]:
    """(n, views) weights that turn a mask of known features into the known share of each view."""
    members = np.stack(list(views(spec).values()), axis=1).astype(np.float32)
    shares: NDArray[np.float32] = members / members.sum(axis=0)
    return shares


def speed_bound(shares: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(n,) features of the views SPEED_BOUND, by their `view_shares`."""
    columns = [VIEWS.index(view) for view in SPEED_BOUND]
    bound: NDArray[np.bool_] = np.any(shares[:, columns] > 0, axis=1)
    return bound
