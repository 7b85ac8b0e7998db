"""`replay --report FILE`: the answers as one page for people, as HTML or, where a browser is found, as PDF."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands import printing
from agent.commands.arguments import UsageError
from agent.errors import RecordingError

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.machine import SensorSetup
    from agent.messages.answer import Answer
    from agent.report.section import Section
    from agent.types import Window

PAGES = (".html", ".htm")


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.html",
        help="write the answers with what they rest on, drawn, into one page; OUT.pdf where a Chromium is installed",
    )


def check(report: Path | None) -> None:
    """UsageError for a report that cannot be written, before anything is read."""
    if report is None:
        return
    suffix = report.suffix.lower()
    if suffix not in (*PAGES, printing.SUFFIX):
        raise UsageError(f"argument --report: {report} is neither .html nor .pdf; name one of them")
    if report.is_dir() or not report.parent.is_dir() or not os.access(report.parent, os.W_OK):
        raise UsageError(
            f"argument --report: {report} cannot be written; name a file in a folder that may be written to"
        )
    if suffix == printing.SUFFIX and printing.browser() is None:
        raise UsageError(
            "argument --report: no Chromium or Chrome is found that could print a .pdf; install one (apt-get install "
            "chromium), or name an .html and print it yourself"
        )


def section_of(
    answer: Answer,
    *,
    setup: SensorSetup,
    bundle: Bundle,
    paths: Sequence[Path],
    healthy: Sequence[Path] = (),
    windows: Iterable[Window] | None = None,
) -> Section:
    """What a report shows of an answer on the recording in `paths`; RecordingError where a file is gone.

    `windows` are those that were judged, where they are not the ones into which the recording is cut.
    """
    from agent.recordings.short import cutting_of, windows_of
    from agent.report.section import file_of
    from agent.report.section import section_of as section
    from firmware_bridge import VERSION

    try:
        files, compared = [file_of(path) for path in paths], [file_of(path) for path in healthy]
    except OSError as error:
        raise RecordingError(f"{error.filename}: cannot be read ({error.strerror})") from error
    if windows is None:
        windows = windows_of(answer.recording, cutting_of(answer.recording, bundle.spec))
    return section(
        answer,
        setup=setup,
        windows=windows,
        bundle=bundle,
        files=files,
        healthy=compared,
        version=VERSION,
    )


def write(
    report: Path, sections: Sequence[Section], *, unread: Sequence[tuple[Path, RecordingError]], language: str
) -> None:
    """The page or the PDF, whole or not at all; RecordingError where it cannot be written."""
    from datetime import UTC, datetime

    from agent.messages.words import as_language
    from agent.report.page import Unread, page_of

    refused = [Unread(path.name, str(error).removeprefix(f"{path}: ")) for path, error in unread]
    made = datetime.now(UTC).astimezone()
    page = page_of(sections, unread=refused, language=as_language(language), made=made).encode()
    if report.suffix.lower() == printing.SUFFIX:
        page = printing.as_pdf(page)
    beside = report.with_name(f".{report.name}.part")
    try:
        beside.write_bytes(page)
        beside.replace(report)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise RecordingError(f"{report}: cannot be written ({error.strerror}); name another place") from error
