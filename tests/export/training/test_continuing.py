"""Going on: new windows are learnt, old ones stay known by being heard again and by imitation; a kill costs nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from small_windows import SPEC, small_table

from agent.types import FAULTS
from export.data.table import Table
from export.network.graph import embed
from export.network.model import fold
from export.scoring.forgetting import forgetting_of
from export.scoring.score import encoder_inputs, nearest
from export.text.encoders import EncodedSentences, NgramEncoder
from export.text.no_fault import training_sentences
from export.text.tower import describe_faults
from export.training import continuing
from export.training.batches import windows_of
from export.training.continuing import ContinueConfig, _heard, _shared, go_on
from export.training.recipe import TrainConfig
from export.training.train import Trained, train

RECIPE = TrainConfig(steps=60, batch=48, text_steps=20, text="ngrams", branches=(), hidden=(48,), dim=16, teacher=None)
CONFIG = ContinueConfig(steps=60, learning_rate=4e-3)


@pytest.fixture(scope="module")
def texts() -> EncodedSentences:
    sentences = training_sentences()
    return EncodedSentences(sentences, NgramEncoder().encode(sentences.texts))


def shown_in(table: Table, odd: bool) -> Table:
    """The same windows, whose faults show in every other block of features alone."""
    blind = np.arange(table.values.shape[1]) // len(FAULTS) % 2 != odd
    noise = np.random.default_rng(7).normal(size=table.values.shape).astype(np.float32)
    return replace(table, values=np.where(blind, noise, table.values))


@pytest.fixture(scope="module")
def heard() -> Table:
    return shown_in(small_table(6), odd=False)


@pytest.fixture(scope="module")
def new() -> Table:
    """Of another machine, whose faults show in other features."""
    moved = shown_in(small_table(6, seed=1), odd=True)
    return replace(
        moved,
        machines=np.full(len(moved), "other"),
        groups=np.char.add("other-", moved.groups),
        recordings=np.char.add("other-", moved.recordings),
    )


@pytest.fixture(scope="module")
def before(heard: Table, texts: EncodedSentences) -> Trained:
    return train(heard, RECIPE, spec=SPEC, texts=texts)


def called(trained: Trained, table: Table, texts: EncodedSentences) -> np.ndarray:
    centres = describe_faults(trained.tower, texts.vectors, texts.sentences, FAULTS)
    return nearest(embed(fold(trained.student), encoder_inputs(table, trained.scaling)) @ centres.T, FAULTS)


def going_on(before: Trained, heard: Table, new: Table, texts: EncodedSentences, config=CONFIG, **options) -> Trained:
    return go_on(before, heard, new, config, recipe=RECIPE, spec=SPEC, texts=texts, **options)


def test_it_learns_what_is_new_and_keeps_what_it_knew(
    before: Trained, heard: Table, new: Table, texts: EncodedSentences
) -> None:
    def right(trained: Trained, table: Table) -> float:
        return float((called(trained, table, texts) == table.labels).mean())

    assert right(before, heard) > 0.9
    assert right(before, new) < 0.4
    both = going_on(before, heard, new, texts)
    assert right(both, new) > 0.8
    assert right(both, heard) > 0.9
    nothing = msgspec.structs.replace(CONFIG, imitation_weight=0.0)
    alone = going_on(before, heard.take(np.zeros(0, np.intp)), new, texts, nothing)
    assert right(alone, heard) < right(both, heard)  # it forgets where nothing is heard again


def test_imitation_keeps_embeddings_near_to_what_they_were(
    before: Trained, heard: Table, new: Table, texts: EncodedSentences
) -> None:
    inputs = encoder_inputs(heard, before.scaling)

    def moved(weight: float) -> float:
        config = msgspec.structs.replace(CONFIG, imitation_weight=weight)
        after = going_on(before, heard, new, texts, config)
        return float(1 - (embed(fold(after.student), inputs) * embed(fold(before.student), inputs)).sum(axis=1).mean())

    assert moved(10.0) < moved(0.0) / 2


def test_what_it_went_on_from_and_a_kept_tower_stay_as_they_were(
    before: Trained, heard: Table, new: Table, texts: EncodedSentences
) -> None:
    weights = {name: value.clone() for name, value in before.student.state_dict().items()}
    after = going_on(before, heard, new, texts)
    for name, value in before.student.state_dict().items():
        assert torch.equal(value, weights[name]), name
    for one, other in zip(before.tower.state_dict().values(), after.tower.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    trained = going_on(before, heard, new, texts, msgspec.structs.replace(CONFIG, tower="trained"))
    assert not torch.equal(trained.tower.common, before.tower.common)


def test_new_windows_have_their_share_of_each_batch(before: Trained, heard: Table, new: Table) -> None:
    table = continuing.join([heard, new])
    windows = windows_of(table, scaling=before.scaling, spec=SPEC, recipe=RECIPE, rng=np.random.default_rng(0))
    shared = _shared(windows, len(heard), 0.3)
    assert shared.chances[windows.rows >= len(heard)].sum() == pytest.approx(0.3)
    assert _heard(shared, len(heard)).rows.max() < len(heard)
    assert _heard(_shared(windows, 0, 0.3), 0).rows.tolist() == windows.rows.tolist()


def test_a_killed_one_ends_where_an_uninterrupted_one_does(
    before: Trained, heard: Table, new: Table, texts: EncodedSentences, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = msgspec.structs.replace(CONFIG, checkpoint_every=10)
    whole = going_on(before, heard, new, texts, config)
    asked = continuing.Imitation.__call__

    def killed(self: continuing.Imitation, step: int) -> torch.Tensor:
        if step == 17:
            raise KeyboardInterrupt
        return asked(self, step)

    monkeypatch.setattr(continuing.Imitation, "__call__", killed)
    with pytest.raises(KeyboardInterrupt):
        going_on(before, heard, new, texts, config, folder=tmp_path)
    monkeypatch.setattr(continuing.Imitation, "__call__", asked)
    resumed = going_on(before, heard, new, texts, config, folder=tmp_path)
    assert resumed.losses == whole.losses


def test_forgetting_is_what_families_lost_on_average(heard: Table, new: Table) -> None:
    table = continuing.join([heard, new])
    half = np.where(np.arange(len(new)) % 2 == 0, new.labels, "nothing")
    found = forgetting_of(table.labels, np.concatenate([heard.labels, half]), table)
    assert (found.families["m"].before, found.families["m"].after) == (1, 1)
    assert (found.families["other"].before, found.families["other"].after) == (1, 0.5)
    assert found.mean == pytest.approx(0.25)
    assert found.families["other"].labels["ball"] == (1, 0.5)
