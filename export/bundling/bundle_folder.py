"""Where a bundle is written: never over a folder that is none, and over another bundle only when told so.

Nothing but the files of a bundle is ever replaced or deleted: what somebody keeps beside them stays where it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from agent.bundle.manifest import FILES, MANIFEST, Manifest
from agent.bundle.signature import SIGNATURE
from agent.errors import BundleError
from export.data import trained_files

CARD = "model_card.md"  # has times in it, and so other bytes whenever the same is packed
OWN = (*FILES, trained_files.FILE, SIGNATURE, MANIFEST)
"""All that a bundle consists of, the manifest last: while that of before is there, nothing new passes for whole."""
NAMED = 3  # files that a refusal names


def check_folder(out: Path) -> None:
    """BundleError where something lies at `out` that is no bundle, or where `out` has no name to put files beside."""
    if out.name in ("", ".."):
        raise BundleError(f"--out {out}: name the bundle's folder by its own name; its text tower lies beside it")
    if out.is_dir() and not (any(out.iterdir()) and not (out / MANIFEST).is_file()):
        return
    if out.exists() or out.is_symlink():
        raise BundleError(f"{out}: exists and is no bundle; name another folder with --out")


def check_free(out: Path) -> None:
    """BundleError where a bundle lies at `out`."""
    if (out / MANIFEST).is_file():
        raise _taken(out, "another bundle")


def check_same(out: Path, made: Manifest, contents: Mapping[str, bytes]) -> None:
    """BundleError where another bundle lies at `out` than that of `made` with these `contents`."""
    if not (out / MANIFEST).is_file():
        return
    try:
        there = msgspec.json.decode((out / MANIFEST).read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise _taken(out, "a bundle that this version does not read") from error
    hashes = {name: entry.sha256 for name, entry in there.files.items() if name != CARD}
    new = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items() if name != CARD}
    if (there.name, there.version, hashes) != (made.name, made.version, new):
        raise _taken(out, f"another bundle, {there.name} {there.version}")


@contextmanager
def made_beside(out: Path) -> Iterator[Path]:
    """A folder beside `out` to make its bundle in, which then takes its place; where that fails, none is left."""
    part = part_of(out)
    try:
        yield part
    except BaseException:
        drop(part)
        raise
    move_into_place(part, out)


def part_of(out: Path) -> Path:
    """A new, empty folder beside `out`, in which its bundle is made; BundleError where somebody's files lie there."""
    part = out.with_name(f"{out.name}.part")
    if part.is_dir() and not part.is_symlink():
        if foreign := sorted(path.name for path in part.iterdir() if path.name not in OWN):
            more = " ..." if len(foreign) > NAMED else ""
            raise BundleError(
                f"{part}: holds {', '.join(foreign[:NAMED])}{more}, and is where the bundle is made before it moves to "
                f"{out}; move them or rename it, or name another folder with --out"
            )
        drop(part)
    part.mkdir(parents=True)
    return part


def drop(part: Path) -> None:
    """Delete a folder of `part_of` with the files of a bundle in it."""
    for path in part.iterdir():
        path.unlink()
    part.rmdir()


def move_into_place(part: Path, out: Path) -> None:
    """Let the finished bundle in `part` be the one at `out`; what else lies there stays."""
    if not out.is_dir():
        part.replace(out)
        return
    made = {path.name for path in part.iterdir()}
    for name in OWN:
        if name in made:
            (part / name).replace(out / name)
        else:
            (out / name).unlink(missing_ok=True)  # the signature of another manifest
    part.rmdir()


def size_of(out: Path) -> int:
    """Bytes of the bundle at `out`, without what somebody keeps beside it."""
    return sum((out / name).stat().st_size for name in OWN if (out / name).is_file())


def _taken(out: Path, what: str) -> BundleError:
    return BundleError(f"--out {out}: holds {what}; name another folder, or write over it with --replace")
