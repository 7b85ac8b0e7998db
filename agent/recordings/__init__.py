"""Files of every dialect as sample blocks: one module per format, and its row in the table; export reads here, too.

A new format is a row and its module; error messages, help texts and the check for an optional package derive from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of recording."""

    path: str  # "module:function", imported on use; function(path, agent.recordings.asked.Asked) is a Recording
    package: str | None = None  # that it needs beyond the edge's own
    extra: str | None = None  # of this distribution, which brings that package
    is_framed: bool = False  # frames as a port brings them, played through the reader that serves ports


KEPT = ".vbw"
"""Windows that were kept around an alert, with all that decided what was said of them."""

FORMATS = {
    ".vbp": Format("agent.recordings.vbp:read", is_framed=True),
    KEPT: Format("agent.recordings.kept:read"),
    ".csv": Format("agent.recordings.csv:read"),
    ".txt": Format("agent.recordings.csv:read"),
    ".tsv": Format("agent.recordings.csv:read"),
    ".lvm": Format("agent.recordings.csv:read"),
    ".wav": Format("agent.recordings.wav:read"),
    ".npy": Format("agent.recordings.npy:read"),
    ".npz": Format("agent.recordings.npy:read_many"),
    ".mat": Format("agent.recordings.mat:read", package="scipy", extra="recordings"),
    ".h5": Format("agent.recordings.hdf5:read", package="h5py", extra="recordings"),
    ".hdf5": Format("agent.recordings.hdf5:read", package="h5py", extra="recordings"),
    ".xlsx": Format("agent.recordings.xlsx:read", package="openpyxl", extra="recordings"),
    ".parquet": Format("agent.recordings.parquet:read", package="pyarrow", extra="recordings"),
    ".tdms": Format("agent.recordings.tdms:read", package="nptdms", extra="recordings"),
    ".uff": Format("agent.recordings.uff:read", package="pyuff", extra="recordings"),
    ".unv": Format("agent.recordings.uff:read", package="pyuff", extra="recordings"),
    ".flac": Format("agent.recordings.flac:read", package="soundfile", extra="recordings"),
}
"""By the suffix of the file, in lower case."""


def format_of(path: Path) -> Format | None:
    """The format of a file by its suffix; None where it is none of ours."""
    return FORMATS.get(path.suffix.lower())


def suffixes_in_words() -> str:
    """Every suffix, for a person."""
    *others, last = FORMATS
    return f"{' '.join(others)} or {last}"
