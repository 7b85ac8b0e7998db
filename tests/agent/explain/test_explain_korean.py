"""What `explain` says is Korean to its last word where that is asked for: of topics, ports and files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.cli import main
from agent.explain.files import explain_file
from agent.explain.finding import Finding, lines_of
from agent.explain.ports import explain_port
from agent.explain.reading import Arrived
from agent.explain.topics import explain_topic
from agent.sources.ready_mappings import READY

NAMES = re.compile(
    r"'[^']*'|\([^()]*\)|\[[^\]]*\]|[A-Za-z_]*\d[\w.]*|--?[\w-]+|[A-Z]{2,}\b|\w*_\w*|utf-8|baud|Hz|WitMotion|modbus|Modbus"
)


def topic(*messages: object, name: str = "plant/fan") -> Finding:
    data = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
    return explain_topic(name, [Arrived(d, 0.1 * n) for n, d in enumerate(data)])


def table(folder: Path, text: str) -> Finding:
    path = folder / "a.csv"
    path.write_text(text, encoding="utf-8")
    return explain_file(path)


ROWS = "".join(f"{k / 1000:.3f},{(k * k * 7) % 311 / 100 - 1.5:.2f},{k % 89}\n" for k in range(400))


def english_in(finding: Finding) -> list[str]:
    """Words that are neither Korean nor a name, in what stands above the config."""
    found = []
    names = {finding.what, *(f.name for f in finding.fields), *(f.example for f in finding.fields)}
    for line in list(lines_of(finding, "ko"))[1:]:
        if line.startswith("  설정"):
            break
        for name in sorted(filter(None, names), key=len, reverse=True):
            line = line.replace(name, "")
        found += re.findall(r"[a-z]{3,}(?: [a-z]+)+", NAMES.sub("", line))
    return found


@pytest.mark.parametrize(
    "text",
    [
        f"t,ax [g],temp\n{ROWS}",
        f"t,velocity (mm/s),n\n{ROWS}",
        ROWS,
        "t,foo\n1,2\n",
        "no numbers here\n",
        f"t,Voltage (V),rpm\n{ROWS}",
    ],
)
def test_files(text: str, tmp_path: Path) -> None:
    assert english_in(table(tmp_path, text)) == []


@pytest.mark.parametrize(
    "data", [b"", b"\x00\xff\x13" * 400, ROWS.encode(), b"hello world\n" * 30, b"x=0.1 y=0.2 z=1.0\n" * 40]
)
def test_ports(data: bytes) -> None:
    assert english_in(explain_port("/dev/ttyX", data, seconds=5.0, baud=115_200)) == []


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xfe\xfd",
        b"21.5",
        b"hello",
        {"a": "word"},
        {"temperature": 21.5},
        {"rpm": 1480},
        {"rate_hz": 1000, "x": [0.1, 0.5, -0.4, 0.3] * 25, "unit": "g"},
        {"x": 0.5, "y": 0.1},
        {"rate": 1000, "unit": "mm/s", "x": [0.1, 0.5, -0.4] * 30},
    ],
)
def test_topics(message: object) -> None:
    assert english_in(topic(*[message] * 20)) == []


@pytest.mark.parametrize("name", sorted(READY))
def test_topics_of_others(name: str) -> None:
    assert english_in(topic(*[READY[name].example] * 20, name=READY[name].topic)) == []


def test_the_command_answers_in_the_language_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(f"t,ax [g],temp\n{ROWS}", encoding="utf-8")
    assert main(["explain", str(tmp_path / "a.csv"), "--language", "ko"]) == 0
    assert "이름으로 보아 가속도 -> x" in capsys.readouterr().out
    assert main(["explain", str(tmp_path / "b.csv"), "--language", "ko"]) != 0
    assert "그런 파일이 없습니다" in capsys.readouterr().err
