"""Learning without labels: every objective tells machine states apart, a collapse is said, and a kill costs nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from small_windows import SPEC, small_table
from torch import Tensor

from export.data.table import Table
from export.data.unlabelled import Unlabelled, as_heard
from export.network.model import Student
from export.training.recipe import TrainConfig
from export.training.selfsupervised import SELF_SUPERVISED, pretraining
from export.training.selfsupervised.heads import BYOL, QUEUE, MoCo, SimCLR, follow, projector, slow_of
from export.training.selfsupervised.pairs import Pair
from export.training.selfsupervised.pretraining import PretrainConfig, draw_pair, material_of, pretrain
from export.training.selfsupervised.watch import Look, Watch, verdict_of
from export.training.start import Start, begun_with, learnt_weights
from export.training.train import fit_scaling, student_of

RECIPE = TrainConfig(branches=(), hidden=(24,), dim=16, reference_draws=2)
CONFIG = PretrainConfig(steps=12, batch=32, views=1, width=16, look_every=6, checkpoint_every=5)


@pytest.fixture(scope="module")
def heard() -> Unlabelled:
    return as_heard(small_table(6), 1)


def pretrained(heard: Unlabelled, **changes: object) -> pretraining.Pretrained:
    folder = changes.pop("folder", None)
    config = msgspec.structs.replace(CONFIG, **changes)
    return pretrain(heard, config, recipe=RECIPE, spec=SPEC, folder=folder)


@pytest.mark.parametrize("objective", SELF_SUPERVISED)
def test_every_objective_falls_and_is_looked_at(heard: Unlabelled, objective: str) -> None:
    made = pretrained(heard, objective=objective)
    assert np.isfinite(made.losses).all()
    # A queue fills with harder negatives at first; all others fall at once.
    assert objective == "moco" or np.mean(made.losses[-3:]) < made.losses[0]
    assert [look.step for look in made.looks] == [0, 6, 12]
    assert all(torch.isfinite(value).all() for value in made.start.weights.values())
    assert not any(name.startswith("last") for name in made.start.weights)


def test_a_killed_one_ends_where_an_uninterrupted_one_does(
    heard: Unlabelled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pretrained(heard, objective="moco")
    drawn = pretraining.draw_pair

    def killed(material, step, rng):
        if step == 8:
            raise KeyboardInterrupt
        return drawn(material, step, rng)

    monkeypatch.setattr(pretraining, "draw_pair", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrained(heard, objective="moco", folder=tmp_path)
    monkeypatch.setattr(pretraining, "draw_pair", drawn)
    resumed = pretrained(heard, objective="moco", folder=tmp_path)
    assert resumed.losses == whole.losses
    assert resumed.looks == whole.looks
    for name, value in whole.start.weights.items():
        assert torch.equal(value, resumed.start.weights[name]), name


def test_labels_are_not_read(heard: Unlabelled) -> None:
    table = heard.table
    renamed = np.where(table.labels == "healthy", "healthy", "ball")
    other = replace(heard, table=replace(table, labels=renamed))
    assert pretrained(other, steps=3).losses == pretrained(heard, steps=3).losses


def test_pulling_alone_collapses_and_is_said(heard: Unlabelled, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pulling(torch.nn.Module):
        def __init__(self, student: Student, width: int) -> None:
            super().__init__()

        def loss(self, student: Student, pair: Pair) -> Tensor:
            return student.raw(pair.both).square().mean() + student(pair.both).var(dim=0).sum()

    monkeypatch.setattr(pretraining, "SELF_SUPERVISED", {"simclr": Pulling})
    made = pretrained(heard, steps=40, learning_rate=3e-2)
    collapsed, verdict = verdict_of(list(made.looks))
    assert collapsed
    assert verdict.startswith("WARNING: embeddings collapsed")


@pytest.mark.parametrize(
    ("first", "last", "collapsed"), [(12, 11, False), (12, 5.9, True), (5, 3.9, True), (6, 20, False)]
)
def test_a_rank_that_is_lost_is_a_collapse(first: float, last: float, collapsed: bool) -> None:
    found, verdict = verdict_of([Look(0, first, 0.1, None), Look(9, last, 0.1, -1.0)])
    assert found == collapsed
    assert f"effective rank {first:.1f} -> {last:.1f}" in verdict


def test_looking_changes_nothing(heard: Unlabelled) -> None:
    torch.manual_seed(0)
    student = Student(8, hidden=(6,), dim=4).train()
    before = {name: value.clone() for name, value in student.state_dict().items()}
    inputs = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    watch = Watch(student, inputs, inputs)
    assert watch.look(3).alignment == pytest.approx(0, abs=1e-9)
    assert student.training
    for name, value in student.state_dict().items():
        assert torch.equal(value, before[name])
    other = Watch(student, inputs, inputs)
    other.load_state_dict(watch.state_dict())
    assert other.looks == watch.looks


def test_both_views_are_of_one_machine_state(heard: Unlabelled) -> None:
    table = heard.table
    marked = replace(
        table, values=np.repeat(np.arange(len(table), dtype=np.float32)[:, None], table.values.shape[1], 1)
    )
    quiet = msgspec.structs.replace(CONFIG, noise=0.0, time_shift=1.0, masking=pretraining.Masking(0, 0, 0, 0, 0, 0, 0))
    scaling = replace(fit_scaling(table, SPEC, ("level",)), mean=np.zeros(table.values.shape[1], np.float32))
    scaling = replace(scaling, gain=np.full_like(scaling.gain, 1e-3))
    material = material_of(
        as_heard(marked, 1), scaling, SPEC, recipe=RECIPE, config=quiet, rng=np.random.default_rng(0)
    )
    pair = draw_pair(material, 0, np.random.default_rng(1))
    rows, others = (np.rint(part[:, 0].numpy() / 1e-3).astype(int) for part in (pair.one, pair.other))
    assert (table.recordings[rows] == table.recordings[others]).all()
    assert (rows != others).all()
    assert (material.states[rows] == pair.states.numpy()).all()


def test_slow_networks_follow_and_keys_wait_in_the_queue() -> None:
    torch.manual_seed(0)
    fast = projector(4, 3)
    slow = slow_of(fast)
    with torch.no_grad():
        for weight in fast.parameters():
            weight.add_(1.0)
    before = [weight.clone() for weight in slow.parameters()]
    follow(slow, fast, momentum=0.9)
    for old, new, ahead in zip(before, slow.parameters(), fast.parameters(), strict=True):
        torch.testing.assert_close(new, 0.9 * old + 0.1 * ahead)
    student = Student(8, hidden=(6,), dim=4).train()
    pair = Pair(torch.randn(5, 8), torch.randn(5, 8), torch.arange(5))
    head = MoCo(student, 6)
    head.loss(student, pair)
    assert head.queue.vectors.shape == (QUEUE, 6)
    assert head.queue.labels[:5].tolist() == [0, 1, 2, 3, 4]
    assert (head.queue.labels[5:] == -1).all()
    torch.testing.assert_close(head.queue.vectors.norm(dim=1), torch.ones(QUEUE))
    for made in (head, BYOL(student, 6)):
        torch.autograd.backward(made.loss(student, pair))
        assert all(weight.grad is None for weight in made.slow.parameters())


def test_windows_of_one_state_are_not_pushed_apart() -> None:
    """Where all are of one state, nothing but the partner is left to choose."""
    torch.manual_seed(0)
    student = Student(8, hidden=(6,), dim=4).train()
    one, other = torch.randn(5, 8), torch.randn(5, 8)
    alike, strange = Pair(one, other, torch.zeros(5, dtype=torch.long)), Pair(one, other, torch.arange(5))
    head = SimCLR(student, 6)
    assert float(head.loss(student, alike).detach()) == pytest.approx(0, abs=1e-5)
    assert float(head.loss(student, strange).detach()) > 0.5
    queued = MoCo(student, 6)
    queued.queue.labels.fill_(0)
    assert float(queued.loss(student, alike).detach()) == pytest.approx(0, abs=1e-5)
    assert float(queued.loss(student, strange).detach()) > 0.5


def test_a_start_brings_all_but_the_last_layer_and_scales_what_it_has_heard() -> None:
    table: Table = small_table(6)
    fitted = fit_scaling(table, SPEC, ("level",))
    torch.manual_seed(1)
    learnt = student_of(RECIPE, SPEC, fitted)
    torch.manual_seed(2)
    student = student_of(RECIPE, SPEC, fitted)
    last = student.last.weight.clone()
    heard = replace(fitted, gain=fitted.gain * 2, mean=fitted.mean + 1, deviation_gain=np.zeros_like(fitted.gain))
    heard.gain[3] = 0
    scaling = begun_with(Start(heard, learnt_weights(learnt)), student, fitted)
    assert torch.equal(student.dense[0].weight, learnt.dense[0].weight)
    assert torch.equal(student.last.weight, last)
    assert scaling.gain[3] == fitted.gain[3]
    assert scaling.mean[4] == heard.mean[4]
    np.testing.assert_array_equal(scaling.deviation_gain, fitted.deviation_gain)
    assert begun_with(None, student, fitted) is fitted
