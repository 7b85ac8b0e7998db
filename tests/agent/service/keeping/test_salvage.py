"""A bit that is another anywhere in a row is found, told and never used; what the copy has comes back from there."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kept_alerts import keep, opened
from one_alert import ALERT

from agent.service.keeping.learnt_rows import UnderWay
from agent.service.keeping.mark import Mark
from agent.service.keeping.refuge import MARK_SUFFIX
from agent.service.keeping.state_file import FILE_NAME
from agent.service.keeping.state_tables import TABLES, Put, checksum, read_table
from agent.service.keeping.store import Store, open_store

OTHER = replace(ALERT, bearing="nde", id="0123456789abcdef")


def filled(folder: Path) -> None:
    """A row in every table; the copy has all but the second alert."""
    store = open_store(folder)
    keep(store, ALERT)
    store.learnt.save(
        "pump_de",
        {"de": b"healthy"},
        features="f",
        aside={"de": b"before"},
        under_way=UnderWay(b"asked"),
        state=Put("sensor", [("pump_de", 0.0, b"state")]),
    )
    store.learnt.add_lessons("pump_de", [b"one", b"two"])
    keep(store, OTHER)
    store.close()


def flip(folder: Path, table: str, column: str, *, last: bool = False) -> None:
    """Another bit in one stored value: what its row's checksum no longer fits."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection, connection:
        key = TABLES[table].columns if TABLES[table].keys == 0 else list(TABLES[table].columns)[: TABLES[table].keys]
        order = ", ".join(f"{name} {'desc' if last else 'asc'}" for name in key)
        *keys, value = connection.execute(f"select {', '.join(key)}, {column} from {table} order by {order}").fetchone()
        where = " and ".join(f"{name} = ?" for name in key)
        connection.execute(f"update {table} set {column} = ? where {where}", (flipped(value), *keys))


