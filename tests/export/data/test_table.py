"""Splits do not leak, and a healthy reference never comes from the recording that is judged."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data.healthy import commissionings, covering_pools, healthy_pools, healthy_states, references
from export.data.sampling import folds
from export.data.table import Table, join, load, save
from export.data.windows import labelled


def windows(
    count: int,
    *,
    label: str = "healthy",
    machine: str = "m",
    recording: str = "r",
    rpm: float | None = 1000.0,
    baseline: bool = False,
    value: float = 0.0,
    overlap: int = 0,
) -> Table:
    return labelled(
        np.full((count, 2), value, np.float32),
        np.ones((count, 2), np.bool_),
        label=label,
        group=recording,
        machine=machine,
        recording=recording,
        rpm=rpm,
        baseline=baseline,
        overlap=overlap,
    )


def test_reference_comes_from_other_speeds_where_there_are_any() -> None:
    table = join(
        [
            windows(3, recording="slow", rpm=600, value=1),
            windows(3, recording="same", rpm=900, value=2),
            windows(2, recording="fault", label="ball", rpm=905, value=9),
        ]
    )
    assert np.all(references(table, healthy_pools(table))[-2:] == 1)
    only_same = table.take(table.recordings != "slow")
    assert np.all(references(only_same, healthy_pools(only_same))[-2:] == 2)


def test_what_is_bound_to_a_speed_is_known_at_that_speed_alone() -> None:
    table = join(
        [
            windows(3, recording="slow", rpm=600, value=1),
            windows(4, recording="same", rpm=900, value=2),
            windows(2, recording="fault", label="ball", rpm=905, value=9),
            windows(2, recording="fast", label="ball", rpm=1800, value=9),
        ]
    )
    bound = np.array([True, False])
    states = healthy_states(table, bound)
    assert states[table.recordings == "fault"].tolist() == [[2, 2]] * 2
    assert np.isnan(states[table.recordings == "fast"][:, 0]).all()
    assert np.isfinite(states[table.recordings == "fast"][:, 1]).all()
    own = np.flatnonzero(table.recordings == "same")
    for row in own:
        assert (table.half[covering_pools(table)[row]] == 1 - table.half[row]).all()
    first, *_, last = commissionings(table, bound, draws=4, rng=np.random.default_rng(0))
    assert np.isnan(first[:, 0]).all()
    assert last[table.recordings == "fault"].tolist() == [[2, 2]] * 2
    assert np.isnan(last[table.recordings == "fast"][:, 0]).all()


def test_a_single_healthy_recording_lends_its_other_half() -> None:
    table = join([windows(8, recording="h", overlap=1), windows(2, label="ball", recording="f")])
    pools = healthy_pools(table)
    assert set(pools[0]) == {5, 6, 7}
    assert set(pools[7]) == {0, 1, 2, 3}
    assert len(pools[4]) == 0  # shares samples with both halves
    assert set(pools[8]) == set(range(8))


def test_marked_baselines_go_before_healthy_windows() -> None:
    table = join(
        [
            windows(3, recording="h", rpm=500, value=5),
            windows(3, recording="b", rpm=700, baseline=True, value=7),
            windows(1, recording="f", label="ball", value=9),
        ]
    )
    assert references(table, healthy_pools(table))[-1].tolist() == [7, 7]


def test_no_healthy_windows_no_reference() -> None:
    table = join([windows(2, label="ball"), windows(2, machine="other", recording="o")])
    assert np.isnan(references(table, healthy_pools(table))[:2]).all()


def test_what_no_teacher_knows_stays_unknown() -> None:
    table = join([windows(2, recording="h", rpm=500), windows(1, label="ball", recording="f")])
    table.known[:2, 1] = False
    assert np.isnan(references(table, healthy_pools(table))[2]).tolist() == [False, True]


def test_drawn_references_use_that_many_windows() -> None:
    teachers = [windows(1, recording=f"h{i}", rpm=500.0, value=float(2**i)) for i in range(6)]
    table = join([*teachers, windows(1, label="ball", recording="f")])
    drawn = references(table, healthy_pools(table), rng=np.random.default_rng(1), size=2)[-1, 0] * 2
    assert bin(int(drawn)).count("1") == 2


@given(data=st.data())
def test_no_pool_holds_its_own_recording_and_no_fold_splits_a_group(data: st.DataObject) -> None:
    parts = [
        windows(
            data.draw(st.integers(1, 6)),
            label=data.draw(st.sampled_from(["healthy", "ball"])),
            machine=data.draw(st.sampled_from(["a", "b"])),
            recording=f"r{number}",
            rpm=data.draw(st.sampled_from([None, 600.0, 1200.0])),
            overlap=1,
        )
        for number in range(data.draw(st.integers(2, 7)))
    ]
    table = join(parts)
    for row, pool in enumerate(healthy_pools(table)):
        assert np.all(table.machines[pool] == table.machines[row])
        own = pool[table.recordings[pool] == table.recordings[row]]
        assert np.all(np.abs(own - row) > 1)  # windows that share samples are next to each other
    count = data.draw(st.integers(2, 4))
    masks = folds(table, count, seed=0)
    assert np.array_equal(np.sum(masks, axis=0), np.ones(len(table)))
    for mask in masks:
        assert not set(table.groups[mask]) & set(table.groups[~mask])


def test_folds_share_every_label_out() -> None:
    parts = [windows(2, label=label, recording=f"{label}{i}") for label in ("healthy", "ball") for i in range(6)]
    table = join(parts)
    for mask in folds(table, 3, seed=1):
        assert sorted(set(table.labels[mask])) == ["ball", "healthy"]
        assert mask.sum() == len(table) / 3


def test_kept_tables_come_back(tmp_path: Path) -> None:
    table = join([windows(3, rpm=None), windows(2, label="ball", recording="ünï")])
    save(table, tmp_path / "t.npz")
    back = load(tmp_path / "t.npz")
    for field in fields(Table):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(table, field.name))
    assert len(back) == 5


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_halves_of_any_number_of_windows(count: int) -> None:
    assert len(windows(count, overlap=3).half) == count
