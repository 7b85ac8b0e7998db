"""What a library finds wrong with a file is told without a programmer's names, with the file and the mend."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from agent.errors import RecordingError
from agent.recordings.foreign import reading


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EOFError(), "it ends too early"),
        (struct.error("unpack requires a buffer of 4 bytes"), "it ends too early"),
        (zlib.error("Error -3 while decompressing data"), "what is packed in it does not unpack"),
        (KeyError("samples.npy"), "it lacks 'samples.npy'"),
        (zipfile.BadZipFile("File is not a zip file"), "File is not a zip file"),
        (ValueError(), "it cannot be read"),
        (IsADirectoryError(21, "Is a directory", "a.vbw"), "Is a directory"),
    ],
)
def test_damage_is_told_in_words(error: Exception, said: str) -> None:
    with pytest.raises(RecordingError) as raised, reading(Path("a.vbw"), ".vbw file"):
        raise error
    assert str(raised.value) == (
        f"a.vbw: is damaged or no .vbw file ({said}); copy or save it again, or name another file"
    )


def test_a_file_that_is_not_there_is_not_called_damaged() -> None:
    with pytest.raises(RecordingError) as raised, reading(Path("a.vbw"), ".vbw file"):
        Path("no/such/a.vbw").read_bytes()
    assert str(raised.value) == "a.vbw: cannot be read (No such file or directory); name an existing file"