def flipped(value: object) -> object:
    match value:
        case str():
            return chr(ord(value[0]) ^ 1) + value[1:] if value else "\x01"
        case bytes():
            return bytes([value[0] ^ 4]) + value[1:]
        case int():
            return value ^ 1
        case float():
            return value + 1.0
        case _:
            return b"\0"


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    """In memory where there is such a place: no disk is waited for."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=fast if fast.is_dir() else None) as folder:
        filled(Path(folder))
        yield Path(folder)


def learnt(store: Store) -> tuple[object, object]:
    return store.learnt.baselines("pump_de", features="f"), store.learnt.aside("pump_de", features="f")


@pytest.mark.parametrize("table", TABLES)
def test_a_flipped_value_in_any_column_of_a_table_is_found_and_told(table, whole):
    for column in (*TABLES[table].columns, "generation", "crc"):
        with tempfile.TemporaryDirectory(dir=whole) as folder:
            is_found_and_told(Path(folder), table, column)


def is_found_and_told(folder: Path, table: str, column: str) -> None:
    for path in folder.parent.glob(f"{FILE_NAME}*"):
        shutil.copy(path, folder)
    flip(folder, table, column)
    store = open_store(folder)
    assert f"was damaged (rows are not what was written: 1 of {table})" in store.notices[0], column
    assert learnt(store) == ({"de": b"healthy"}, {"de": b"before"})
    assert {alert.id for alert in opened(store)} >= {ALERT.id if table != "alert" or column != "id" else OTHER.id}
    asked = store.learnt.under_way("pump_de", features="f", max_age_s=60.0)
    assert asked is not None
    assert asked[0] == b"asked"
    assert len(asked[1]) == (1 if table == "lesson" else 2)
    store.close()
    again = open_store(folder)
    assert again.notices == ()
    assert learnt(again) == ({"de": b"healthy"}, {"de": b"before"})
    again.close()


def test_an_alert_that_the_copy_has_is_restored_and_one_that_it_has_not_is_read_back_from_the_sinks(whole, tmp_path):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    flip(tmp_path, "alert", "value")
    store = open_store(tmp_path)
    assert set(opened(store)) == {ALERT, OTHER}
    assert any(notice.startswith("pump_de/de: its open alert was damaged; that of ") for notice in store.notices)
    store.close()
    flip(tmp_path, "alert", "value", last=True)
    store = open_store(tmp_path)
    assert opened(store) == (ALERT,)
    lost = "pump_de/nde: its open alert was damaged, and no copy has it; it is cleared as state_lost"
    assert lost in store.notices


def test_an_alert_of_the_copy_that_has_ended_since_does_not_come_back(tmp_path):
    store = open_store(tmp_path)
    keep(store, ALERT)
    store.learnt.save("pump_de", {"de": b"healthy"}, features="f")
    keep(store, replace(ALERT, event="cleared"))
    keep(store, OTHER)
    store.close()
    flip(tmp_path, "alert", "value")
    assert opened(open_store(tmp_path)) == ()


def test_an_event_that_was_acknowledged_since_the_copy_is_not_raised_again(tmp_path):
    store = open_store(tmp_path)
    event, shown = keep(store, ALERT) or pytest.fail("not kept")
    store.learnt.save("pump_de", {"de": b"healthy"}, features="f")
    ended, emptied = keep(store, replace(ALERT, event="cleared")) or pytest.fail("not kept")
    store.sinks.settle("broker", [event, shown, ended, emptied])
    keep(store, OTHER)
    store.close()
    flip(tmp_path, "outbox", "payload")
    assert open_store(tmp_path).sinks.waiting("broker") == []


def test_a_file_that_is_gone_leaves_what_its_copy_has_learnt_and_no_alert_that_may_have_ended(whole, tmp_path):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    (tmp_path / FILE_NAME).unlink()
    store = open_store(tmp_path)
    (notice,) = store.notices
    assert "is missing; what was learnt up to " in notice
    assert learnt(store) == ({"de": b"healthy"}, {"de": b"before"})
    assert opened(store) == ()
    store.close()
    assert open_store(tmp_path).notices == ()


def test_a_log_that_was_cut_at_a_frames_end_is_told_by_the_number_of_the_last_write(tmp_path):
    store = open_store(tmp_path)
    keep(store, ALERT)
    for path in tmp_path.iterdir():
        (tmp_path / "before").mkdir(exist_ok=True)
        if path.is_file():
            shutil.copy(path, tmp_path / "before")
    keep(store, OTHER)
    mark = (tmp_path / f"{FILE_NAME}{MARK_SUFFIX}").read_bytes()
    store.close()
    shutil.copytree(tmp_path / "before", tmp_path, dirs_exist_ok=True)
    (tmp_path / f"{FILE_NAME}-shm").unlink()
    (tmp_path / f"{FILE_NAME}{MARK_SUFFIX}").write_bytes(mark)
    again = open_store(tmp_path)
    (notice,) = again.notices
    assert "lacks the last 1 of " in notice
    assert opened(again) == (ALERT,)


@pytest.mark.parametrize("content", [b"", b"short", bytes(12), b"\xff" * 12, b"longer than a mark"])
def test_a_mark_that_is_none_says_nothing(content, tmp_path):
    (tmp_path / "mark").write_bytes(content)
    assert Mark(tmp_path / "mark").read() == 0


def test_a_mark_says_the_last_number(tmp_path):
    mark = Mark(tmp_path / "mark")
    for number in (7, 300, 5):
        mark.write(number)
        assert Mark(tmp_path / "mark").read() == number
    (tmp_path / "mark").unlink()
    mark.write(8)
    assert Mark(tmp_path / "mark").read() == 8
    mark.close()
    Mark(tmp_path / "no" / "folder").write(1)


def test_every_bit_of_a_row_counts():
    row = ("pump_de", "de", "f", 1.5, b"healthy")
    right = checksum("baseline", row, 3)
    for other in (("pump_dd", *row[1:]), (*row[:3], 1.25, row[4]), (*row[:4], b"healtiy"), ("", "pump_dede", *row[2:])):
        assert checksum("baseline", other, 3) != right
    assert checksum("baseline", row, 4) != right
    assert checksum("baseline_bak", row, 3) != right


def test_what_is_put_reads_as_whole_whatever_kind_of_number_it_was(tmp_path):
    store = open_store(tmp_path)
    store.transactions.write([Put("counter", [("whole", 1), ("half", 0.5)])])
    assert all(found.is_whole for found in read_table(store.transactions.place.connection, "counter"))
