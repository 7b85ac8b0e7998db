"""The teacher, the windows that it imagines, and the branches that learn from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from agent.dsp.encoder_inputs import InputScaling, view_shares
from agent.dsp.features import feature_names, views
from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError
from agent.faults import FAULTS_OF_DEGREE
from agent.types import FAULTS
from export.data.table import Table, join
from export.data.windows import labelled
from export.network.branches import BRANCHES, Branch, columns, connections, input_names
from export.network.graph import run
from export.network.model import Student, fold
from export.training.masking import Masking
from export.training.recipe import TrainConfig
from export.training.teacher import Imagined, Teacher, imagine, mix
from export.training.teacher_loss import Lessons
from export.training.teacher_recipe import TeacherConfig

SPEC = FeatureSpec()
NAMES = feature_names(SPEC)
D = len(NAMES)
CONFIG = TeacherConfig(trees=30, windows=300)
SCALING = InputScaling(np.zeros(D, np.float32), np.ones(D, np.float32), np.ones(D, np.float32), view_shares(SPEC))


@pytest.fixture(scope="module")
def table() -> Table:
    """Sixty windows of three faults, each with a feature of its own; the last feature of all is never known."""
    rng = np.random.default_rng(0)
    tables = []
    for number, fault in enumerate(("healthy", "outer_race", "imbalance")):
        values = rng.normal(0, 0.2, (60, D)).astype(np.float32)
        values[:, number * 5 : number * 5 + 5] += 2
        known = np.ones((60, D), np.bool_)
        known[:, -1] = False
        values[:, -1] = 0
        tables.append(
            labelled(
                values,
                known,
                label=fault,
                group=f"g{number}",
                machine="m",
                recording=f"r{number}",
                rpm=1500.0,
                baseline=False,
            )
        )
    return join(tables)


@pytest.fixture(scope="module")
def reference(table: Table) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Learnt at the windows' own speed."""
    return np.zeros((len(table), D), np.float32)


@pytest.fixture(scope="module")
def teacher(table: Table, reference: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Teacher:
    return Teacher(SCALING, SPEC, CONFIG, seed=0).fit(table, elsewhere=elsewhere(reference), here=reference)


def elsewhere(reference: np.ndarray) -> np.ndarray:
    """The same learnt at another speed."""
    return np.where(SCALING.speed_bound, np.float32(np.nan), reference)


def imagined(table: Table, reference: np.ndarray, teacher: Teacher, *, seed: int = 1) -> Imagined:
    return imagine(
        table,
        [elsewhere(reference), reference],
        teacher=teacher,
        scaling=SCALING,
        spec=SPEC,
        config=CONFIG,
        masking=Masking(),
        rng=np.random.default_rng(seed),
    )


def test_the_teacher_knows_its_own_windows_in_the_order_of_faults(table, reference, teacher) -> None:
    together = teacher.say(table.values, table.known, reference).together
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-5)
    absolute = ~np.isin(table.labels, FAULTS_OF_DEGREE)
    assert (np.array(FAULTS)[together.argmax(axis=1)] == table.labels)[absolute].all()


def test_without_a_reference_of_this_speed_no_fault_of_degree_is_named(table, reference, teacher) -> None:
    degrees = [FAULTS.index(fault) for fault in FAULTS_OF_DEGREE]
    assert teacher.say(table.values, table.known, reference).together[:, degrees].any()
    for unknown in (None, elsewhere(reference)):
        assert not teacher.say(table.values, table.known, unknown).together[:, degrees].any()


def test_the_machine_expert_is_heard_as_far_as_the_spectrum_is_near(table, reference, teacher) -> None:
    strange = table.values.copy()
    strange[:, views(SPEC)["spectrum"]] += 100
    own, far = (teacher.say(values, table.known, reference) for values in (table.values, strange))
    assert own.nearness.mean() > 0.5 > 0.1 > far.nearness.max()
    bearing = ~np.isin(FAULTS, FAULTS_OF_DEGREE)
    said = far.together[:, bearing] / far.together[:, bearing].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(said, far.physics[:, bearing], atol=0.05)


def test_an_unknown_spectrum_is_never_near(table, reference, teacher) -> None:
    known = table.known & ~views(SPEC)["spectrum"]
    assert not teacher.say(np.where(known, table.values, 0), known, reference).nearness.any()


