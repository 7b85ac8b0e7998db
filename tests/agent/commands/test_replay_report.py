"""`replay --report`: what cannot be written is refused before anything is read; a browser makes the PDF."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from requirements import ROOT, skip_unless_required

from agent.cli import main
from agent.commands import printing
from agent.commands.printing import PrintingError, as_pdf

PUMP = str(ROOT / "configs" / "recordings" / "pump_healthy.wav")


@pytest.mark.parametrize(
    ("report", "complaint"),
    [
        ("report.docx", "is neither .html nor .pdf"),
        ("report", "is neither .html nor .pdf"),
        ("nowhere/report.html", "name a file in a folder that may be written to"),
        ("folder.html", "name a file in a folder that may be written to"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_read(
    report: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder.html").mkdir()
    assert main(["replay", str(tmp_path / "none.wav"), "--report", str(tmp_path / report)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert str(tmp_path / report) in line


def test_a_pdf_without_a_browser_is_refused_with_the_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["replay", PUMP, "--report", str(tmp_path / "report.pdf")]) == 2
    assert "install one (apt-get install chromium), or name an .html" in capsys.readouterr().err
    with pytest.raises(PrintingError, match=r"write the report as \.html"):
        as_pdf(b"<html></html>")


def test_a_browser_that_prints_nothing_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\necho no display >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.defpath)
    with pytest.raises(PrintingError, match=r"does not print \(no display\); write the report as \.html"):
        as_pdf(b"<html></html>")


def test_nothing_half_written_is_left_and_an_older_report_is_replaced(tmp_path: Path) -> None:
    report = tmp_path / "report.HTML"
    report.write_text("old")
    assert main(["replay", PUMP, "--rpm", "1480", "--report", str(report)]) == 0
    assert report.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == [report.name]


@pytest.mark.long
def test_a_browser_prints_it(tmp_path: Path) -> None:
    skip_unless_required("a Chromium or Chrome, which prints a report", available=printing.browser() is not None)
    report = tmp_path / "report.pdf"
    assert main(["replay", PUMP, "--rpm", "1480", "--language", "ko", "--report", str(report)]) == 0
    printed = report.read_bytes()
    assert printed.startswith(b"%PDF-")
    assert 10_000 < len(printed) < 2_000_000
