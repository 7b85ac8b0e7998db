"""The file that a report goes to: a page as .html, or where a browser is found as .pdf, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from agent.commands import printing
from agent.commands.arguments import UsageError
from agent.errors import RecordingError

PAGES = (".html", ".htm")


def check(report: Path | None, *, option: str = "--report", command: str | None = None) -> None:
    """UsageError for a report that cannot be written, before anything is read."""
    if report is None:
        return
    suffix = report.suffix.lower()
    if suffix not in (*PAGES, printing.SUFFIX):
        raise UsageError(f"argument {option}: {report} is neither .html nor .pdf; name one of them", command)
    if report.is_dir() or not report.parent.is_dir() or not os.access(report.parent, os.W_OK):
        raise UsageError(
            f"argument {option}: {report} cannot be written; name a file in a folder that may be written to", command
        )
    if suffix == printing.SUFFIX and printing.browser() is None:
        raise UsageError(
            f"argument {option}: no Chromium or Chrome is found that could print a .pdf; install one (apt-get install "
            "chromium), or name an .html and print it yourself",
            command,
        )


def put(report: Path, page: str) -> None:
    """Write the page, or its PDF; RecordingError where it cannot be written."""
    content = page.encode()
    if report.suffix.lower() == printing.SUFFIX:
        content = printing.as_pdf(content)
    beside = report.with_name(f".{report.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(report)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise RecordingError(f"{report}: cannot be written ({error.strerror}); name another place") from error
