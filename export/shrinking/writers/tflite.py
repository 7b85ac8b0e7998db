"""Writes the quantized graph as a TFLite flatbuffer, int8 in and int8 out.

Only operators that every TensorFlow Lite runtime since 2.14 knows: a dense layer is a 1x1 CONV_2D, because
FULLY_CONNECTED with one scale per channel needs version 12, which tflite-runtime lacks. A vector of numbers that occurs
twice, as zero points do, is written once: a file of small layers is half tables otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from export.network.graph import INPUT, Columns, Conv, Dense, Floats, Join, Mean, Select, shapes, sources
from export.shrinking.quantize import Quantized

SCHEMA_VERSION = 3
IDENTIFIER = b"TFL3"

_TYPES = {
    "int8": schema.TensorType.INT8,
    "int32": schema.TensorType.INT32,
}
# The lowest that takes int8.
_VERSIONS = {"CONV_2D": 3, "RESHAPE": 1, "MEAN": 2, "PAD": 2, "GATHER": 2, "CONCATENATION": 2}


def tflite_bytes(net: Quantized) -> bytes:
    """The model as one flatbuffer: input (1, n) int8, output (1, dim) int8."""
    sheet = _Sheet(net)
    sizes = shapes(net.graph)
    source = sheet.activation("input", INPUT, (1, net.graph.inputs))
    tensors = {INPUT: sheet.reshape(source, INPUT, (1, 1, 1, net.graph.inputs))}
    for node in net.graph.nodes:
        length, channels = sizes[node.name]
        shape = (1, 1, length, channels)
        read = [tensors[name] for name in sources(node)]
        x = read[0]
        match node:
            case Columns():
                tensors[node.name] = sheet.reshape(x, node.name, shape)
            case Mean():
                axes = sheet.constant(f"{node.name}.axes", np.array([1, 2], dtype=np.int32))
                tensors[node.name] = sheet.activation(node.name, node.name, shape)
                options = schema.ReducerOptionsT(keepDims=True)
                sheet.operator("MEAN", [x, axes], tensors[node.name], "ReducerOptions", options)
            case Select():
                entries = sheet.constant(f"{node.name}.entries", np.array(node.entries, dtype=np.int32))
                tensors[node.name] = sheet.activation(node.name, node.name, shape)
                options = schema.GatherOptionsT(axis=3)
                sheet.operator("GATHER", [x, entries], tensors[node.name], "GatherOptions", options)
            case Join():
                tensors[node.name] = sheet.activation(node.name, node.name, shape)
                options = schema.ConcatenationOptionsT(axis=3)
                sheet.operator("CONCATENATION", read, tensors[node.name], "ConcatenationOptions", options)
            case Dense() | Conv():
                if isinstance(node, Conv) and any(node.padding):
                    x = sheet.pad(x, node, sizes[node.source])
                tensors[node.name] = sheet.convolution(x, node, shape)
    last = net.graph.nodes[-1].name
    output = sheet.reshape(tensors[last], last, (1, sizes[last][1]), name="embedding")
    return sheet.finish(source, output)


class _Builder(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers has no types
    """Writes equal vectors once: a flatbuffer refers to them by offset, from as many places as it likes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[np.generic]) -> int:  # noqa: N802 - the name that the schema's classes call
        key = (str(x.dtype), x.tobytes())
        if key not in self._written:
            self._written[key] = int(super().CreateNumpyVector(x))
        return self._written[key]


