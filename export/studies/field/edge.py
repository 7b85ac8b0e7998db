"""An edge in memory: what an agent would run after a training, without a run folder or a packed bundle.

Calibrated on machines that each calibrating student had never heard, never on those that a study scores.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

import simulator
from agent.bundle.load import Bundle
from agent.bundle.manifest import SCHEMA, Manifest
from agent.bundle.runtimes.onnx import OnnxEncoder
from agent.diagnosis.baseline import MIN_WINDOWS, DeviationScale
from agent.diagnosis.matching import Calibration, Descriptions
from agent.dsp import features
from agent.dsp.spectra import FeatureSpec
from agent.ports import Encoder
from agent.types import FAULTS, HEALTHY
from export.calibration.deviation import fit_deviation
from export.calibration.temperature import fit_calibration
from export.data.simulated import geometry_of
from export.data.table import Table, join
from export.data.windows import labelled, window_features
from export.network.graph import unit_rows
from export.runs.quantize_run import integers, range_inputs
from export.shrinking.writers.onnx import onnx_bytes
from export.studies.columns.training_cache import Fitted, Material, fit
from export.studies.field.strangers import everything, is_of, strangers_of
from export.training.recipe import TrainConfig
from export.training.train import INPUT_SCALE

FIRST_HEALTHY, HEALTHY_MACHINES, HEALTHY_S = 80_000, 20, 13.0
"""Simulated machines that set the limit where no rig of the training side was recorded healthy for long enough."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A bundle and the runtime that its encoder is loaded into."""

    bundle: Bundle
    encoder: Encoder


def trained_edge(material: Material, config: TrainConfig) -> Edge:
    """Trained on all of `material`, calibrated on its machines, each as a stranger to the student that judged it."""
    strangers = strangers_of(material, config)
    return edge_of(
        fit(material, everything(material), config),
        material,
        calibration=fit_calibration(strangers.held_out(material.spec), strangers.table, real_share=config.real_share),
        deviation=fit_deviation(healthy_at_length(material), material.spec),
    )


def healthy_at_length(material: Material, *, machines: int = HEALTHY_MACHINES) -> Table:
    """Windows that a deviation limit can be fitted on: the recorded ones, else those of `machines` simulated ones."""
    table = material.recorded
    first = table.recordings[(table.labels == HEALTHY) & (table.half == 0)]
    if len(first) and np.unique(first, return_counts=True)[1].max() >= MIN_WINDOWS:
        return table
    return join([_simulated_healthy(seed, material.spec) for seed in range(FIRST_HEALTHY, FIRST_HEALTHY + machines)])


def _simulated_healthy(seed: int, spec: FeatureSpec) -> Table:
    drawn = simulator.draw_machine(seed).record(HEALTHY, 0, seconds=HEALTHY_S)
    measured = window_features(
        drawn.samples,
        rate_hz=drawn.rate_hz,
        spec=spec,
        hop_s=spec.hop_s,
        rpm=drawn.rpm,
        geometry=geometry_of(drawn.geometry),
    )
    return labelled(
        measured.values,
        measured.known,
        impulses=measured.impulses,
        doubted=measured.doubted,
        label=HEALTHY,
        group=f"sim-{seed}",
        machine=f"sim-{seed}",
        recording=f"sim-{seed}",
        rpm=drawn.rpm,
        baseline=False,
        overlap=math.ceil(spec.window_s / spec.hop_s) - 1,
    )


def edge_of(fitted: Fitted, material: Material, *, calibration: Calibration, deviation: DeviationScale) -> Edge:
    """The trained student in int8."""
    net = integers(fitted.graph, range_inputs(fitted.table, fitted.trained.scaling))
    model = onnx_bytes(net)
    vectors = unit_rows(fitted.centres.astype(np.float32))
    real = {str(label) for label in np.unique(fitted.table.labels[~is_of(fitted.table, "sim")])}
    manifest = Manifest(
        schema=SCHEMA,
        name="in memory",
        version="0",
        feature_version=features.VERSION,
        spec=material.spec,
        faults=FAULTS,
        validated=tuple(fault for fault in FAULTS if fault in real),
        inputs=INPUT_SCALE,
        outputs=net.output,
        calibration=calibration,
        deviation=deviation,
        golden=(),
        files={},
        tower_sha256="",
        wordings_sha256="",
    )
    descriptions = Descriptions(FAULTS, vectors, tuple(fault in real for fault in FAULTS), texts={})
    nothing = np.empty((0, 0), np.float32)
    bundle = Bundle(manifest, fitted.trained.scaling, descriptions, {"onnx": model}, nothing, nothing.astype(np.int8))
    return Edge(bundle, OnnxEncoder(model))
