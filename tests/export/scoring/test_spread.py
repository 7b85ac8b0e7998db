"""Effective rank, alignment and uniformity at the ends of their scales, and against slow loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from export.scoring.spread import alignment, effective_rank, spread_of, uniformity


def unit(rows: int, dim: int) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_effective_rank_counts_the_dimensions_in_use() -> None:
    assert effective_rank(np.tile(np.eye(5, dtype=np.float32), (4, 1))) == pytest.approx(5)
    assert effective_rank(np.ones((6, 5), np.float32)) == pytest.approx(1, abs=1e-5)
    flat = np.zeros((40, 5), np.float32)
    flat[:, :2] = unit(40, 2)
    assert 1.8 < effective_rank(flat) <= 2.001


def test_effective_rank_from_its_definition() -> None:
    vectors = np.diag([3.0, 1.0]).astype(np.float32)
    assert effective_rank(vectors) == pytest.approx(math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25))))


def test_alignment_is_the_mean_squared_distance() -> None:
    vectors = unit(7, 4)
    assert alignment(vectors, vectors) == 0
    assert alignment(vectors, -vectors) == pytest.approx(4, rel=1e-5)
    assert alignment(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)[::-1]) == pytest.approx(2)


def test_uniformity_against_a_slow_loop() -> None:
    vectors = unit(9, 3).astype(np.float64)
    pairs = [math.exp(-2 * float(((a - b) ** 2).sum())) for i, a in enumerate(vectors) for b in vectors[:i]]
    assert uniformity(vectors.astype(np.float32)) == pytest.approx(math.log(np.mean(pairs)), rel=1e-5)
    assert uniformity(np.ones((5, 2), np.float32)) == pytest.approx(0)
    assert math.isnan(uniformity(np.ones((1, 2), np.float32)))
    assert uniformity(unit(5000, 3)) == pytest.approx(uniformity(unit(1000, 3)), abs=0.05)


def test_a_spread_is_all_three() -> None:
    vectors, partners = unit(9, 3), unit(9, 3)[::-1]
    found = spread_of(vectors, partners)
    assert found.effective_rank == effective_rank(vectors)
    assert found.alignment == alignment(vectors, partners)
    assert found.uniformity == uniformity(vectors)
    assert spread_of(vectors[:1], partners[:1]).uniformity is None  # JSON knows no NaN