def mixed_marks(table: Table, config: TeacherConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, knowledge and references of imagined windows; every figure is the number of the row that it is from."""
    marked = np.arange(len(table), dtype=np.float32)[:, None].repeat(D, axis=1)
    return mix(
        replace(table, values=marked), [marked], scaling=SCALING, spec=SPEC, config=config, rng=np.random.default_rng(2)
    )


def test_windows_are_mixed_by_whole_views(table) -> None:
    values, known, reference = mixed_marks(
        table, TeacherConfig(windows=200, mixing=0.5, foreign_bands=0.0, disturbance=0.0)
    )
    mixed = 0
    for members in views(SPEC).values():
        part = np.where(known[:, members], values[:, members], reference[:, members])
        assert (part == part[:, :1]).all()  # one window's view, and the reference that belongs to it
    for row in reference:
        mixed += len(np.unique(row)) > 1
        assert len(np.unique(row)) <= 2
    assert mixed > 100


def test_spectra_are_imagined_at_every_distance_and_nothing_else_is_torn(table) -> None:
    values, known, reference = mixed_marks(
        table, TeacherConfig(windows=400, mixing=0.0, foreign_bands=0.6, disturbance=0.0)
    )
    bands = views(SPEC)["spectrum"]
    own = reference[:, ~bands][:, :1]
    assert (reference[:, ~bands] == own).all()
    foreign = (reference[:, bands] != own).mean(axis=1)
    assert foreign.max() > 0.5
    assert np.quantile(foreign, 0.1) < 0.1
    part = np.where(known[:, bands], values[:, bands], reference[:, bands])
    np.testing.assert_array_equal(part, reference[:, bands])  # a band and the reference that belongs to it


def test_what_no_window_knows_stays_unknown_and_zero(table, reference, teacher) -> None:
    made = imagined(table, reference, teacher)
    assert not made.known[:, -1].any()
    assert not made.values[:, -1].any()
    assert np.isfinite(made.values).all()


def test_the_same_seed_imagines_the_same_windows(table, reference, teacher) -> None:
    one, same, other = (imagined(table, reference, teacher, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values)


def test_branches_read_their_own_inputs_alone() -> None:
    """What a branch does not read changes nothing that it carries; folding keeps that."""
    torch.manual_seed(0)
    student = Student(SCALING.size, hidden=(8,), dim=4, connections=connections(SPEC, BRANCHES)).eval()
    inputs = torch.randn(3, SCALING.size)
    widths = [branch.widths[1] for branch in BRANCHES]
    before = torch.split(student.reading(inputs)[0], widths, dim=1)
    for number, branch in enumerate(BRANCHES):
        reads = torch.from_numpy(columns(SPEC, branch.reads))
        after = torch.split(student.reading(torch.where(reads, inputs, inputs + 1))[0], widths, dim=1)
        assert torch.equal(before[number], after[number])
    graph = fold(student)
    for number, branch in enumerate(BRANCHES):
        reads = columns(SPEC, branch.reads)
        moved = run(graph, np.where(reads, inputs.numpy(), inputs.numpy() + 1).astype(np.float32))
        np.testing.assert_allclose(moved[f"second{number}"][:, 0], before[number].detach().numpy(), atol=1e-6)
    assert columns(SPEC, ("own:spectrum/*",)).sum() == SPEC.spectrum_bands
    assert len(input_names(SPEC)) == SCALING.size


def test_a_branch_that_reads_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="rotor"):
        connections(SPEC, [Branch("rotor", ("own:no/such",), (4, 2))])


@pytest.mark.parametrize("taught", [True, False])
def test_taught_branches_learn_nothing_from_what_comes_after_them(taught) -> None:
    student = Student(SCALING.size, hidden=(8,), dim=4, connections=connections(SPEC, BRANCHES), taught=taught)
    student.raw(torch.randn(16, SCALING.size)).square().sum().backward()
    reached = [layer.weight.grad is not None for layer in student.dense]
    assert reached == [not taught, not taught, True]


def test_every_branch_learns_what_its_expert_said(table, reference, teacher) -> None:
    torch.manual_seed(0)
    recipe = TrainConfig(batch=64, masking=Masking(reference=0.3), teacher_temperature=0.25, branch_weight=0.5)
    lessons = Lessons(imagined(table, reference, teacher), SCALING, recipe)
    student = Student(SCALING.size, hidden=(16,), dim=len(FAULTS), dropout=0.0, connections=connections(SPEC, BRANCHES))
    centres, present = torch.eye(len(FAULTS)), list(range(len(FAULTS)))
    optimizer = torch.optim.Adam([*student.parameters(), *lessons.parameters()], lr=5e-3)
    rng, losses = np.random.default_rng(0), []
    for _ in range(60):
        loss = lessons.loss(student, centres, present, rng)
        optimizer.zero_grad()
        loss.backward()
        assert all(head.weight.grad is not None and head.weight.grad.any() for head in lessons.heads)
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])
