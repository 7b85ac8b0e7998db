"""Copies of the bundles that run, in the state folder: a bundle that was taken back is not begun with after a restart
either, though the config still names it and its folder may have been written over.

Which was taken back for which is kept beside them. A copy is checked as any bundle is before it is used; where none can
be made or read, the agent runs all the same, and says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
from pathlib import Path

import msgspec

from agent.bundle.load import DEFAULT, Bundle, load_bundle
from agent.bundle.manifest import Manifest
from agent.config.keys import Config
from agent.errors import BundleError

FOLDER, REFUSED = "bundles", "refused.json"
MOST_FILES, MOST_BYTES = 32, 1 << 20
MOST_KEPT = 3

log = logging.getLogger(__name__)


class KeptBundles:
    """Of one state folder; used from one thread at a time."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / FOLDER
        self._refused = self._read()

    def standing_in(self, config: Config) -> Config:
        """The config as it is meant: where it names a bundle that was taken back, with the copy of that before it."""
        if not self._refused:
            return config
        try:
            named = load_bundle(config.agent.bundle).manifest
            good = self._refused.get(_id(named))
            if good is None or _id(load_bundle(self._folder / good).manifest) != good:
                return config
        except BundleError:
            return config  # who takes it will be told
        agent = msgspec.structs.replace(config.agent, bundle=str(self._folder / good))
        notices = (
            *config.notices,
            f"bundle_rolled_back: bundle {named.name} {named.version} was taken back before; the one before it runs in "
            "its place; set agent.bundle to one that works",
        )
        return msgspec.structs.replace(config, agent=agent, notices=notices)

    def keep(self, bundle: Bundle, config: Config) -> None:
        """Copy the bundle that a config names, as it was loaded."""
        source = DEFAULT if config.agent.bundle == "default" else Path(config.agent.bundle)
        kept = self._folder / _id(bundle.manifest)
        if kept.is_dir():
            kept.touch()
            return
        fresh = kept.with_suffix(".new")
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700, parents=True)
            for file in [file for file in sorted(source.iterdir()) if file.is_file()][:MOST_FILES]:
                if file.stat().st_size <= MOST_BYTES:
                    shutil.copyfile(file, fresh / file.name)
            if load_bundle(fresh).manifest != bundle.manifest:
                raise BundleError("it was written over meanwhile")
            fresh.rename(kept)
            self._tidy()
        except (OSError, BundleError) as error:
            log.warning("%s: the bundle cannot be copied (%s); a restart cannot go back to it", kept, error)
            shutil.rmtree(fresh, ignore_errors=True)

    def copy_of(self, manifest: Manifest) -> str | None:
        """The folder with the copy of a bundle; None where there is none."""
        copy = self._folder / _id(manifest)
        return str(copy) if copy.is_dir() else None

    def refuse(self, bad: Manifest, good: Manifest) -> None:
        """Note that a bundle was taken back for another one."""
        newest = list({**self._refused, _id(bad): _id(good)}.items())[-MOST_KEPT:]
        self._refused = dict(newest)
        fresh = self._folder / f"{REFUSED}.new"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(self._refused))
            fresh.replace(self._folder / REFUSED)
        except OSError as error:
            log.warning("%s: cannot be written (%s); a restart takes the bundle again", fresh, error)

    def _read(self) -> dict[str, str]:
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            found = msgspec.json.decode((self._folder / REFUSED).read_bytes(), type=dict[str, str])
            return {bad: good for bad, good in found.items() if good.isalnum()}  # a name of a folder, and no path
        return {}

    def _tidy(self) -> None:
        """Let go of the oldest copies that nothing stands for."""
        copies = [copy for copy in self._folder.iterdir() if copy.is_dir() and copy.name not in self._refused.values()]
        for copy in sorted(copies, key=lambda copy: copy.stat().st_mtime)[:-MOST_KEPT]:
            shutil.rmtree(copy, ignore_errors=True)


def _id(manifest: Manifest) -> str:
    """Of a bundle: its manifest has the hashes of its files."""
    return hashlib.sha256(msgspec.json.encode(manifest)).hexdigest()[:24]
