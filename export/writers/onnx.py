"""Writes the quantized graph as ONNX in QDQ form (opset 17, IR 8), int8 in and int8 out.

A dense layer is written as a 1x1 convolution: onnxruntime then fuses every layer into QLinearConv whatever the sign of
the activations, and the arithmetic is the one that the TFLite file asks for.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.graph import INPUT, Columns, Conv, Dense, Mean, shapes
from export.quantize import Quantized

OPSET = 17
IR_VERSION = 8


def onnx_bytes(net: Quantized) -> bytes:
    """The model as one self-contained protobuf: input `codes` (1, n) int8, output `embedding` (1, dim) int8."""
    sheet = _Sheet(net)
    sizes = shapes(net.graph)
    first_shape = "shape.input"
    sheet.constant(first_shape, np.array([1, net.graph.inputs, 1, 1], dtype=np.int64))
    sheet.node("Reshape", [INPUT, first_shape], f"{INPUT}.q")
    sheet.dequantize(INPUT)
    for node in net.graph.nodes:
        match node:
            case Columns():
                sheet.columns(node, sizes[node.name])
            case Mean():
                sheet.node("GlobalAveragePool", [f"{node.source}.f"], f"{node.name}.raw")
                sheet.quantize(node.name, f"{node.name}.raw")
            case Dense() | Conv():
                sheet.convolution(node)
        sheet.dequantize(node.name)
    last = net.graph.nodes[-1].name
    dim = sizes[last][1]
    sheet.constant("shape.output", np.array([1, dim], dtype=np.int64))
    sheet.node("Reshape", [f"{last}.q", "shape.output"], "embedding")
    sheet.nodes = [node for node in sheet.nodes if node.output[0] != f"{last}.f"]  # nothing reads the last one in float
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
    """Nodes and constants collected so far; `NAME.q` is a tensor in codes, `NAME.f` the same dequantized."""

    def __init__(self, net: Quantized) -> None:
        self.net = net
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    def scale_of(self, name: str) -> list[str]:
        scale = self.net.scales[name]
        if not any(constant.name == f"{name}.scale" for constant in self.constants):
            self.constant(f"{name}.scale", np.array(scale.scale, dtype=np.float32))
            self.constant(f"{name}.zero", np.array(scale.zero_point, dtype=np.int8))
        return [f"{name}.scale", f"{name}.zero"]

    def quantize(self, name: str, source: str) -> None:
        self.node("QuantizeLinear", [source, *self.scale_of(name)], f"{name}.q")

    def dequantize(self, name: str) -> None:
        self.node("DequantizeLinear", [f"{name}.q", *self.scale_of(name)], f"{name}.f")

    def columns(self, node: Columns, size: tuple[int, int]) -> None:
        length, channels = size
        shape = self.constant(f"{node.name}.shape", np.array([1, length, 1, channels], dtype=np.int64))
        self.node("Reshape", [f"{node.source}.q", shape], f"{node.name}.rows")
        self.node("Transpose", [f"{node.name}.rows"], f"{node.name}.q", perm=[0, 3, 2, 1])

    def convolution(self, node: Dense | Conv) -> None:
        integers = self.net.integers[node.name]
        channels = len(integers.weight)
        per_channel = np.zeros(channels, dtype=np.int8)
        bias_scales = (integers.weight_scales * np.float32(self.net.scales[node.source].scale)).astype(np.float32)
        weight = [
            self.constant(f"{node.name}.weight", integers.weight[:, :, np.newaxis, :]),
            self.constant(f"{node.name}.weight.scale", integers.weight_scales),
            self.constant(f"{node.name}.weight.zero", per_channel),
        ]
        bias = [
            self.constant(f"{node.name}.bias", integers.bias),
            self.constant(f"{node.name}.bias.scale", bias_scales),
            self.constant(f"{node.name}.bias.zero", per_channel.astype(np.int32)),
        ]
        self.node("DequantizeLinear", weight, f"{node.name}.weight.f", axis=0)
        self.node("DequantizeLinear", bias, f"{node.name}.bias.f", axis=0)
        stride, (before, after) = (node.stride, node.padding) if isinstance(node, Conv) else (1, (0, 0))
        inputs = [f"{node.source}.f", f"{node.name}.weight.f", f"{node.name}.bias.f"]
        raw = f"{node.name}.raw"
        self.node("Conv", inputs, raw, kernel_shape=[1, integers.weight.shape[2]], strides=[1, stride],
                  pads=[0, before, 0, after])  # fmt: skip
        if node.relu:
            self.node("Relu", [raw], f"{raw}.relu")
            raw = f"{raw}.relu"
        self.quantize(node.name, raw)
