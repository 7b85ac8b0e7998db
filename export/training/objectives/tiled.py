"""InfoNCE and the triplet loss without the matrix of similarities: memory beyond the vectors is that of one tile.

The numbers are those of the plain forms (`softmax`, `ranking`), and so are the gradients; where several sentences are
equally near, the plain triplet shares its gradient among them and the tiled one gives it to the first. The similarities
are computed twice, as in memory-efficient attention (Rabe & Staats 2021, arXiv 2112.05682) and in Inf-CL (Cheng et al.
2024, arXiv 2410.17243).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

TILE = 512
"""Rows and columns of similarities that are held at a time."""


def tiled_info_nce(
    anchors: Tensor,
    labels: Tensor,
    texts: Tensor,
    text_labels: Tensor,
    *,
    temperature: float = 0.1,
    text_temperature: float | None = None,
    tile: int = TILE,
) -> Tensor:
    """`info_nce`, with memory that grows with n + m and not with n m."""
    back = temperature if text_temperature is None else text_temperature

    def one_way(rows: Tensor, row_labels: Tensor, columns: Tensor, column_labels: Tensor, sharpness: float) -> Tensor:
        sums = _row_sums(rows, row_labels, columns, column_labels, sharpness, tile)
        own, every = sums[torch.isfinite(sums[:, 0].detach())].unbind(dim=1)
        return (every - own).mean()

    there = one_way(anchors, labels, texts, text_labels, temperature)
    return (there + one_way(texts, text_labels, anchors, labels, back)) / 2


def tiled_cosine_triplet(
    anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, *, margin: float = 0.4, tile: int = TILE
) -> Tensor:
    """`cosine_triplet`, likewise: only the best sentence of the own fault and of another one is kept of each row."""
    own, other = _best(anchors.detach(), labels, texts.detach(), text_labels, tile)
    positive, negative = ((anchors * texts[best]).sum(dim=1) for best in (own, other))
    return functional.relu(margin - positive + negative).mean()


class _RowSums(Function):
    """(n, 2): per row log of the summed weights of columns with its label, -inf where there is none, and of all."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, labels: Tensor, columns: Tensor, column_labels: Tensor, temperature: float, tile: int
    ) -> Tensor:
        sums = rows.new_full((len(rows), 2), -torch.inf)
        for at, to in _tiles(len(rows), len(columns), tile):
            logits = rows[at] @ columns[to].T / temperature
            own = logits.masked_fill(labels[at, None] != column_labels[None, to], -torch.inf)
            new = torch.stack([own.logsumexp(dim=1), logits.logsumexp(dim=1)], dim=1)
            sums[at] = torch.logaddexp(sums[at], new)
        ctx.save_for_backward(rows, labels, columns, column_labels, sums)
        ctx.temperature, ctx.tile = temperature, tile
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, labels, columns, column_labels, sums = ctx.saved_tensors
        of_rows, of_columns = torch.zeros_like(rows), torch.zeros_like(columns)
        for at, to in _tiles(len(rows), len(columns), ctx.tile):
            logits = rows[at] @ columns[to].T / ctx.temperature
            same = labels[at, None] == column_labels[None, to]
            own = (logits - sums[at, :1]).exp().masked_fill(~same, 0) * grad[at, :1]
            slope = own + (logits - sums[at, 1:]).exp() * grad[at, 1:]
            of_rows[at] += slope @ columns[to] / ctx.temperature
            of_columns[to] += slope.T @ rows[at] / ctx.temperature
        return of_rows, None, of_columns, None, None, None


_row_sums = cast("Callable[..., Tensor]", _RowSums.apply)  # torch leaves it untyped


@torch.no_grad()
def _best(rows: Tensor, labels: Tensor, columns: Tensor, column_labels: Tensor, tile: int) -> tuple[Tensor, Tensor]:
    """The nearest column of each row's label and of any other one, (n,) each."""
    nearest = rows.new_full((2, len(rows)), -torch.inf)
    found = labels.new_zeros((2, len(rows)))
    for at, to in _tiles(len(rows), len(columns), tile):
        cosines = rows[at] @ columns[to].T
        same = labels[at, None] == column_labels[None, to]
        for kind, hidden in enumerate((~same, same)):
            best, where = cosines.masked_fill(hidden, -torch.inf).max(dim=1)
            nearer = best > nearest[kind, at]
            nearest[kind, at] = torch.where(nearer, best, nearest[kind, at])
            found[kind, at] = torch.where(nearer, where + to.start, found[kind, at])
    return found[0], found[1]


def _tiles(rows: int, columns: int, tile: int) -> Iterator[tuple[slice, slice]]:
    for at in range(0, rows, tile):
        for to in range(0, columns, tile):
            yield slice(at, min(at + tile, rows)), slice(to, min(to + tile, columns))
