"""Inference runtimes: one file per alternative, each an Encoder built from model bytes, and its row in the table.

A row says all that anything else needs to know of a runtime: a new one is a row, its module, and the writer of its file
on the workstation (`export.shrinking.writers`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
"""onnxruntime (1.31 and later) else writes a device id and a log of its use to disk and sends them to its maker. It
looks when it is imported, which is after this."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A way to run the encoder."""

    path: str  # "module:Class", imported on use; Class(model bytes) is an Encoder
    file: str  # of the bundle: the encoder in the format that this runtime loads
    packages: tuple[str, ...]  # of which one must be installed
    title: str  # as its makers write it
    file_format: str  # as its makers write it


RUNTIMES = {
    "onnx": Runtime(
        path="agent.bundle.runtimes.onnx:OnnxEncoder",
        file="encoder.onnx",
        packages=("onnxruntime",),
        title="onnxruntime",
        file_format="ONNX",
    ),
    "litert": Runtime(
        path="agent.bundle.runtimes.litert:LiteRtEncoder",
        file="encoder.tflite",
        packages=("ai_edge_litert", "tflite_runtime"),
        title="LiteRT",
        file_format="TFLite",
    ),
}
"""By the name that a config gives; what the workstation expects of a bundle it takes from the first."""

AUTO = ("litert", "onnx")
"""Where several are installed, "auto" takes the first that works: LiteRT answers in a tenth of the time, with half the
memory, and the same codes (docs/decisions/0029-window-cost.md)."""

CHOICES = ("auto", *RUNTIMES)
"""What a config or a command line may ask for."""

if TYPE_CHECKING:
    Choice = str
else:
    Choice = Literal[CHOICES]
