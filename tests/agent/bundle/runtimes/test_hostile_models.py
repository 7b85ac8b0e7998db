"""A model that is no encoder is refused before a runtime sees it, and one that takes too much in its trial."""

from __future__ import annotations

import contextlib
import random

import hostile_models as hostile
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hostile_models import adds, onnx_model, tflite_model
from hypothesis import given
from hypothesis import strategies as st

from agent.bundle.load import DEFAULT
from agent.bundle.runtimes import RUNTIMES
from agent.bundle.runtimes.litert import LiteRtEncoder
from agent.bundle.runtimes.onnx import OnnxEncoder
from agent.bundle.runtimes.onnx_check import check_onnx
from agent.bundle.runtimes.tflite_check import OPERATORS, SCHEMA, check_tflite
from agent.bundle.runtimes.trial import try_runtime
from agent.errors import BundleError


def test_a_small_model_of_allowed_operators_is_one():
    assert OnnxEncoder(onnx_model(lambda proto: None)).inputs == hostile.N


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (hostile.endless_loop, "the operator Loop is none that an encoder has"),
        (adds("If", "real"), "the operator If"),
        (adds("Scan", "real"), "the operator Scan"),
        (adds("ConstantOfShape", "one"), "the operator ConstantOfShape"),
        (adds("NonZero", "real"), "the operator NonZero"),
        (hostile.in_a_function, "functions"),
        (hostile.of_others, "operators of com.microsoft"),
        (lambda proto: proto.opset_import.add(domain="evil", version=1), "operators of evil"),
        (hostile.huge_tensor, "declares 536870912 values in 0 bytes"),
        (hostile.outside, "outside its file"),
        (hostile.outside_in_an_attribute, "attribute holds a tensor"),
        (hostile.sparse, "sparse"),
        (lambda proto: proto.graph.input[0].type.tensor_type.shape.dim[1].__setattr__("dim_value", 1 << 31), "ONNX"),
    ],
)
def test_an_onnx_file_that_is_no_encoder_is_refused_and_says_why(change, says):
    with pytest.raises(BundleError, match=says) as caught:
        OnnxEncoder(onnx_model(change))
    assert "rebuild the bundle" in str(caught.value)


def operator(code: int, custom: bytes | None = None):
    def change(model: schema.ModelT) -> None:
        first = model.operatorCodes[0]
        first.builtinCode, first.deprecatedBuiltinCode, first.customCode = code, min(code, 127), custom

    return change


def tensor(**changes: object):
    def change(model: schema.ModelT) -> None:
        for name, value in changes.items():
            setattr(model.subgraphs[0].tensors[5], name, value)

    return change


def buffer(**changes: object):
    def change(model: schema.ModelT) -> None:
        for name, value in changes.items():
            setattr(model.buffers[3], name, value)

    return change


def test_the_shipped_tflite_encoder_is_one_when_written_anew():
    assert LiteRtEncoder(tflite_model()).inputs


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (operator(119), r"the operator 119 \(WHILE\) is none that an encoder has"),
        (operator(118), r"118 \(IF\)"),
        (operator(32, b"evil"), "OperatorCode has a field 1"),
        (operator(32), r"32 \(CUSTOM\)"),
        (lambda model: model.subgraphs.append(model.subgraphs[0]), "2 graphs"),
        (tensor(shape=np.array([1 << 29, 4], np.int32)), "declares 536870912 x 4 values"),
        (tensor(shape=np.array([-1, 4], np.int32)), "declares -1 x 4 values"),
        (tensor(shape=np.array([96, 1, 1, 20], np.int32)), "in 1824 bytes"),
        (tensor(buffer=10_000), "a buffer 10000"),
        (tensor(type=0), "of kind 0"),
        (tensor(isVariable=True), "Tensor has a field 5"),
        (buffer(data=None, offset=4096, size=1 << 31), "Buffer has a field"),
        (
            lambda model: setattr(model.subgraphs[0].operators[0], "inputs", np.array([9999], np.int32)),
            "names a tensor",
        ),
        (lambda model: setattr(model.subgraphs[0].operators[0], "opcodeIndex", 99), "names an operator"),
        (lambda model: setattr(model.subgraphs[0], "inputs", np.array([-5], np.int32)), "names a tensor"),
    ],
)
def test_a_tflite_file_that_is_no_encoder_is_refused_and_says_why(change, says):
    with pytest.raises(BundleError, match=says) as caught:
        LiteRtEncoder(tflite_model(change))
    assert "rebuild the bundle" in str(caught.value)


def test_the_codes_are_those_of_the_schema():
    for code, name in OPERATORS.items():
        assert getattr(schema.BuiltinOperator, name) == code
    for name, fields in SCHEMA.items():
        ours = "QuantizationParameters" if name == "Quantization" else name
        slots = [one for one in vars(getattr(schema, ours)) if f"{ours}Add" in one]
        assert all(number < 14 for number in fields), slots


@given(st.randoms(use_true_random=False))
def test_a_spoilt_file_is_checked_to_an_end_and_nothing_else_is_raised(chance: random.Random):
    for file, check in (("encoder.onnx", check_onnx), ("encoder.tflite", check_tflite)):
        spoilt = bytearray((DEFAULT / file).read_bytes()[:4096])
        for _ in range(chance.randint(1, 8)):
            spoilt[chance.randrange(8, len(spoilt))] = chance.randrange(256)
        with contextlib.suppress(BundleError):
            check(bytes(spoilt))


@given(noise=st.binary(max_size=200))
def test_noise_is_checked_to_an_end(noise: bytes):
    for check in (check_onnx, check_tflite):
        with contextlib.suppress(BundleError):
            check(noise)
        with contextlib.suppress(BundleError):
            check(b"\x10\x00\x00\x00TFL3" + noise)


@pytest.mark.parametrize(
    ("change", "says"),
    [(hostile.doubling, "encoder.onnx"), (hostile.slow, "encoder.onnx: takes")],
    ids=["memory", "time"],
)
def test_what_takes_too_much_is_found_in_its_trial(change, says):
    with pytest.raises(BundleError, match=says):
        try_runtime("onnx", onnx_model(change))


@pytest.mark.parametrize("name", RUNTIMES)
def test_the_trial_has_room_for_the_encoder_that_ships(name):
    try_runtime(name, (DEFAULT / RUNTIMES[name].file).read_bytes())
