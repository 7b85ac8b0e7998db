"""Losses without negatives that keep every dimension in use and dimensions from repeating each other."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST_VARIANCE = 1e-4


def vicreg(
    one: Tensor, other: Tensor, *, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0
) -> Tensor:
    """Views near to each other, each dimension's deviation at least 1, and no two dimensions correlated.

    Bardes et al. 2022 (arXiv 2105.04906), equations 1 to 6: (n, dim) twice, not of unit length -> scalar. The squared
    distance is a mean over dimensions, too, as in the authors' code, which their weights belong to.
    """
    near = functional.mse_loss(one, other)
    spread = torch.stack([_missing_deviation(one), _missing_deviation(other)]).mean()
    shared = _shared_variance(one) + _shared_variance(other)
    return invariance * near + variance * spread + covariance * shared


def barlow_twins(one: Tensor, other: Tensor, *, off_diagonal: float = 5e-3) -> Tensor:
    """Correlation of the views towards the identity matrix: (n, dim) twice -> scalar.

    Zbontar et al. 2021 (arXiv 2103.03230), equations 1 and 2.
    """
    correlation = _standardised(one).T @ _standardised(other) / len(one)
    diagonal = torch.diagonal(correlation)
    off = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + off_diagonal * off


def _missing_deviation(vectors: Tensor) -> Tensor:
    return functional.relu(1 - (vectors.var(dim=0) + SMALLEST_VARIANCE).sqrt()).mean()


def _shared_variance(vectors: Tensor) -> Tensor:
    centred = vectors - vectors.mean(dim=0)
    covariance = centred.T @ centred / (len(vectors) - 1)
    return (covariance.square().sum() - torch.diagonal(covariance).square().sum()) / vectors.shape[1]


def _standardised(vectors: Tensor) -> Tensor:
    return (vectors - vectors.mean(dim=0)) / (vectors.var(dim=0, unbiased=False) + 1e-5).sqrt()
