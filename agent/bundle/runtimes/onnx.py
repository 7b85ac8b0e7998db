"""Runs the bundle's ONNX encoder in onnxruntime: one thread, from bytes, no file access.

Layers are computed in float between the file's own roundings. Fused to integer kernels they would saturate 16-bit sums
on x86 without VNNI (onnxruntime, "Quantize ONNX models", U8S8 on AVX2), and one bundle would answer otherwise on some
computers; float costs the same time there (bench: encoder).
"""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from agent.bundle.runtimes.onnx_check import check_onnx
from agent.errors import BundleError

FATAL_ONLY = 4
MOST_CODES = 1 << 16  # that go in or come out


class OnnxEncoder:
    """int8 feature codes -> int8 embedding codes; BundleError where `model` is not such an encoder."""

    def __init__(self, model: bytes) -> None:
        check_onnx(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = FATAL_ONLY  # what goes wrong is raised, and said once
        options.enable_cpu_mem_arena = False  # kilobytes of activations need no arena of megabytes
        options.add_session_config_entry("session.disable_quant_qdq", "1")  # see the module's docstring
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises a dozen unrelated types, all of them "this model is no good"
            raise BundleError(f"onnxruntime cannot load the ONNX encoder: {_first_line(error)}") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        for name, tensors in (("input", inputs), ("output", outputs)):
            shapes = [(tensor.type, tensor.shape) for tensor in tensors]
            if len(shapes) != 1 or shapes[0][0] != "tensor(int8)" or not _is_row(shapes[0][1]):
                raise BundleError(f"ONNX encoder's {name} is {shapes}, not one int8 row (1, n); rebuild the bundle")
        self.inputs: int = inputs[0].shape[1]
        self.dim: int = outputs[0].shape[1]
        self._feed, self._fetch = inputs[0].name, [outputs[0].name]

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 feature codes (n,) -> int8 embedding codes (dim,)."""
        result: NDArray[np.int8] = self._session.run(self._fetch, {self._feed: codes.reshape(1, -1)})[0][0]
        return result


def _is_row(shape: list[object]) -> bool:
    return len(shape) == 2 and shape[0] == 1 and isinstance(shape[1], int) and 1 <= shape[1] <= MOST_CODES


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
