"""Whatever a file holds, reading it gives samples or one line about it."""

from __future__ import annotations

from pathlib import Path

from agent.errors import RecordingError
from agent.recordings.read import read_recording

MOST_TEXT = 4000


def read_or_refuse(path: Path) -> None:
    """AssertionError where a refusal is more than one line, or long; anything else that is raised is a bug."""
    problem = ""
    try:
        assert read_recording(path).samples.ndim == 2
    except RecordingError as error:
        problem = str(error)
    assert "\n" not in problem
    assert len(problem) < MOST_TEXT
