"""What a fault known by its description alone is granted, and which windows that rests on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_windows import SPEC, small_table

from agent.types import FAULTS
from export.calibration.head_start import HEARD, TAKEN, grant_of, heard_windows
from export.scoring.score import embeddings
from export.text.tower import Tower
from export.training.recipe import TrainConfig
from export.training.train import Trained, fit_scaling, student_of


@pytest.mark.parametrize("length", [0.1, 1.0, 5.0])
def test_a_grant_lets_a_fault_take_so_many_windows_and_no_more(length: float) -> None:
    """Whether its description is hardly ever the nearest without, or mostly is."""
    rng = np.random.default_rng(0)
    heard, centres = rng.normal(size=(500, 6)).astype(np.float32), rng.normal(size=(4, 6)).astype(np.float32)
    heard /= np.linalg.norm(heard, axis=1, keepdims=True)
    description = rng.normal(size=6).astype(np.float32) * np.float32(length)
    granted = grant_of(heard, centres, description)
    taken = heard @ description + granted > (heard @ centres.T).max(axis=1) + 1e-6
    assert TAKEN - 0.01 <= taken.mean() <= TAKEN


def test_a_description_nearer_than_all_others_is_held_back() -> None:
    heard = np.tile(np.array([[1.0, 0.0]], np.float32), (40, 1))
    assert grant_of(heard, np.array([[0.0, 1.0]], np.float32), np.array([1.0, 0.0], np.float32)) == pytest.approx(-1)


def test_windows_heard_are_of_all_labels_alike_and_half_of_them_without_a_reference() -> None:
    table = small_table(8)
    table = table.take(~((table.labels == "ball") & (np.arange(len(table)) % 4 > 0)))  # few of one label
    config = TrainConfig(hidden=(8,), dim=8, teacher=None)
    scaling = fit_scaling(table, SPEC, ())
    torch.manual_seed(0)
    trained = Trained(student_of(config, SPEC, scaling).eval(), Tower(4, 8), scaling, ())
    heard = heard_windows(trained, table, real_share=1.0, seed=0)
    assert heard.shape == (HEARD, 8)
    np.testing.assert_allclose(np.linalg.norm(heard, axis=1), 1, atol=1e-5)
    bare = embeddings(trained.student, scaling.inputs(table.values, table.known, None))
    distance = ((heard[:, np.newaxis] - bare[np.newaxis]) ** 2).sum(axis=2)
    blind = distance.min(axis=1) < 1e-8
    labels = table.labels[distance.argmin(axis=1)][1::2]
    assert blind[1::2].all()
    assert blind[::2].mean() < 0.1  # what is healthy may be all that its machine has
    assert all(0.6 < (labels == fault).mean() * len(FAULTS) < 1.4 for fault in FAULTS)
