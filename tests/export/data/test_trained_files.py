"""Recordings trained on are known again by their content, and the shipped bundle names the published ones."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from requirements import ROOT, skip_unless_required

from agent.bundle.load import DEFAULT
from export.data import trained_files
from export.data.layouts import rows_below


def test_a_file_is_known_by_its_content_alone(tmp_path: Path) -> None:
    for name, content in (("a.wav", b"one"), ("b.wav", b"two"), ("copy.dat", b"one"), ("other.wav", b"three")):
        (tmp_path / name).write_bytes(content)
    written = trained_files.stored([tmp_path / "a.wav", tmp_path / "b.wav", tmp_path / "a.wav"])
    (tmp_path / trained_files.FILE).write_bytes(written)
    hashes = trained_files.read(tmp_path)
    assert hashes is not None
    assert len(hashes) == 2
    asked = [tmp_path / name for name in ("copy.dat", "other.wav", "absent.wav")]
    assert trained_files.known_among(asked, hashes) == {tmp_path / "copy.dat"}


def test_a_file_is_read_once_until_it_may_have_changed(tmp_path: Path) -> None:
    settled, opened = Path(__file__), list[str]()
    counting = [True]
    sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" and counting else None)
    found = {trained_files.hash_of(settled) for _ in range(3)}
    assert len(found) == 1
    assert opened.count(str(settled)) <= 1, "a process that has hashed it before opens it no more"
    for content in (b"one", b"two", b"six"):  # as long, and within a tick of the clock
        (tmp_path / "new.wav").write_bytes(content)
        found.add(trained_files.hash_of(tmp_path / "new.wav"))
    assert len(found) == 4
    counting.clear()


@pytest.mark.parametrize("content", [None, b"", b"rot", trained_files.stored([])[:-40]])
def test_a_bundle_that_does_not_say_is_no_error(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / trained_files.FILE).write_bytes(content)
    assert trained_files.read(tmp_path) is None
    np.save(tmp_path / trained_files.FILE, np.zeros((2, 2)))
    assert trained_files.read(tmp_path) is None


@pytest.mark.data
def test_the_shipped_bundle_says_what_a_rebuild_would(tmp_path: Path) -> None:
    data = ROOT.parent / "shared" / "data"
    skip_unless_required("the folder of recordings", available=data.is_dir())
    rows = rows_below(data).rows
    assert (DEFAULT / trained_files.FILE).read_bytes() == trained_files.stored([row.path for row in rows])
