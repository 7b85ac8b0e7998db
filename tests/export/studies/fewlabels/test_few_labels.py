"""Few labels: nothing that is scored is heard before, courses differ in their start alone, and are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from few_sentences import FEW

from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError
from agent.types import HEALTHY
from export.commands.few_labels import as_table
from export.data.healthy import NEITHER_HALF
from export.data.table import Table
from export.data.unlabelled import as_heard
from export.data.viewed import Viewed
from export.studies.columns.splits import columns_of
from export.studies.columns.training_cache import Material
from export.studies.fewlabels import study
from export.studies.fewlabels.lines import draw_worth
from export.studies.fewlabels.sides import LeakError, heard_without_labels, refuse_leak, with_few_labels
from export.studies.fewlabels.study import THREE_COLUMNS, heard_in, plan_of, recipe_of, run_courses
from export.studies.fewlabels.summary import worth_of
from export.training.recipe import TrainConfig
from export.training.selfsupervised.pretraining import PretrainConfig

SPEC = FeatureSpec()
RECIPE = recipe_of(TrainConfig(steps=2, batch=16, text="ngrams", branches=(), hidden=(12,), dim=8))
CONFIG = PretrainConfig(steps=2, batch=16, views=1, width=8)


@pytest.fixture(scope="module")
def material(published: Table) -> Material:
    return Material(published, None, SPEC)


@pytest.fixture(scope="module")
def views(published: Table) -> Viewed:
    return as_heard(published, 1).views


@pytest.fixture(autouse=True)
def little_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few sentences and no code: reading true ones takes longer than courses."""
    monkeypatch.setattr(study, "cell_key", lambda material, recipe, *, code: f"{code.stem}-{recipe.config.steps}")
    monkeypatch.setattr(study, "descriptions", lambda text: FEW)


@pytest.mark.parametrize("name", THREE_COLUMNS)
def test_nothing_scored_is_heard_without_labels(published: Table, name: str) -> None:
    column = columns_of(published)[name]
    heard = heard_without_labels(published, column)
    assert (heard >= column.trained).all()
    assert not (heard & column.scored).any()
    own = published.take(heard & ~column.trained)
    assert set(own.labels.tolist()) <= {HEALTHY}
    if not column.by_halves:
        assert not set(published.recordings[heard]) & set(published.recordings[column.scored])
    shared = heard & np.isin(published.recordings, published.recordings[column.scored])
    assert (published.half[shared] == 0).all()


def test_of_the_rig_never_heard_only_health_is(published: Table) -> None:
    column = columns_of(published)["U+H>C"]
    of_rig = heard_without_labels(published, column) & (published.families == "cwru")
    assert of_rig.sum() == (column.teaches & (published.half == 0)).sum() > 0
    assert set(published.labels[of_rig].tolist()) == {HEALTHY}


@pytest.mark.parametrize(
    ("name", "chosen", "said"),
    [
        ("U+H>C", lambda table, column: column.scored & (table.labels == "ball"), "is scored"),
        ("800", lambda table, column: column.scored & (table.labels == HEALTHY), "is scored"),
        (
            "U+H>C",
            lambda table, column: (
                (table.labels == HEALTHY) & (table.half == NEITHER_HALF) & (table.machines == "cwru-de")
            ),
            "shares samples",
        ),
        ("007", lambda table, column: table.groups == "cwru-ball-007", "is scored"),
        ("007", lambda table, column: (table.groups == "cwru-ball-007") & (table.machines == "cwru-fe"), "is neither"),
        ("U+H>C", lambda table, column: table.machines == "cwru-fe", "is neither"),
    ],
)
def test_a_leak_on_purpose_is_refused(published: Table, name: str, chosen, said: str) -> None:
    """The first window of a kind that may not be heard, among those that may."""
    column = columns_of(published)[name]
    leaked = np.flatnonzero(chosen(published, column))
    leaked = leaked[~column.trained[leaked]][:1]
    assert len(leaked) == 1
    heard = heard_without_labels(published, column)
    heard[leaked] = True
    with pytest.raises(LeakError, match=said):
        refuse_leak(published, column, heard)


