"""What is said of a rig left out: never an element where speed or geometry is missing, and every share adds up."""

from __future__ import annotations

import numpy as np
import pytest

from agent.diagnosis.naming import Name
from agent.dsp.spectra import FeatureSpec
from export.commands.knowledge import as_text
from export.data.table import Table
from export.studies.columns.training_cache import Material
from export.studies.knowledge.levels import HIDDEN, STATES, Rig, _level, run_knowledge
from export.training.recipe import TrainConfig

SMALL = TrainConfig(steps=5, batch=16, text="ngrams")


def test_names_are_counted_by_what_they_say_of_each_label() -> None:
    names = [Name("ball", 0.9), Name("bearing", 0.6), Name("inner_race", 0.8), Name("unknown"), Name("healthy", 0.7)]
    level = _level(names, np.array(["ball"] * 5))
    said = level.answers["ball"]
    assert (said.right, said.parent, said.wrong, said.healthy, said.open) == (0.2, 0.2, 0.2, 0.2, 0.2)
    assert level.calibration_error is not None


def test_a_dressed_machine_is_healthy_and_any_name_for_it_is_wrong() -> None:
    level = _level([Name("healthy", 0.9), Name("bearing", 0.6)], np.array(["dressed"] * 2))
    said = level.answers["dressed"]
    assert (said.right, said.wrong, said.healthy) == (0.5, 0.5, 0.0)


@pytest.mark.slow
def test_every_rig_is_left_out_once_and_nothing_is_told_that_is_not_known(published: Table, tmp_path) -> None:
    material = Material(published, None, FeatureSpec())
    heard: list[str] = []
    rigs = run_knowledge(material, [], SMALL, cache=tmp_path, folder=tmp_path, tell=heard.append)
    assert list(rigs) == ["cwru", "hit", "uestc"]
    assert len(heard) == 3
    for rig in rigs.values():
        assert len(rig.levels) == len(HIDDEN) * len(STATES)
        for name, level in rig.levels.items():
            for said in level.answers.values():
                assert said.right + said.parent + said.wrong + said.healthy + said.open == pytest.approx(1)
            if not name.startswith("all"):
                damaged = [said for label, said in level.answers.items() if label != "healthy"]
                assert all(said.right == 0 for said in damaged)
    again: dict[str, Rig] = run_knowledge(material, [], SMALL, cache=tmp_path, folder=tmp_path, tell=heard.append)
    assert again == rigs
    assert "cwru: no speed" in as_text(rigs)
