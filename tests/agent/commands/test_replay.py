"""`replay`: what it refuses before it reads anything, and that it says no more than it knows."""

from __future__ import annotations

import json
import os
import wave
from pathlib import Path

import numpy as np
import pytest
from requirements import ROOT

from agent.cli import main

HEALTHY = ROOT / "configs" / "recordings" / "pump_healthy.wav"


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        *(
            (option, value, "is no speed")
            for option in ("--rpm", "--healthy-rpm")
            for value in ("nan", "inf", "0", "x")
        ),
        ("--rpm", "1e9", "is no speed"),
        ("--rpm-range", "1400", "like 1400-1500"),
        ("--rpm-range", "a-b", "is no speed"),
        ("--rpm-range", "1500-1400", "lower speed first"),
        ("--rpm-range", "1000-2000", "less than 2:1"),
        ("--rpm-range", "1000-inf", "is no speed"),
    ],
)
def test_a_figure_that_cannot_be_meant_is_wrong_usage(
    option: str, value: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["replay", str(HEALTHY), option, value])
    assert left.value.code == os.EX_USAGE
    last = capsys.readouterr().err.splitlines()[-1]
    assert option in last
    assert complaint in last


@pytest.mark.parametrize(
    ("bearing", "complaint"),
    [
        ("99", "not in the catalogue"),
        ("9/nan/39/0", "0 < ball < pitch"),
        ("9/7/inf/0", "0 < ball < pitch"),
        ("100/20/39/0", "do not fit"),
        ("a/b/c/d", "give balls/ball/pitch/angle"),
        ("6205 / 6305", "names 2 bearings"),
        ("bpfo=3.6,bpfi=5.6", "contradict"),
    ],
)
def test_a_bearing_that_cannot_be_meant_is_wrong_usage(
    bearing: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(HEALTHY), "--bearing", bearing]) == os.EX_USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert "argument --bearing" in line
    assert complaint in line


def test_a_bearing_is_given_by_a_table_by_orders_or_by_its_balls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "plant.csv"
    table.write_text("Bearing Number,Number of Balls,BD mm,Pitch mm,Angle\nPump 12,9,7.94,39.04,0\n")
    orders = "bpfo=3.584806,bpfi=5.415194,bsf=2.356713,ftf=0.398312"
    told = []
    for bearing in ("6205-2RS/C3", orders, "pump12"):
        argv = ["replay", str(HEALTHY), "--rpm", "1797", "--bearing", bearing, "--bearing-table", str(table), "--json"]
        assert main(argv) == 0
        told.append(json.loads(capsys.readouterr().out.splitlines()[-1])["fault"])
    assert told[0] == told[1] == told[2]
    assert main(["replay", str(HEALTHY), "--rpm", "1797", "--bearing", "9balls"]) == 0
    assert "approximate: " in capsys.readouterr().out


def test_without_a_healthy_recording_nothing_is_said_to_depart_from_health(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(HEALTHY), "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out.splitlines()[-1])
    if verdict["fault"] == "unknown":
        assert verdict["deviation"] is None
        assert verdict["text"]["title"] == "No fault named"
    else:
        assert verdict["fault"] == "healthy"


def test_a_window_line_says_what_a_reader_needs_and_nothing_internal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(HEALTHY), "--json"]) == 0
    window = json.loads(capsys.readouterr().out.splitlines()[0])
    assert window["kind"] == "window"
    assert list(window)[-2:] == ["heights", "objection"]


def test_the_healthy_machine_is_within_its_own_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    speeds = ["--rpm", "1480", "--healthy-rpm", "1480", "--bearing", "6205"]
    assert main(["replay", str(HEALTHY), "--healthy", str(HEALTHY), *speeds]) == 0
    shown = capsys.readouterr().out
    assert "verdict   Healthy   (healthy" in shown  # no percentage: the baseline says so, not a description
    assert "within baseline" in shown


def test_a_recording_too_short_to_judge_is_not_blamed_on_the_sensor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "short.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.arange(4000, dtype="<i2").tobytes())
    assert main(["replay", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "(invalid, 0 of 0 windows judged)" in shown
    assert "No window to judge" in shown
    assert "cable" not in shown
