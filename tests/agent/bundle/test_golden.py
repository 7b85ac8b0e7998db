"""Golden windows are the same integers everywhere, so their digests may stand here."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from agent.bundle.golden import COUNTS_PER_G, GoldenCase, golden_window, reference_window

CASE = GoldenCase(seed=7, rate_hz=8000, axes=2, impulse_every=90, reference_seed=8)


def test_samples_are_these_exact_integers() -> None:
    counts = golden_window(CASE, 0.5).samples * COUNTS_PER_G
    assert np.array_equal(counts, np.rint(counts))
    assert counts[:3].tolist() == COUNTS_HEAD
    assert hashlib.sha256(counts.astype("<i4").tobytes()).hexdigest() == COUNTS_DIGEST


COUNTS_HEAD = [[181.0, 134.0], [-379.0, -130.0], [-23.0, -285.0]]
COUNTS_DIGEST = "a08809936555683903556a0832c1dab2a018544aef021025e1c5b6b62d5f829d"


def test_noise_is_noise() -> None:
    counts = golden_window(GoldenCase(seed=3, rate_hz=20_000, axes=3), 1.0).samples * COUNTS_PER_G
    assert np.all(np.abs(counts.mean(axis=0)) < 10)
    assert np.all(np.abs(np.corrcoef(counts.T) - np.eye(3)) < 0.05)
    assert np.abs(np.corrcoef(counts[:-1, 0], counts[1:, 0])[0, 1]) < 0.05


def test_reference_is_another_seed_without_impulses() -> None:
    reference = reference_window(CASE, 0.5)
    assert reference is not None
    healthy = golden_window(GoldenCase(seed=8, rate_hz=8000, axes=2), 0.5)
    assert np.array_equal(reference.samples, healthy.samples)
    assert reference_window(GoldenCase(seed=1, rate_hz=8000), 0.5) is None


@pytest.mark.parametrize("case", [GoldenCase(seed=1, rate_hz=10**9), GoldenCase(seed=1, rate_hz=100, axes=4)])
def test_a_case_cannot_ask_for_more_than_a_window(case: GoldenCase) -> None:
    with pytest.raises(ValueError, match="golden window"):
        golden_window(case, 60.0)
