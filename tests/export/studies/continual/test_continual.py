"""Domain after domain: no scored window is trained on, every way is what its name says, figures as defined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from few_sentences import FEW

from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError
from export.commands.continual import as_table
from export.data.table import Table, join
from export.studies.columns.training_cache import Material
from export.studies.continual import study
from export.studies.continual.domains import rigs, scored_inputs, speeds
from export.studies.continual.study import course_of, figures_of, plan_of, run_courses, trials_of
from export.studies.continual.summary import rows_of
from export.training.continuing import ContinueConfig
from export.training.recipe import TrainConfig
from export.training.train import fit_scaling

SPEC = FeatureSpec()
RECIPE = TrainConfig(steps=4, batch=32, text="ngrams", text_steps=2, branches=(), hidden=(24,), dim=16, teacher=None)
CONFIG = ContinueConfig(steps=3, keep=20)


@pytest.fixture(scope="module")
def material(published: Table) -> Material:
    """With windows that can be halved: those of the fixture share samples."""
    half = np.tile(np.repeat([0, 1], 3), len(published) // 6).astype(np.int8)
    return Material(replace(published, half=half), None, SPEC)


def test_no_window_is_on_both_sides(material: Material) -> None:
    for domain in (*rigs(material), *speeds(material)):
        trained, scored = ({row.tobytes() for row in table.values} for table in (domain.trained, domain.scored))
        assert trained
        assert scored
        assert not trained & scored
    assert [set(domain.trained.families.tolist()) for domain in rigs(material)] == [{"hit"}, {"cwru"}, {"uestc"}]
    assert [set(domain.scored.rpm.tolist()) for domain in speeds(material)] == [{800}, {1000}, {1200}, {1400}]


def test_a_scored_window_is_compared_with_health_that_taught_alone(material: Material) -> None:
    domain = rigs(material)[2]
    scaling = fit_scaling(domain.trained, SPEC, ())
    informed, blind = scored_inputs(domain, scaling)
    spoilt = replace(domain, scored=replace(domain.scored, values=domain.scored.values + 5))
    moved, _ = scored_inputs(spoilt, scaling)
    d = domain.scored.values.shape[1]
    own = scaling.inputs(domain.scored.values, domain.scored.known, None)
    assert np.array_equal(blind, own)
    assert not np.array_equal(informed[:, d : 2 * d], blind[:, d : 2 * d])
    difference = moved[:, d : 2 * d] - informed[:, d : 2 * d]
    assert (difference >= 0).all()  # it moves with the window, so the reference did not


def test_figures_are_those_of_lopez_paz_and_ranzato() -> None:
    found = figures_of([[0.9, 0.2, 0.1], [0.5, 0.8, 0.3], [0.6, 0.7, 1.0]])
    assert found.average == pytest.approx((0.6 + 0.7 + 1.0) / 3)
    assert found.forgetting == pytest.approx(((0.9 - 0.6) + (0.8 - 0.7)) / 2)


def test_each_way_hears_and_imitates_what_its_name_says(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[int, float]] = []

    def watched(before, store, new, config, **rest):
        heard.append((len(store), config.imitation_weight))
        return before

    monkeypatch.setattr(study, "train", lambda *of, **rest: None)
    monkeypatch.setattr(study, "go_on", watched)
    monkeypatch.setattr(study, "_scores", lambda *of: ((), ()))
    for way in study.WAYS:
        course_of(rigs(material)[:2], RECIPE, CONFIG, way, texts=FEW, spec=SPEC)
    assert heard == [(0, 0.0), (CONFIG.keep, 0.0), (0, CONFIG.imitation_weight), (CONFIG.keep, CONFIG.imitation_weight)]


def test_courses_are_kept_and_summed_up(material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "descriptions", lambda text: FEW)
    plan = plan_of(["speeds"], ["triplet"], ["fine-tuning", "joint"], seeds=2)
    told: list[str] = []
    found = run_courses(material, RECIPE, CONFIG, plan, folder=tmp_path, tell=told.append)
    assert len(found) == len(told) == 4
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert len(kept) == 4
    assert run_courses(material, RECIPE, CONFIG, plan, folder=tmp_path) == found
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == kept
    assert run_courses(material, RECIPE, CONFIG, plan, folder=tmp_path / "two at once", workers=2) == found
    rows = rows_of(found, plan)
    assert [(row.way, row.seeds) for row in rows] == [("fine-tuning", 2), ("joint", 2)]
    assert rows[1].of_ceiling == pytest.approx(1)
    assert rows[0].spread is not None
    ends = [figures_of(course.with_baseline).average for trial, course in found.items() if trial.way == "joint"]
    assert rows[1].with_baseline.average == pytest.approx(np.mean(ends))
    assert rows[1].spread.average == pytest.approx(np.std(ends, ddof=1))
    lines = list(as_table(rows))
    assert len(lines) == 3
    assert lines[1].startswith("speeds")
    assert msgspec.json.decode(msgspec.json.encode(rows))[0]["way"] == "fine-tuning"


def test_courses_begin_with_the_seed_that_is_asked_for() -> None:
    trials = list(trials_of(plan_of(["speeds"], ["triplet"], ["joint"], seeds=2, first_seed=100)))
    assert [trial.seed for trial in trials] == [100, 101]


def test_what_cannot_be_run_is_named_all_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        plan_of(["rigs", "years"], ["triplets"], None, seeds=1)
    assert "--sequences: 'years' is none of speeds, rigs" in str(raised.value)
    assert "--objectives: 'triplets' is none of" in str(raised.value)


def test_simulated_machines_come_last_and_are_left_out_whole(material: Material) -> None:
    simulated = [
        replace(one, machines=np.full(len(one), f"sim-{number}"))
        for number in range(4)
        for one in [material.recorded.take(np.arange(12) + 12 * number)]
    ]
    last = rigs(Material(material.recorded, join(simulated), SPEC))[-1]
    assert last.name == "simulated"
    assert set(last.trained.machines.tolist()) == {"sim-0", "sim-2"}
    assert set(last.scored.machines.tolist()) == {"sim-1", "sim-3"}
