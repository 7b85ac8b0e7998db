"""Whether an ONNX file is an encoder of ours, asked before a runtime sees it: its operators, and the sizes it declares.

Only a straight list of operators whose work its sizes bound is taken: no loops, no branches, no functions, no code of
others, no tensors outside the file, none that claims more values than it has bytes. The runtime itself would run a loop
without end, and takes memory for a tensor before it looks for its values. Field numbers are those of onnx/onnx.proto
(IR version 8 to 12).
"""

from __future__ import annotations

import math

from agent.errors import BundleError
from agent.protobuf import Buffer, ProtobufError, fields, varints

OPERATORS = frozenset(
    {
        "Concat",
        "Conv",
        "DequantizeLinear",
        "Gather",
        "GlobalAveragePool",
        "QuantizeLinear",
        "Relu",
        "Reshape",
        "Transpose",
    }
)
"""Those that `export.shrinking.writers.onnx` writes."""

MOST_NODES = 4096
VALUE_BYTES = {1: 4, 2: 1, 3: 1, 6: 4, 7: 8}
"""TensorProto.DataType -> bytes of a value: float, uint8, int8, int32, int64."""

_GRAPH, _OPSET, _TRAINING, _FUNCTION = 7, 8, 20, 25
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15
_OP_TYPE, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_HOLDS_MORE = {5: "a tensor", 6: "a graph", 10: "tensors", 11: "graphs", 22: "a sparse tensor", 23: "sparse tensors"}
_DIMS, _DATA_TYPE, _RAW, _EXTERNAL, _LOCATION = 1, 2, 9, 13, 14
_TYPED = {4, 5, 6, 7, 10, 11}  # values as numbers of their own instead of raw bytes

Field = tuple[int, int, int | memoryview]


class RefusedError(ValueError):
    """Why a model is refused; the mend goes after it."""


def check_onnx(model: bytes) -> None:
    """Raise BundleError where the ONNX `model` is damaged, or is anything but an encoder of ours."""
    try:
        for number, _, value in fields(memoryview(model)):
            if number == _GRAPH:
                _check_graph(_message(value))
            elif number == _OPSET:
                _check_domain(_message(value), field=1)
            elif number in (_TRAINING, _FUNCTION):
                raise RefusedError("holds functions or a training of its own")
    except RefusedError as error:
        raise BundleError(f"encoder.onnx: {error}; rebuild the bundle") from None
    except ProtobufError as error:
        raise BundleError(f"encoder.onnx: is damaged ({error}); rebuild the bundle") from None


def _check_graph(graph: memoryview) -> None:
    nodes = 0
    for number, _, value in fields(graph):
        if number == _NODE:
            nodes += 1
            _check_node(_message(value))
        elif number == _INITIALIZER:
            _check_tensor(_message(value))
        elif number == _SPARSE:
            raise RefusedError("holds a sparse tensor")
    if nodes > MOST_NODES:
        raise RefusedError(f"has {nodes} operators, at most {MOST_NODES} are run")


def _check_node(node: memoryview) -> None:
    _check_domain(node, field=_DOMAIN)
    for number, _, value in fields(node):
        if number == _OP_TYPE and (name := _text(value)) not in OPERATORS:
            raise RefusedError(f"the operator {name} is none that an encoder has ({', '.join(sorted(OPERATORS))})")
        if number == _ATTRIBUTE:
            found = next((_HOLDS_MORE[inner] for inner, _, _ in fields(_message(value)) if inner in _HOLDS_MORE), None)
            if found:
                raise RefusedError(f"an operator's attribute holds {found}")


def _check_domain(message: memoryview, *, field: int) -> None:
    for number, _, value in fields(message):
        if number == field and (name := _text(value)) not in ("", "ai.onnx"):
            raise RefusedError(f"uses operators of {name}, which is not ONNX's own set")


def _check_tensor(tensor: memoryview) -> None:
    """Its declared values are held against the bytes that it has."""
    dims: list[int] = []
    kinds: list[int] = []
    sizes: list[int] = []
    for number, _, value in fields(tensor):
        if number == _EXTERNAL or (number == _LOCATION and value != 0):
            raise RefusedError("keeps tensors outside its file (external data)")
        if number == _DIMS:
            dims += [value] if isinstance(value, int) else varints(bytes(value))
        elif number == _DATA_TYPE and isinstance(value, int):
            kinds.append(value)
        elif number == _RAW:
            sizes.append(len(_message(value)))
        elif number in _TYPED:
            raise RefusedError("keeps values of a tensor one by one")
    if len(kinds) != 1 or kinds[0] not in VALUE_BYTES or len(sizes) != 1:
        raise RefusedError(f"a tensor is of kind {kinds} in {sizes} bytes")
    if math.prod(dims) * VALUE_BYTES[kinds[0]] != sizes[0]:
        raise RefusedError(f"a tensor declares {' x '.join(map(str, dims))} values in {sizes[0]} bytes")


def _message(value: int | Buffer) -> Buffer:
    if isinstance(value, int):
        raise ProtobufError("a number where a message belongs")
    return value


def _text(value: int | memoryview) -> str:
    return bytes(_message(value)[:80]).decode(errors="replace")
