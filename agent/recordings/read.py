"""Recordings of vibration as samples, in every format of the table in `agent.recordings`.

Nothing is guessed: what a file does not say and the caller does not give is None or an error that names the file and
the mend; what was taken from the file or left out is told in `notes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from agent.errors import RecordingError
from agent.ports import load
from agent.recordings import FORMATS, format_of
from agent.recordings.asked import Asked, unheard
from agent.recordings.channels import MAX_FILE_BYTES
from agent.recordings.recording import Piece as Piece
from agent.recordings.recording import Recording as Recording
from agent.recordings.recording import Unit, checked
from agent.recordings.recording import blocks_of as blocks_of
from agent.recordings.scale import NO_SCALE, Scale
from agent.recordings.told import overruled
from firmware_bridge.installing import pip_line


def read_recording(
    path: Path,
    *,
    variable: str | None = None,
    rate_hz: float | None = None,
    axes: Sequence[str] | None = None,
    unit: Unit | None = None,
    scale: Scale = NO_SCALE,
    progress: Callable[[float], None] = unheard,
) -> Recording:
    """Read one recording whole.

    `variable` names a MATLAB variable, a CSV column, a channel or column number from 1, or "device:stream" of a `.vbp`;
    several joined by `+` become axes, `*` and `?` stand for any characters, dots reach into structs. Without it the
    file must leave no choice. `rate_hz`, `unit` and `scale` say what the file does not, `axes` overrule its own.
    RecordingError for all else, and where the file says another rate (by more than 5 %) or unit. `progress` hears the
    share that is read.
    """
    suffix, file_format = path.suffix.lower(), format_of(path)
    if file_format is None:
        raise RecordingError(
            f"{path}: cannot read {path.suffix or 'a file without suffix'}; known: {' '.join(FORMATS)}"
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    if size > MAX_FILE_BYTES:
        raise RecordingError(f"{path}: {size} bytes, at most {MAX_FILE_BYTES} are read; cut it into shorter pieces")
    try:
        recording: Recording = load(FORMATS, suffix)(path, Asked(variable, volts=scale.of_volts, progress=progress))
    except ImportError as error:
        if file_format.package is None:
            raise
        needed = (error.name or file_format.package).partition(".")[0]
        mend = f"install the extra: {pip_line(file_format.extra or 'recordings')}"
        raise RecordingError(f"{path}: reading {suffix} needs {needed}; {mend}") from error
    except (OSError, MemoryError) as error:
        raise RecordingError(f"{path}: cannot be read ({error})") from error
    return checked(overruled(recording, rate_hz=rate_hz, axes=axes, unit=unit, scale=scale))
