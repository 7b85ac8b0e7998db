"""Whether a TFLite file is an encoder of ours, asked before a runtime sees it: its operators, and the sizes
it declares.

As for ONNX (`onnx_check`), only a straight list of operators is taken: no loops or branches, no custom ones, no data
outside the file, no tensor of other sizes than its bytes. Field numbers and codes are those of
tensorflow/compiler/mlir/lite/schema/schema.fbs (schema 3), in the order that it declares them.
"""

from __future__ import annotations

import math
from typing import Any

from agent.bundle.runtimes.flatbuffer import Flatbuffer, FlatbufferError, Schema, Table
from agent.errors import BundleError

IDENTIFIER = b"TFL3"
OPERATORS = {2: "CONCATENATION", 3: "CONV_2D", 22: "RESHAPE", 34: "PAD", 36: "GATHER", 40: "MEAN"}
"""By their codes: those that `export.shrinking.writers.tflite` writes."""
REFUSED = {32: "CUSTOM", 118: "IF", 119: "WHILE", 129: "CALL_ONCE"}
"""Names of some others, for the message."""
OPTIONS = {
    1: "Conv2DOptions",
    10: "ConcatenationOptions",
    17: "ReshapeOptions",
    22: "PadOptions",
    23: "GatherOptions",
    27: "ReducerOptions",
}
"""By their number in the union BuiltinOptions."""
VALUE_BYTES = {2: 4, 9: 1}
"""TensorType -> bytes of a value: int32, int8."""
MOST_VALUES = 1 << 20  # of a tensor; a bundle's file is no larger
MOST_TENSORS = 4096

SCHEMA: Schema = {
    "Model": {
        0: ("version", "u4"),
        1: ("operator_codes", "OperatorCode*"),
        2: ("subgraphs", "SubGraph*"),
        3: ("description", "u1*"),
        4: ("buffers", "Buffer*"),
    },
    "OperatorCode": {
        0: ("deprecated_code", "i1"),
        2: ("version", "i4"),
        3: ("code", "i4"),
    },
    "SubGraph": {
        0: ("tensors", "Tensor*"),
        1: ("inputs", "i4*"),
        2: ("outputs", "i4*"),
        3: ("operators", "Operator*"),
        4: ("name", "u1*"),
        5: ("debug_metadata_index", "i4"),
    },
    "Tensor": {
        0: ("shape", "i4*"),
        1: ("type", "i1"),
        2: ("buffer", "u4"),
        3: ("name", "u1*"),
        4: ("quantization", "Quantization"),
        8: ("has_rank", "u1"),
    },
    "Quantization": {
        0: ("min", "f4*"),
        1: ("max", "f4*"),
        2: ("scale", "f4*"),
        3: ("zero_point", "i8*"),
        6: ("dimension", "i4"),
    },
    "Operator": {
        0: ("code", "u4"),
        1: ("inputs", "i4*"),
        2: ("outputs", "i4*"),
        3: ("options_kind", "u1"),
        4: ("options", "?"),
        13: ("debug_metadata_index", "i4"),
    },
    "Buffer": {0: ("data", "u1*")},
    "Conv2DOptions": {
        0: ("padding", "i1"),
        1: ("stride_w", "i4"),
        2: ("stride_h", "i4"),
        3: ("activation", "i1"),
        4: ("dilation_w", "i4"),
        5: ("dilation_h", "i4"),
        6: ("bias_type", "i1"),
    },
    "ConcatenationOptions": {0: ("axis", "i4"), 1: ("activation", "i1")},
    "ReshapeOptions": {0: ("shape", "i4*")},
    "PadOptions": {},
    "GatherOptions": {0: ("axis", "i4"), 1: ("batch_dims", "i4")},
    "ReducerOptions": {0: ("keep_dims", "u1")},
}
"""What an encoder may hold; the fields left out are data outside the file, sparse and changing tensors, and code."""


def check_tflite(model: bytes) -> None:
    """Raise BundleError where the TFLite `model` is damaged, or is anything but an encoder of ours."""
    if model[4:8] != IDENTIFIER:
        raise BundleError("encoder.tflite: no TFLite file (its identifier is missing); rebuild the bundle")
    try:
        _check_model(Flatbuffer(model, SCHEMA, OPTIONS).root("Model"))
    except FlatbufferError as error:
        raise BundleError(f"encoder.tflite: {error}; rebuild the bundle") from None


def _check_model(model: Table) -> None:
    codes = [max(one.get("deprecated_code", 0), one.get("code", 0)) for one in model.get("operator_codes", ())]
    for code in codes:
        if code not in OPERATORS:
            name = f"{code} ({REFUSED[code]})" if code in REFUSED else str(code)
            known = ", ".join(sorted(OPERATORS.values()))
            raise FlatbufferError(f"the operator {name} is none that an encoder has ({known})")
    graphs, buffers = model.get("subgraphs", ()), model.get("buffers", ())
    if len(graphs) != 1:
        raise FlatbufferError(f"has {len(graphs)} graphs instead of one")
    tensors = graphs[0].get("tensors", ())
    if len(tensors) > MOST_TENSORS:
        raise FlatbufferError(f"has {len(tensors)} tensors, more than {MOST_TENSORS}")
    for tensor in tensors:
        _check_tensor(tensor, buffers)
    ends: dict[str, Any] = graphs[0]
    for part in (ends, *graphs[0].get("operators", ())):
        named = (*part.get("inputs", ()), *part.get("outputs", ()))
        if not all(0 <= index < len(tensors) for index in named):
            raise FlatbufferError(f"names a tensor that it does not have ({named})")
    for operator in graphs[0].get("operators", ()):
        if operator.get("code", 0) >= len(codes):
            raise FlatbufferError("names an operator that it does not have")


def _check_tensor(tensor: Table, buffers: tuple[Table, ...]) -> None:
    """Its declared values are held against the bytes that it has."""
    shape, kind = tensor.get("shape", ()), tensor.get("type", 0)
    number = tensor.get("buffer", 0)
    if kind not in VALUE_BYTES:
        raise FlatbufferError(f"a tensor is of kind {kind}, neither int8 nor int32")
    if number >= len(buffers):
        raise FlatbufferError(f"names a buffer {number} that it does not have")
    declared = f"a tensor declares {' x '.join(map(str, shape))} values"
    if any(size < 1 for size in shape) or math.prod(shape) > MOST_VALUES:
        raise FlatbufferError(f"{declared}, at most {MOST_VALUES} are taken")
    held = len(buffers[number].get("data", b""))
    if held and held != math.prod(shape) * VALUE_BYTES[kind]:
        raise FlatbufferError(f"{declared} in {held} bytes")
