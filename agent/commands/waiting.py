"""Reading and judging a long recording, with what is read and judged so far told on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.service.progress import shares

if TYPE_CHECKING:
    from agent.recordings.read import Recording
    from agent.types import SampleBlock


def read_recording(path: Path, **told: Any) -> Recording:
    """As `agent.recordings.read.read_recording`."""
    from agent.recordings.read import read_recording as read

    with shares(f"reading {path.name}") as progress:
        return read(path, **told, progress=progress)


def blocks_of(recording: Recording, sensor: str) -> Iterator[SampleBlock]:
    """As `agent.recordings.read.blocks_of`, one after the other as they are judged."""
    from agent.recordings.read import blocks_of as blocks

    rows = 0
    with shares(f"judging {recording.path.name}") as progress:
        for block in blocks(recording, sensor):
            yield block
            rows += len(block.samples)
            progress(rows / len(recording.samples))
