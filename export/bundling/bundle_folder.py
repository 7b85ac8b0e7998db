"""Where a bundle is written: never over a folder that is none, and over another bundle only when told so."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.bundle.manifest import MANIFEST, Manifest
from agent.errors import BundleError

CARD = "model_card.md"  # has times in it, and so other bytes whenever the same is packed


def check_folder(out: Path) -> None:
    """BundleError where something lies at `out` that is no bundle: whatever is written there takes its place."""
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


def _taken(out: Path, what: str) -> BundleError:
    return BundleError(f"--out {out}: holds {what}; name another folder, or write over it with --replace")
