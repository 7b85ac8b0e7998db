"""The columns share nothing between their sides, cells are kept and reused, and the means are what they say."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent.dsp.features import feature_names, views
from agent.dsp.spectra import FeatureSpec
from agent.types import FAULTS
from export.cli import main
from export.commands.proving_tables import columns_as_text
from export.data.layouts import rows_below
from export.data.manifest import ManifestRow
from export.data.table import Table, join
from export.data.windows import labelled
from export.network.graph import Floats
from export.scoring.spread import Spread
from export.studies.columns.experts import EXPERTS, FUSED, FUSED_BY_NEARNESS, FUSIONS, SPECTRAL, Fusion, fuse
from export.studies.columns.levels import said_at_levels
from export.studies.columns.protocols import run_protocols
from export.studies.columns.selection import Choice
from export.studies.columns.simple import RECIPES, SimpleCell, SimpleConfig, Windows, predictions, simple_key
from export.studies.columns.splits import COLUMNS, columns_of, healthy_references
from export.studies.columns.summary import APART, SELECTED, summarise
from export.studies.columns.training_cache import Material
from export.studies.columns.trials import ColumnCell, key_of
from export.training.familiarity import nearness
from export.training.knowledge import KNOWLEDGE, STATES, level_name
from export.training.recipe import TrainConfig

SPEC = FeatureSpec()
KINDS = ("healthy", "inner_race", "outer_race", "ball")
MARK = feature_names(SPEC).index("spectrum/0")
CONFIG = TrainConfig(steps=60, batch=32, text="ngrams", text_steps=100, hidden=(16,), dim=8, teacher=None)


@pytest.fixture(scope="module")
def table(published: Table) -> Table:
    return published


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
        Windows(left.values, left.known, nothing),
        left.labels,
        Windows(right.values, right.known, np.full(right.values.shape, np.nan, np.float32)),
        recordings=left.recordings,
        spec=SPEC,
        seed=0,
        trees=20,
    )
    assert set(called) == {*RECIPES, *(fusion.name for fusion in FUSIONS)}
    assert (called["LR comb"] == right.labels).mean() > 0.95  # the label lies in its view
    assert (called["ET spectrum"] == right.labels).mean() < 0.7
    assert np.array_equal(called[Fusion(("ET comb",)).name], called["ET comb"])
    assert all(set(recipe.views) <= set(views(SPEC)) for recipe in RECIPES.values())
    minus = predictions(
        Windows(left.values, left.known, left.values),
        left.labels,
        Windows(right.values, right.known, right.values),
        recordings=left.recordings,
        spec=SPEC,
        seed=0,
        trees=20,
    )
    assert (minus["ET comb - healthy"] == right.labels).mean() < 0.7
    assert np.array_equal(minus["ET comb"], called["ET comb"])


def test_a_spectrum_says_less_the_further_it_lies_from_those_seen() -> None:
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(40, 5)).astype(np.float32)
    recordings = np.repeat(np.array(["a", "b"]), 20)
    moved = seen.mean(axis=0) + np.array([[0, 0, 0, 0, 0], [30, 0, 0, 0, 0], [60, 0, 0, 0, 0]], np.float32)
    near = nearness(seen, recordings, moved)
    assert near[0] == 1
    assert near[1] < 0.01
    assert near[2] == pytest.approx(near[1] / 4, rel=0.1)
    assert np.allclose(nearness(seen * 1000, recordings, moved * 1000), near, rtol=1e-4)
    twice = np.concatenate([seen, seen])  # what lies near within its own recording only is not near for that
    assert nearness(twice, np.repeat(np.array(["a", "b"]), 40), moved)[1] < near[1]
    assert not nearness(seen, np.full(40, "a"), moved).any()


def test_fused_experts_are_weighted_means() -> None:
    says = {name: np.array([[0.0, 1.0]]) for name in EXPERTS} | {SPECTRAL: np.array([[1.0, 0.0]])}
    assert fuse(says, FUSED, np.array([0.5], np.float32)) == pytest.approx(np.array([[0.25, 0.75]]))
    assert fuse(says, FUSED_BY_NEARNESS, np.array([0.5], np.float32)) == pytest.approx(np.array([[1 / 7, 6 / 7]]))
    assert len({fusion.name for fusion in FUSIONS}) == len(FUSIONS) == 15 + 7
    assert {FUSED, FUSED_BY_NEARNESS} <= set(FUSIONS)


@pytest.mark.long
def test_cells_are_kept_and_the_means_leave_014_out(table: Table, tmp_path: Path) -> None:
    material = Material(table, None, SPEC)
    heard: list[str] = []
    only = ("014", "1400", "C>H")
    run = partial(run_protocols, material, CONFIG, folder=tmp_path, simple=SimpleConfig(trees=5))
    summary = run(seeds=1, only=only, tell=heard.append)
    assert set(summary.columns) == set(only)
    assert len(heard) == 2 * 3 + 18
    assert len(list((tmp_path / f"student-{summary.key}").iterdir())) == 3
    counted = [column.balanced_accuracy for name, column in summary.columns.items() if name != "014"]
    assert summary.mean_balanced_accuracy == pytest.approx(np.mean(counted))
    assert summary.columns["C>H"].balanced_accuracy > 0.6  # labels that few features tell, among eight faults
    column = summary.columns["C>H"]
    assert column.spread == 0
    assert column.balanced_accuracy == pytest.approx(column.float_balanced_accuracy, abs=0.1)
    assert set(column.per_group_recall) == {"hit-healthy", "hit-inner_race", "hit-inner_race5", "hit-outer_race"}
    assert column.balanced_accuracy == pytest.approx(np.mean(list(column.per_class_recall.values())))
    assert summary.mean_recipes[SELECTED] == np.mean([summary.columns[name].recipes[SELECTED] for name in only[1:]])
    assert summary.experts.chosen in {fusion.name for fusion in FUSIONS}
    assert column.cnn is None

    # A second seed whose cells lie there already: nothing is trained again, and the columns are averaged over both.
    for kept in (tmp_path / f"student-{summary.key}").glob("*-0.json"):
        cell = json.loads(kept.read_text())
        wrong = {k: {g: [0, n] for g, (_, n) in groups.items()} for k, groups in cell["tally"].items()}
        cell |= {"balanced_accuracy": 0.25, "tally": wrong}
        kept.with_name(kept.name.replace("-0.json", "-1.json")).write_text(json.dumps(cell))
    both = run(seeds=2, only=only).columns["C>H"]
    assert both.seeds == (column.balanced_accuracy, 0.25)
    assert both.balanced_accuracy == pytest.approx(np.mean(both.seeds))
    assert both.spread == pytest.approx(np.std(both.seeds, ddof=1))
    assert both.per_group_recall == {k: pytest.approx(v / 2) for k, v in column.per_group_recall.items()}
    alone = run(seeds=1, only=("014",))
    assert alone.mean_balanced_accuracy is None
    assert alone.mean_interval is None
    assert "mean*" in columns_as_text(alone)


def cell(tally: dict[str, dict[str, tuple[int, int]]]) -> ColumnCell:
    return ColumnCell(0.5, 0.5, 0.5, tally, Spread(1, 0, 0), 10, 1.0)


def test_intervals_resample_bearings_where_a_label_has_several() -> None:
    single = {"ball": {"b1": (5, 10)}, "healthy": {"h1": (10, 10)}}
    several = {"ball": {"b1": (0, 10), "b2": (10, 10)}, "healthy": {"h1": (10, 10)}}
    scores = SimpleCell(dict.fromkeys([*RECIPES, *(fusion.name for fusion in FUSIONS)], 0.5), 1.0)
    summary = summarise(
        students={"1400": [cell(single)], "C>H": [cell(several)], "014": [cell(several)]},
        simple=dict.fromkeys(("1400", "C>H", "014"), scores),
        inner={},
        experts=CHOICE,
        raw={},
        recipe=CONFIG,
        cnn=None,
        simulated_windows=0,
        key="key",
    )
    assert summary.columns["1400"].interval is None
    interval = summary.columns["C>H"].interval
    assert interval is not None
    assert (interval.low, interval.high) == (0.5, 1.0)  # ball recalled 0, .5 or 1
    assert summary.mean_interval is not None  # .75 of the first column and the second's, at equal weight
    assert (summary.mean_interval.low, summary.mean_interval.high) == (0.625, 0.875)
    text = columns_as_text(summary)
    assert "b1 0.000, b2 1.000" in text
    assert [line.split()[-4:] for line in text.splitlines() if "over bearings" in line] == [
        ["-", "0.500", "0.500", "0.625"]
    ]


CHOICE = Choice(FUSED.name, dict.fromkeys(COLUMNS, FUSED_BY_NEARNESS.name), (), 18)


def test_experts_selected_apart_are_each_columns_own() -> None:
    scores = SimpleCell(
        dict.fromkeys(RECIPES, 0.1)
        | {fusion.name: 0.2 for fusion in FUSIONS}
        | {FUSED.name: 0.6, FUSED_BY_NEARNESS.name: 0.7},
        1.0,
    )
    found = summarise(
        students={"800": [cell({"ball": {"b": (1, 2)}})]},
        simple={"800": scores},
        inner={},
        experts=CHOICE,
        raw={},
        recipe=CONFIG,
        cnn=None,
        simulated_windows=0,
        key="key",
    )
    assert (found.mean_recipes[SELECTED], found.mean_recipes[APART]) == (0.6, 0.7)


def test_another_recipe_or_other_windows_start_over(table: Table) -> None:
    key = key_of(Material(table, None, SPEC), CONFIG)
    assert key_of(Material(table, None, SPEC), msgspec.structs.replace(CONFIG, seed=5)) == key
    assert key_of(Material(table, None, SPEC), msgspec.structs.replace(CONFIG, steps=41)) != key
    assert key_of(Material(_at(table, 3.0), None, SPEC), CONFIG) != key
    assert key_of(Material(table, table, SPEC), CONFIG) != key
    simple = simple_key(Material(table, None, SPEC), SimpleConfig())
    assert simple_key(Material(table, table, SPEC), SimpleConfig()) == simple  # trained on recordings alone
    assert simple_key(Material(_at(table, 3.0), None, SPEC), SimpleConfig()) != simple


def test_a_columns_windows_are_named_by_the_agents_rule_at_every_level(published: Table) -> None:
    material = Material(published, None, SPEC)
    asked: list[tuple[bool, bool]] = []

    def nearest_to_its_label(windows: Table, healthy: Floats | None) -> Floats:
        asked.append((healthy is not None, bool(windows.known.all())))
        found = np.zeros((len(windows), len(FAULTS)), np.float32)
        found[np.arange(len(windows)), [FAULTS.index(label) for label in windows.labels]] = 0.9
        return found

    column = columns_of(published)["C+H>U"]
    bound = np.zeros(published.values.shape[1], np.bool_)
    levels = said_at_levels(material, column, nearest_to_its_label, bound)
    assert [told for told, _ in asked] == [True] * len(KNOWLEDGE) + [False] * len(KNOWLEDGE)
    assert [whole for _, whole in asked] == [True, False, False] * 2
    assert list(levels) == [level_name(known, state) for state in STATES for known in KNOWLEDGE]
    for level, labels in levels.items():
        assert set(labels) == {"healthy", "inner_race", "outer_race", "ball"}
        for label, said in labels.items():
            assert said.right + said.parent + said.wrong + said.healthy + said.open == pytest.approx(1)
            if not level.startswith("all") and label != "healthy":
                assert said.right == 0


def test_machines_of_no_column_are_heard_by_a_bundle_and_missing_sets_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["protocols", "--data", str(tmp_path), "--only", "brito", "--only", "foreign", "--out", str(tmp_path)]
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"machines": {}}
    assert [line for line in printed.err.splitlines() if "not there" in line] == [
        f"skipped {tmp_path / name}: not there" for name in ("brito", "adxl345_motor")
    ]


def test_missing_sets_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cwru").mkdir()
    assert main(["protocols", "--data", str(tmp_path)]) == 65
    assert "hit_selfbuilt, uestc" in capsys.readouterr().err
    assert main(["protocols", "--data", str(tmp_path), "--seeds", "0"]) == 78


def _few(row: ManifestRow) -> bool:
    """One sensor, and one load of each bearing."""
    return row.machine != "cwru-ba" and ("cwru" not in row.machine or row.rpm == 1797)


@pytest.mark.data
def test_columns_of_the_published_sets(shared_data: Path) -> None:
    """Names and speeds of the real files reach every column: read off the layouts, without reading a sample."""
    rows = [row for row in rows_below(shared_data).rows if _few(row)]
    one = np.zeros((6, 2), np.float32)
    tables = [
        labelled(
            one,
            one == 0,
            label=row.label,
            group=row.group,
            machine=row.machine,
            recording=f"{row.path}:{row.variable}",
            rpm=row.rpm,
            baseline=False,
            overlap=1,
        )
        for row in rows
    ]
    for name, column in columns_of(join(tables)).items():
        assert column.trained.any(), name
        assert column.scored.any(), name
        assert column.teaches.any(), name


@pytest.mark.data
@pytest.mark.long
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
    arguments = [
        "protocols",
        "--data",
        str(tmp_path / "data"),
        "--seeds",
        "1",
        "--machines",
        "1",
        "--only",
        "C>H",
        "--trees",
        "3",
    ]
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