def test_a_scored_recording_s_other_windows_are_refused(published: Table) -> None:
    """Where the column does not go by halves, no window of a scored recording may be heard."""
    column = columns_of(published)["800"]
    first = np.flatnonzero(column.scored)[0]
    narrowed = column.scored.copy()
    narrowed[first] = False
    heard = heard_without_labels(published, column)
    heard[first] = True
    with pytest.raises(LeakError, match=r"of a recording that is scored|shares samples"):
        refuse_leak(published, replace(column, scored=narrowed), heard)


def test_pre_training_hears_what_it_may_and_no_label(material: Material, views: Viewed) -> None:
    column = columns_of(material.recorded)["800"]
    heard = heard_in(material, views, column)
    assert len(heard) == heard_without_labels(material.recorded, column).sum()
    assert set(heard.table.labels.tolist()) == {"", HEALTHY}
    assert heard.views.values.shape == (1, *heard.table.values.shape)


def test_few_labels_are_part_of_more_and_the_same_for_all(published: Table) -> None:
    column = columns_of(published)["U+H>C"]
    few, more = (with_few_labels(published, column, per_fault=count, seed=1) for count in (1, 5))
    for table, count in ((few, 1), (more, 5)):
        part = table.take(~table.baseline)
        _, counts = np.unique(np.char.add(part.machines, part.labels), return_counts=True)
        assert set(counts.tolist()) == {count}
        assert set(table.labels[table.baseline].tolist()) == {HEALTHY}
    named = [{row.tobytes() for row in table.values[~table.baseline]} for table in (few, more)]
    assert named[0] < named[1]
    assert named[0] != {row.tobytes() for row in with_few_labels(published, column, per_fault=1, seed=2).values}


def test_courses_of_one_seed_differ_in_their_start_alone(
    material: Material, views: Viewed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = []

    def train(table, config, *, spec, texts, start):
        seen.append((table.values.tobytes(), config, start))
        raise KeyboardInterrupt

    monkeypatch.setattr(study, "train", train)
    for way in ("none", "scaling", "byol"):
        with pytest.raises(KeyboardInterrupt):
            run_courses(material, views, RECIPE, CONFIG, plan_of(["800"], [way], [1], seeds=1), folder=tmp_path)
    (table, config, none), (_, _, scaling), (_, _, byol) = seen
    assert all((one, other) == (table, config) for one, other, _ in seen)
    assert none is None
    assert scaling.weights is None
    np.testing.assert_array_equal(scaling.scaling.mean, byol.scaling.mean)
    assert all(torch.isfinite(value).all() for value in byol.weights.values())


def test_courses_are_kept_summed_up_and_drawn(material: Material, views: Viewed, tmp_path: Path) -> None:
    plan = plan_of(["800"], ["none", "vicreg"], [1, 2], seeds=2)
    told: list[str] = []
    found = run_courses(material, views, RECIPE, CONFIG, plan, folder=tmp_path, tell=told.append)
    assert len(found) == len(told) == 8
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert len(kept) == 8
    assert run_courses(material, views, RECIPE, CONFIG, plan, folder=tmp_path) == found
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == kept
    worth = worth_of(found, plan)
    assert [(row.way, row.labels) for row in worth.rows] == [("none", 1), ("vicreg", 1), ("none", 2), ("vicreg", 2)]
    assert worth.rows[0].lead is None
    assert worth.rows[1].lead.pairs == 2
    leads = [
        found[study.Trial(seed, "800", "vicreg", 1)].balanced_accuracy
        - found[study.Trial(seed, "800", "none", 1)].balanced_accuracy
        for seed in (0, 1)
    ]
    assert worth.rows[1].lead.mean == pytest.approx(np.mean(leads))
    assert worth.rows[1].effective_rank is not None
    assert worth.columns["800"].unlabelled > worth.columns["800"].labelled[2]
    lines = list(as_table(worth))
    assert lines[0].startswith("800: 4 (1), 8 (2) labelled windows")
    assert len(lines) == 3 + len(worth.rows)
    draw_worth(tmp_path / "worth.png", worth)
    assert (tmp_path / "worth.png").stat().st_size > 1000
    assert msgspec.json.decode(msgspec.json.encode(worth))["rows"][1]["way"] == "vicreg"


def test_what_cannot_be_run_is_named_all_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        plan_of(["900"], ["dino"], seeds=1)
    assert "--columns: '900' is none of" in str(raised.value)
    assert "--ways: 'dino' is none of none, scaling, simclr" in str(raised.value)
