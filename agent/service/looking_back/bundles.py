"""With which bundle an alert of the past is told: the one that judged it, where a copy is at hand."""

from __future__ import annotations

from pathlib import Path

from agent.bundle.load import Bundle, load_bundle
from agent.bundle.manifest import identity_of
from agent.errors import BundleError
from agent.service.reloading.kept_bundles import FOLDER


def bundle_for(state_dir: Path, sha256: str | None, named: str | None = None) -> Bundle:
    """That of a manifest's hash, else the one that ran last, else the one that ships; BundleError of a `named` one."""
    if named is not None:
        return load_bundle(named)
    found = _copies(state_dir)
    alike = [bundle for bundle in found if identity_of(bundle.manifest) == sha256]
    return next(iter([*alike, *found]), None) or load_bundle("default")


def _copies(state_dir: Path) -> list[Bundle]:
    """Those that can be read, the one that ran last first."""
    found = []
    try:
        folders = [path for path in (state_dir / FOLDER).iterdir() if path.is_dir()]
        folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
    for folder in folders:
        try:
            found.append(load_bundle(folder))
        except BundleError:
            continue
    return found
