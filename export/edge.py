"""An edge in memory: what an agent would run after a training, without a run folder or a packed bundle.

Calibrated on machines that each calibrating student had never heard, never on those that a study scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent import features
from agent.baseline import DeviationScale
from agent.bundle import Bundle
from agent.manifest import SCHEMA, Manifest
from agent.matching import Calibration, Descriptions
from agent.ports import Encoder
from agent.runtimes.onnx import OnnxEncoder
from agent.types import FAULTS
from export.calibrate import fit_calibration
from export.cells import Fitted, Material, fit
from export.convert import integers, range_inputs
from export.deviation import fit_deviation
from export.strangers import everything, is_of, strangers_of
from export.train import INPUT_SCALE, TrainConfig
from export.writers.onnx import onnx_bytes


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
        calibration=fit_calibration(strangers.held_out, strangers.table, real_share=config.real_share),
        deviation=fit_deviation(material.recorded, material.spec),
    )


def edge_of(fitted: Fitted, material: Material, *, calibration: Calibration, deviation: DeviationScale) -> Edge:
    """The trained student in int8."""
    net = integers(fitted.graph, range_inputs(fitted.table, fitted.trained.scaling))
    model = onnx_bytes(net)
    vectors = fitted.centres.astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
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
    bundle = Bundle(manifest, fitted.trained.scaling, descriptions, model, b"", nothing, nothing.astype(np.int8))
    return Edge(bundle, OnnxEncoder(model))
