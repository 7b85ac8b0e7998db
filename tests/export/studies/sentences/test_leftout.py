"""A fault left out is left out whole, and exchanged lines are where physics puts them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from small_windows import SPEC, small_table

import export.studies.sentences.leftout
from agent.dsp.features import feature_names
from agent.types import FAULTS
from export.data.table import Table
from export.studies.columns.training_cache import Material
from export.studies.field.exchanged_lines import LINES, PARTS, exchanged_windows, line_sentences
from export.studies.sentences.leftout import NAMED_BY, left_out_cell, plan_of, run_left_out, sentences_without
from export.text.encoders import LANGUAGES, NONE, read_wordings
from export.text.glossary import GlossaryEncoder
from export.training.recipe import TrainConfig

NAMES = feature_names(SPEC)
CONFIG = TrainConfig(steps=8, batch=16, text="ngrams", text_steps=8, hidden=(8,), dim=8, teacher=None)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "healthy"])
def test_no_sentence_tells_of_a_fault_left_out(fault: str) -> None:
    glossary = GlossaryEncoder()
    sentences = sentences_without(fault)
    assert fault not in sentences.faults
    assert not any(glossary.concepts_in(text) & NAMED_BY[fault] for text in sentences.texts)
    assert set(sentences.faults) == {*FAULTS, NONE} - {fault}
    for language in LANGUAGES:
        left = [one for one, its in zip(sentences.faults, sentences.languages, strict=True) if its == language]
        assert set(left) == {*FAULTS, NONE} - {fault}


def test_left_out_names_are_words_of_the_glossary() -> None:
    concepts = set(GlossaryEncoder().concepts)
    assert set(NAMED_BY) == set(FAULTS) - {"healthy"}
    assert all(names <= concepts for names in NAMED_BY.values())
    for fault, names in NAMED_BY.items():
        wordings = read_wordings(LINES.with_name("training.toml"))
        share = np.mean(
            [bool(GlossaryEncoder().concepts_in(s) & names) for table in wordings.values() for s in table[fault]]
        )
        assert share > 0.5, f"the wordings of {fault} hardly name it"


def marked(fault: str, height: float) -> Table:
    """Windows of one fault whose own main line is high in every statistic, and nothing else."""
    table = small_table(4)
    table = table.take(np.isin(table.labels, [fault, "healthy"]))
    table.values[:] = 0
    for name in PARTS[fault].main:
        for statistic in ("comb/{}/first", "comb/{}/second", "comb/{}/mean", "raw/{}"):
            table.values[table.labels == fault, NAMES.index(statistic.format(name))] = height
    return table


def test_lines_move_to_the_part_and_leave_where_they_were() -> None:
    made = exchanged_windows(marked("inner_race", 9.0), SPEC)
    assert made.labels.tolist() == ["outer_race", "ball", "cage", "outer_race"]
    outer = made.take(made.labels == "outer_race")
    for high in ("comb/bpfo/first", "comb/bpfo/second", "comb/bpfo/mean", "raw/bpfo"):
        assert (outer.values[:, NAMES.index(high)] == 9).all()
    for gone in ("comb/bpfi/first", "comb/bpfi_side/first", "comb/bpfo_side/first", "comb/shaft/first"):
        assert not outer.values[:, NAMES.index(gone)].any()
    ball = made.take(made.labels == "ball")
    assert (ball.values[:, NAMES.index("comb/bsf_even/mean")] == 9).all()
    assert (ball.values[:, NAMES.index("comb/bsf_side/mean")] == 4.5).all()


def test_exchanged_windows_hide_what_belongs_to_the_recorded_fault() -> None:
    table = small_table(6)
    made = exchanged_windows(table, SPEC)
    orders = np.array([name.startswith(("envelope_order/", "contrast/")) for name in NAMES])
    assert not made.known[:, orders].any()
    assert not made.values[:, orders].any()
    assert made.known[:, ~orders].all()
    assert len(made) == 6 * len(PARTS)
    left = exchanged_windows(table.take(table.labels != "ball"), SPEC)
    assert np.unique(left.labels, return_counts=True)[1].tolist() == [6, 4, 4, 4]
    assert set(left.labels) == set(PARTS)
    own = table.take(np.isin(table.labels, list(PARTS)))
    assert not (made.labels == own.labels).any()


def test_line_sentences_name_lines_and_no_damage() -> None:
    glossary = GlossaryEncoder()
    sentences = line_sentences(tuple(PARTS))
    assert set(sentences.faults) == set(PARTS)
    assert not any(glossary.concepts_in(text) & {"damage", "no"} for text in sentences.texts)


@pytest.mark.long
def test_a_cell_scores_on_a_machine_that_training_never_heard(published: Table, tmp_path: Path) -> None:
    material = Material(published, None, SPEC)
    plan = plan_of(material)
    assert ("hit", "ball") not in plan
    assert {("1400", "inner_race"), ("021", "outer_race")} <= set(plan)
    assert {("cwru", "ball"), ("hit", "outer_race"), ("uestc", "inner_race")} <= set(plan)
    for physics in (False, True):
        cell = left_out_cell(material, "uestc", "ball", CONFIG, physics=physics)
        assert cell.windows == (published.take(published.machines == "uestc").labels == "ball").sum()
        assert cell.chance == 1 / 8
        assert set(cell.likeness) == set(FAULTS) - {"ball"}
        assert (cell.granted != 0) == (not physics)
        for said in (cell.with_baseline, cell.without_baseline):
            assert not physics or said.recall == said.recall_ungranted
            assert sum(said.called.values()) == pytest.approx(1)
            assert said.called.get("ball", 0) == said.recall
            assert said.interval.low <= said.recall <= said.interval.high


@pytest.mark.long
def test_cells_are_kept_and_read_again(published: Table, tmp_path: Path) -> None:
    material = Material(published.take(published.machines != "cwru-fe"), None, SPEC)
    tiny = msgspec.structs.replace(CONFIG, steps=1, text_steps=1)
    told: list[str] = []
    first = run_left_out(material, tiny, folder=tmp_path, physics=(False,), tell=told.append)
    assert len(first) == len(plan_of(material)) == len(told)
    kept = tmp_path / "hit-inner_race-plain-0.json"
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"seconds": 1e6}))
    again = run_left_out(material, tiny, folder=tmp_path, physics=(False,))
    assert max(cell.seconds for cell in again) == 1e6
    assert export.studies.sentences.leftout.as_line(again[0]).strip().startswith("1400")
