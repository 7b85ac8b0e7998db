"""Models that are no encoders and would do harm: that run without end, ask for terabytes, or lead out of their file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder
from onnx import TensorProto, helper, numpy_helper

from agent.bundle.load import DEFAULT

Change = Callable[[onnx.ModelProto], object]
N = 4


def onnx_model(change: Change) -> bytes:
    """Eight bits in, eight bits out, and what `change` does to that."""
    rows = [helper.make_tensor_value_info(name, TensorProto.INT8, [1, N]) for name in ("codes", "embedding")]
    one, zero = numpy_helper.from_array(np.float32(1), "one"), numpy_helper.from_array(np.int8(0), "zero")
    nodes = [
        helper.make_node("DequantizeLinear", ["codes", "one", "zero"], ["real"]),
        helper.make_node("QuantizeLinear", ["real", "one", "zero"], ["embedding"]),
    ]
    graph = helper.make_graph(nodes, "g", rows[:1], rows[1:], [one, zero])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    proto.ir_version = 8
    change(proto)
    return proto.SerializeToString()


def adds(kind: str, *inputs: str, **attributes: object) -> Change:
    return lambda proto: proto.graph.node.append(helper.make_node(kind, list(inputs), ["more"], **attributes))


def endless_loop(proto: onnx.ModelProto) -> None:
    """As long as a condition holds, which it always does."""
    yes = helper.make_tensor_value_info("yes", TensorProto.BOOL, [])
    turn = helper.make_tensor_value_info("turn", TensorProto.INT64, [])
    body = helper.make_graph([helper.make_node("Identity", ["yes"], ["still"])], "body", [turn, yes], [yes])
    true = numpy_helper.from_array(np.array(True), "true")
    proto.graph.initializer.append(true)
    proto.graph.node.append(helper.make_node("Loop", ["", "true"], [], body=body))


def in_a_function(proto: onnx.ModelProto) -> None:
    node = helper.make_node("Relu", ["a"], ["b"])
    proto.functions.append(helper.make_function("d", "f", ["a"], ["b"], [node], [helper.make_opsetid("", 17)]))


def of_others(proto: onnx.ModelProto) -> None:
    proto.graph.node.append(helper.make_node("Relu", ["real"], ["more"], domain="com.microsoft"))


def huge_tensor(proto: onnx.ModelProto) -> None:
    """Two gigabytes that are declared and not there."""
    tensor = TensorProto(name="huge", data_type=TensorProto.FLOAT, dims=[1 << 29], raw_data=b"")
    proto.graph.initializer.append(tensor)


def outside(proto: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    proto.graph.initializer.append(tensor)


def outside_in_an_attribute(proto: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "w")
    proto.graph.node.append(helper.make_node("Reshape", ["real"], ["more"], value=tensor))


def sparse(proto: onnx.ModelProto) -> None:
    indices = numpy_helper.from_array(np.array([0], dtype=np.int64), "indices")
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32), "w")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [1 << 40]))


def doubling(proto: onnx.ModelProto) -> None:
    """Allowed operators that make 4 x 2^40 values of four."""
    steps = [("Concat", ["", ""], {"axis": 1}) for _ in range(40)]
    _instead(proto, *steps, ("Gather", ["", _first(proto)], {"axis": 1}))


def slow(proto: onnx.ModelProto) -> None:
    """Allowed operators that compute for long: convolutions over 2^17 places by 2048 weights."""
    kernel = _constant(proto, "kernel", np.ones((1, 1, 1, 2048), np.float32))
    image = _constant(proto, "image", np.array([1, 1, 1, N], np.int64))
    row = _constant(proto, "row", np.array([1, N], np.int64))
    _instead(
        proto,
        ("Reshape", ["", image], {}),
        ("Conv", ["", kernel], {"pads": [0, 1 << 16, 0, 1 << 16]}),
        ("Conv", ["", kernel], {}),
        ("Gather", ["", _first(proto)], {"axis": 3}),
        ("Reshape", ["", row], {}),
    )


def _instead(proto: onnx.ModelProto, *steps: tuple[str, list[str], dict[str, object]]) -> None:
    """Nodes between the two of the model, each of what the one before made, where a name is left out."""
    last = onnx.NodeProto()
    last.CopyFrom(proto.graph.node.pop())
    for number, (kind, inputs, attributes) in enumerate(steps):
        before = f"step{number - 1}" if number else "real"
        named = [name or before for name in inputs]
        proto.graph.node.append(helper.make_node(kind, named, [f"step{number}"], **attributes))
    last.input[0] = f"step{len(steps) - 1}"
    proto.graph.node.append(last)


def _constant(proto: onnx.ModelProto, name: str, values: np.ndarray) -> str:
    proto.graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def _first(proto: onnx.ModelProto) -> str:
    return _constant(proto, "first", np.zeros(N, np.int32))


def tflite_model(change: Callable[[schema.ModelT], object] = lambda model: None) -> bytes:
    """The encoder that ships, and what `change` does to it."""
    content = (DEFAULT / "encoder.tflite").read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    change(model)
    builder = Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
