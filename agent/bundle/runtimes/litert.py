"""Runs the bundle's TFLite encoder in LiteRT (ai-edge-litert, or the older tflite-runtime): one thread, from bytes."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.bundle.runtimes.tflite_check import check_tflite
from agent.errors import BundleError, ConfigError
from firmware_bridge.installing import pip_line

MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


def _interpreter_class() -> Any:
    for module in MODULES:
        try:
            return importlib.import_module(module).Interpreter
        except ImportError:
            continue
    return None


INTERPRETER = _interpreter_class()
"""Imported with this module, so that what an import takes or breaks is not put down to an encoder."""


class LiteRtEncoder:
    """int8 feature codes -> int8 embedding codes; BundleError where `model` is not such an encoder."""

    def __init__(self, model: bytes) -> None:
        if INTERPRETER is None:
            raise ConfigError(
                "runtime litert: neither ai-edge-litert nor tflite-runtime is installed; install the extra: "
                + pip_line("litert")
            )
        check_tflite(model)
        try:
            with _without_greeting():
                self._interpreter = INTERPRETER(model_content=model, num_threads=1)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BundleError(f"LiteRT cannot load the TFLite encoder: {_first_line(error)}") from error
        self.inputs, self._input = self._row("input", self._interpreter.get_input_details())
        self.dim, self._output = self._row("output", self._interpreter.get_output_details())

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 feature codes (n,) -> int8 embedding codes (dim,)."""
        self._interpreter.set_tensor(self._input, codes.reshape(1, -1))
        self._interpreter.invoke()
        result: NDArray[np.int8] = self._interpreter.get_tensor(self._output)[0]
        return result

    @staticmethod
    def _row(name: str, details: list[dict[str, Any]]) -> tuple[int, int]:
        shapes = [(np.dtype(tensor["dtype"]).name, [int(size) for size in tensor["shape"]]) for tensor in details]
        if len(shapes) != 1 or shapes[0][0] != "int8" or len(shapes[0][1]) != 2 or shapes[0][1][0] != 1:
            raise BundleError(f"TFLite encoder's {name} is {shapes}, not one int8 row (1, n); rebuild the bundle")
        return shapes[0][1][1], int(details[0]["index"])


_GREETING = b"XNNPACK delegate for CPU"


@contextmanager
def _without_greeting() -> Iterator[None]:
    """LiteRT greets on standard error, and no setting stops that; what else goes there meanwhile comes after."""
    try:
        terminal = os.dup(2)
    except OSError:  # closed: nobody is greeted
        yield
        return
    said = os.memfd_create("stderr")
    os.dup2(said, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        for line in os.pread(said, os.fstat(said).st_size, 0).splitlines(keepends=True):
            if _GREETING not in line:
                os.write(terminal, line)
        os.close(terminal)
        os.close(said)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
