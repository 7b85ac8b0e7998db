"""The columns share nothing between their sides, cells are kept and reused, and the means are what they say."""

from __future__ import annotations

import json
import shutil
import zlib
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent.features import feature_names, views
from agent.spectra import FeatureSpec
from export.cli import main
from export.columns import COLUMNS, columns_of, healthy_references
from export.data.layouts import rows_below
from export.data.manifest import Row
from export.data.table import Table, join
from export.data.windows import labelled
from export.protocols import Material, key_of, run_protocols
from export.simple import FUSED, RECIPES, Windows, predictions
from export.train import TrainConfig

SPEC = FeatureSpec()
D = len(feature_names(SPEC))
KINDS = ("healthy", "inner_race", "outer_race", "ball")
MARK = feature_names(SPEC).index("spectrum/0")
CONFIG = TrainConfig(steps=60, batch=32, text="ngrams", text_steps=100, hidden=(16,), dim=8, teacher=None)


def recording(name: str, *, label: str, group: str, machine: str, rpm: float, shift: float = 0.0) -> Table:
    """Six windows whose label shows in a few features of one view, and whose speed shows in another."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    values = rng.normal(size=(6, D)).astype(np.float32)
    values[:, KINDS.index(label) : 20 : len(KINDS)] += 8
    values[:, MARK] = shift
    return labelled(
        values, np.ones((6, D), np.bool_), label=label, group=group, machine=machine, recording=name, rpm=rpm,
        baseline=False, overlap=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Table:
    """The published sets in small: the same machines, groups, speeds and labels."""
    tables = []
    for channel in ("de", "fe"):
        machine = f"cwru-{channel}"
        tables.append(
            recording(f"{machine}-normal", label="healthy", group="cwru-normal", machine=machine, rpm=1797, shift=7)
        )
        for kind in KINDS[1:]:
            for size in ("007", "014", "021"):
                group = f"cwru-{kind}-{size}"
                tables.append(recording(f"{machine}-{group}", label=kind, group=group, machine=machine, rpm=1772))
    others = [("hit", KINDS[:3], rpm) for rpm in (600, 900, 1200)]
    others += [("uestc", KINDS, rpm) for rpm in (800, 1000, 1200, 1400)]
    tables += [
        recording(f"{rig}-{kind}-{rpm}", label=kind, group=f"{rig}-{kind}", machine=rig, rpm=rpm, shift=rpm)
        for rig, kinds, rpm in others
        for kind in kinds
    ]
    return join(tables)


def families(machines: np.ndarray) -> set[str]:
    return {machine.split("-")[0] for machine in machines.tolist()}


def test_sides_share_nothing(table: Table) -> None:
    columns = columns_of(table)
    assert tuple(columns) == COLUMNS
    for name, column in columns.items():
        trained, scored = table.take(column.trained), table.take(column.scored)
        assert len(trained)
        assert len(scored)
        assert not set(trained.recordings) & set(scored.recordings)
        if name.isdigit() and name.startswith("0"):
            assert not set(trained.groups) & set(scored.groups)
            assert set(scored.labels) == {"ball", "inner_race", "outer_race"}
            assert "healthy" in trained.labels
        elif name.isdigit():
            assert not set(trained.rpm.tolist()) & set(scored.rpm.tolist())
            assert set(scored.rpm.tolist()) == {float(name)}
        else:
            assert not families(trained.machines) & families(scored.machines)
        assert "cwru-fe" not in scored.machines


def test_each_column_is_what_the_table_says(table: Table) -> None:
    columns = columns_of(table)
    assert set(table.rpm[columns["800"].trained].tolist()) == {1200, 1400}
    assert set(table.rpm[columns["1400"].trained].tolist()) == {800, 1000, 1200}
    assert families(table.machines[columns["C>H"].trained]) == {"cwru"}
    assert families(table.machines[columns["C+H>U"].trained]) == {"cwru", "hit"}
    assert families(table.machines[columns["U+H>C"].trained]) == {"hit", "uestc"}
    scored = table.take(columns["U+H>C"].scored)
    assert set(scored.labels) == set(KINDS)
    assert set(scored.half[scored.labels == "healthy"]) == {1}


@pytest.mark.parametrize("name", ["1400", "800", "C>H", "C+H>U"])
def test_the_healthy_reference_comes_from_other_speeds(table: Table, name: str) -> None:
    column = columns_of(table)[name]
    found = healthy_references(table, column)[:, MARK]
    for rpm, reference in zip(table.rpm[column.scored], found, strict=True):
        healthy = {float(v) for v in np.unique(table.rpm[column.teaches])} - {float(rpm)}
        assert min(healthy) <= reference <= max(healthy)
        assert reference != rpm
    only = healthy_references(_at(table, 99.0), column)[:, MARK]  # healthy windows of every speed read the same
    assert np.allclose(only, 99.0)


def _at(table: Table, value: float) -> Table:
    values = table.values.copy()
    values[:, MARK] = value
    return replace(table, values=values)


def test_the_scored_half_of_the_healthy_recording_teaches_nothing(table: Table) -> None:
    column = columns_of(table)["U+H>C"]
    assert not (column.teaches & column.scored).any()
    changed = _at(table, 0.0)
    before = healthy_references(changed, column)
    assert np.isfinite(before).all()
    second = (table.recordings == "cwru-de-normal") & (table.half != 0)
    changed.values[second, 20] = 1e6
    assert np.array_equal(before, healthy_references(changed, column), equal_nan=True)


def test_simple_recipes_learn_what_is_there(table: Table) -> None:
    columns = columns_of(table)["C>H"]
    left, right = table.take(columns.trained), table.take(columns.scored)
    nothing = np.full(left.values.shape, np.nan, np.float32)
    called = predictions(
        Windows(left.values, left.known, nothing), left.labels,
        Windows(right.values, right.known, np.full(right.values.shape, np.nan, np.float32)),
        spec=SPEC, seed=0, trees=20,
    )  # fmt: skip
    assert set(called) == {*RECIPES, FUSED}
    assert (called["LR comb"] == right.labels).mean() > 0.95  # the label lies in its view
    assert (called["ET spectrum"] == right.labels).mean() < 0.7
    assert all(set(recipe.views) <= set(views(SPEC)) for recipe in RECIPES.values())
    minus = predictions(
        Windows(left.values, left.known, left.values), left.labels,
        Windows(right.values, right.known, right.values), spec=SPEC, seed=0, trees=20,
    )  # fmt: skip
    assert (minus["ET comb - healthy"] == right.labels).mean() < 0.7
    assert np.array_equal(minus["ET comb"], called["ET comb"])


def test_cells_are_kept_and_the_means_leave_014_out(table: Table, tmp_path: Path) -> None:
    material = Material(table, None, SPEC)
    heard: list[str] = []
    only = ("014", "1400", "C>H")
    summary = run_protocols(material, CONFIG, seeds=1, folder=tmp_path, only=only, trees=5, tell=heard.append)
    assert set(summary.columns) == set(only)
    assert len(heard) == 3 * 2
    assert len(list((tmp_path / summary.key).iterdir())) == 3 * 2
    counted = [column.balanced_accuracy for name, column in summary.columns.items() if name != "014"]
    assert summary.mean_balanced_accuracy == pytest.approx(np.mean(counted))
    assert summary.columns["C>H"].balanced_accuracy > 0.6  # labels that few features tell, among eight faults
    column = summary.columns["C>H"]
    assert column.spread == 0
    assert column.balanced_accuracy == pytest.approx(column.float_balanced_accuracy, abs=0.1)
    assert set(column.per_group_recall) == {"hit-healthy", "hit-inner_race", "hit-outer_race"}
    assert FUSED in summary.mean_recipes

    # A second seed whose cells lie there already: nothing is trained again, and the columns are averaged over both.
    for kept in (tmp_path / summary.key).glob("*-0.json"):
        cell = json.loads(kept.read_text()) | {"balanced_accuracy": 0.25}
        kept.with_name(kept.name.replace("-0.json", "-1.json")).write_text(json.dumps(cell))
    both = run_protocols(material, CONFIG, seeds=2, folder=tmp_path, only=only, trees=5).columns["C>H"]
    assert both.seeds == (column.balanced_accuracy, 0.25)
    assert both.balanced_accuracy == pytest.approx(np.mean(both.seeds))
    assert both.spread == pytest.approx(np.std(both.seeds, ddof=1))
    alone = run_protocols(material, CONFIG, seeds=1, folder=tmp_path, only=("014",), trees=5)
    assert alone.mean_balanced_accuracy is None


def test_another_recipe_or_other_windows_start_over(table: Table) -> None:
    key = key_of(Material(table, None, SPEC), CONFIG)
    assert key_of(Material(table, None, SPEC), msgspec.structs.replace(CONFIG, seed=5)) == key
    assert key_of(Material(table, None, SPEC), msgspec.structs.replace(CONFIG, steps=41)) != key
    assert key_of(Material(_at(table, 3.0), None, SPEC), CONFIG) != key
    assert key_of(Material(table, table, SPEC), CONFIG) != key


def test_missing_sets_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cwru").mkdir()
    assert main(["protocols", "--data", str(tmp_path)]) == 65
    assert "hit_selfbuilt, uestc" in capsys.readouterr().err
    assert main(["protocols", "--data", str(tmp_path), "--seeds", "0"]) == 65


def _few(row: Row) -> bool:
    """One sensor, and one load of each bearing."""
    return row.machine != "cwru-ba" and ("cwru" not in row.machine or row.rpm == 1797)


@pytest.mark.data
def test_columns_of_the_published_sets(shared_data: Path) -> None:
    """Names and speeds of the real files reach every column: read off the layouts, without reading a sample."""
    rows = [row for row in rows_below(shared_data).rows if _few(row)]
    one = np.zeros((6, 2), np.float32)
    tables = [
        labelled(one, one == 0, label=row.label, group=row.group, machine=row.machine,
                 recording=f"{row.path}:{row.variable}", rpm=row.rpm, baseline=False, overlap=1)
        for row in rows
    ]  # fmt: skip
    for name, column in columns_of(join(tables)).items():
        assert column.trained.any(), name
        assert column.scored.any(), name
        assert column.teaches.any(), name


@pytest.mark.data
def test_the_command_ends_with_one_document(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("cwru", "hit_selfbuilt", "uestc"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for row in rows_below(shared_data).rows:
        if _few(row) and row.machine != "cwru-fe":
            target = tmp_path / "data" / row.path.relative_to(shared_data)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(row.path, target)
    (tmp_path / "recipe.json").write_bytes(msgspec.json.encode(CONFIG))
    arguments = ["protocols", "--data", str(tmp_path / "data"), "--seeds", "1", "--machines", "1", "--only", "C>H"]
    folders = ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "cells")]
    assert main([*arguments, *folders, "--json", "--recipe", str(tmp_path / "recipe.json")]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out.splitlines()[-1])
    assert 0 < document["mean_balanced_accuracy"] <= 1
    assert document["columns"]["C>H"]["balanced_accuracy"] == document["mean_balanced_accuracy"]
    assert document["simulated_windows"] > 0
    assert "best simple recipe" in printed.err
    assert main([*arguments, *folders, "--recipe", str(tmp_path / "recipe.json")]) == 0  # from the cells kept
    assert "int8, with baseline" in capsys.readouterr().out
