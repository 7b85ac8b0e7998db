"""Both runtimes behind one protocol: what they answer, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from agent.bundle.runtimes import RUNTIMES
from agent.bundle.runtimes.onnx import OnnxEncoder
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
def test_noise_is_refused(noise: bytes) -> None:
    for name in RUNTIMES:
        with pytest.raises(BundleError):
            load(RUNTIMES, name)(noise)


def test_the_other_runtimes_model_is_refused(kind: str) -> None:
    other = next(name for name in RUNTIMES if name != kind)
    with pytest.raises(BundleError):
        load(RUNTIMES, kind)(model(other))


def test_a_float_model_is_refused() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    rows = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    graph = helper.make_graph([node], "g", rows[:1], rows[1:])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    proto.ir_version = 8
    with pytest.raises(BundleError, match="not one int8 row"):
        OnnxEncoder(proto.SerializeToString())
