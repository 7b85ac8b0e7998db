"""Which bundle a run was packed to: noted in the run folder, so that `verify` holds a run against its own bundle."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from agent.bundle.load import load_bundle
from agent.bundle.manifest import MANIFEST
from agent.errors import ConfigError
from export.bundling.stored_towers import SHIPPED, is_shipped
from export.runs.folder import Run, read_json, write_json
from export.text.tower import sha256

FILE = "packed.json"


class Packed(msgspec.Struct, frozen=True):
    """`packed.json`: where the last bundle of a run was written to."""

    bundle: str


def note_packed(run: Run, out: Path) -> None:
    """Note in the folder of `run`, where that may be written to, that its bundle is at `out`."""
    with suppress(OSError):  # a run that its reader may not write to is packed all the same
        write_json(run.folder / FILE, Packed(str(out.resolve())))


def bundle_of(run: Run) -> str:
    """The bundle of `run` as commands name it: the one that it was packed to, or the shipped one where that is its own.

    ConfigError where neither is there.
    """
    gone = ""
    if (run.folder / FILE).is_file():
        place = Path(read_json(run.folder / FILE, Packed).bundle)
        if (place / MANIFEST).is_file():
            return SHIPPED if is_shipped(place) else str(place)
        gone = f", and none lies at {place} any more"
    if load_bundle(SHIPPED).manifest.tower_sha256 == sha256(run.tower):
        return SHIPPED
    raise ConfigError(
        f"{run.folder}: which bundle is of this run is not known{gone}; name it with --bundle, or make it: "
        f"python -m export pack {run.folder} --out FOLDER"
    )
