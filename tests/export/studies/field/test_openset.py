"""Cells of the open set on a few made-up windows: nothing of the fault or the machine left out is ever taught."""

from __future__ import annotations

import zlib
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from export.calibration.deviation import fit_deviation
from export.data.table import Table, join
from export.data.windows import labelled
from export.studies.columns.training_cache import Material
from export.studies.field.edge import healthy_at_length, trained_edge
from export.studies.field.openset import cell_of, plan_of
from export.studies.field.strangers import strangers_of
from export.training.recipe import TrainConfig

SPEC = FeatureSpec()
NAMES = feature_names(SPEC)
KINDS = ("healthy", "inner_race", "outer_race")
LINES = {"inner_race": "bpfi", "outer_race": "bpfo"}
CONFIG = TrainConfig(steps=20, batch=32, text="ngrams", text_steps=20, hidden=(16,), dim=8, teacher=None)


def recording(machine: str, label: str, rpm: float) -> Table:
    """Twelve windows in which the lines of the fault stand high and nothing else is the same twice."""
    name = f"{machine}-{label}-{rpm:g}"
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    values = rng.normal(size=(12, len(NAMES))).astype(np.float32)
    if label in LINES:
        for kind in ("first", "second", "mean"):
            values[:, NAMES.index(f"comb/{LINES[label]}/{kind}")] += 12
    return labelled(
        values,
        np.ones(values.shape, np.bool_),
        label=label,
        group=f"{machine}-{label}",
        machine=machine,
        recording=name,
        rpm=rpm,
        baseline=False,
        overlap=1,
    )


@pytest.fixture(scope="module")
def material() -> Material:
    rigs = [("cwru-de", (1797.0,)), ("hit", (600.0, 900.0)), ("uestc", (800.0, 1200.0))]
    tables = [recording(rig, kind, rpm) for rig, speeds in rigs for rpm in speeds for kind in KINDS]
    return Material(join(tables), None, SPEC)


@pytest.mark.long
def test_lines_tell_a_fault_that_nobody_taught(material: Material) -> None:
    rigs, faults = ("cwru", "hit", "uestc"), ("inner_race", "outer_race")
    assert plan_of(material) == [(rig, fault) for rig in rigs for fault in faults]
    cell = cell_of(material, "hit", "outer_race", msgspec.structs.replace(CONFIG, steps=150))
    assert cell.ungated.right == cell.ungated.unknown == 0
    for gate in cell.gates.values():
        assert gate.rejected_in_training <= 0.05
        assert gate.left_out.right == 0
        assert gate.missed.share == pytest.approx(1 - gate.left_out.unknown)
    assert cell.gates["lines"].missed.share < cell.gates["likeness"].missed.share
    assert cell.recordings == 2


@pytest.mark.long
def test_a_stranger_never_heard_the_machine(material: Material) -> None:
    found = strangers_of(material, CONFIG)
    table = material.recorded
    hit = table.machines == "hit"
    swapped = {"inner_race": "outer_race", "outer_race": "inner_race", "healthy": "healthy"}
    lies = np.where(hit, [swapped[label] for label in table.labels.tolist()], table.labels)
    other = strangers_of(Material(replace(table, labels=lies), None, SPEC), CONFIG)
    for rig in ("cwru-de", "hit", "uestc"):
        same = np.array_equal(*(one.similarity[one.table.machines == rig] for one in (found, other)))
        assert same == (rig == "hit")  # what hit is called reaches those alone who judge the others


@pytest.mark.long
def test_an_edge_in_memory_is_calibrated_and_runs(material: Material) -> None:
    edge = trained_edge(material, CONFIG)
    assert edge.bundle.manifest.validated == KINDS
    assert edge.bundle.calibration.temperature > 0
    embedded = edge.bundle.embedding(edge.encoder.embed(np.zeros(edge.bundle.scaling.size, np.int8)))
    assert np.linalg.norm(embedded) == pytest.approx(1, abs=1e-3)


def test_a_limit_has_healthy_recordings_to_rest_on_even_if_simulated(material: Material) -> None:
    assert healthy_at_length(material) is material.recorded
    short = Material(material.recorded.take(material.recorded.half == 1), None, SPEC)
    found = healthy_at_length(short, machines=4)
    assert {machine.split("-")[0] for machine in found.machines.tolist()} == {"sim"}
    assert fit_deviation(found, SPEC).limits