class _Sheet:
    """Tensors, operators and buffers collected so far; buffer 0 is empty by the format's rule."""

    def __init__(self, net: Quantized) -> None:
        self.net = net
        self.tensors: list[object] = []
        self.operators: list[object] = []
        self.kinds: list[str] = []
        self.buffers: list[object] = [schema.BufferT()]

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        *,
        scales: Floats | None = None,
        zero_points: NDArray[np.int64] | None = None,
        buffer: int = 0,
    ) -> int:
        quantization = schema.QuantizationParametersT(scale=scales, zeroPoint=zero_points)
        shape_array = np.array(shape, dtype=np.int32)
        self.tensors.append(
            schema.TensorT(
                name=name, shape=shape_array, type=_TYPES[dtype], buffer=buffer, quantization=quantization, hasRank=True
            )
        )
        return len(self.tensors) - 1

    def activation(self, name: str, quantized_as: str, shape: Sequence[int]) -> int:
        scale = self.net.scales[quantized_as]
        scales, zeros = np.array([scale.scale], np.float32), np.array([scale.zero_point], np.int64)
        return self.tensor(name, shape, "int8", scales=scales, zero_points=zeros)

    def constant(self, name: str, values: NDArray[np.generic], scales: Floats | None = None) -> int:
        self.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), dtype=np.uint8)))
        zeros = None if scales is None else np.zeros(len(scales), dtype=np.int64)
        return self.tensor(
            name, values.shape, str(values.dtype), scales=scales, zero_points=zeros, buffer=len(self.buffers) - 1
        )

    def operator(self, kind: str, inputs: list[int], output: int, options_type: str, options: object) -> None:
        if kind not in self.kinds:
            self.kinds.append(kind)
        self.operators.append(
            schema.OperatorT(
                opcodeIndex=self.kinds.index(kind),
                inputs=np.array(inputs, dtype=np.int32),
                outputs=np.array([output], dtype=np.int32),
                builtinOptionsType=getattr(schema.BuiltinOptions, options_type),
                builtinOptions=options,
            )
        )

    def reshape(self, x: int, quantized_as: str, shape: tuple[int, ...], name: str | None = None) -> int:
        label = name or f"{quantized_as}.shaped"
        target = self.constant(f"{label}.shape", np.array(shape, dtype=np.int32))
        result = self.activation(label, quantized_as, shape)
        options = schema.ReshapeOptionsT(newShape=np.array(shape, dtype=np.int32))
        self.operator("RESHAPE", [x, target], result, "ReshapeOptions", options)
        return result

    def pad(self, x: int, node: Conv, size: tuple[int, int]) -> int:
        length, channels = size
        amounts = np.array([[0, 0], [0, 0], node.padding, [0, 0]], dtype=np.int32)
        paddings = self.constant(f"{node.name}.padding", amounts)
        result = self.activation(f"{node.name}.padded", node.source, (1, 1, length + sum(node.padding), channels))
        self.operator("PAD", [x, paddings], result, "PadOptions", schema.PadOptionsT())
        return result

    def convolution(self, x: int, node: Dense | Conv, shape: tuple[int, ...]) -> int:
        integers = self.net.integers[node.name]
        ohwi = np.ascontiguousarray(integers.weight.transpose(0, 2, 1)[:, np.newaxis])
        input_scale = np.float32(self.net.scales[node.source].scale)
        weight = self.constant(f"{node.name}.weight", ohwi, integers.weight_scales)
        bias = self.constant(f"{node.name}.bias", integers.bias, (integers.weight_scales * input_scale).astype("f4"))
        result = self.activation(node.name, node.name, shape)
        options = schema.Conv2DOptionsT(
            padding=schema.Padding.VALID,
            strideW=node.stride if isinstance(node, Conv) else 1,
            strideH=1,
            fusedActivationFunction=getattr(schema.ActivationFunctionType, "RELU" if node.relu else "NONE"),
        )
        self.operator("CONV_2D", [x, weight, bias], result, "Conv2DOptions", options)
        return result

    def finish(self, source: int, output: int) -> bytes:
        codes = []
        for kind in self.kinds:
            builtin = getattr(schema.BuiltinOperator, kind)
            codes.append(
                schema.OperatorCodeT(deprecatedBuiltinCode=builtin, builtinCode=builtin, version=_VERSIONS[kind])
            )
        graph = schema.SubGraphT(
            tensors=self.tensors,
            inputs=np.array([source], dtype=np.int32),
            outputs=np.array([output], dtype=np.int32),
            operators=self.operators,
            name="encoder",
        )
        model = schema.ModelT(
            version=SCHEMA_VERSION,
            operatorCodes=codes,
            subgraphs=[graph],
            buffers=self.buffers,
            description="textvib-export",
        )
        builder = _Builder(1 << 16)
        builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
        return bytes(builder.Output())
