"""A trained run -> both int8 files in its folder, with ranges from its training windows alone."""

from __future__ import annotations

import numpy as np

from agent.runtimes.onnx import OnnxEncoder
from agent.scaling import InputScaling
from export.data.table import Table
from export.graph import Floats, Graph, embed, multiplications
from export.quantize import Quantized, activation_ranges, quantize
from export.run import QuantizedConfig, Run, write_json
from export.score import encoder_inputs
from export.train import INPUT_SCALE
from export.writers.onnx import onnx_bytes
from export.writers.tflite import tflite_bytes

RANGE_WINDOWS = 2000


def convert(run: Run) -> QuantizedConfig:
    """Write `encoder.onnx`, `encoder.tflite` and `quantized.json`; the figures compare int8 with float."""
    inputs = range_inputs(run.table, run.scaling)
    net = integers(run.graph, inputs)
    onnx_file = onnx_bytes(net)
    (run.folder / "encoder.onnx").write_bytes(onnx_file)
    (run.folder / "encoder.tflite").write_bytes(tflite_bytes(net))
    encoder = OnnxEncoder(onnx_file)
    answers = net.output.decode(np.array([encoder.embed(codes) for codes in INPUT_SCALE.encode(inputs)]))
    lengths = np.maximum(np.linalg.norm(answers, axis=1), 1e-12)
    cosines = np.einsum("ij,ij->i", answers, embed(run.graph, inputs)) / lengths
    config = QuantizedConfig(
        inputs=INPUT_SCALE,
        outputs=net.output,
        parameters=run.graph.parameters,
        multiplications=multiplications(run.graph),
        cosine_mean=float(cosines.mean()),
        cosine_min=float(cosines.min()),
    )
    write_json(run.folder / "quantized.json", config)
    return config


def range_inputs(table: Table, scaling: InputScaling) -> Floats:
    """Encoder inputs of training windows that activation ranges are read off, with a healthy baseline and without."""
    return np.concatenate(
        [spread_sample(encoder_inputs(table, scaling, with_reference=told)) for told in (True, False)]
    )


def integers(graph: Graph, inputs: Floats) -> Quantized:
    """The graph in integers, by the ranges that `inputs` reach."""
    return quantize(graph, activation_ranges(graph, inputs), input_scale=INPUT_SCALE)


def spread_sample(rows: Floats, count: int = RANGE_WINDOWS) -> Floats:
    """At most `count` rows, evenly spread over all."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.intp))]
