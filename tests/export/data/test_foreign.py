"""Healthy machines of other kinds: each on the side of what it was made of, without a healthy state of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from small_windows import SPEC, small_table

import simulator
from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.types import HEALTHY
from export.data.foreign import FOREIGN, OtherMachines
from export.data.healthy import commissionings, healthy_pools, healthy_states
from export.data.manifest import ManifestRow
from export.data.sampling import folds, foreign_rows, recorded_rows, sampling_weights
from export.data.table import Table, join
from export.data.windows import recording_name
from export.studies.columns.splits import machine_column
from export.studies.columns.training_cache import Material, training_table
from export.training.train import fit_scaling

RATE_HZ = 8000.0
RIGS = ("hit", "uestc")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> OtherMachines:
    """Of one healthy and one damaged recording of each of two rigs."""
    folder = tmp_path_factory.mktemp("rigs")
    rows = []
    for number, rig in enumerate(RIGS):
        for label in (HEALTHY, "inner_race"):
            path = folder / f"{rig}-{label}.npy"
            np.save(path, simulator.signal(label, seconds=4, rate_hz=RATE_HZ, rpm=1500, seed=number)[:, :1])
            rows.append(ManifestRow(path, "", RATE_HZ, 1500.0, "6205", rig, f"{rig}-{label}", label))
    return OtherMachines(tuple(rows), SPEC, folder / "cache", dressed=2, simulated=2)


def of(others: OtherMachines, rig: str) -> set[str]:
    return {recording_name(row) for row in others.rows if row.machine == rig}


def test_a_dressed_machine_is_made_of_recordings_that_may_be_heard_and_shares_their_group(
    others: OtherMachines,
) -> None:
    for rig in RIGS:
        table = others.learnt(of(others, rig))
        dressed = ~np.char.startswith(table.machines, FOREIGN)
        assert all(name.startswith(f"dressed-{rig}-") for name in table.machines[dressed].tolist())
        assert set(table.groups[dressed].tolist()) == {f"{rig}-{HEALTHY}"}
        assert len(np.unique(table.groups[~dressed])) == others.simulated
        assert set(table.labels.tolist()) == {HEALTHY}
    nothing = others.learnt(())
    assert all(name.startswith(FOREIGN) for name in nothing.machines.tolist())
    assert others.limiting(()) is None


def test_no_fold_holds_out_a_recording_and_trains_on_what_was_made_of_it(others: OtherMachines) -> None:
    foreign = others.learnt(of(others, "hit"))
    plain = small_table(6)
    recorded = replace(plain, groups=np.where(plain.labels == HEALTHY, f"hit-{HEALTHY}", plain.groups))
    table = join([recorded, foreign])
    made_of_it = table.groups == f"hit-{HEALTHY}"
    assert (made_of_it & foreign_rows(table)).any()
    for out in folds(table, 3, seed=0):
        assert out[made_of_it].all() or not out[made_of_it].any()


def test_what_limits_rest_on_wears_other_tones_than_what_is_learnt_from(others: OtherMachines) -> None:
    names = of(others, "hit")
    learnt, limiting = others.learnt(names), others.limiting(names)
    assert limiting is not None
    worn = ~np.char.startswith(learnt.machines, FOREIGN)
    assert not set(learnt.rpm[worn].tolist()) & set(limiting.rpm.tolist())


def test_they_bring_no_healthy_state(others: OtherMachines) -> None:
    table = others.learnt(of(others, "hit"))
    bound = speed_bound(view_shares(SPEC))
    assert not any(len(pool) for pool in healthy_pools(table))
    for reference in (
        healthy_states(table, bound),
        *commissionings(table, bound, draws=2, rng=np.random.default_rng(0)),
    ):
        assert np.isnan(reference).all()


def foreign_like(table: Table) -> Table:
    """Its healthy windows, as of machines of other kinds."""
    healthy = table.take(table.labels == HEALTHY)
    names = np.array([f"{FOREIGN}{number}" for number in range(len(healthy))])
    return replace(healthy, machines=names, groups=names)


def test_they_have_the_share_that_is_asked_for_and_none_elsewhere() -> None:
    recorded, simulated = small_table(4), small_table(6)
    made_up = replace(simulated, machines=np.full(len(simulated), "sim-1"))
    table = join([recorded, made_up, foreign_like(recorded)])
    rows, foreign = np.arange(len(table)), foreign_rows(table)
    weights = sampling_weights(table, rows, 0.4, foreign_share=0.2)
    assert weights[foreign].sum() == pytest.approx(0.2)
    assert weights[recorded_rows(table)].sum() == pytest.approx(0.8 * 0.4)
    assert not sampling_weights(table, rows, 0.4)[foreign].any()
    alone = sampling_weights(join([recorded, made_up]), np.arange(len(recorded) + len(made_up)), 0.4)
    assert sampling_weights(table, rows, 0.4)[~foreign] == pytest.approx(alone)


def test_they_do_not_move_the_scale_of_inputs() -> None:
    table = small_table(4)
    far = foreign_like(table)
    far.values[:] += 50
    apart, beside = fit_scaling(table, SPEC, ()), fit_scaling(join([table, far]), SPEC, ())
    assert np.array_equal(apart.mean, beside.mean)
    assert np.array_equal(apart.gain, beside.gain)


class Asked(OtherMachines):
    """Notes what it may hear, and makes nothing of it but simulated machines."""

    heard: ClassVar[list[set[str]]] = []

    def learnt(self, recordings: Collection[str]) -> Table:
        self.heard.append(set(recordings))
        return super().learnt(())


def test_a_student_hears_nothing_that_was_made_of_the_rig_left_out(published: Table, tmp_path: Path) -> None:
    material = Material(published, None, SPEC, Asked((), SPEC, tmp_path, simulated=2))
    column = machine_column(published, "hit")
    table = training_table(material, column, foreign=True)
    assert Asked.heard == [set(published.recordings[column.trained].tolist())]
    assert not any(name.startswith("hit") for name in Asked.heard[0])
    assert foreign_rows(table).any()
    assert not foreign_rows(training_table(material, column, foreign=False)).any()
    with pytest.raises(ValueError, match="machines of other kinds"):
        training_table(replace(material, foreign=None), column, foreign=True)
