"""The files of a run folder one by one, read whole or refused: a damaged one is named, with what to do about it."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from agent.errors import TextVibError
from export.text.encoders import encoder_name

MEND = (
    "take it from a copy, or repeat the command that made it (`train`, `continue` or `distil` with --replace, or "
    "`quantize`, `pack`)"
)
"""What to do about a damaged file of a run."""
DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, EOFError),
    *(ValueError, KeyError, IndexError, AttributeError, TypeError, RuntimeError),
)
"""What numpy and torch raise on files that are cut, changed or of something else."""

NEEDED = ("config.json", "table.npz", "scaling.npy", "trained.pt", "tower.npz", "calibration.json", "deviation.json")
"""Without these a run is not finished."""

Value = TypeVar("Value")


class RunError(TextVibError):
    """A run folder lacks something; the message says which command makes it."""

    exit_code = 65


class _HeldOut(msgspec.Struct, frozen=True):
    balanced_accuracy_by_family: dict[str, float]
    recall_per_label: dict[str, float]
    calibration_error: float


class _Text(msgspec.Struct, frozen=True):
    cost_of_unseen_wordings: float


class _Told(msgspec.Struct, frozen=True):
    """What warnings and the model card tell of `metrics.json`."""

    held_out_groups: _HeldOut
    text: _Text


def check_whole(folder: Path) -> None:
    """RunError where a run never finished; nothing of it is read."""
    for name in NEEDED:
        if not (folder / name).is_file():
            raise RunError(
                f"{folder / name}: not there; name a finished run, or repeat the command that was making this one "
                f"(`python -m export train` or `continue` with --out {folder}), which goes on"
            )


def check_quantized(folder: Path) -> None:
    """RunError where a run has no int8 files yet."""
    if not (folder / "quantized.json").is_file():
        raise RunError(f"{folder}: not quantized; run `python -m export quantize {folder}`")


@contextmanager
def told_if_damaged(path: Path) -> Iterator[Path]:
    """RunError that names the file and the mend, in the place of whatever numpy or torch raises while it is read."""
    try:
        yield path
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror or error}); {MEND}") from error
    except DAMAGES as error:
        raise RunError(f"{path}: is damaged; {MEND}") from error


def read_tower(path: Path) -> bytes:
    """The stored tower as it lies there, once all of it has been read."""
    with told_if_damaged(path):
        content = path.read_bytes()
        encoder_name(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            for name in stored.files:
                stored[name]
    return content


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """RunError with the mend, in the place of what is raised of a file that is not there, or holds something else."""
    try:
        yield
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror}); {MEND}") from error
    except msgspec.DecodeError as error:  # a ValidationError is one
        raise RunError(f"{path}: {error}; {MEND}") from error


def write_json(path: Path, value: object) -> None:
    """Indented, as people read it."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def read_json(path: Path, kind: type[Value]) -> Value:
    """RunError where the file is not there, damaged, or of something else than `kind`."""
    with _refused(path):
        return msgspec.json.decode(path.read_bytes(), type=kind)


def read_metrics(path: Path) -> dict[str, object]:
    """All figures of a run; RunError where some are missing that a bundle tells."""
    found = read_json(path, dict[str, object])
    with _refused(path):
        msgspec.convert(found, _Told)
    return found
