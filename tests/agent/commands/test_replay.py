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
        ("--bearing", "99", "not in the catalogue"),
        ("--bearing", "9/nan/39/0", "0 < ball < pitch"),
        ("--bearing", "9/7/inf/0", "0 < ball < pitch"),
        ("--bearing", "100/20/39/0", "do not fit"),
        ("--bearing", "a/b/c/d", "is not balls/ball/pitch/angle"),
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
