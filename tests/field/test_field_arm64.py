"""The agent on arm64, under emulation: it installs, golden windows come out, verdicts and integers are those of x86.

`make arm64` runs it. As a Raspberry Pi 4's processor is emulated, an instruction that it lacks ends a program.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from answers import differences
from arm import DEBIAN, MARKS, PI_4, PI_5, checked, inside, library_for_arm, prepared
from requirements import ROOT

pytestmark = MARKS
ROOMS = (
    "stream",
    "dsp",
    "diagnosis",
    "alerting",
    "config",
    "bundle/test_golden.py",
    "bundle/test_bundle.py",
)
"""Those that compute, and nothing that waits: what processors do otherwise is arithmetic, alignment, byte order."""
SEARCH = "test_no_sure_speed_of_many_machines_is_wrong"
"""Hundreds of machines, for the sake of a search and not of the arithmetic: left out, it would take minutes."""
HEALTHY = Path("configs/recordings/pump_healthy.wav")
RECORDINGS = {
    HEALTHY: ("--rpm", "1480", "--bearing", "6205"),
    Path("/recordings/outer_race.vbp"): ("--rpm", "1797", "--bearing", "6205"),
}


@pytest.fixture(scope="module")
def arm() -> None:
    """The agent installed there by install.sh, from wheels; the root is kept for the next time."""
    prepared()
    said = checked(inside("sh", "/src/deploy/install.sh", "--wheels", "/wheels"))
    assert "nothing was started" in said
    assert "passes its self-test" in said


@pytest.mark.usefixtures("arm")
@pytest.mark.parametrize("processor", [PI_4, PI_5])
@pytest.mark.parametrize("runtime", ["onnx", "litert"])
def test_golden_windows_come_out_in_each_runtime_and_a_window_is_computed(runtime, processor):
    """`bench` passes the self-test first; its times mean nothing here and are not looked at."""
    bench = ("textvib-agent", "bench", "--no-run", "--repeat", "1", "--runtime", runtime, "--json")
    assert json.loads(checked(inside(*bench, processor=processor)).splitlines()[-1])["runtime"] == runtime


@pytest.mark.usefixtures("arm")
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_a_verdict_is_that_of_this_computer(recording):
    words = ("replay", str(recording), *RECORDINGS[recording], "--json")
    if recording != HEALTHY:
        made = DEBIAN / recording.relative_to("/")
        made.parent.mkdir(exist_ok=True)
        simulate = ("simulate", "--file", str(made), "--fault", "outer_race", "--seconds", "6")
        subprocess.run([sys.executable, "-m", "firmware_bridge", *simulate], cwd=ROOT, check=True)
        here = ("replay", str(made), *words[2:])
    else:
        here = words
    ran = subprocess.run([sys.executable, "-m", "agent", *here], cwd=ROOT, capture_output=True, text=True, check=True)
    expected, seen = verdict_of(ran.stdout), verdict_of(checked(inside("textvib-agent", *words)))
    assert seen["fault"] == expected["fault"]
    assert differences(expected, seen) == []


def verdict_of(text: str) -> dict[str, Any]:
    """The last line, without the name under which the recording was given."""
    verdict: dict[str, Any] = json.loads(text.splitlines()[-1])
    return {key: value for key, value in verdict.items() if key != "path"}


def passed(*paths: str, **environment: str) -> str:
    """What is said of tests of the checkout inside, which pass."""
    site = {"PYTHONPATH": "/tests-site", "TEXTVIB_EXAMPLES": "5", "HYPOTHESIS_STORAGE_DIRECTORY": "/tmp/hypothesis"}
    pytest_ = (
        "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not long and not data",
        "--timeout",
        "1200",
    )
    return checked(inside(*pytest_, *paths, environment=site | environment, timeout_s=5000))


@pytest.mark.usefixtures("arm")
def test_rooms_that_compute(capsys):
    """In one go: to start the tests takes longer there than many of them."""
    said = passed(*(f"tests/agent/{room}" for room in ROOMS), "-k", f"not {SEARCH}")
    with capsys.disabled():
        print(f"\n{said.splitlines()[-1]}")


@pytest.mark.usefixtures("arm")
def test_c_and_python_agree_and_frames_are_the_same_bytes():
    library = library_for_arm()
    names = ("test_c_agreement.py", "test_spec.py", "test_frames.py", "test_cobs.py", "test_decoder.py")
    passed(*(f"tests/firmware_bridge/{name}" for name in names), TEXTVIB_LIBVBP=str(library))
