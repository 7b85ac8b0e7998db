"""The last vectors of a training, for losses that compare with more than one batch holds.

Cross-batch memory (Wang et al. 2020, arXiv 1912.06798), and MoCo's queue of keys (He et al. 2020, arXiv 1911.05722)
where what is pushed comes from a slowly moving encoder. Losses stay pure functions: they are handed the contents.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Queue(nn.Module):
    """At most `most` vectors (dim,) with a label each; whatever is pushed beyond drops the oldest.

    A module, so that its state is kept by checkpoints as that of networks is; it learns nothing, and no gradient flows
    into what it holds.
    """

    def __init__(self, most: int, dim: int) -> None:
        super().__init__()
        if most < 1:
            raise ValueError(f"a queue of {most} holds nothing")
        self.register_buffer("vectors", torch.zeros(most, dim))
        self.vectors: Tensor
        self.register_buffer("labels", torch.zeros(most, dtype=torch.long))
        self.labels: Tensor
        self.register_buffer("pushed", torch.zeros((), dtype=torch.long))  # since the start
        self.pushed: Tensor

    def push(self, vectors: Tensor, labels: Tensor) -> None:
        """Keep `vectors` (n, dim) with `labels` (n,), and forget as many of the oldest as there is no room for."""
        most, start = len(self.vectors), int(self.pushed)
        end = start + len(vectors)
        kept = torch.arange(max(start, end - most), end)
        self.vectors[kept % most] = vectors.detach()[kept - start].to(self.vectors)
        self.labels[kept % most] = labels[kept - start].to(self.labels)
        self.pushed.fill_(end)

    def contents(self) -> tuple[Tensor, Tensor]:
        """Copies of the vectors (n, dim) and their labels (n,), in no order; n is 0 at first."""
        held = min(int(self.pushed), len(self.vectors))
        return self.vectors[:held].clone(), self.labels[:held].clone()
