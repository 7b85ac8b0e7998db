"""Looks into an ONNX file without the onnx package, to refuse one that would reach for files outside itself.

Only the fields that lead to a tensor are followed, to a bounded depth. Field numbers are those of onnx/onnx.proto (IR
version 8 to 12).
"""

from __future__ import annotations

from agent.errors import BundleError
from agent.protobuf import EndlessNumberError, TruncatedError, WireTypeError, fields

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
    try:
        _walk(memoryview(model), "Model", depth=0)
    except TruncatedError:
        raise BundleError("ONNX model is truncated; rebuild the bundle") from None
    except WireTypeError:
        raise BundleError("ONNX model is damaged: unknown wire type; rebuild the bundle") from None
    except EndlessNumberError:
        raise BundleError("ONNX model is damaged: endless number; rebuild the bundle") from None


def _walk(message: memoryview, kind: str, *, depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise BundleError(f"ONNX model nests deeper than {DEPTH_LIMIT} messages; rebuild the bundle")
    known = _FIELDS.get(kind, {})
    for number, _, value in fields(message):
        if kind == "Tensor" and (number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0)):
            raise BundleError("ONNX model keeps tensors outside its file (external data); save it as one file")
        child = known.get(number)
        if child is not None:
            if not isinstance(value, memoryview):
                raise BundleError("ONNX model is damaged: a message field holds a number; rebuild the bundle")
            _walk(value, child, depth=depth + 1)
