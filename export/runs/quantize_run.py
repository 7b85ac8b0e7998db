"""A trained run -> both int8 files in its folder, with ranges from its training windows alone."""

from __future__ import annotations

import numpy as np

from agent.bundle.runtimes import RUNTIMES
from agent.bundle.runtimes.onnx import OnnxEncoder
from agent.dsp.encoder_inputs import InputScaling
from agent.ports import load
from export.data.table import Table
from export.network.graph import Floats, Graph, embed, multiplications, unit_rows
from export.progress import busy, track
from export.runs.folder import QuantizedConfig, Run, read_descriptions, write_json
from export.scoring.agreement import agreement_of
from export.scoring.score import encoder_inputs
from export.shrinking.aware import AwareConfig, train_aware
from export.shrinking.quantize import Quantized, activation_ranges, quantize
from export.shrinking.writers import WRITERS
from export.shrinking.writers.onnx import onnx_bytes
from export.training.batches import windows_of
from export.training.train import INPUT_SCALE

RANGE_WINDOWS = 2000


def convert(run: Run, *, aware: AwareConfig | None = None) -> QuantizedConfig:
    """Write the encoder for every runtime and `quantized.json`; the figures compare int8 with float.

    With `aware` the weights are trained as the integers that they become, and both ways are compared.
    """
    centres, inputs = read_descriptions(run).centres, range_inputs(run.table, run.scaling)
    with busy("ranges of the float net"):
        floats = embed(run.graph, inputs)
        net = integers(run.graph, inputs)
    alike = post_training = agreement_of(answers(net, inputs), floats, centres)
    if aware is not None:
        net = aware_integers(run, inputs, aware)
        alike = agreement_of(answers(net, inputs), floats, centres)
    for name, runtime in track(list(RUNTIMES.items()), "files written"):
        (run.folder / runtime.file).write_bytes(load(WRITERS, name)(net))
    config = QuantizedConfig(
        inputs=INPUT_SCALE,
        outputs=net.output,
        parameters=run.graph.parameters,
        multiplications=multiplications(run.graph),
        float_likeness=alike,
        aware=aware,
        post_training=None if aware is None else post_training,
    )
    write_json(run.folder / "quantized.json", config)
    return config


def aware_integers(run: Run, inputs: Floats, config: AwareConfig) -> Quantized:
    """The run's graph in integers that were trained as such, within the ranges that `inputs` reach."""
    windows = windows_of(
        run.table,
        scaling=run.scaling,
        spec=run.config.spec,
        recipe=run.config.train,
        rng=np.random.default_rng(config.seed),
    )
    ranges = activation_ranges(run.graph, inputs)
    return train_aware(run.graph, ranges, windows, config, input_scale=INPUT_SCALE, folder=run.folder)


def answers(net: Quantized, inputs: Floats) -> Floats:
    """Unit embeddings (n, dim) that onnxruntime makes of `net` for encoder inputs (n, inputs)."""
    encoder = OnnxEncoder(onnx_bytes(net))
    rows = track(list(INPUT_SCALE.encode(inputs)), "windows by the integers")
    decoded = net.output.decode(np.array([encoder.embed(codes) for codes in rows]))
    return unit_rows(decoded)


def range_inputs(table: Table, scaling: InputScaling) -> Floats:
    """Encoder inputs of training windows that activation ranges are read off, with a healthy baseline and without."""
    return np.concatenate(
        [
            spread_sample(encoder_inputs(table, scaling, with_reference=with_reference))
            for with_reference in (True, False)
        ]
    )


def integers(graph: Graph, inputs: Floats) -> Quantized:
    """The graph in integers, by the ranges that `inputs` reach."""
    return quantize(graph, activation_ranges(graph, inputs), input_scale=INPUT_SCALE)


def spread_sample(rows: Floats, count: int = RANGE_WINDOWS) -> Floats:
    """At most `count` rows, evenly spread over all."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.intp))]
