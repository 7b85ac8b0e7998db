"""Vectors are kept between runs, bounded, and never believed when their file is broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.network.graph import Floats
from export.text import vector_cache
from export.text.vector_cache import VectorCache, cache_folder


def vector(number: int) -> Floats:
    return np.full(4, number, np.float32)


def cache(folder: Path, *, version: str = "1", dim: int = 4) -> VectorCache:
    return VectorCache("small", dim=dim, version=version, folder=folder)


def test_what_was_kept_is_there_for_the_next(tmp_path: Path) -> None:
    cache(tmp_path / "new" / "folder").put({"one": vector(1), "두 번째": vector(2)})
    kept = cache(tmp_path / "new" / "folder")
    assert np.array_equal(kept.get("두 번째"), vector(2))
    assert kept.get("three") is None
    assert cache(tmp_path / "new" / "folder", version="2").get("one") is None
    assert cache(tmp_path / "new" / "folder", dim=5).get("one") is None


def test_two_that_write_keep_what_both_read(tmp_path: Path) -> None:
    first, second = cache(tmp_path), cache(tmp_path)
    first.put({"one": vector(1)})
    second.put({"two": vector(2)})
    kept = cache(tmp_path)
    assert kept.get("one") is not None
    assert kept.get("two") is not None


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_cache, "MOST", 3)
    for number in range(5):
        cache(tmp_path).put({str(number): vector(number)})
    kept = cache(tmp_path)
    assert [text for text in "01234" if kept.get(text) is not None] == ["2", "3", "4"]


@pytest.mark.parametrize("where", [0, 30, 40, 200, -60, -5])
def test_a_broken_file_is_read_anew(tmp_path: Path, where: int) -> None:
    cache(tmp_path).put({"one": vector(1), "two": vector(2)})
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[where] ^= 0xFF
    for broken in (content, content[:100], b"", b"rot"):
        path.write_bytes(broken)
        assert cache(tmp_path).get("one") is None
    cache(tmp_path).put({"one": vector(1)})
    assert np.array_equal(cache(tmp_path).get("one"), vector(1))


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = cache(tmp_path / "file" / "below")
    kept.put({"one": vector(1)})
    assert kept.get("one") is not None


def test_it_is_kept_where_this_user_keeps_such_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "textvib"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "textvib"
