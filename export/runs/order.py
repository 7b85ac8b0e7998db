"""What a run folder was begun for: the same order goes on or is left as it is, another one is refused.

Whatever fills such a folder (`train`, `pretrain`, `continue`, `distil`, `rebuild`) keeps to this one rule: what is
unfinished and the same goes on, what is finished and the same is left alone, and nothing else that training has left is
written over unless told so (`--replace`). A folder in which somebody else's files lie, and no run, is never filled.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.runtimes import RUNTIMES
from agent.dsp.features import VERSION
from agent.errors import ConfigError
from export.data.manifest import ManifestRow
from export.data.trained_files import hash_of
from export.progress import track
from export.training.finished import FILE as WHOLE

FILE = "order.json"
FINISHED = ("trained.pt", "pretrained.pt")  # what folders of before, without an order, show that something lies there
OWN = (
    *FINISHED,
    *("config.json", "table.npz", "scaling.npy", "tower.npz", "calibration.json", "deviation.json", "trained_on.npy"),
    *("metrics.json", "curves.png", "quantized.json", "pretrained.json", "start.npz", "sentences.json"),
    *("checkpoint.pt", "checkpoint.part", "aware.pt", "aware.part", "packed.json", FILE),
    *(runtime.file for runtime in RUNTIMES.values()),
)
"""Files that commands leave in such a folder; what else lies there is somebody's own, and stays."""
FOLDERS = ("folds",)
TOLD = 4  # differences that are named


class Order(msgspec.Struct, frozen=True):
    """A command, all that decides what comes of it as words, and whether it has come to its end."""

    command: str
    asked: dict[str, str]
    finished: bool = False

    def same_as(self, other: Order) -> bool:
        return (self.command, self.asked) == (other.command, other.asked)


def order_of(command: str, settings: Mapping[str, object], *, files: Iterable[Path] = ()) -> Order:
    """That of a command with `settings`, of any depth, which reads `files`: a file with another content is another.

    When a file was written says nothing of what is in it, and of folders nothing counts.
    """
    asked = dict(_words(msgspec.to_builtins({**settings, "features": VERSION}), ""))
    digest = hashlib.sha256()
    for path in track(sorted({path.resolve() for path in files}), "contents of recordings"):
        if not path.is_file():
            continue  # whoever reads it says what is wrong with it
        with suppress(OSError):
            digest.update(f"{path}\0{hash_of(path)}\0".encode())
    return Order(command, {**asked, "recordings": digest.hexdigest()})


def is_finished(folder: Path, order: Order, *, replace: bool, tell: Callable[[str], None] = lambda line: None) -> bool:
    """Whether `folder` holds what `order` makes; `tell` hears so. Nothing in it is touched.

    ConfigError where something else lies there, unless it may be replaced, where it is a file, or where it holds
    what no training has left.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--out {folder}: is a file; name a folder")
    found = _found(folder)
    if found is None and (others := _others(folder)):
        raise ConfigError(
            f"--out {folder}: holds {', '.join(others[:TOLD])}{' ...' if len(others) > TOLD else ''} and no run; name "
            "a folder that is new or empty"
        )
    if found is not None and found.same_as(order) and not found.finished:
        tell(f"{folder}: goes on where this very command was stopped; {_kept(folder)}")
    if replace or found is None:
        return False
    if not found.same_as(order):
        state = "finished" if found.finished else "begun"
        raise ConfigError(
            f"--out {folder}: holds what another command has {state} ({_apart(found, order)}); name another folder, or "
            "write over it with --replace"
        )
    if found.finished:
        tell(f"{folder}: was finished by this very command and is left as it is; --replace makes it anew")
    return found.finished


def begin(folder: Path, order: Order) -> None:
    """Make the folder ready for `order`: what the same one has begun stays, to go on; all else of ours goes."""
    found = _found(folder)
    if found is not None and (found.finished or not found.same_as(order)):
        _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, order)


def end(folder: Path, order: Order) -> None:
    """Note that all of `order` is there."""
    _write(folder, msgspec.structs.replace(order, finished=True))


def rows_digest(rows: Iterable[ManifestRow]) -> str:
    """A word for all that manifests say of recordings."""
    return hashlib.sha256("\n".join(map(repr, rows)).encode()).hexdigest()


def digest_of(*arrays: NDArray[np.generic]) -> str:
    """A word for arrays of numbers or strings, to ask for by."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _found(folder: Path) -> Order | None:
    """The order that a folder was begun for; one that nobody knows where it lies there without; None for a new one."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Order)
    except FileNotFoundError:
        pass
    except msgspec.DecodeError:
        return Order("", {})
    if not any((folder / name).exists() for name in (*OWN, *FOLDERS)):
        return None
    return Order("", {}, finished=any((folder / name).exists() for name in FINISHED))


def _kept(folder: Path) -> str:
    """What of an unfinished training is not done again, for a person."""
    folds = sorted(int(place.parent.name) + 1 for place in folder.glob(f"{FOLDERS[0]}/[0-9]*/{WHOLE}"))
    if folds:
        return f"its first network and fold{'s' if len(folds) > 1 else ''} {', '.join(map(str, folds))} are kept"
    if (folder / "checkpoint.pt").exists():
        return "its network is kept as of its last checkpoint"
    return "no checkpoint was reached, so that it begins anew"


def _others(folder: Path) -> list[str]:
    """What lies in a folder, but for hidden files, which desktops and version control leave anywhere."""
    if not folder.is_dir():
        return []
    own = f"{FILE}.part"
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name != own)


def _write(folder: Path, order: Order) -> None:
    part = folder / f"{FILE}.part"
    part.write_bytes(msgspec.json.format(msgspec.json.encode(order), indent=1) + b"\n")
    part.replace(folder / FILE)


def _clear(folder: Path) -> None:
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in OWN:
        (folder / name).unlink(missing_ok=True)


def _apart(found: Order, order: Order) -> str:
    if not found.command:
        return "which one is not known any more"
    if found.command != order.command:
        return f"`{found.command}`, not `{order.command}`"
    before, now = found.asked, order.asked
    names = [name for name in dict.fromkeys((*now, *before)) if now.get(name) != before.get(name)]
    told = [_difference(name, before.get(name), now.get(name)) for name in names[:TOLD]]
    return ", ".join(told) + (f" and {len(names) - TOLD} more" if len(names) > TOLD else "")


def _difference(name: str, before: str | None, now: str | None) -> str:
    if any(word is not None and len(word) == hashlib.sha256().digest_size * 2 for word in (before, now)):
        return f"other {name}"
    return f"{name} {before or 'unsaid'}, not {now or 'unsaid'}"


def _words(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _words(part, f"{name}.{key}" if name else str(key))
    else:
        yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()
