"""The model writers: one module per file format, found by the runtime that loads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Writer:
    """How a runtime's file is made."""

    path: str  # "module:function", imported on use; function(Quantized) -> bytes


WRITERS = {
    "onnx": Writer("export.shrinking.writers.onnx:onnx_bytes"),
    "litert": Writer("export.shrinking.writers.tflite:tflite_bytes"),
}
"""One for every runtime of `agent.bundle.runtimes`."""
