"""Trials of the claims: trained on what their point says, and on nothing that is scored."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from agent.dsp.spectra import FeatureSpec
from export.data.healthy import NEITHER_HALF
from export.data.table import Table
from export.studies.claims.asked import CLAIMS, drawn, trials_for
from export.studies.claims.cells import (
    COLUMNS,
    DOMAINS,
    RECIPE,
    STRANGERS,
    Setting,
    Trial,
    few_windows,
    made,
    path_of,
    recipe_of,
    sides_of,
)
from export.studies.claims.study import _run
from export.studies.columns.splits import columns_of
from export.studies.columns.training_cache import Material, training_table
from export.training.device import CPU

SPEC = FeatureSpec()


@pytest.fixture(scope="module")
def material(published: Table) -> Material:
    return Material(published, published.take(np.arange(6)), SPEC)


@pytest.mark.parametrize("windows", [2, 8])
def test_few_windows_are_of_each_fault_and_machine(material: Material, windows: int) -> None:
    table, column = material.recorded, columns_of(material.recorded)["U+H>C"]
    few = few_windows(table, column, windows=windows, seed=3)
    assert few_windows(table, column, windows=0, seed=3) is column
    assert not (few.trained & ~column.trained).any()
    assert np.array_equal(few.teaches, column.teaches)
    for machine in np.unique(table.machines[column.trained]):
        for label in np.unique(table.labels[column.trained & (table.machines == machine)]):
            own = (table.machines == machine) & (table.labels == label)
            chosen = few.trained & own
            assert chosen.sum() == min(windows, (column.trained & own).sum())
            halves = set(table.half[chosen].tolist()) - {NEITHER_HALF}
            assert halves == set(table.half[column.trained & own].tolist()) - {NEITHER_HALF}
    assert np.array_equal(few.trained, few_windows(table, column, windows=windows, seed=3).trained)
    assert not np.array_equal(few.trained, few_windows(table, column, windows=windows, seed=4).trained)


def test_domains_are_one_rig_both_and_simulated_ones(material: Material) -> None:
    sides = sides_of(material)
    assert set(sides) == {(name, 3) for name in (*COLUMNS, *STRANGERS)} | {(n, d) for n in STRANGERS for d in (1, 2)}
    for name, rigs in (("U+H>C", {"uestc", "hit"}), ("C+H>U", {"cwru", "hit"})):
        heard = []
        for domains in DOMAINS:
            of_side, column = sides[name, domains]
            table = training_table(of_side, column, foreign=False)
            heard.append((set(table.families.tolist()), of_side.simulated is not None))
            assert not (column.trained & column.scored).any()
            assert np.array_equal(column.scored, columns_of(material.recorded)[name].scored)
        first = {rigs_heard for rigs_heard in rigs if rigs_heard != "hit"}
        assert [part for part, _ in heard[:2]] == [first, rigs]
        assert [simulated for _, simulated in heard] == [False, False, True]


def test_a_setting_changes_what_it_says_and_nothing_else() -> None:
    plain = recipe_of(Setting("triplet"), RECIPE, seed=5)
    assert (plain.batch, plain.steps, plain.sentences_per_fault, plain.no_fault_sentences) == (64, RECIPE.steps, 4, 32)
    point = Setting("infonce@temperature=0.03", batch=4, sentences=(2, 2), steps=0.25)
    there = recipe_of(point, RECIPE, seed=5)
    assert there.steps == RECIPE.steps // 4
    back = msgspec.structs.replace(
        there, objective="triplet", batch=64, steps=RECIPE.steps, sentences_per_fault=4, no_fault_sentences=32
    )
    assert back == plain


def test_no_two_trials_share_a_file() -> None:
    extra = [Trial(setting, column, 0) for column, settings in drawn(["lifted"]) for setting in settings]
    trials = list(dict.fromkeys((*trials_for(CLAIMS, 0), *trials_for(CLAIMS, 1), *extra)))
    assert len({trial.name for trial in trials}) == len(trials)
    assert not any("/" in trial.name for trial in trials)


@pytest.mark.long
def test_a_trial_is_made_once(material: Material, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, steps=4, text_steps=2, text="glossary")
    trial = Trial(Setting("infonce@temperature=0.03", batch=4, windows=2, domains=1), "U+H>C", 0)
    cell = made(trial, sides_of(material), recipe, folder=tmp_path)
    assert [path.stem for path in tmp_path.iterdir()] == [trial.name]
    assert 0 <= cell.balanced_accuracy <= 1
    assert made(trial, sides_of(material), recipe, folder=tmp_path) == cell


@pytest.mark.long
def test_trials_are_the_same_however_many_processes_make_them(material: Material, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, steps=4, text_steps=2, text="glossary")
    settings = (Setting("triplet", batch=256), Setting("infonce"), Setting("triplet", windows=2))
    trials = [Trial(setting, "U+H>C", seed) for seed in (0, 1) for setting in settings]
    run = partial(_run, sides=sides_of(material), recipe=recipe, device=CPU)
    told: list[str] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        one = run(trials, tmp_path / "one", workers=1, tell=told.append)
    finally:
        torch.set_num_threads(before)
    two = run(trials, tmp_path / "two", workers=2, tell=told.append)
    assert list(one) == list(two) == trials
    assert all(msgspec.structs.replace(two[trial], seconds=cell.seconds) == cell for trial, cell in one.items())
    assert len(told) == 2 * len(trials)
    assert sorted(path.stem for path in (tmp_path / "two").iterdir()) == sorted(trial.name for trial in trials)

    for trial in trials[3:]:
        path_of(trial, tmp_path / "one").unlink()
    assert list(run(trials, tmp_path / "one", workers=3, tell=told.append)) == trials
    assert "3 of 6 trials are kept" in told[2 * len(trials)]
    assert len(told) == 2 * len(trials) + 1 + 3
