"""Writes the quantized graph as ONNX in QDQ form (opset 17, IR 8), int8 in and int8 out.

A dense layer is written as a 1x1 convolution, which onnxruntime fuses into QLinearConv; the arithmetic is the one
that the TFLite file asks for. Every node, one that only moves codes too, stands between DequantizeLinear and
QuantizeLinear: on x86 onnxruntime leaves in float what touches int8 otherwise. A layer that reads the input itself
stays in float there even so.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.network.graph import INPUT, Columns, Conv, Dense, Join, Mean, Select, shapes, sources
from export.shrinking.quantize import Quantized

OPSET = 17
IR_VERSION = 8


def onnx_bytes(net: Quantized) -> bytes:
    """The model as one self-contained protobuf: input `codes` (1, n) int8, output `embedding` (1, dim) int8."""
    sheet = _Sheet(net)
    sizes = shapes(net.graph)
    sheet.dequantize(INPUT, INPUT, "rows")
    sheet.reshape("rows", (1, net.graph.inputs, 1, 1), f"{INPUT}.y")
    sheet.quantize(INPUT, f"{INPUT}.y")
    for node in net.graph.nodes:
        read = [f"{source}.f" for source in sources(node)]
        made = f"{node.name}.y"
        match node:
            case Columns():
                sheet.columns(node, sizes[node.name])
            case Mean():
                sheet.node("GlobalAveragePool", read, made)
            case Select():
                entries = sheet.constant(f"{node.name}.n", np.array(node.entries, dtype=np.int32))
                sheet.node("Gather", [*read, entries], made, axis=1)
            case Join():
                sheet.node("Concat", read, made, axis=1)
            case Dense() | Conv():
                sheet.convolution(node)
        sheet.quantize(node.name, made)
    last = net.graph.nodes[-1].name
    dim = sizes[last][1]
    sheet.reshape(f"{last}.f", (1, dim), "row")
    sheet.node("QuantizeLinear", ["row", *sheet.scale_of(last)], "embedding")
    graph = helper.make_graph(
        sheet.nodes,
        "encoder",
        [helper.make_tensor_value_info(INPUT, TensorProto.INT8, [1, net.graph.inputs])],
        [helper.make_tensor_value_info("embedding", TensorProto.INT8, [1, dim])],
        sheet.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="textvib-export")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Sheet:
    """Nodes and constants collected so far.

    `NAME.y` is what a node makes, `NAME.q` its codes, `NAME.f` the values of these; scales and zero points have
    numbers. Names are short because a file of small layers holds many of them.
    """

    def __init__(self, net: Quantized) -> None:
        self.net = net
        self.scales = list(net.scales.values())  # tensors that share one refer to the first of them
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """A constant of that name, which is written once."""
        if not any(constant.name == name for constant in self.constants):
            self.constants.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    def scale_of(self, name: str) -> list[str]:
        scale = self.net.scales[name]
        number = self.scales.index(scale)
        return [
            self.constant(f"s{number}", np.array(scale.scale, dtype=np.float32)),
            self.constant(f"z{number}", np.array(scale.zero_point, dtype=np.int8)),
        ]

    def dequantize(self, name: str, codes: str, output: str) -> None:
        self.node("DequantizeLinear", [codes, *self.scale_of(name)], output)

    def quantize(self, name: str, made: str) -> None:
        """Codes of what a node made, and the values that they stand for."""
        self.node("QuantizeLinear", [made, *self.scale_of(name)], f"{name}.q")
        self.dequantize(name, f"{name}.q", f"{name}.f")

    def reshape(self, source: str, shape: tuple[int, ...], output: str) -> None:
        self.node("Reshape", [source, self.constant(f"{output}.n", np.array(shape, dtype=np.int64))], output)

    def columns(self, node: Columns, size: tuple[int, int]) -> None:
        length, channels = size
        self.reshape(f"{node.source}.f", (1, length, 1, channels), f"{node.name}.rows")
        self.node("Transpose", [f"{node.name}.rows"], f"{node.name}.y", perm=[0, 3, 2, 1])

    def convolution(self, node: Dense | Conv) -> None:
        integers = self.net.integers[node.name]
        channels = len(integers.weight)
        bias_scales = (integers.weight_scales * np.float32(self.net.scales[node.source].scale)).astype(np.float32)
        weight = [
            self.constant(f"{node.name}.w", integers.weight[:, :, np.newaxis, :]),
            self.constant(f"{node.name}.w.s", integers.weight_scales),
            self.constant(f"zeros{channels}", np.zeros(channels, dtype=np.int8)),
        ]
        bias = [self.constant(f"{node.name}.b", integers.bias), self.constant(f"{node.name}.b.s", bias_scales)]
        self.node("DequantizeLinear", weight, f"{node.name}.w.f", axis=0)
        self.node("DequantizeLinear", bias, f"{node.name}.b.f", axis=0)
        where = {}
        if isinstance(node, Conv):
            where = {"strides": [1, node.stride], "pads": [0, node.padding[0], 0, node.padding[1]]}
        inputs = [f"{node.source}.f", f"{node.name}.w.f", f"{node.name}.b.f"]
        made = f"{node.name}.y"
        self.node("Conv", inputs, f"{node.name}.sum" if node.relu else made, **where)
        if node.relu:
            self.node("Relu", [f"{node.name}.sum"], made)
