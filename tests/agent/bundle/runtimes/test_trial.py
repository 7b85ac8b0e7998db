"""A runtime that kills its process at its first use is a sentence and an exit code; another serves in its place."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from requirements import ROOT

from agent.bundle.encoder import load_encoder, tried_encoder
from agent.bundle.load import load_bundle
from agent.bundle.runtimes import AUTO, RUNTIMES
from agent.bundle.runtimes.trial import try_runtime
from agent.errors import BundleError, ConfigError

CONFIG = """
[agent]
id = "gw"
state_dir = "state"
runtime = "{runtime}"
[[sources]]
name = "plant"
kind = "mqtt"
[machines.pump]
[sensors.pump_de]
source = "plant"
topic = "plant/pump"
machine = "pump"
"""


def broken(folder: Path, code: str, package: str = "onnxruntime") -> None:
    """A package of a runtime whose import runs `code`."""
    (folder / "lib" / package).mkdir(parents=True)
    (folder / "lib" / package / "__init__.py").write_text(code)


def checked(folder: Path, *, runtime: str) -> subprocess.CompletedProcess[str]:
    """`check` of a config, where the broken package is the one that is found."""
    (folder / "agent.toml").write_text(CONFIG.format(runtime=runtime))
    return subprocess.run(
        [sys.executable, "-m", "agent", "check", str(folder / "agent.toml")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{folder / 'lib'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


KILL = "import os\nos.kill(os.getpid(), {})"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (KILL.format(int(signal.SIGILL)), "runtime onnx: this processor does not know an instruction that onnxruntime"),
        (KILL.format(int(signal.SIGSEGV)), "runtime onnx: onnxruntime is killed by SIGSEGV; install a build"),
        (
            "raise ImportError('libgomp.so.1: cannot open shared object file: No such file')",
            "runtime onnx: onnxruntime cannot be used here (ImportError: libgomp.so.1: cannot open shared object file",
        ),
        ("import sys\nsys.exit(3)", "runtime onnx: onnxruntime cannot be used here"),
    ],
    ids=["illegal_instruction", "segmentation_fault", "missing_library", "leaves"],
)
def test_what_kills_the_first_import_is_one_sentence_and_78(code, sentence, tmp_path):
    broken(tmp_path, code)
    shown = checked(tmp_path, runtime="onnx")
    assert shown.returncode == os.EX_CONFIG, shown
    (line,) = shown.stderr.splitlines()
    assert sentence in line
    assert 'or set agent.runtime = "litert"' in line


def test_auto_takes_the_next_runtime_and_says_why(tmp_path):
    pytest.importorskip("ai_edge_litert")
    broken(tmp_path, KILL.format(int(signal.SIGILL)), "ai_edge_litert")
    shown = checked(tmp_path, runtime="auto")
    assert shown.returncode == os.EX_OK, shown
    assert "this processor does not know an instruction that LiteRT uses" in shown.stdout
    assert "onnx" in shown.stdout.splitlines()[-1]


def test_auto_takes_the_next_runtime_where_the_first_fails_the_self_test():
    pytest.importorskip("ai_edge_litert")
    bundle = load_bundle("default")
    model = bytearray(bundle.model("litert"))
    middle = len(model) // 2  # weights
    model[middle : middle + 4000] = bytes(4000)
    wrong = replace(bundle, models={**bundle.models, "litert": bytes(model)})
    with pytest.raises(BundleError, match="self-test"):
        load_encoder(wrong, "litert")
    assert load_encoder(wrong, "auto")[0] == "onnx"


def test_a_runtime_greets_nobody_and_keeps_no_word_of_others(capfd):
    interpreter = pytest.importorskip("agent.bundle.runtimes.litert")
    model = load_bundle("default").model("litert")
    interpreter.LiteRtEncoder(model)
    with interpreter._without_greeting():
        os.write(2, b"a word\n")
    assert capfd.readouterr().err == "a word\n"


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_that_works_passes_and_a_model_that_does_not_is_the_bundle_s_fault(runtime):
    if runtime == "litert":
        pytest.importorskip("ai_edge_litert")
    bundle = load_bundle("default")
    assert tried_encoder(bundle, runtime)[::2] == (runtime, ())
    with pytest.raises(BundleError):
        try_runtime(runtime, bundle.model(runtime)[:1000])


def test_none_that_passes_is_told_with_every_reason(monkeypatch, tmp_path):
    for package in ("onnxruntime", "ai_edge_litert", "tflite_runtime"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemError('no')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as raised:
        tried_encoder(load_bundle("default"), "auto")
    assert [problem.split(":")[0] for problem in raised.value.problems] == [f"runtime {name}" for name in AUTO]


def test_onnxruntime_keeps_no_record_of_its_use_to_send_to_its_maker(tmp_path):
    """It would write a device id and a log below the home folder."""
    program = [sys.executable, "-m", "agent.bundle.runtimes.trial", "onnx"]
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    model = load_bundle("default").model("onnx")
    assert subprocess.run(program, input=model, env=environment, check=False, timeout=60).returncode == os.EX_OK
    assert list(tmp_path.rglob("*")) == []
