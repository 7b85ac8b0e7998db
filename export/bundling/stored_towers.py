"""Where text towers lie: the shipped one with the code, every other beside the bundle that its training made.

A tower belongs to the bundle whose manifest names its SHA-256, whatever it is called; it never ships with the bundle.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

from agent.bundle.load import DEFAULT
from agent.bundle.manifest import MANIFEST
from agent.errors import ConfigError
from export.text.encoders import TextError, encoder_name

TOWERS = Path(__file__).parent.parent / "text" / "towers"
"""Where the tower of the shipped bundle is; no other is ever written there."""
SHIPPED = "default"
"""The name of the shipped bundle, and of its tower's file."""
FILE_NAME = re.compile(r"\w[\w.+-]*")


def folder_of(bundle: Path | str) -> Path:
    """The folder of a bundle as a command names it."""
    return DEFAULT if str(bundle) == SHIPPED else Path(bundle)


def is_shipped(bundle: Path) -> bool:
    """Whether a bundle folder is the one that ships."""
    return bundle.resolve() == DEFAULT.resolve()


def bundle_name(given: str | None, *, run: Path, out: Path) -> str:
    """What the bundle that is written to `out` calls itself: as `given`, as its run folder is called, or as `out` is.

    ConfigError where that would be the name of the shipped bundle.
    """
    if is_shipped(out):
        return given or SHIPPED
    named = [given] if given is not None else [run.resolve().name, out.resolve().name]
    found = next((name for name in named if name and name != SHIPPED), None)
    if found is None:
        raise ConfigError(f"{SHIPPED} is the name of the bundle that ships; give this one another with --name")
    if not FILE_NAME.fullmatch(found):
        raise ConfigError(f"--name {found!r}: use letters, digits, _, - and dots, for it names the tower's file, too")
    return found


def place_for(bundle: Path, towers: Path | None, *, name: str) -> Path:
    """The file for the tower of the bundle that is written to `bundle`; TextError where it would be over another's.

    `towers` is a folder that somebody chose; None: beside the bundle.
    """
    if is_shipped(bundle) and towers is None:
        return TOWERS / f"{SHIPPED}.npz"
    if towers is None:
        return bundle.with_name(f"{bundle.name}.tower.npz")
    if towers.resolve() == TOWERS.resolve() and not is_shipped(bundle):
        raise TextError(f"{towers}: holds the text tower of the shipped bundle alone; name another folder (--towers)")
    return towers / f"{name}.npz"


def stored_tower(bundle: Path | str, digest: str, given: Path | None, *, called: str) -> bytes:
    """The tower of SHA-256 `digest`: from `given` (a file, or a folder of towers), or beside `bundle`, or as shipped.

    TextError where it is not there; `called` is what the bundle calls itself.
    """
    for file in _places(bundle, given):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise TextError(f"{file}: {error.strerror or error}; name the tower of the bundle with --tower") from error
        if hashlib.sha256(content).hexdigest() == digest:
            return content
    where = given or f"{folder_of(bundle).parent} and {TOWERS}"
    raise TextError(
        f"{where}: not the text tower of bundle {called} (SHA-256 {digest[:12]}...); name the one that its training "
        "left with --tower"
    )


def check_tower(file: Path, content: bytes, *, replace: bool) -> None:
    """TextError where the tower `content` would go to `file` over another file; over a tower it may with `replace`."""
    if not file.exists() or (file.is_file() and file.read_bytes() == content):
        return
    try:
        encoder_name(file.read_bytes())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise TextError(f"{file}: is there and no text tower; name another folder with --towers or --out") from error
    if not replace:
        raise TextError(
            f"{file}: is another text tower, and the bundle that it belongs to could not be described any more; name "
            "another folder with --towers or --out, or write over it with --replace"
        )


def place_to_keep(content: bytes, bundle: Path) -> Path | None:
    """The file beside `bundle` for the tower that it belongs to; None where it is found anyhow."""
    digest = hashlib.sha256(content).hexdigest()
    if any(hashlib.sha256(file.read_bytes()).hexdigest() == digest for file in _places(bundle, None)):
        return None
    return place_for(bundle, None, name=bundle.name)


def encoder_name_for(bundle: Path | str, given: Path | None) -> str | None:
    """That of the tower of a bundle; None where either cannot be read: whoever needs it says what is wrong."""
    try:
        manifest = json.loads((folder_of(bundle) / MANIFEST).read_bytes())
        return encoder_name(stored_tower(bundle, str(manifest["tower_sha256"]), given, called=""))
    except (OSError, ValueError, KeyError, TypeError, TextError):
        return None


def _places(bundle: Path | str, given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield from sorted(given.glob("*.npz")) if given.is_dir() else [given]
        return
    if not is_shipped(folder_of(bundle)):
        yield from sorted(folder_of(bundle).absolute().parent.glob("*.npz"))
    yield from sorted(TOWERS.glob("*.npz"))
