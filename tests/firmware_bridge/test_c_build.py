"""The C library's own tests, its sanitizers, its promised sizes, and the firmwares that must compile."""

from __future__ import annotations

import re
import shutil

import pytest
from c_library import CORES, SOURCE, make
from requirements import skip_unless_required


@pytest.mark.parametrize("compiler", ["clang", pytest.param("gcc", marks=pytest.mark.long)])  # gcc: under sanitizers
def test_host_tests_hold_with_every_compiler(tmp_path, compiler) -> None:
    skip_unless_required(compiler, available=shutil.which(compiler) is not None)
    said = make("test", f"BUILD={tmp_path}", f"COMPILERS={compiler}")
    assert len(re.findall(r"^\d{6} checks, 0 failed$", said, re.MULTILINE)) == 1, said


@pytest.mark.parametrize("samples", [10_000, pytest.param(400_000, marks=pytest.mark.long)])
def test_sanitizers_find_nothing(tmp_path, samples) -> None:
    said = make("sanitize", f"BUILD={tmp_path}", f"THREAD_SAMPLES={samples}")
    assert said.count(" 0 failed") == 2, said
    assert f" of {samples} samples through" in said


@pytest.mark.parametrize("core", CORES)
def test_the_encoder_keeps_its_promise_on_every_core(tmp_path, core) -> None:
    skip_unless_required("arm-none-eabi-gcc", available=shutil.which("arm-none-eabi-gcc") is not None)
    said = make("sizes", f"BUILD={tmp_path}", f"CORES={core}")
    assert re.search(rf"^{core} +\d+", said, re.MULTILINE), said


def test_the_example_firmwares_compile(tmp_path) -> None:
    skip_unless_required("arm-none-eabi-gcc", available=shutil.which("arm-none-eabi-gcc") is not None)
    make("examples", f"BUILD={tmp_path}")


def test_a_firmware_takes_no_memory_of_its_own() -> None:
    """No heap, and no variable that outlives a call: every buffer is the caller's."""
    for source in sorted((SOURCE / "src").glob("*.c")) + sorted((SOURCE / "sensors").glob("*.c")):
        text = source.read_text()
        assert not re.search(r"\b(malloc|calloc|realloc|free|alloca)\b", text), source.name
        assert not re.search(r"^\s*static (?!const\b)[^(]*[;=]", text, re.MULTILINE), source.name
