"""Two files from the same integers: both runtimes answer alike, and like the float graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert import schema_py_generated as schema
from drawn_inputs import costly
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import SCALE, N, branches, convolutions, mlp, parts, weights

from agent.bundle.runtimes.litert import LiteRtEncoder
from agent.bundle.runtimes.onnx import OnnxEncoder
from export.network.branches import Connection
from export.network.graph import Dense, Graph, Join, Node, embed
from export.network.model import Student, fold
from export.shrinking.quantize import Quantized, activation_ranges, quantize
from export.shrinking.writers.onnx import IR_VERSION, OPSET, onnx_bytes
from export.shrinking.writers.tflite import tflite_bytes


def quantized(nodes: tuple[Node, ...], rng: np.random.Generator) -> tuple[Quantized, np.ndarray]:
    graph = Graph(N, nodes)
    inputs = np.clip(rng.normal(size=(200, N)), -6, 6).astype(np.float32)
    return quantize(graph, activation_ranges(graph, inputs), input_scale=SCALE), inputs


@pytest.mark.parametrize("build", [mlp, convolutions, branches, parts])
@given(seed=st.integers(0, 10_000))
@costly
def test_both_runtimes_agree_and_stay_near_float(build: object, seed: int) -> None:
    rng = np.random.default_rng(seed)
    net, inputs = quantized(build(rng), rng)  # type: ignore[operator] - a parametrised function
    first, second = OnnxEncoder(onnx_bytes(net)), LiteRtEncoder(tflite_bytes(net))
    codes = SCALE.encode(inputs)
    left = np.array([first.embed(row) for row in codes])
    right = np.array([second.embed(row) for row in codes])
    assert np.abs(left.astype(int) - right).max() <= 1
    values = net.output.decode(left)
    cosines = np.einsum("ij,ij->i", values, embed(net.graph, inputs)) / np.linalg.norm(values, axis=1)
    assert cosines.mean() > 0.995


def test_inputs_beyond_the_calibration_saturate_alike() -> None:
    rng = np.random.default_rng(0)
    net, _ = quantized(mlp(rng), rng)
    first, second = OnnxEncoder(onnx_bytes(net)), LiteRtEncoder(tflite_bytes(net))
    for extreme in (np.full(N, 127, np.int8), np.full(N, -128, np.int8)):
        assert np.abs(first.embed(extreme).astype(int) - second.embed(extreme)).max() <= 1


def test_the_files_are_the_same_every_time() -> None:
    for write in (onnx_bytes, tflite_bytes):
        nets = [quantized(mlp(np.random.default_rng(5)), np.random.default_rng(6))[0] for _ in range(2)]
        assert write(nets[0]) == write(nets[1])


def test_onnx_speaks_the_stated_versions_and_holds_everything() -> None:
    rng = np.random.default_rng(1)
    model = onnx.load_from_string(onnx_bytes(quantized(mlp(rng), rng)[0]))
    assert (model.ir_version, model.opset_import[0].version) == (IR_VERSION, OPSET)
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in model.graph.initializer)


@pytest.mark.parametrize("build", [mlp, convolutions, parts])
def test_tflite_needs_no_operator_that_old_runtimes_lack(build: object) -> None:
    rng = np.random.default_rng(2)
    content = tflite_bytes(quantized(build(rng), rng)[0])  # type: ignore[operator] - a parametrised function
    model = schema.ModelT.InitFromPackedBuf(content)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    versions = {names[code.builtinCode]: code.version for code in model.operatorCodes}
    # What tflite-runtime 2.14 knows for int8.
    newest = {"CONV_2D": 3, "RESHAPE": 1, "MEAN": 2, "PAD": 2, "GATHER": 2, "CONCATENATION": 2}
    assert versions
    assert all(version <= newest[name] for name, version in versions.items())


def test_equal_tables_are_stored_once() -> None:
    """Sixteen layers side by side have equal zero points, shapes and entries."""
    rng = np.random.default_rng(3)
    names = [f"d{number}" for number in range(16)]
    layers = [Dense(name, "codes", weights(rng, 32, N), weights(rng, 32, 4)[:, 0], relu=True) for name in names]
    net, _ = quantized((*layers, Join("embedding", tuple(names))), rng)
    stored = 16 * 32 * (N + 4 + 4 + 4)  # weights, their scales, biases, their scales
    assert len(tflite_bytes(net)) < stored + 8000
    assert len(onnx_bytes(net)) < stored + 8000


def test_onnxruntime_leaves_no_layer_of_a_student_in_float(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    connections = [Connection(tuple(range(number, number + 5)), (16, 8)) for number in range(3)]
    net, _ = quantized(fold(Student(N, hidden=(12,), dim=8, connections=connections).eval()).nodes, rng)
    onnxruntime.InferenceSession(onnx_bytes(net), options, ["CPUExecutionProvider"])
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert kinds.count("QLinearConv") == 8
    assert "Conv" not in kinds
