"""Looks into an ONNX file without the onnx package, to refuse one that would reach for files outside itself.

A protobuf message is a list of tagged fields; only the fields that lead to a tensor are followed, to a bounded depth,
and every length is checked against what is there. Field numbers are those of onnx/onnx.proto (IR version 8 to 12).
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.errors import BundleError

DEPTH_LIMIT = 32
"""Nested messages followed before a model is refused; the encoder needs five, subgraphs of subgraphs a few more."""

_TENSOR_LOCATION, _TENSOR_EXTERNAL = 14, 13
# message -> field number -> message found there
_FIELDS = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph"},
    "Function": {7: "Node", 11: "Attribute"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Node": {5: "Attribute"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor"},
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
}


def refuse_external_data(model: bytes) -> None:
    """Raise BundleError where any tensor of the ONNX `model` lies outside the file, or the file is not whole."""
    _walk(memoryview(model), "Model", depth=0)


def _walk(message: memoryview, kind: str, *, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise BundleError(f"ONNX model nests deeper than {DEPTH_LIMIT} messages; rebuild the bundle")
    known = _FIELDS.get(kind, {})
    for number, value in _fields(message):
        if kind == "Tensor" and (number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0)):
            raise BundleError("ONNX model keeps tensors outside its file (external data); save it as one file")
        child = known.get(number)
        if child is not None:
            if not isinstance(value, memoryview):
                raise BundleError("ONNX model is damaged: a message field holds a number; rebuild the bundle")
            _walk(value, child, depth=depth + 1)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value): an int for numbers, the bytes for everything with a length."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(message, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise BundleError("ONNX model is damaged: unknown wire type; rebuild the bundle")
        if length > len(message) - at:
            raise BundleError("ONNX model is truncated; rebuild the bundle")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise BundleError("ONNX model is truncated; rebuild the bundle")
        byte = message[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
    raise BundleError("ONNX model is damaged: endless number; rebuild the bundle")
