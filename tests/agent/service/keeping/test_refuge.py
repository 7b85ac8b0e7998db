"""A disk that does not take the state ends nothing: memory goes on with all that was kept, and gives it back whole."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from kept_alerts import keep, opened
from one_alert import ALERT

from agent.errors import ConfigError
from agent.service.keeping.refuge import RETRY_S
from agent.service.keeping.state_file import FILE_NAME
from agent.service.keeping.store import Store, open_store

LATER = replace(ALERT, bearing="nde", id="later")


def later(times: int = 1) -> float:
    """A moment at which the disk is tried again."""
    return time.monotonic() + 2 * times * RETRY_S


def refuse_writes(path: Path) -> sqlite3.Connection:
    """A lock that somebody else holds: every write fails, as on a full or read-only disk."""
    other = sqlite3.connect(path / FILE_NAME, isolation_level=None)
    other.execute("begin immediate")
    return other


def kept(path: Path) -> Store:
    store = open_store(path)
    store.learnt.save("pump_de", {"de": b"healthy"}, features="f")
    keep(store, ALERT)
    return store


def test_what_is_saved_while_the_disk_refuses_is_in_memory_and_on_the_disk_once_it_takes_it(tmp_path):
    store = kept(tmp_path)
    assert store.is_kept
    lock = refuse_writes(tmp_path)
    assert not keep(store, LATER)
    assert not store.is_kept
    written = f"state_not_kept: {tmp_path / FILE_NAME} cannot be written (database is locked); "
    assert store.notices[0].startswith(written)
    assert opened(store) == (ALERT, LATER)
    assert store.learnt.baselines("pump_de", features="f") == {"de": b"healthy"}
    assert not keep(store, replace(ALERT, event="cleared"))
    store.look(later())
    assert not store.is_kept
    lock.close()
    store.look(later(1))  # too soon after the last try
    assert not store.is_kept
    store.look(later(2))
    assert store.is_kept
    assert store.notices == ()
    store.close()
    again = open_store(tmp_path)
    assert opened(again) == (LATER,)
    assert again.learnt.baselines("pump_de", features="f") == {"de": b"healthy"}


def test_a_start_on_a_disk_that_refuses_knows_what_was_kept(tmp_path):
    kept(tmp_path).close()
    lock = refuse_writes(tmp_path)
    store = open_store(tmp_path)
    assert not store.is_kept
    assert opened(store) == (ALERT,)
    assert store.learnt.baselines("pump_de", features="f") == {"de": b"healthy"}
    keep(store, replace(ALERT, event="cleared"))
    lock.close()
    assert not store.look(later())  # nothing more than was known
    assert store.is_kept
    assert opened(open_store(tmp_path)) == ()


def test_what_could_not_even_be_read_at_the_start_is_found_again_and_not_written_over(tmp_path):
    kept(tmp_path).close()
    hidden = tmp_path / "elsewhere"
    (tmp_path / FILE_NAME).rename(hidden)
    (tmp_path / FILE_NAME).mkdir()  # there, and not to be read: as with a wrong permission, for root as well
    store = open_store(tmp_path)
    assert not store.is_kept
    assert opened(store) == ()
    keep(store, LATER)
    (tmp_path / FILE_NAME).rmdir()
    hidden.rename(tmp_path / FILE_NAME)
    assert store.look(later())
    assert store.is_kept
    assert opened(store) == (ALERT, LATER)
    assert store.learnt.baselines("pump_de", features="f") == {"de": b"healthy"}


def test_a_file_that_is_taken_away_while_running_is_written_anew(tmp_path):
    store = kept(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    store.look(later())
    assert store.is_kept
    assert opened(open_store(tmp_path)) == (ALERT,)


def test_a_file_that_is_damaged_while_running_is_to_be_saved_again(tmp_path):
    store = kept(tmp_path)
    for path in tmp_path.glob(f"{FILE_NAME}*"):
        path.write_bytes(b"\xff" * path.stat().st_size)
    assert not keep(store, LATER)
    assert store.is_emptied
    keep(store, ALERT)
    store.is_saved_again()
    store.look(later())
    assert store.is_kept
    assert opened(open_store(tmp_path)) == (ALERT, LATER)


def test_a_damaged_file_is_restored_from_its_copy(tmp_path):
    store = kept(tmp_path)
    store.close()
    (tmp_path / FILE_NAME).write_bytes(b"torn" * 3000)
    again = open_store(tmp_path)
    assert again.learnt.baselines("pump_de", features="f") == {"de": b"healthy"}
    whole, of_baseline = again.notices
    assert "was damaged" in whole
    assert f"restored from {FILE_NAME}.bak; check the open alerts" in whole
    assert of_baseline.startswith("pump_de: its stored baseline was damaged; that of ")


def test_a_copy_that_is_damaged_too_is_not_believed(tmp_path):
    kept(tmp_path).close()
    for name in (FILE_NAME, f"{FILE_NAME}.bak"):
        (tmp_path / name).write_bytes(b"torn" * 3000)
    again = open_store(tmp_path)
    assert again.is_kept
    assert again.learnt.baselines("pump_de", features="f") == {}
    assert any("start afresh" in notice for notice in again.notices)


def flip(path: Path, needle: bytes) -> None:
    """Another bit in the middle of a stored value; SQLite itself notices nothing."""
    content = bytearray(path.read_bytes())
    assert needle in content
    content[content.index(needle) + len(needle) // 2] ^= 4
    path.write_bytes(content)


def test_a_baseline_with_a_flipped_bit_is_never_used_and_comes_from_the_copy(tmp_path):
    kept(tmp_path).close()
    flip(tmp_path / FILE_NAME, b"healthy")
    store = open_store(tmp_path)
    assert store.learnt.baselines("pump_de", features="f") == {"de": b"healthy"}
    assert any("is restored from the copy" in notice for notice in store.notices)
    store.close()
    for name in (FILE_NAME, f"{FILE_NAME}.bak"):
        flip(tmp_path / name, b"healthy")
    store = open_store(tmp_path)
    assert store.learnt.baselines("pump_de", features="f") == {}
    assert any("no copy has it; commission it again" in notice for notice in store.notices)


def test_the_copy_is_nobody_else_s_to_read(tmp_path):
    kept(tmp_path)
    assert (tmp_path / f"{FILE_NAME}.bak").stat().st_mode & 0o077 == 0


def test_a_path_that_leads_through_a_file_is_the_config_s_mistake(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in ("file", "file/state"):
        with pytest.raises(ConfigError, match=r"agent\.state_dir"):
            open_store(tmp_path / folder)
