"""Where a bundle is written: no folder of somebody is ever replaced, another bundle only when told so."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from agent.bundle.load import DEFAULT, load_bundle
from agent.bundle.manifest import FILES, MANIFEST
from agent.bundle.signature import SIGNATURE
from agent.errors import BundleError
from export.bundling.bundle_folder import (
    check_folder,
    check_free,
    check_same,
    made_beside,
    move_into_place,
    part_of,
    size_of,
)
from export.bundling.stored_examples import check_place
from export.cli import main

SHIPPED = load_bundle(DEFAULT).manifest


def contents() -> dict[str, bytes]:
    return {name: (DEFAULT / name).read_bytes() for name in FILES}


def test_only_a_new_place_an_empty_folder_or_a_bundle_is_written_to(tmp_path: Path) -> None:
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    check_folder(DEFAULT)
    (tmp_path / "letter").write_text("dear")
    for place in (tmp_path, tmp_path / "letter"):
        with pytest.raises(BundleError, match="exists and is no bundle"):
            check_folder(place)


def test_pack_leaves_a_folder_of_somebody_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter").write_text("dear")
    assert main(["pack", str(tmp_path / "run"), "--out", str(home), "--replace"]) == BundleError.exit_code
    assert "home: exists and is no bundle" in capsys.readouterr().err
    assert (home / "letter").exists()


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_bundle_needs_a_name_to_put_its_tower_beside(name: str) -> None:
    with pytest.raises(BundleError, match="by its own name"):
        check_folder(Path(name))


def test_what_somebody_keeps_in_a_bundle_folder_stays_when_it_is_written_anew(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    for name, content in {"notes.txt": "dear", MANIFEST: "old", SIGNATURE: "of the old"}.items():
        out.mkdir(exist_ok=True)
        (out / name).write_text(content)
    (out / "measured").mkdir()
    part = part_of(out)
    for name in (*FILES, MANIFEST):
        (part / name).write_text("new")
    move_into_place(part, out)
    assert sorted(path.name for path in out.iterdir()) == sorted((*FILES, MANIFEST, "notes.txt", "measured"))
    assert ((out / "notes.txt").read_text(), (out / MANIFEST).read_text()) == ("dear", "new")
    assert not part.exists()
    assert size_of(out) == 3 * (len(FILES) + 1)


def test_of_a_bundle_that_fails_nothing_is_left(tmp_path: Path) -> None:
    def make() -> None:
        with made_beside(tmp_path / "mine") as part:
            (part / MANIFEST).write_text("half")
            raise BundleError("not accepted")

    with pytest.raises(BundleError, match="not accepted"):
        make()
    assert list(tmp_path.iterdir()) == []


def test_where_a_bundle_is_made_somebodys_files_are_not_deleted(tmp_path: Path) -> None:
    out, part = tmp_path / "mine", tmp_path / "mine.part"
    part.mkdir()
    (part / MANIFEST).write_text("left by a kill")
    assert list(part_of(out).iterdir()) == []
    (part / "thesis.tex").write_text("dear")
    with pytest.raises(BundleError, match=r"mine\.part: holds thesis\.tex, and is where the bundle is made"):
        part_of(out)
    assert (part / "thesis.tex").read_text() == "dear"


def test_examples_go_over_no_file_of_somebody(tmp_path: Path) -> None:
    file = tmp_path / "seal.examples.npz"
    check_place(tmp_path / "seal")
    for content in (b"dear", b""):
        file.write_bytes(content)
        with pytest.raises(BundleError, match=r"seal\.examples\.npz: is there, and is where the bundle's examples go"):
            check_place(tmp_path / "seal")
    np.savez(file, values=np.zeros(2))  # as `adopt` writes
    with pytest.raises(BundleError, match="is there"):
        check_place(tmp_path / "seal")
    np.savez(file, bundle=np.array("examples of some bundle"))
    check_place(tmp_path / "seal")


def test_the_same_may_be_written_again_another_one_not(tmp_path: Path) -> None:
    check_same(tmp_path / "new", SHIPPED, contents())
    check_same(DEFAULT, SHIPPED, contents() | {"model_card.md": b"of another day"})
    newer = msgspec.structs.replace(SHIPPED, version="9")
    for made, files in ((newer, contents()), (SHIPPED, contents() | {"texts.json": b"{}"})):
        with pytest.raises(BundleError, match=f"another bundle, default {SHIPPED.version}; .*--replace"):
            check_same(DEFAULT, made, files)
    with pytest.raises(BundleError, match="another bundle"):
        check_free(DEFAULT)
    check_free(tmp_path)
    there = tmp_path / "there"
    shutil.copytree(DEFAULT, there)
    (there / MANIFEST).write_text("{}")
    with pytest.raises(BundleError, match="does not read"):
        check_same(there, SHIPPED, contents())
