"""Both runtimes behind one protocol: what they answer, and what they refuse."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from agent.bundle.runtimes import RUNTIMES
from agent.bundle.runtimes.onnx import OnnxEncoder
from agent.bundle.runtimes.onnx_protobuf import refuse_external_data
from agent.dsp.encoder_inputs import CodeScale
from agent.errors import BundleError
from agent.ports import Encoder, load
from export.network.graph import Dense, Graph
from export.shrinking.quantize import activation_ranges, quantize
from export.shrinking.writers.onnx import onnx_bytes
from export.shrinking.writers.tflite import tflite_bytes

WRITERS: dict[str, Callable[..., bytes]] = {"onnx": onnx_bytes, "litert": tflite_bytes}
INPUTS, DIM = 12, 5


def model(kind: str, *, inputs: int = INPUTS) -> bytes:
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(DIM, inputs)).astype(np.float32)
    graph = Graph(inputs, (Dense("embedding", "codes", weight, np.ones(DIM, np.float32)),))
    seen = rng.normal(size=(50, inputs)).astype(np.float32)
    return WRITERS[kind](quantize(graph, activation_ranges(graph, seen), input_scale=CodeScale(0.05, 0)))


@pytest.fixture(params=sorted(RUNTIMES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_codes_in_codes_out(kind: str) -> None:
    encoder = load(RUNTIMES, kind)(model(kind))
    assert isinstance(encoder, Encoder)
    assert (encoder.inputs, encoder.dim) == (INPUTS, DIM)
    first = encoder.embed(np.arange(INPUTS, dtype=np.int8))
    other = encoder.embed(np.arange(INPUTS, dtype=np.int8)[::-1].copy())
    assert first.dtype == np.int8
    assert first.shape == (DIM,)
    assert not np.array_equal(first, other)
    assert np.array_equal(first, encoder.embed(np.arange(INPUTS, dtype=np.int8)))


def test_an_answer_is_not_overwritten_by_the_next(kind: str) -> None:
    encoder = load(RUNTIMES, kind)(model(kind))
    first = encoder.embed(np.zeros(INPUTS, np.int8))
    kept = first.copy()
    encoder.embed(np.full(INPUTS, 100, np.int8))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_one_clear_line(kind: str, share: float) -> None:
    whole = model(kind)
    with pytest.raises(BundleError) as caught:
        load(RUNTIMES, kind)(whole[: int(len(whole) * share)])
    assert "\n" not in str(caught.value)


@given(noise=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_noise_is_refused(noise: bytes) -> None:
    for name in RUNTIMES:
        with pytest.raises(BundleError):
            load(RUNTIMES, name)(noise)


def test_the_other_runtimes_model_is_refused(kind: str) -> None:
    other = next(name for name in RUNTIMES if name != kind)
    with pytest.raises(BundleError):
        load(RUNTIMES, kind)(model(other))


def test_a_float_model_is_refused() -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    rows = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    graph = helper.make_graph([node], "g", rows[:1], rows[1:])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    proto.ir_version = 8
    with pytest.raises(BundleError, match="not one int8 row"):
        OnnxEncoder(proto.SerializeToString())


def _as_initializer(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    proto.graph.initializer.append(tensor)


def _as_attribute(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    proto.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))


def _as_sparse(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    indices = numpy_helper.from_array(np.array([0], dtype=np.int64), "indices")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [4]))


def _in_subgraph(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    inner = helper.make_graph([], "inner", [], [], [tensor])
    proto.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=inner, else_branch=inner))


def _in_function(proto: onnx.ModelProto, tensor: onnx.TensorProto) -> None:
    node = helper.make_node("Constant", [], ["c"], value=tensor)
    proto.functions.append(helper.make_function("d", "f", [], ["c"], [node], [helper.make_opsetid("", 17)]))


@pytest.mark.parametrize("place", [_as_initializer, _as_attribute, _as_sparse, _in_subgraph, _in_function])
@pytest.mark.parametrize("outside", [True, False])
def test_tensors_outside_the_file_are_found_wherever_they_are(
    place: Callable[[onnx.ModelProto, onnx.TensorProto], None], outside: bool
) -> None:
    proto = onnx.load_from_string(model("onnx"))
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "w")
    if outside:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")
    place(proto, tensor)
    if not outside:
        refuse_external_data(proto.SerializeToString())
        return
    with pytest.raises(BundleError, match="outside its file"):
        OnnxEncoder(proto.SerializeToString())


def test_endless_nesting_is_refused() -> None:
    message = b""
    for _ in range(200):  # Graph.node -> Node.attribute -> Attribute.g -> Graph ...
        for tag in (0x32, 0x2A, 0x0A):
            message = bytes([tag]) + _varint(len(message)) + message
    with pytest.raises(BundleError, match="nests deeper"):
        refuse_external_data(bytes([0x3A]) + _varint(len(message)) + message)


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@given(noise=st.binary(max_size=200))
def test_the_walk_over_noise_ends_and_raises_nothing_else(noise: bytes) -> None:
    with contextlib.suppress(BundleError):
        refuse_external_data(noise)
