"""A fold that has come to its end is not trained again by whoever goes on after a kill, not even its experts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_windows import SPEC, small_table

from agent.dsp.encoder_inputs import InputScaling, view_shares
from export.calibration import temperature
from export.text.encoders import EncodedSentences, Sentences
from export.text.tower import Tower
from export.training.recipe import TrainConfig
from export.training.train import Trained, student_of

CONFIG = TrainConfig(hidden=(4,), dim=3, teacher=None)
TEXTS = EncodedSentences(Sentences(("inner race",), ("inner_race",), ("en",)), np.ones((1, 5), np.float32))


class Trainings:
    """Stands for the training of a fold: counts how often one runs."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, table: Any, config: TrainConfig, **_: Any) -> Trained:
        self.count += 1
        torch.manual_seed(self.count)
        rng = np.random.default_rng(self.count)
        rows = rng.random((3, len(view_shares(SPEC)))).astype(np.float32)
        scaling = InputScaling(rows[0], rows[1], rows[2], view_shares(SPEC))
        return Trained(student_of(config, SPEC, scaling).eval(), Tower(5, 3).eval(), scaling, (0.5, 0.25))


def test_a_finished_fold_comes_back_as_it_was_and_another_one_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings = Trainings()
    monkeypatch.setattr(temperature, "train", trainings)

    def learner(steps: int = 5) -> Any:
        return temperature.training(CONFIG, steps=steps, spec=SPEC, texts=TEXTS, folder=tmp_path)

    first = learner()(small_table(2), 0)
    after = torch.get_rng_state()
    torch.manual_seed(99)
    again = learner()(small_table(2), 0)
    assert trainings.count == 1
    for network in ("student", "tower"):
        whole, kept = (getattr(one, network).state_dict() for one in (first, again))
        assert all(torch.allclose(whole[name], kept[name], rtol=0, atol=0, equal_nan=True) for name in whole)
    assert np.array_equal(first.scaling.gain, again.scaling.gain)
    assert (first.losses, again.student.training) == (again.losses, False)
    assert torch.equal(torch.get_rng_state(), after)
    for other in (lambda: learner(6)(small_table(2), 0), lambda: learner()(small_table(3), 0)):
        before = trainings.count
        other()
        assert trainings.count == before + 1
