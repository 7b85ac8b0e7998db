"""An agent as a process of its own, with the bundle that ships: what it kept of an alert says the same in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from requirements import ROOT

import simulator
from agent.cli import main

RATE_HZ = 12_000.0
CONFIG = """
[agent]
id = "desk"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 1
[decision]
alert_uncommissioned = true
[log]
format = "json"
[[sources]]
name = "recording"
kind = "replay"
files = ["sick.npz"]
speed = 0
[machines.pump]
speed = { rpm = 1780 }
[machines.pump.bearings.de]
geometry = "6205"
[sensors.pump_de]
source = "recording"
machine = "pump"
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of an agent that has heard a damaged bearing and left."""
    folder = tmp_path_factory.mktemp("ring")
    samples = simulator.signal("outer_race", seconds=7.0, rpm=1800.0, rate_hz=RATE_HZ, seed=3)[:, 0]
    np.savez(folder / "sick.npz", acc=samples, fs=RATE_HZ, unit="g")
    (folder / "agent.toml").write_text(CONFIG)
    program = [sys.executable, "-m", "agent", "run", str(folder / "agent.toml")]
    ran = subprocess.run(program, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=100, check=True)
    events = [json.loads(line)["event"] for line in ran.stderr.splitlines()]
    assert events.count("alert_raised") == events.count("windows_kept") == 1
    return folder / "state"


@pytest.mark.long
def test_another_process_says_the_same_of_the_windows_to_the_last_bit(state: Path, capsys) -> None:
    assert main(["ring", "--json", "--state-dir", str(state)]) == os.EX_OK
    (kept,) = map(json.loads, capsys.readouterr().out.splitlines())
    page = state / "page.html"
    assert main(["replay", kept["path"], "--json", "--fail-on", "fault", "--report", str(page)]) == 1
    assert Path(kept["path"]).name in page.read_text(encoding="utf-8")
    *windows, verdict = map(json.loads, capsys.readouterr().out.splitlines())
    assert verdict["windows_alike"] == verdict["windows_kept"] == kept["windows"] == len(windows) >= 7
    assert (verdict["fault"], verdict["alert"]) == (kept["fault"], kept["alert"]) == ("outer_race", kept["alert"])
    raised_by = next(window for window in windows if window["window_start"] == kept["raised_by"])
    assert raised_by["fault"] == "outer_race"
    assert raised_by["speed"]["origin"] == "estimated"


@pytest.mark.long
def test_it_is_listed_and_may_be_asked_what_if(state: Path, capsys) -> None:
    assert main(["ring", "--state-dir", str(state), "--language", "ko"]) == os.EX_OK
    listed = capsys.readouterr().out
    assert "pump_de" in listed
    (path,) = (state / "ring").glob("*.vbw")
    assert path.name in listed.split()  # in one piece, however narrow the terminal
    assert main(["replay", str(path), "--rpm", "1800", "--bearing", "6203", "--json"]) == os.EX_OK
    *_, verdict = map(json.loads, capsys.readouterr().out.splitlines())
    assert "windows_alike" not in verdict
    assert main(["ring", "--state-dir", str(state.parent)]) == os.EX_OK
    assert "no windows are kept" in capsys.readouterr().out
    assert main(["ring", "--state-dir", str(state / "none")]) == os.EX_CONFIG
    assert "--config" in capsys.readouterr().err


@pytest.mark.long
def test_a_file_that_was_altered_or_cut_is_refused_in_one_line(state: Path, tmp_path: Path, capsys) -> None:
    (path,) = (state / "ring").glob("*.vbw")
    content = path.read_bytes()
    folder = tmp_path / "ring"
    folder.mkdir()
    for number, spoilt in enumerate((content[: len(content) // 2], content[:5000] + b"\0" * 50 + content[5050:], b"")):
        bad = folder / f"{number:08d}-a.vbw"
        bad.write_bytes(spoilt)
        assert main(["replay", str(bad)]) == os.EX_DATAERR
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["ring", "--json", "--state-dir", str(tmp_path)]) == os.EX_DATAERR
