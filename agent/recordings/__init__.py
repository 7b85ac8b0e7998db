"""Files of every dialect as sample blocks: one module per format, and its row in the table; export reads here, too.

A new format is a row and its module; error messages, help texts and the check for an optional package derive from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of recording."""

    path: str  # "module:function", imported on use; function(path, variable) is an agent.recordings.recording.Recording
    package: str | None = None  # that it needs beyond the edge's own
    extra: str | None = None  # of this distribution, which brings that package
    is_framed: bool = False  # frames as a port brings them, played through the reader that serves ports


FORMATS = {
    ".vbp": Format("agent.recordings.vbp:read", is_framed=True),
    ".csv": Format("agent.recordings.csv:read"),
    ".txt": Format("agent.recordings.csv:read"),
    ".tsv": Format("agent.recordings.csv:read"),
    ".lvm": Format("agent.recordings.csv:read"),
    ".wav": Format("agent.recordings.wav:read"),
    ".npy": Format("agent.recordings.npy:read"),
    ".mat": Format("agent.recordings.mat:read", package="scipy", extra="recordings"),
}
"""By the suffix of the file, in lower case."""


def format_of(path: Path) -> Format | None:
    """The format of a file by its suffix; None where it is none of ours."""
    return FORMATS.get(path.suffix.lower())


def suffixes_in_words() -> str:
    """Every suffix, for a person."""
    *others, last = FORMATS
    return f"{' '.join(others)} or {last}"
