"""`trend`, on a file as an agent leaves it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from agent.cli import main
from agent.service.watching.trend_file import FILE, Key, TrendFile

DAY = 20_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = TrendFile(tmp_path, years=10, max_bytes=10**9)
    for number in range(60):
        rising = round(math.log(0.3 * math.exp(0.015 * number)) / 0.02)
        added = {
            (Key("pump_de", "de", "deviation", 76), DAY + number): {rising: 100},
            (Key("pump_de", "de", "kurtosis", 76), DAY + number): {55 + number % 2: 100},
        }
        file.add(added, today=DAY + number + 1)
    file.close()
    return tmp_path


def test_a_table_says_how_it_moves_and_when_a_limit_is_reached(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trend", "--state-dir", str(folder), "--language", "en"]) == 0
    said = capsys.readouterr().out
    assert said.split()[:3] == ["SENSOR", "BEARING", "FIGURE"]
    assert "+58 %" in said
    assert "2024-12-24" in said
    assert "no trend" in said
    assert main(["trend", "--state-dir", str(folder), "--language", "ko"]) == 0
    assert "추세 없음" in capsys.readouterr().out


def test_json_has_every_day(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trend", "pump_de", "--state-dir", str(folder), "--json"]) == 0
    rising, still = map(json.loads, capsys.readouterr().out.splitlines())
    assert len(rising["days"]) == 60
    assert rising["days"][0]["day"] == "2024-10-04"
    assert rising["course"]["moves"] == "rises"
    first, last = rising["reached"]["alarm"]
    assert first <= "2024-12-23" <= last  # 80.3 days after the first
    assert still["reached"] == {}


def test_what_is_not_there_is_said(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trend", "nobody", "--state-dir", str(folder)]) == 64
    assert "of 'nobody' no day is kept" in capsys.readouterr().err
    assert main(["trend", "--state-dir", str(tmp_path / "nowhere")]) == 78
    assert "there is no such folder" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["trend", "--state-dir", str(empty)]) == 0
    assert "No day is kept yet" in capsys.readouterr().out
    (empty / FILE).write_bytes(b"no database" * 100)
    assert main(["trend", "--state-dir", str(empty)]) == 78
    assert f"{empty / FILE}: is damaged" in capsys.readouterr().err
