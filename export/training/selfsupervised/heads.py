"""What stands behind the student while it learns without labels: projectors, momentum networks, queue, prototypes.

A head holds all that an objective keeps between steps, hands the rest to a pure loss, and is thrown away afterwards.
Each is what its paper describes, as far as a batch of one machine allows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.network.model import Student
from export.training.checkpoint import Stateful
from export.training.queue import Queue
from export.training.selfsupervised.contrastive import nt_xent, queued_info_nce
from export.training.selfsupervised.pairs import Pair
from export.training.selfsupervised.prediction import regression, swapped_prediction
from export.training.selfsupervised.redundancy import barlow_twins, vicreg

MOMENTUM = 0.98  # of the slow networks; papers are slower, over hundreds of times as many steps
QUEUE = 1024
DRAWN = -1  # state of a key that is of no window
PROTOTYPES = 48


class Head(Stateful, Protocol):
    """The state of one objective."""

    def loss(self, student: Student, pair: Pair) -> Tensor:
        """A scalar for a batch of pairs; what is kept between steps advances."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


class SimCLR(nn.Module):
    """NT-Xent behind a projector (Chen et al. 2020, arXiv 2002.05709)."""

    def __init__(self, student: Student, width: int) -> None:
        super().__init__()
        self.projector = projector(student.last.out_features, width)

    def loss(self, student: Student, pair: Pair) -> Tensor:
        one, other = functional.normalize(self.projector(student.raw(pair.both)), dim=1).chunk(2)
        return nt_xent(one, other, apart=pair.apart_from(pair.states))


class MoCo(nn.Module):
    """Keys by a slow network, and a queue of those of earlier steps (He et al. 2020, arXiv 1911.05722, algorithm 1).

    Keys pass in two halves in random order, so that batch statistics do not tell which key belongs to a query (its
    section 3.3). Either view is the query once.
    """

    def __init__(self, student: Student, width: int) -> None:
        super().__init__()
        self.projector = projector(student.last.out_features, width)
        self.slow = slow_of(nn.Sequential(Embedding(student), self.projector))
        self.queue = Queue(QUEUE, width)  # of keys and their states
        self.queue.push(functional.normalize(torch.randn(QUEUE, width), dim=1), torch.full((QUEUE,), DRAWN))

    def loss(self, student: Student, pair: Pair) -> Tensor:
        follow(self.slow, nn.Sequential(Embedding(student), self.projector))
        queries = functional.normalize(self.projector(student.raw(pair.both)), dim=1)
        count = len(pair.states)
        with torch.no_grad():
            order = torch.randperm(2 * count)
            halves = [self.slow(half) for half in pair.both[order].chunk(2)]
            keys = functional.normalize(torch.cat(halves)[order.argsort()], dim=1)
        partners = keys.roll(count, dims=0)
        held, states = self.queue.contents()
        loss = queued_info_nce(queries, partners, held, apart=pair.apart_from(states).repeat(2, 1))
        self.queue.push(keys[count:], pair.states)
        return loss


class BYOL(nn.Module):
    """A slow network's answer to one view, predicted from the other (Grill et al. 2020, arXiv 2006.07733)."""

    def __init__(self, student: Student, width: int) -> None:
        super().__init__()
        self.projector = projector(student.last.out_features, width)
        self.predictor = projector(width, width)
        self.slow = slow_of(nn.Sequential(Embedding(student), self.projector))

    def loss(self, student: Student, pair: Pair) -> Tensor:
        follow(self.slow, nn.Sequential(Embedding(student), self.projector))
        predicted = self.predictor(self.projector(student.raw(pair.both)))
        with torch.no_grad():
            targets = self.slow(pair.both)
        return regression(predicted, targets.roll(len(pair.states), dims=0))


class SwAV(nn.Module):
    """Clusters of one view told from the other (Caron et al. 2020, arXiv 2006.09882), with two views and no crops."""

    def __init__(self, student: Student, width: int) -> None:
        super().__init__()
        self.projector = projector(student.last.out_features, width)
        self.prototypes = nn.Parameter(functional.normalize(torch.randn(PROTOTYPES, width), dim=1))

    def loss(self, student: Student, pair: Pair) -> Tensor:
        projected = functional.normalize(self.projector(student.raw(pair.both)), dim=1)
        one, other = (projected @ functional.normalize(self.prototypes, dim=1).T).chunk(2)
        return swapped_prediction(one, other)


class VICReg(nn.Module):
    """Variance, invariance and covariance behind an expander (Bardes et al. 2022, arXiv 2105.04906)."""

    def __init__(self, student: Student, width: int) -> None:
        super().__init__()
        self.expander = projector(student.last.out_features, 2 * width)

    def loss(self, student: Student, pair: Pair) -> Tensor:
        one, other = self.expander(student.raw(pair.both)).chunk(2)
        return vicreg(one, other)


class BarlowTwins(nn.Module):
    """The correlation of both views behind a projector (Zbontar et al. 2021, arXiv 2103.03230)."""

    def __init__(self, student: Student, width: int) -> None:
        super().__init__()
        self.projector = projector(student.last.out_features, 2 * width)

    def loss(self, student: Student, pair: Pair) -> Tensor:
        one, other = self.projector(student.raw(pair.both)).chunk(2)
        return barlow_twins(one, other)


class Embedding(nn.Module):
    """A student whose answer is its embedding before it is brought to unit length."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student

    def forward(self, x: Tensor) -> Tensor:
        return self.student.raw(x)


def projector(inputs: int, width: int) -> nn.Sequential:
    """Two dense layers, batch normalisation between them."""
    return nn.Sequential(nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, width))


def slow_of(network: nn.Module) -> nn.Module:
    """A copy that learns by `follow` alone."""
    return copy.deepcopy(network).requires_grad_(False)


def follow(slow: nn.Module, fast: nn.Module, *, momentum: float = MOMENTUM) -> None:
    """Move each weight of `slow` to momentum x slow + (1 - momentum) x fast (MoCo, equation 2; BYOL, equation 1)."""
    with torch.no_grad():
        for behind, ahead in zip(slow.parameters(), fast.parameters(), strict=True):
            behind.lerp_(ahead, 1 - momentum)
