"""What is said of a rig left out: never an element where speed or geometry is missing, and every share adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.diagnosis.grounds import Name
from agent.diagnosis.matching import Calibration, Curve, SignLimits
from agent.diagnosis.naming import name_on
from agent.diagnosis.signs import spread_place
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS, OWN_LINES
from export.calibration.naming import grounds_of
from export.calibration.sign_limits import as_signs, fit_signs
from export.commands.knowledge import as_text
from export.data.table import Table
from export.studies.columns.training_cache import Material
from export.studies.knowledge.blind import by_recording
from export.studies.knowledge.levels import _answers_by_label, _named_from, _reliability, run_knowledge
from export.studies.knowledge.rigs import LeftOut
from export.training.knowledge import KNOWLEDGE, STATES, Knowledge
from export.training.recipe import TrainConfig

SMALL = TrainConfig(steps=5, batch=16, text="ngrams")
SPEC = FeatureSpec()
EASY = SignLimits(0.1, Curve((0.0, 1.0), (0.0, 1.0)), dict.fromkeys(OWN_LINES, -9.0))
"""Limits that any impacts pass."""


def test_names_are_counted_by_what_they_say_of_each_label() -> None:
    names = [Name("ball", 0.9), Name("bearing", 0.6), Name("inner_race", 0.8), Name("unknown"), Name("healthy", 0.7)]
    named = [(name, "ball") for name in names]
    said = _answers_by_label(named)["ball"]
    assert (said.right, said.parent, said.wrong, said.healthy, said.open) == (0.2, 0.2, 0.2, 0.2, 0.2)
    assert _reliability([named]).error == pytest.approx((0.1 + 0.4 + 0.8 + 0.7) / 4)


def test_a_dressed_machine_is_healthy_and_any_name_for_it_is_wrong() -> None:
    said = _answers_by_label([(Name("healthy", 0.9), "dressed"), (Name("bearing", 0.6), "dressed")])["dressed"]
    assert (said.right, said.wrong, said.healthy) == (0.5, 0.5, 0.0)


def test_what_comes_of_naming_from_a_probability_on_weighs_labels_alike() -> None:
    balls = [(Name(name, 0.9), "ball") for name in ("ball", "bearing", "healthy", "unknown")]
    dressed = [(Name("bearing", 0.6), "dressed"), (Name("healthy", 0.9), "dressed")]
    found = _named_from([[*balls, *dressed, *dressed]])
    assert (found.named, found.wrong) == (0.5, 0.5)  # half of the balls, half of the dressed machines
    assert _named_from([balls]).wrong == 0


def impulsive(published: Table) -> tuple[Table, np.ndarray]:
    """Windows full of impacts, each nearest to what it is."""
    table = replace(published, impulses=np.full(len(published), 0.9, np.float32))
    likeness = np.zeros((len(table), len(FAULTS)), np.float32)
    likeness[np.arange(len(table)), [FAULTS.index(label) for label in table.labels]] = 0.9
    return as_signs(table, SPEC), likeness


def test_no_element_is_named_where_speed_or_geometry_is_hidden(published: Table) -> None:
    table, likeness = impulsive(published)
    limits = Calibration(0.1, -1.0, 0.0, blind_signs=EASY)
    damaged = np.isin(table.labels, tuple(OWN_LINES))

    def named(knowledge: Knowledge) -> list[str]:
        return [name_on(one, limits).fault for one in grounds_of(table, likeness, None, limits, SPEC, knowledge)]

    assert set(np.array(named(Knowledge()))[damaged]) >= set(OWN_LINES) & set(table.labels)
    for knowledge in (Knowledge(speed=False), Knowledge(geometry=False)):
        assert set(named(knowledge)) == {"bearing"}
    table = replace(table, doubted=np.ones(len(table), np.bool_))
    assert set(named(Knowledge())) == {"bearing"}


def test_a_recording_is_named_as_one_and_only_damaged_ones_are_counted(published: Table) -> None:
    table, likeness = impulsive(published)
    left_out = LeftOut("rig", table, np.full_like(table.values, np.nan), None, dict.fromkeys(PLACES, likeness))
    found = by_recording(left_out, Calibration(0.1, -1.0, 0.0, blind_signs=EASY), Material(table, None, SPEC))
    recordings = len(np.unique(table.recordings[table.labels != "healthy"]))
    known, hidden = found["all known, healthy state of nothing"], found["no speed, healthy state of nothing"]
    assert (known.recordings, known.named, known.right, known.wrong) == (recordings, recordings, recordings, ())
    assert (hidden.named, hidden.parent) == (0, recordings)
    wrong = np.roll(likeness, 1, axis=1)
    crossed = replace(left_out, likeness=dict.fromkeys(PLACES, wrong))
    found = by_recording(crossed, Calibration(0.1, -1.0, 0.0, blind_signs=EASY), Material(table, None, SPEC))
    assert found["all known, healthy state of nothing"].right == 0
    assert found["all known, healthy state of nothing"].wrong


PLACES = [(known, state) for known in KNOWLEDGE for state in STATES]


def test_limits_are_fitted_on_the_spread_that_the_agent_measures(published: Table) -> None:
    rng = np.random.default_rng(0)
    damaged = np.isin(published.labels, tuple(OWN_LINES))
    inner = np.where(damaged, 0.8, 0.0) + rng.normal(0, 0.05, len(published))
    table = replace(published, impulses=inner.astype(np.float32), known=np.ones_like(published.known))
    fitted = fit_signs(table, None, SPEC).blind
    assert fitted is not None
    assert fitted.impulses == pytest.approx(0.08, abs=0.06)
    assert fitted.damage.of(0.7) > 0.9 > 0.1 > fitted.damage.of(0.0)
    whole = replace(table, impulses=np.full(len(table), np.nan, np.float32))
    assert np.array_equal(as_signs(whole, SPEC).values[:, spread_place(SPEC)], table.values[:, spread_place(SPEC)])


@pytest.mark.long
def test_every_rig_is_left_out_once_and_goes_on_where_it_was(published: Table, tmp_path) -> None:
    material = Material(published, None, SPEC)
    heard: list[str] = []
    again: list[str] = []

    def study(tell: list[str]):
        return run_knowledge(material, [], SMALL, seeds=[0], cache=tmp_path, folder=tmp_path, tell=tell.append)

    found = study(heard)
    assert list(found.answers) == ["cwru", "hit", "uestc"]
    assert len(heard) == 3
    for levels in found.answers.values():
        assert len(levels) == len(KNOWLEDGE) * len(STATES)
        for name, labels in levels.items():
            for said in labels.values():
                assert said.right + said.parent + said.wrong + said.healthy + said.open == pytest.approx(1)
            if not name.startswith("all"):
                assert all(said.right == 0 for label, said in labels.items() if label != "healthy")
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
    assert study(again) == found
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")} == kept
    assert "cwru: no speed" in as_text(found)
