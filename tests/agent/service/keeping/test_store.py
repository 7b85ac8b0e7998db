"""What the store has taken survives kill -9; what is damaged is put aside, said once, and nothing else stops."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace

import msgspec
import pytest
from kept_alerts import keep, opened, said
from one_alert import ALERT
from requirements import ROOT

from agent.errors import ConfigError
from agent.service.keeping.learnt_rows import UnderWay
from agent.service.keeping.numbers import new_id
from agent.service.keeping.state_file import FILE_NAME, LAYOUT, first
from agent.service.keeping.store import open_store


def test_an_open_alert_comes_back_as_it_was(tmp_path):
    store = open_store(tmp_path)
    assert keep(store, ALERT)
    store.close()
    again = open_store(tmp_path)
    assert opened(again) == (ALERT,)
    assert again.notices == ()


def test_a_cleared_alert_is_forgotten_and_an_updated_one_replaced(tmp_path):
    store = open_store(tmp_path)
    keep(store, ALERT)
    keep(store, replace(ALERT, event="updated", fault="inner_race"))
    assert [alert.fault for alert in opened(store)] == ["inner_race"]
    keep(store, replace(ALERT, bearing=None))
    keep(store, replace(ALERT, event="cleared"))
    assert [alert.bearing for alert in opened(store)] == [None]


def test_a_baseline_learnt_with_other_features_is_ignored_with_a_notice(tmp_path):
    store = open_store(tmp_path)
    store.learnt.save("pump_de", {"de": b"first", None: b"whole"}, features="1:aa")
    assert store.learnt.baselines("pump_de", features="1:aa") == {"de": b"first", None: b"whole"}
    assert store.notices == ()
    assert store.learnt.baselines("pump_de", features="2:bb") == {}
    assert len(store.notices) == 1
    assert "commission it again" in store.notices[0]


def test_what_is_known_of_a_machine_is_replaced_as_a_whole_with_the_alerts_that_it_ends(tmp_path):
    store = open_store(tmp_path)
    keep(store, ALERT)
    keep(store, replace(ALERT, bearing="nde"))
    store.learnt.save("pump_de", {"de": b"old", "nde": b"old"}, features="f")
    store.learnt.save("other", {None: b"other"}, features="f")
    assert store.learnt.save(
        "pump_de",
        {},
        features="f",
        aside={"de": b"old", "nde": b"old"},
        ended=[said(store, replace(ALERT, event="cleared"))],
    )
    store.close()
    store = open_store(tmp_path)
    assert store.learnt.baselines("pump_de", features="f") == {}
    assert store.learnt.aside("pump_de", features="f") == {"de": b"old", "nde": b"old"}
    assert [alert.bearing for alert in opened(store)] == ["nde"]
    store.learnt.save("pump_de", {"de": b"new"}, features="f")
    assert store.learnt.baselines("pump_de", features="f") == {"de": b"new"}
    assert store.learnt.aside("pump_de", features="f") == {}
    assert store.learnt.baselines("other", features="f") == {None: b"other"}


def test_a_change_that_cannot_be_written_whole_is_not_written_at_all(tmp_path):
    store = open_store(tmp_path)
    store.learnt.save("pump_de", {"de": b"old"}, features="f")
    keep(store, ALERT)
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("create trigger no before delete on alert begin select raise(abort, 'no'); end")
    other.close()
    assert not store.learnt.save(
        "pump_de", {}, features="f", aside={"de": b"old"}, ended=[said(store, replace(ALERT, event="cleared"))]
    )
    assert store.learnt.baselines("pump_de", features="f") == {}  # in memory, where it goes on
    on_disk = open_store(tmp_path)
    assert on_disk.learnt.baselines("pump_de", features="f") == {"de": b"old"}
    assert on_disk.learnt.aside("pump_de", features="f") == {}


def test_a_commissioning_under_way_is_kept_with_its_lessons_until_it_ends(tmp_path):
    def under_way(store, *, features="f", max_age_s=60.0):
        return store.learnt.under_way("pump_de", features=features, max_age_s=max_age_s)

    store = open_store(tmp_path)
    assert under_way(store) is None
    store.learnt.save("pump_de", {}, features="f", under_way=UnderWay(b"asked"))
    store.learnt.add_lessons("pump_de", [b"one", b"two"])
    store.learnt.add_lessons("pump_de", [b"three"])
    store.learnt.save("pump_de", {"de": b"forgotten at one speed"}, features="f")
    store.close()
    store = open_store(tmp_path)
    assert under_way(store) == (b"asked", [b"one", b"two", b"three"])
    assert store.notices == ()
    assert under_way(store, features="other") is None
    assert under_way(store, max_age_s=-1.0) is None
    assert all("was interrupted for too long" in notice for notice in store.notices)
    store.learnt.save("pump_de", {}, features="f", under_way=UnderWay(b"anew"))
    assert under_way(store) == (b"anew", [])
    store.learnt.save("pump_de", {"de": b"learnt"}, features="f", under_way=UnderWay())
    assert under_way(store) is None


WRITER = """
import sys
from pathlib import Path
from agent.service.keeping.store import open_store
store = open_store(Path(sys.argv[1]))
for count in range(1_000_000):
    value = {None: str(count).encode()}
    store.learnt.save("pump_de", value, features="f", aside=value, ended=[])
    sys.stdout.write(f"{count}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("acknowledged", [1, 40])
def test_what_was_acknowledged_survives_kill_9(tmp_path, acknowledged):
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert writer.stdout is not None
    seen = -1
    with writer.stdout:
        for line in writer.stdout:
            seen = int(line)
            if seen >= acknowledged:
                os.kill(writer.pid, signal.SIGKILL)
                break
        seen = max([seen, *(int(line) for line in writer.stdout if line.endswith(b"\n"))])
    writer.wait()
    store = open_store(tmp_path)
    assert store.notices == ()
    kept = store.learnt.baselines("pump_de", features="f")
    assert int(kept[None]) >= seen
    assert store.learnt.aside("pump_de", features="f") == kept  # one transaction


@pytest.mark.parametrize("damage", [b"not a database at all, " * 400, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_file_is_put_aside_and_said_once(tmp_path, damage, caplog):
    (tmp_path / FILE_NAME).write_bytes(damage)
    store = open_store(tmp_path)
    assert keep(store, ALERT)
    assert opened(store) == (ALERT,)
    assert len(store.notices) == 1
    assert len([record for record in caplog.records if "was damaged" in record.message]) == 1
    kept = [path for path in tmp_path.iterdir() if path.name.startswith(f"{FILE_NAME}.damaged-")]
    assert [path.read_bytes() for path in kept] == [damage]
    store.close()
    assert open_store(tmp_path).notices == ()


def test_one_alert_that_cannot_be_read_costs_only_itself(tmp_path):
    store = open_store(tmp_path)
    keep(store, ALERT)
    keep(store, replace(ALERT, bearing="nde"))
    store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("update alert set value = ? where bearing = 'nde'", (b'{"id": 1',))
    connection.close()
    store = open_store(tmp_path)
    assert opened(store) == (ALERT,)
    lost = "pump_de/nde: its open alert was damaged, and no copy has it; it is cleared as state_lost"
    assert store.notices[1:] == (lost,)


def test_a_file_of_a_later_agent_is_left_alone(tmp_path):
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(ConfigError, match="written by a later agent"):
        open_store(tmp_path)


def test_a_state_dir_that_cannot_be_made_is_the_operators_to_mend(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"agent\.state_dir"):
        open_store(tmp_path / "file" / "state")


def test_a_write_that_fails_is_counted_and_stops_nothing(tmp_path):
    store = open_store(tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("drop table alert")
    other.close()
    assert not keep(store, ALERT)
    assert store.failures == 1
    assert not store.learnt.save("pump_de", {None: b""}, features="f")
    assert opened(store) == (ALERT,)
    assert store.notices[0].startswith("state_not_kept: ")


# -------------------------------------------------------------------------------------------------------------- outbox

CLEARED = replace(ALERT, event="cleared")


def test_events_outlive_a_restart_in_their_order_until_each_sink_has_them(tmp_path):
    store = open_store(tmp_path)
    first, second = keep(store, ALERT, sinks=("a", "b")), keep(store, CLEARED, sinks=("a", "b"))
    assert store.sinks.settle("a", [first[0]])
    store.close()
    again = open_store(tmp_path)
    assert again.sinks.waiting("a") == [second[0]]
    assert again.sinks.waiting("b") == [first[0], second[0]]
    assert again.numbers.next_seq() == second[0].seq + 1
    assert again.sinks.orphaned(("a",)) == {"b": 2}


def test_a_topic_is_remembered_until_its_sink_has_acknowledged_that_it_is_empty(tmp_path):
    store = open_store(tmp_path)
    (_, shown), (_, emptied) = keep(store, ALERT), keep(store, CLEARED)
    assert store.sinks.settle("broker", [shown])  # late: what it showed may stand there still
    store.close()
    again = open_store(tmp_path)
    assert again.sinks.retained("broker")[shown.topic].alerts == {ALERT.id}
    assert again.sinks.settle("broker", [emptied])
    assert again.sinks.retained("broker") == {}


def test_an_emptied_topic_that_shows_another_alert_by_now_is_remembered(tmp_path):
    store = open_store(tmp_path)
    keep(store, ALERT)
    _, emptied = keep(store, CLEARED)
    _, other = keep(store, replace(ALERT, id="another"))
    assert store.sinks.settle("broker", [emptied])
    assert store.sinks.retained("broker")[other.topic].alerts == {"another"}
    keep(store, replace(CLEARED, id="another"))
    assert store.sinks.settle("broker", [other])
    assert store.sinks.retained("broker")[other.topic].alerts == {"another"}


def test_ids_of_alerts_never_repeat_even_where_the_file_is_lost(tmp_path):
    ids = set()
    for name in ("first", "second"):
        for _ in range(4):
            store = open_store(tmp_path / name)
            ids |= {new_id(store.numbers.boot) for _ in range(50)}
            store.close()
    assert len(ids) == 400
    assert {len(one) for one in ids} == {16}


def test_events_grow_old_while_the_agent_runs_and_by_no_clock_that_jumps(tmp_path):
    store = open_store(tmp_path, max_age_s=1000.0)
    event, _ = keep(store, ALERT)
    store.numbers._opened_s -= 900.0  # it has run for so long
    assert not store.sinks.is_too_old(event)
    store.close()
    again = open_store(tmp_path, max_age_s=1000.0)
    assert again.sinks.waiting("broker") == [event]
    assert not again.sinks.is_too_old(event)
    again.numbers._opened_s -= 200.0
    assert again.sinks.is_too_old(event)
    young, _ = keep(again, CLEARED)
    assert not again.sinks.is_too_old(young)
    assert again.sinks.is_too_old(event)


LAYOUT_1 = """
create table baseline (
  sensor text not null, bearing text not null, features text not null, saved_wall_s real not null, value blob not null,
  primary key (sensor, bearing)
) without rowid;
create table alert (
  sensor text not null, bearing text not null, id text not null, value blob not null, primary key (sensor, bearing)
) without rowid;
pragma user_version = 1;
"""


def test_a_state_file_of_the_first_layout_is_taken_over(tmp_path):
    with sqlite3.connect(tmp_path / FILE_NAME) as old:
        old.executescript(LAYOUT_1)
        old.execute("insert into baseline values ('pump_de', '', 'f', 0, ?)", (b"learnt",))
        fields = msgspec.to_builtins(ALERT)
        for name in ("reason", "acknowledged", "by", "clock", "clock_origin"):
            del fields[name]  # an agent of that time knew none of these
        old.execute("insert into alert values ('pump_de', 'de', ?, ?)", (ALERT.id, msgspec.json.encode(fields)))
    old.close()
    store = open_store(tmp_path)
    assert store.notices == ()
    assert store.learnt.baselines("pump_de", features="f") == {None: b"learnt"}
    assert store.alerts.open() == ((ALERT, 0, b""),)
    assert first(store.transactions.place.connection, "pragma user_version") == LAYOUT


def test_only_the_owner_may_read_the_file(tmp_path):
    """Nor what SQLite lays beside it; one of an earlier agent that others may read is closed to them."""
    before = os.umask(0o022)
    try:
        for _ in range(2):
            store = open_store(tmp_path)
            store.learnt.save("pump_de", {None: b"learnt"}, features="f")
            beside = list(tmp_path.glob(f"{FILE_NAME}*"))
            assert len(beside) >= 3
            assert [path.name for path in beside if path.stat().st_mode & 0o077] == []
            store.close()
            (tmp_path / FILE_NAME).chmod(0o644)
    finally:
        os.umask(before)


def test_a_file_restored_from_its_copy_does_not_trust_its_numbers(tmp_path):
    store = open_store(tmp_path)
    store.learnt.save("pump_de", {None: b"learnt"}, features="f")
    later = [said(store, ALERT) for _ in range(5)]
    assert all(store.alerts.commit(one) for one in later)
    store.close()
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all, " * 400)
    again = open_store(tmp_path)
    assert again.learnt.baselines("pump_de", features="f") == {None: b"learnt"}
    assert again.numbers.next_seq() > later[-1].event.seq
