"""Inner folds stay inside their column's training side, and one rule chooses among everything that was tried."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from few_sentences import FEW
from requirements import ROOT

from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError
from export.cli import main
from export.commands.proving_tables import tryouts_as_text
from export.data.table import Table
from export.runs.recipes import read_recipe, read_recipes
from export.studies.columns import training_cache
from export.studies.columns.experts import FUSIONS
from export.studies.columns.selection import all_folds, choose, inner_folds, same_folds, touched
from export.studies.columns.simple import SimpleCell, SimpleConfig, simple_cell
from export.studies.columns.splits import COLUMNS, Column, columns_of, healthy_references
from export.studies.columns.training_cache import Material
from export.studies.columns.trials import cell_of
from export.studies.columns.tryouts import choose_experts, try_recipes
from export.training.recipe import TrainConfig

RECIPES = ROOT / "configs" / "recipes"
SPEC = FeatureSpec()
CONFIG = TrainConfig(
    steps=4, batch=16, text="ngrams", text_steps=4, hidden=(8,), dim=8, teacher=None, no_fault_sentences=0
)
FOLDS = {
    "007": {"021>014", "014>021"},
    "014": {"021>007", "007>021"},
    "021": {"014>007", "007>014"},
    "1400": {"1000+1200>800", "800+1200>1000", "800+1000>1200"},
    "800": {"1400>1200", "1200>1400"},
    "C>H": {"014+021>007", "007+021>014", "007+014>021"},
    "C+H>U": {"hit>cwru", "cwru>hit"},
    "U+H>C": {"uestc>hit", "hit>uestc"},
}


def masks_of(column: Column) -> list[bytes]:
    return [column.trained.tobytes(), column.scored.tobytes(), column.teaches.tobytes()]


def test_each_column_leaves_out_what_it_asks_about(published: Table) -> None:
    assert {name: set(inner_folds(name, published)) for name in COLUMNS} == FOLDS
    assert len(all_folds(published)) == 18
    columns = columns_of(published)
    for name in COLUMNS:
        for fold, column in inner_folds(name, published).items():
            assert not (touched(column) & ~columns[name].trained).any()
            trained, scored = published.take(column.trained), published.take(column.scored)
            assert set(scored.labels) <= set(trained.labels)
            assert not set(trained.recordings) & set(scored.recordings)
            left_out = fold.split(">")[1]
            if left_out.startswith("0"):
                assert set(scored.labels) == {"ball", "inner_race", "outer_race"}
                assert all(group.endswith(left_out) for group in scored.groups)
                assert not set(trained.groups) & set(scored.groups)
            elif left_out.isdigit():
                assert set(scored.rpm.tolist()) == {float(left_out)}
                assert float(left_out) not in trained.rpm.tolist()
            else:
                assert all(machine.startswith(left_out) for machine in scored.machines)
                assert not any(machine.startswith(left_out) for machine in trained.machines)


def test_only_labels_of_both_sides_are_scored(published: Table) -> None:
    folds = inner_folds("C+H>U", published)
    assert "ball" not in published.labels[folds["hit>cwru"].trained]
    assert set(published.labels[folds["hit>cwru"].scored]) == {"healthy", "inner_race", "outer_race"}


def test_folds_of_one_name_are_one_fold(published: Table) -> None:
    found: dict[str, list[bytes]] = {}
    for name in COLUMNS:
        for fold, column in inner_folds(name, published).items():
            assert found.setdefault(fold, masks_of(column)) == masks_of(column)
    same = {"007": "014+021>007", "014": "007+021>014", "021": "007+014>021", "C>H": "cwru>hit"}
    assert same_folds(published) == same  # why `apart` exists
    for name, fold in same.items():
        assert masks_of(columns_of(published)[name]) == found[fold]


def scrambled(table: Table, rows: np.ndarray) -> Table:
    """The table with other features, labels, speeds and halves in `rows`; machines and groups say who is who."""
    rng = np.random.default_rng(1)
    changed = {field.name: getattr(table, field.name).copy() for field in fields(Table)}
    changed["values"][rows] = rng.normal(50, 20, (rows.sum(), table.values.shape[1]))
    changed["labels"][rows] = np.where(table.labels[rows] == "healthy", "ball", "healthy")
    changed["half"][rows] = 1 - np.minimum(table.half[rows], 1)
    return Table(**changed)


_LONG = [pytest.param(name, marks=pytest.mark.long) for name in ("C>H", "U+H>C")]


@pytest.mark.parametrize("name", ["021", "1400", "C+H>U", *_LONG])
def test_nothing_of_the_scored_side_is_read(published: Table, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_cache, "descriptions", lambda text: FEW)
    other = scrambled(published, ~columns_of(published)[name].trained)
    assert not np.array_equal(other.labels, published.labels)
    folds, same = inner_folds(name, published), inner_folds(name, other)
    assert folds.keys() == same.keys()
    fold = sorted(folds)[0]
    assert masks_of(folds[fold]) == masks_of(same[fold])
    before, after = (
        (
            simple_cell(Material(table, None, SPEC), column, SimpleConfig(trees=5)).balanced_accuracy,
            msgspec.structs.replace(cell_of(Material(table, None, SPEC), column, CONFIG), seconds=0.0),
            healthy_references(table, column).tobytes(),
        )
        for table, column in ((published, folds[fold]), (other, same[fold]))
    )
    assert before == after


def scores_of(published: Table, **found: float) -> dict[str, dict[str, float]]:
    return {name: dict.fromkeys(all_folds(published), value) for name, value in found.items()}


def test_the_mean_over_columns_decides_and_the_first_of_equals(published: Table) -> None:
    scores = scores_of(published, one=0.5, two=0.5, three=0.4)
    assert choose(scores, published).chosen == "one"
    for fold in FOLDS["1400"]:  # three folds of eight columns' eighteen are one eighth of the mean
        scores["three"][fold] = 1.0
    choice = choose(scores, published)
    assert [candidate.name for candidate in choice.tried] == ["one", "two", "three"]
    assert choice.tried[-1].score == pytest.approx((7 * 0.4 + 1.0) / 8)
    assert choice.tried[-1].columns["1400"] == 1.0
    assert choice.folds == 18
    scores["three"]["1200>1400"] = scores["three"]["1400>1200"] = 1.0
    assert choose(scores, published).chosen == "three"


def test_a_column_is_set_apart_from_folds_that_touch_its_scored_side(published: Table) -> None:
    scores = scores_of(published, steady=0.5, knows_hit=0.45)
    for fold in ("cwru>hit", "hit>cwru", "uestc>hit", "hit>uestc"):
        scores["knows_hit"][fold] = 1.0
    choice = choose(scores, published)
    assert choice.chosen == "knows_hit"
    assert choice.apart["C>H"] == "steady"
    assert choice.apart["007"] == "knows_hit"  # HIT and UESTC are no part of what it scores
    scored = columns_of(published)["C>H"].scored
    assert all(not (touched(fold) & scored).any() for fold in inner_folds("007", published).values())


def test_experts_are_chosen_by_the_same_rule(published: Table) -> None:
    best = FUSIONS[7].name
    cell = SimpleCell({fusion.name: 0.6 if fusion.name == best else 0.5 for fusion in FUSIONS}, 1.0)
    choice = choose_experts(Material(published, None, SPEC), dict.fromkeys(all_folds(published), cell))
    assert choice.chosen == best
    assert set(choice.apart.values()) == {best}
    assert len(choice.tried) == len(FUSIONS)


@pytest.mark.long
def test_every_recipe_is_tried_once_and_told_of(published: Table, tmp_path: Path) -> None:
    material = Material(published, None, SPEC)
    heard: list[str] = []
    run = partial(try_recipes, material, folder=tmp_path, simple=SimpleConfig(trees=3))
    alone = run({"plain": CONFIG}, seeds=1, tell=heard.append)
    assert alone.choice.chosen == "plain"
    assert alone.spread == {"plain": 0.0}
    assert sum("seed 0 int8" in line for line in heard) == 18

    # Another seed's cells lie there already, and the same recipe has a second name: nothing is trained again.
    (place,) = tmp_path.glob("student-*")
    for path in place.glob("*-0.json"):
        perfect = json.loads(path.read_text()) | {"balanced_accuracy": 1.0, "without_baseline": 0.25}
        path.with_name(path.name.replace("-0.json", "-1.json")).write_text(json.dumps(perfect))
    both = run({"plain": CONFIG, "twin": CONFIG}, seeds=2)
    first = alone.choice.tried[0].score
    assert both.choice.tried[0].score == pytest.approx((first + 1) / 2)
    assert both.spread["plain"] == pytest.approx((1 - first) / np.sqrt(2))
    assert both.without_baseline["plain"] == pytest.approx((alone.without_baseline["plain"] + 0.25) / 2)
    assert both.choice.chosen == "plain"
    text = tryouts_as_text(both)
    assert "chosen: plain, of 2 recipes tried" in text
    assert f"of {len(FUSIONS)} sets of experts tried" in text
    assert "the same for every column" in text


def test_recipes_say_where_they_differ(tmp_path: Path) -> None:
    recipes = read_recipes(sorted(RECIPES.glob("*.toml")))
    assert recipes["shipped"] == TrainConfig()
    assert len({msgspec.json.encode(recipe) for recipe in recipes.values()}) == len(recipes)  # no recipe twice
    (tmp_path / "r.json").write_bytes(msgspec.json.encode(CONFIG))
    assert read_recipe(tmp_path / "r.json") == CONFIG


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stepz = 3", "stepz"),
        ("steps = 'many'", r"steps"),
        ("steps = ", "r.toml: "),
        ("steps = 3\nsteps = 4", "r.toml: "),
    ],
)
def test_a_bad_recipe_is_named_by_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ConfigError, match=said) as refused:
        read_recipe(tmp_path / "r.toml")
    assert str(tmp_path / "r.toml") in str(refused.value)


def test_all_bad_recipes_are_told_before_anything_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.toml").write_text("steps = true")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "c.toml").write_text("")
    (tmp_path / "c.json").write_text("{}")
    paths = [str(tmp_path / name) for name in ("a.toml", "b.toml", "c.toml", "c.json", "none.toml")]
    assert main(["select", "--data", str(tmp_path), "--recipes", *paths]) == 78
    said = capsys.readouterr().err
    assert all(name in said for name in ("a.toml", "b.toml", "c.json: there is another recipe", "none.toml"))
    assert main(["select", "--data", str(tmp_path), "--recipes", paths[2], "--seeds", "0"]) == 78
    assert main(["select", "--data", str(tmp_path), "--recipes", paths[2]]) == 65  # the data folder
