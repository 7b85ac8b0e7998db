"""FLAC files as samples between -1 and 1, through libsndfile, block by block."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.channels import MAX_VALUES, chosen_columns, names_of_axes
from agent.recordings.foreign import check_unpacked, reading
from agent.recordings.recording import Recording

MAGIC = b"fLaC"
BLOCK = 1 << 16  # samples
BITS: Final = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}


def read(path: Path, asked: Asked) -> Recording:
    """A FLAC file whole; `asked` chooses channels by number from 1."""
    import soundfile

    with path.open("rb") as raw:
        if raw.read(len(MAGIC)) != MAGIC:  # libsndfile would go by contents, and read any other of its formats
            raise RecordingError(f"{path}: is no FLAC file")
    held = bytearray()
    with reading(path, "FLAC file"), soundfile.SoundFile(path) as file:
        bits, channels, rate_hz, frames = BITS.get(file.subtype), file.channels, file.samplerate, file.frames
        while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
            held += np.ascontiguousarray(chosen_columns(path, block, asked.variable)).tobytes()
            check_unpacked(path, len(held))
            if len(held) > 4 * MAX_VALUES:
                raise RecordingError(f"{path}: holds more than {MAX_VALUES} values; cut it into shorter pieces")
            asked.progress(min(1.0, file.tell() / max(1, frames)))
    width = channels if asked.variable in (None, "*") else len(str(asked.variable).split("+"))
    samples = np.frombuffer(held, np.float32).reshape(-1, width)
    step = None if bits is None else 2.0 ** (1 - bits)
    return Recording(
        path=path,
        samples=samples,
        rate_hz=float(rate_hz),
        rpm=None,
        unit="raw",
        axes=names_of_axes(path, width),
        full_scale=None if step is None else 1.0 - step,
        step=step,
        one_is_full_scale=True,
        notes=(
            f"{rate_hz} Hz from the file; full scale is 1.0",
            *(["ends before the length that its header says"] if len(samples) < frames else []),
        ),
    )
