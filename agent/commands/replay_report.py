"""`replay --report FILE`: the answers as one page for people."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.report_file import put
from agent.errors import RecordingError

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.machine import SensorSetup
    from agent.messages.answer import Answer
    from agent.report.section import Section
    from agent.trend.line import Line
    from agent.types import Window

OPTION = "--report"


def add_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        OPTION,
        type=Path,
        metavar="OUT.html",
        help="write the answers with what they rest on, drawn, into one page; OUT.pdf where a Chromium is installed",
    )


def section_of(
    answer: Answer,
    *,
    setup: SensorSetup,
    bundle: Bundle,
    paths: Sequence[Path],
    healthy: Sequence[Path] | None = (),
    windows: Iterable[Window] | None = None,
    days: Iterable[Line] = (),
) -> Section:
    """What a report shows of an answer on the recording in `paths`; RecordingError where a file is gone.

    `windows` are those that were judged, where they are not the ones into which the recording is cut; `healthy` None:
    what they are held against is kept beside them. `days`: how the sensor's figures went.
    """
    from agent.recordings.short import cutting_of, windows_of
    from agent.report.section import file_of, judge_of
    from agent.report.section import section_of as section
    from firmware_bridge import VERSION

    try:
        files = [file_of(path) for path in paths]
        compared = None if healthy is None else [file_of(path) for path in healthy]
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
        judge=judge_of(bundle, version=VERSION),
        days=days,
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
    put(report, page_of(sections, unread=refused, language=as_language(language), made=made))
