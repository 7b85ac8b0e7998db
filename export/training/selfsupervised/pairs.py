"""Pairs of views of one machine state, and which windows of a batch are of other states."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Pair:
    """Encoder inputs of two views of each of n windows, and the number of the machine state that each is of."""

    one: Tensor  # (n, inputs)
    other: Tensor  # (n, inputs)
    states: Tensor  # (n,) whole numbers from 0 on

    @property
    def both(self) -> Tensor:
        """(2n, inputs), the first views before the others: one pass, one set of batch statistics."""
        return torch.cat([self.one, self.other])

    def apart_from(self, states: Tensor) -> Tensor:
        """(n, m) which of m windows of these states may be negatives."""
        return self.states[:, None] != states[None, :]
