"""A tower lies beside its bundle and never over the shipped one, and is found there by its hash."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from agent.bundle.load import DEFAULT
from agent.errors import ConfigError
from export.bundling.stored_towers import TOWERS, bundle_name, check_tower, place_for, place_to_keep, stored_tower
from export.cli import main
from export.text.encoders import TextError


@pytest.mark.parametrize(
    ("given", "run", "out", "name"),
    [
        (None, "runs/pump", "bundles/x", "pump"),
        (None, "runs/default", "bundles/x", "x"),
        ("mine", "runs/pump", "bundles/x", "mine"),
        (None, "runs/pump", DEFAULT, "default"),
        ("other", "runs/pump", DEFAULT, "other"),
    ],
)
def test_a_bundle_is_called_as_its_run_is(given: str | None, run: str, out: str | Path, name: str) -> None:
    assert bundle_name(given, run=Path(run), out=Path(out)) == name


@pytest.mark.parametrize(
    ("given", "out"), [("default", "bundles/x"), (None, "bundles/default"), ("a/b", "bundles/x"), ("..", "bundles/x")]
)
def test_the_shipped_ones_name_is_taken_and_odd_ones_are_refused(given: str | None, out: str) -> None:
    with pytest.raises(ConfigError, match="--name"):
        bundle_name(given, run=Path("runs/default"), out=Path(out))


def test_a_tower_goes_beside_its_bundle(tmp_path: Path) -> None:
    assert place_for(tmp_path / "mine", None, name="pump") == tmp_path / "mine.tower.npz"
    assert place_for(tmp_path / "mine", tmp_path / "t", name="pump") == tmp_path / "t" / "pump.npz"
    assert place_for(DEFAULT, None, name="default") == TOWERS / "default.npz"
    for name in ("default", "pump"):
        with pytest.raises(TextError, match="--towers"):
            place_for(tmp_path / "mine", TOWERS, name=name)


def test_a_tower_is_found_beside_its_bundle_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "renamed.npz").write_bytes(b"a tower")
    digest = hashlib.sha256(b"a tower").hexdigest()
    assert stored_tower(tmp_path / "bundle", digest, None, called="mine 1") == b"a tower"
    with pytest.raises(TextError, match=r"bundle mine 1 .*--tower"):
        stored_tower(tmp_path / "elsewhere" / "bundle", digest, None, called="mine 1")
    assert place_to_keep(b"a tower", tmp_path / "bundle") is None  # it is there already
    elsewhere = tmp_path / "elsewhere" / "bundle"
    assert place_to_keep(b"a tower", elsewhere) == tmp_path / "elsewhere" / "bundle.tower.npz"


def test_a_tower_goes_over_no_file_of_somebody_and_over_another_tower_when_told(tmp_path: Path) -> None:
    file, shipped = tmp_path / "mine.npz", (TOWERS / "default.npz").read_bytes()
    check_tower(file, b"new", replace=False)
    for content in (b"dear", b""):
        file.write_bytes(content)
        with pytest.raises(TextError, match="is there and no text tower"):
            check_tower(file, b"new", replace=True)
    np.savez(file, measured=np.zeros(3))
    with pytest.raises(TextError, match="is there and no text tower"):
        check_tower(file, b"new", replace=True)
    file.write_bytes(shipped)
    check_tower(file, shipped, replace=False)
    with pytest.raises(TextError, match=r"could not be described any more.*--replace"):
        check_tower(file, b"new", replace=False)
    check_tower(file, b"new", replace=True)


def test_the_shipped_bundle_reads_on_after_a_user_has_packed(
    trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in TOWERS.iterdir()}
    shutil.copytree(trained_run, tmp_path / "trained_run")
    monkeypatch.chdir(tmp_path)
    pack = ["pack", "trained_run", "--out", "bundles/mine"]
    assert main(pack) == 0
    told = capsys.readouterr()
    assert "bundle trained_run" in told.out
    assert told.err.splitlines()[-1] == "next: python -m export verify --bundle bundles/mine --run trained_run"
    assert {path.name: path.read_bytes() for path in TOWERS.iterdir()} == before
    assert (tmp_path / "bundles" / "mine.tower.npz").is_file()
    assert main(["rank", "the outer ring is pitted", "--bundle", "bundles/mine"]) == 0
    assert main(["rank", "the outer ring is pitted"]) == 0
    assert main([*pack, "--name", "default"]) == 78
