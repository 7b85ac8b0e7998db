"""A bundle that was taken back is not begun with after a restart, whatever has become of folders meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from agent.bundle.load import DEFAULT, load_bundle
from agent.config.keys import AgentConfig, Config
from agent.service.reloading.kept_bundles import MOST_KEPT, KeptBundles


def config_of(bundle: Path) -> Config:
    return Config(agent=AgentConfig(id="gw", bundle=str(bundle)), sources=(), machines={}, sensors={})


def version(folder: Path, name: str) -> None:
    """What is in the folder is another bundle from now on."""
    shutil.copytree(DEFAULT, folder, dirs_exist_ok=True)
    manifest = msgspec.json.decode((DEFAULT / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest | {"version": name}))


@pytest.fixture
def taken_back(tmp_path: Path) -> Config:
    """A config whose bundle was written over by one that was then taken back."""
    bundle, kept = tmp_path / "bundle", KeptBundles(tmp_path / "state")
    config = config_of(bundle)
    version(bundle, "good")
    good = load_bundle(bundle)
    kept.keep(good, config)
    version(bundle, "bad")
    bad = load_bundle(bundle)
    kept.keep(bad, config)
    assert kept.standing_in(config) is config
    kept.refuse(bad.manifest, good.manifest)
    return config


def test_the_one_before_it_runs_in_its_place_and_that_is_told(tmp_path, taken_back):
    meant = KeptBundles(tmp_path / "state").standing_in(taken_back)
    assert load_bundle(meant.agent.bundle).manifest.version == "good"
    (notice,) = meant.notices
    assert notice.startswith("bundle_rolled_back: bundle ")
    assert "bad was taken back before" in notice


def test_a_bundle_that_is_another_one_by_now_is_taken_as_told(tmp_path, taken_back):
    version(tmp_path / "bundle", "mended")
    assert KeptBundles(tmp_path / "state").standing_in(taken_back) is taken_back


@pytest.mark.parametrize("damage", ["copy", "list"])
def test_a_damaged_copy_or_list_is_never_used(tmp_path, taken_back, damage):
    folder = tmp_path / "state" / "bundles"
    if damage == "list":
        (folder / "refused.json").write_text('{"a": "../../bundle", "b')
    else:
        for copy in folder.glob("*/texts.json"):
            copy.write_text("{}")
    assert KeptBundles(tmp_path / "state").standing_in(taken_back) is taken_back


def test_where_nothing_can_be_written_it_is_told_and_remembered_while_running(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    kept, bundle = KeptBundles(tmp_path / "file"), load_bundle(DEFAULT)
    kept.keep(bundle, config_of(DEFAULT))
    kept.refuse(bundle.manifest, bundle.manifest)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_copies_do_not_pile_up(tmp_path, taken_back):
    kept = KeptBundles(tmp_path / "state")
    for number in range(MOST_KEPT + 2):
        version(tmp_path / "bundle", f"v{number}")
        kept.keep(load_bundle(tmp_path / "bundle"), taken_back)
    assert len([one for one in (tmp_path / "state" / "bundles").iterdir() if one.is_dir()]) == MOST_KEPT + 1
