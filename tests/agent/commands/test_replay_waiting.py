"""`replay` of a long file says how far it is, on standard error alone, and nothing of a short one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from agent.cli import main
from agent.commands.waiting import blocks_of, read_recording
from agent.service import progress

LINES = 200_000


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.csv"
    values = np.random.default_rng(0).normal(0, 0.1, LINES).round(5)
    path.write_text("acc_g\n" + "\n".join(map(str, values)) + "\n")
    return path


def test_how_far_a_long_file_is_read_and_judged_is_told_on_standard_error(
    long: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "FIRST_S", 0.02)
    monkeypatch.setattr(progress, "EVERY_S", 0.02)
    assert main(["replay", str(long), "--rate-hz", "10000", "--rpm", "1480", "--json"]) == os.EX_OK
    printed = capsys.readouterr()
    assert "reading long.csv " in printed.err
    assert "judging long.csv " in printed.err
    assert all(json.loads(line) for line in printed.out.splitlines())


def test_a_short_wait_is_not_told_of(
    long: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "FIRST_S", 60.0)
    recording = read_recording(long, rate_hz=10_000.0)
    assert sum(len(block.samples) for block in blocks_of(recording, "s")) == LINES
    assert capsys.readouterr().err == ""
