"""Dropout whose draws come from the processor's generator, wherever the network is.

So that a seed means the same on every device: what is dropped there is what would have been dropped here.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Dropout(nn.Dropout):
    """`nn.Dropout` where inputs are on the processor, and the same draws where they are not."""

    def forward(self, input: Tensor) -> Tensor:
        """Inputs of any shape, each dropped or scaled up while training."""
        if input.device.type == "cpu" or not self.training or self.p == 0:
            return super().forward(input)
        kept = functional.dropout(torch.ones(input.shape, dtype=input.dtype, device="cpu"), self.p, training=True)
        return input * kept.to(input.device)
