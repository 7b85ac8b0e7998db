"""The teacher and the windows that it imagines."""

from __future__ import annotations

import numpy as np
import pytest

from agent.features import feature_names, views
from agent.matching import FAULTS_OF_DEGREE
from agent.scaling import InputScaling, view_shares
from agent.spectra import FeatureSpec
from agent.types import FAULTS
from export.data.table import Table, join
from export.data.windows import labelled
from export.teacher import Imagined, Teacher, TeacherConfig, imagine

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
                values, known, label=fault, group=f"g{number}", machine="m", recording=f"r{number}", rpm=1500.0,
                baseline=False,
            )
        )  # fmt: skip
    return join(tables)


@pytest.fixture(scope="module")
def reference(table: Table) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.zeros((len(table), D), np.float32)


@pytest.fixture(scope="module")
def teacher(table: Table, reference: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Teacher:
    weights = np.ones(len(table))
    return Teacher(SCALING, CONFIG, seed=0).fit(table.values, table.known, reference, table.labels, weights)


def imagined(table: Table, reference: np.ndarray, teacher: Teacher, *, seed: int = 1) -> Imagined:
    rows = np.arange(len(table))
    return imagine(
        table, rows, np.full(len(rows), 1 / len(rows)), reference,
        teacher=teacher, scaling=SCALING, spec=SPEC, config=CONFIG, rng=np.random.default_rng(seed),
    )  # fmt: skip


def test_the_teacher_knows_its_own_windows_in_the_order_of_faults(table, reference, teacher) -> None:
    probability = teacher.probabilities(table.values, table.known, reference)
    np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
    assert (np.array(FAULTS)[probability.argmax(axis=1)] == table.labels).all()


def test_without_a_reference_no_fault_of_degree_is_named(table, teacher) -> None:
    blind = teacher.probabilities(table.values, table.known, None)
    assert not blind[:, [FAULTS.index(fault) for fault in FAULTS_OF_DEGREE]].any()


def test_imagined_windows_are_mixed_by_whole_views(table, reference, teacher) -> None:
    marked = np.arange(len(table), dtype=np.float32)[:, None].repeat(D, axis=1)
    quiet = TeacherConfig(trees=30, windows=200, mixing=0.5, disturbance=0.0)
    source = Table(**{**{f: getattr(table, f) for f in table.__slots__}, "values": marked})
    rows = np.arange(len(table))
    made = imagine(
        source, rows, np.full(len(rows), 1 / len(rows)), marked,
        teacher=teacher, scaling=SCALING, spec=SPEC, config=quiet, rng=np.random.default_rng(2),
    )  # fmt: skip
    mixed = 0
    for members in views(SPEC).values():
        part = np.where(made.known[:, members], made.values[:, members], made.reference[:, members])
        assert (part == part[:, :1]).all()  # one window's view, and the reference that belongs to it
    for row in made.reference:
        mixed += len(np.unique(row)) > 1
        assert len(np.unique(row)) <= 2
    assert mixed > 100


def test_what_no_window_knows_stays_unknown_and_zero(table, reference, teacher) -> None:
    made = imagined(table, reference, teacher)
    assert not made.known[:, -1].any()
    assert not made.values[:, -1].any()
    assert np.isfinite(made.values).all()


def test_the_same_seed_imagines_the_same_windows(table, reference, teacher) -> None:
    one, same, other = (imagined(table, reference, teacher, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values)
