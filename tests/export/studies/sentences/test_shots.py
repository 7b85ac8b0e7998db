"""Examples of a fault left out never come from a group that is scored, and what they are weighed by is chosen apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_windows import SPEC, small_table

import export.studies.sentences.shots as study
from export.data.table import Table, join
from export.studies.columns.training_cache import Material
from export.studies.sentences.lent import LeakError, check_apart, drawn, pools_of, scored_beside
from export.studies.sentences.shots import Said, Shot, ShotsCell, cells_of, shots_cell
from export.studies.sentences.shots_table import as_table, choice_for, draw, rows_of
from export.training.recipe import TrainConfig

CONFIG = TrainConfig(steps=4, batch=16, text="ngrams", text_steps=4, hidden=(8,), dim=8, teacher=None)


def rig(name: str, *, groups: int, seed: int) -> Table:
    """Windows of three bearing faults and healthy ones; every fault in so many damaged bearings."""
    table = small_table(4 * groups, groups=groups, seed=seed)
    table = table.take(np.isin(table.labels, ["healthy", "inner_race", "outer_race", "ball"]))
    names = np.char.add(f"{name}-", table.groups)
    machines = np.full(len(table), "cwru-de" if name == "cwru" else name)
    return replace(table, groups=names, recordings=names, machines=machines)


@pytest.fixture(scope="module")
def material() -> Material:
    rigs = [rig("cwru", groups=3, seed=1), rig("hit", groups=2, seed=2), rig("uestc", groups=1, seed=3)]
    return Material(join(rigs), None, SPEC)


@pytest.fixture
def scored_by_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rigs alone: these windows have no sizes and no speeds of the published sets."""
    monkeypatch.setattr(study, "plan_of", lambda material: [("hit", "inner_race"), ("uestc", "ball")])


def test_own_examples_come_from_other_bearings_and_where_there_is_one_from_other_rigs(material: Material) -> None:
    hit = material.recorded.take(material.recorded.machines == "hit")
    pools = pools_of(material, "hit", "inner_race", hit)
    assert set(pools["own rig"].table.groups.tolist()) == {"hit-inner_race-0", "hit-inner_race-1"}
    assert set(pools["another rig"].table.families.tolist()) == {"cwru", "uestc"}
    assert set(pools["another rig"].table.labels.tolist()) == {"inner_race"}
    uestc = material.recorded.take(material.recorded.machines == "uestc")
    assert set(pools_of(material, "uestc", "ball", uestc)) == {"another rig"}


@pytest.mark.long
def test_a_cell_holds_no_group_on_both_sides_and_one_that_breaks_the_rule_fails(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = shots_cell(material, "hit", "inner_race", CONFIG, draws=2)
    own = [shot for shot in cell.shots if shot.source == "own rig"]
    assert {shot.shots for shot in own} == {0, 1, 5, 20}
    assert {shot.draw for shot in own} == {0, 1}
    assert all(len(shot.groups) == 1 for shot in own)
    monkeypatch.setattr(study, "scored_beside", lambda groups, lent: np.ones(len(groups), np.bool_))
    with pytest.raises(LeakError, match="gives examples and is scored"):
        shots_cell(material, "hit", "inner_race", CONFIG, draws=1)


def test_groups_on_both_sides_are_refused() -> None:
    groups = np.array(["a", "a", "b"])
    assert scored_beside(groups, ("a",)).tolist() == [False, False, True]
    check_apart(groups[:2], groups[2:])
    with pytest.raises(LeakError, match="a: gives examples"):
        check_apart(groups[:2], groups[1:])


def test_examples_are_of_as_few_bearings_as_give_them() -> None:
    groups = np.repeat(["a", "b", "c"], 10)
    rng = np.random.default_rng(0)
    assert len(set(groups[drawn(groups, 7, rng)].tolist())) == 1
    assert len(set(groups[drawn(groups, 12, rng)].tolist())) == 2
    assert len(drawn(groups, 99, rng)) == 30
    assert len(drawn(groups, 99, rng, most_groups=1)) == 10


def test_cells_that_choose_lack_the_rig_they_choose_for(material: Material, scored_by_place: None) -> None:
    cells = cells_of(material, inside=1)
    assert ("cwru", "hit", "inner_race") in cells
    assert all(without != place for without, place, _ in cells)
    assert cells[-2:] == [(None, "hit", "inner_race"), (None, "uestc", "ball")]
    assert "cwru-de" not in study.lacking(material, "cwru").recorded.machines.tolist()


def cell(place: str, without: str | None, recalls: dict[float, float]) -> ShotsCell:
    shots = [Shot("another rig", 0, 0, 0.0, "whole", ("g",), Said(0.1, 0.0, 0.8))]
    for weigh in study.WORDS_WEIGH:
        for head_start in study.HEAD_STARTS:
            recall = recalls.get(weigh, 0.0) - (head_start == "none") * 0.01
            shots += [
                Shot("another rig", n, 5, weigh, head_start, ("g",), Said(recall + n / 10, 0.0, 0.7)) for n in (0, 1)
            ]
    return ShotsCell(place, "ball", without, 0, 9, 0.9, tuple(shots), 1.0)


def test_a_place_is_told_by_what_cells_without_its_rig_chose(tmp_path: Path) -> None:
    cells = [cell("hit", "cwru", {5.0: 0.5}), cell("cwru", "hit", {1.0: 0.5}), cell("cwru", None, {5.0: 0.2, 0.0: 0.9})]
    chosen = choice_for(cells, "cwru")
    assert chosen is not None
    assert (chosen.words_weigh, chosen.head_start) == (5.0, "whole")
    assert choice_for(cells, "021") == chosen
    words, moved = rows_of(cells)
    assert (words.shots, words.recall, moved.shots, moved.faults) == (0, 0.1, 5, 1)
    assert moved.recall == pytest.approx(0.25)
    assert moved.spread == pytest.approx(0.05)
    assert "words alone" in list(as_table([words, moved]))[1]
    draw(tmp_path / "shots.png", [words, moved])
    assert (tmp_path / "shots.png").stat().st_size > 1000
    assert choice_for(cells[-1:], "cwru") is None
