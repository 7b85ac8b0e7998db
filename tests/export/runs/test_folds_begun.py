"""Folds that began without labels begin there again wherever they are made anew, unless that has heard what is new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from small_windows import SPEC, small_table

from agent.dsp.encoder_inputs import InputScaling, view_shares
from export.data.sampling import FOREIGN
from export.data.table import Table
from export.network.graph import Graph
from export.runs import distil_run, remembering
from export.runs.continue_run import _start_of_folds
from export.runs.folder import BegunWith, Descriptions, Run, RunError
from export.runs.kept_start import FILE, keep_start, start_in, unlabelled_in
from export.runs.remembering import Lineage, forgets_of_heard
from export.training.continuing import ContinueConfig
from export.training.recipe import TrainConfig
from export.training.start import Start
from export.training.train import Trained


def start() -> Start:
    rows = np.arange(3 * len(view_shares(SPEC)), dtype=np.float32).reshape(3, -1)
    scaling = InputScaling(rows[0], rows[1], rows[2], view_shares(SPEC))
    return Start(scaling, {"dense.weight": torch.ones(2, 3), "dense.number": torch.tensor(4)})


def run_in(folder: Path, *, folds: bool = True) -> Run:
    config = SimpleNamespace(begun=BegunWith("byol", "0", folds=folds), spec=SPEC, train=TrainConfig(), distilled=())
    return cast("Run", SimpleNamespace(folder=folder, config=config))


def test_a_start_comes_back_as_it_was(tmp_path: Path) -> None:
    keep_start(tmp_path, start(), {7, 2**64 - 1})
    found = start_in(run_in(tmp_path))
    assert found is not None
    assert [array.tobytes() for array in found.arrays] == [array.tobytes() for array in start().arrays]
    assert list(found.weights or {}) == list(start().weights or {})
    assert unlabelled_in(run_in(tmp_path)) == {7, 2**64 - 1}
    assert start_in(run_in(tmp_path, folds=False)) is None


def test_where_folds_began_by_chance_only_what_was_heard_is_kept(tmp_path: Path) -> None:
    keep_start(tmp_path, None, {7})
    assert (start_in(run_in(tmp_path, folds=False)), unlabelled_in(run_in(tmp_path))) == (None, frozenset({7}))
    keep_start(tmp_path, None, ())
    assert not (tmp_path / FILE).exists()
    assert unlabelled_in(run_in(tmp_path)) == frozenset()


@pytest.mark.parametrize("damage", ["gone", "torn", "another"])
def test_a_damaged_start_is_refused_by_its_file(tmp_path: Path, damage: str) -> None:
    keep_start(tmp_path, start(), ())
    path = tmp_path / FILE
    if damage == "gone":
        path.unlink()
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:60])
    else:
        np.savez(path, scaling=np.zeros((2, 2)))
    with pytest.raises(RunError, match=r"start\.npz: is missing or damaged; take the run folder from a copy"):
        start_in(run_in(tmp_path))


@dataclass(frozen=True)
class Made:
    """Stands for the training of folds: which start it was given."""

    starts: list[Any]

    def __call__(self, *_: object, start: Start | None = None, **rest: object) -> Any:
        self.starts.append(start)
        return lambda part, number: None


def test_folds_of_a_run_that_goes_on_or_is_distilled_begin_where_its_own_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, begun, texts = Made([]), start(), cast("Descriptions", SimpleNamespace(texts=None))
    monkeypatch.setattr(remembering, "training", made)
    monkeypatch.setattr(distil_run, "training", made)
    Lineage(run_in(tmp_path), texts, ContinueConfig(), 1, tmp_path, begun).learner(small_table(1))
    distil_run._lineage(run_in(tmp_path), texts, tmp_path, begun)
    assert made.starts == [begun, begun]


def test_folds_begin_by_chance_where_the_start_may_have_heard_what_is_new(tmp_path: Path) -> None:
    keep_start(tmp_path, start(), {1, 2})
    run, told = run_in(tmp_path), list[str]()
    assert _start_of_folds(run, frozenset({3}), told.append, all_known=True) is not None
    assert told == []
    assert _start_of_folds(run, frozenset({2, 3}), told.append, all_known=True) is None
    assert _start_of_folds(run, frozenset({3}), told.append, all_known=False) is None
    assert "1 of the new files were heard without labels before" in told[0]
    assert "adopt the alerts again" in told[1]


def test_machines_of_other_kinds_are_not_scored_as_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    own = small_table(2)
    foreign = replace(own, machines=np.char.add(FOREIGN[0], np.arange(len(own)).astype(np.str_)))
    table = Table(*(np.concatenate([getattr(own, name), getattr(foreign, name)]) for name in Table.__slots__))
    scored: list[int] = []

    def named(inputs: np.ndarray[Any, Any], *_: object) -> np.ndarray[Any, Any]:
        scored.append(len(inputs))
        return np.asarray(own.labels[: len(inputs)])

    monkeypatch.setattr(remembering, "named", named)
    monkeypatch.setattr(remembering, "fold", lambda student: None)
    monkeypatch.setattr(remembering, "fault_centres", lambda *of: None)
    monkeypatch.setattr(remembering, "encoder_inputs", lambda table, scaling, **rest: table.values)
    trained = cast("Trained", SimpleNamespace(tower=None, student=None, scaling=None))
    texts = cast("Descriptions", SimpleNamespace(texts=None, centres=None))
    found = forgets_of_heard(table, cast("Graph", None), trained, texts)
    assert set(scored) == {len(own)}
    assert set(found["with_baseline"].families) == {"m"}

    monkeypatch.setattr(remembering, "folds", lambda table, count, seed: [np.ones(len(table), np.bool_)])
    lineage = Lineage(cast("Run", None), texts, ContinueConfig(), len(table), Path())
    lineage.before.append(trained)
    lineage.after.append(trained)
    assert set(lineage.forgets(table, seed=0)["with_baseline"].families) == {"m"}
