"""Beats say which loop is late, and no more; the watch restarts a source once and otherwise ends the process."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from waiting import until

from agent.errors import ConfigError
from agent.service.beats import STOOD_STILL_S, Beats
from agent.service.inbox import Inbox
from agent.service.process import tell_systemd, watchdog_s
from agent.service.source_thread import SESSIONS_PER_LIFE, Reader
from agent.service.watch import TRUST_S, Watch
from agent.types import Counters, Item, SampleBlock, Stream


class Clock:
    """A clock that the test moves, ahead of the true one."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead_s

    def pass_by(self, seconds: float) -> None:
        self._ahead_s += seconds


def pass_in_steps(clock: Clock, beats: Beats, seconds: float) -> list[str]:
    """Time in which somebody looks every second."""
    late: list[str] = []
    for _ in range(round(seconds)):
        clock.pass_by(1.0)
        late = [beat.name for beat in beats.late()]
    return late


def test_a_loop_is_late_once_its_turn_does_not_come_in_time() -> None:
    clock = Clock()
    beats = Beats(clock=clock)
    quick, slow, waits, ended, _never = (
        beats.add(name, turn_s=turn_s)
        for name, turn_s in {"quick": 5.0, "slow": 50.0, "waits": 5.0, "ended": 5.0, "never": 5.0}.items()
    )
    quick.bump()
    slow.bump()
    waits.bump(within_s=60.0)
    ended.bump()
    ended.end()
    assert pass_in_steps(clock, beats, 4) == []
    assert pass_in_steps(clock, beats, 2) == ["quick"]
    assert quick.late_s(clock()) == pytest.approx(1.0, abs=0.5)
    assert slow.late_s(clock()) == 0.0


def test_time_in_which_nothing_ran_is_not_held_against_a_loop() -> None:
    clock = Clock()
    beats = Beats(clock=clock)
    beats.add("worker", turn_s=5.0).bump()
    clock.pass_by(STOOD_STILL_S + 100.0)
    assert beats.late() == []
    assert pass_in_steps(clock, beats, 6) == ["worker"]


def test_the_stack_says_where_the_loop_is() -> None:
    free, beats = threading.Event(), Beats()
    beat = beats.add("worker")

    def sits_here() -> None:
        beat.bump()
        free.wait(20)

    thread = threading.Thread(target=sits_here)
    thread.start()
    until(lambda: "in sits_here" in beat.stack())
    free.set()
    thread.join()
    assert beat.stack() == "its thread has ended"


class Watched:
    """A watch over one beat, with what it did."""

    def __init__(self, name: str) -> None:
        self.clock = Clock()
        self.beats = Beats(clock=self.clock)
        self.beat = self.beats.add(name, turn_s=5.0)
        self.revived, self.left = 0, list[int]()
        self.watch = Watch(self.beats, revive={"source a": self._revive}, leave=self.left.append)

    def hang(self) -> None:
        self.beat.bump(within_s=-1.0)
        self.watch.look()

    def _revive(self) -> None:
        self.revived += 1


def test_a_source_is_restarted_once_and_the_second_time_the_process_ends(caplog) -> None:
    watched = Watched("source a")
    watched.watch.look()
    assert (watched.revived, watched.left) == (0, [])
    watched.hang()
    assert (watched.revived, watched.left) == (1, [])
    watched.watch.look()  # it has a turn's time again
    assert watched.revived == 1
    watched.hang()
    assert (watched.revived, watched.left) == (1, [os.EX_SOFTWARE])
    assert any("source a hangs" in record.message for record in caplog.records)


def test_a_source_that_was_well_for_long_is_restarted_again(monkeypatch) -> None:
    watched = Watched("source a")
    watched.hang()
    watched.watch._revived_s["source a"] -= TRUST_S + 1.0
    watched.hang()
    assert (watched.revived, watched.left) == (2, [])


def test_another_loop_ends_the_process_at_once() -> None:
    watched = Watched("worker")
    watched.hang()
    assert watched.left == [os.EX_SOFTWARE]


# ---------------------------------------------------------------------------------------------------- service manager


@pytest.fixture
def manager(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield made


def words(manager: socket.socket) -> list[bytes]:
    heard = []
    while True:
        try:
            heard.append(manager.recv(100))
        except BlockingIOError:
            return heard


def test_the_watchdog_is_fed_thrice_in_its_time_and_only_while_every_loop_turns(manager) -> None:
    watched = Watched("worker")
    watched.watch.look()
    watched.watch.look()
    assert words(manager) == [b"WATCHDOG=1"]
    time.sleep(0.11)
    watched.watch.look()
    assert words(manager) == [b"WATCHDOG=1"]
    time.sleep(0.11)
    watched.hang()
    assert words(manager) == []


@pytest.mark.parametrize(("usec", "pid", "seconds"), [("30000000", "", 30.0), ("", "", None), ("x", "", None)])
def test_the_watchdog_s_time_comes_from_the_environment(monkeypatch, usec, pid, seconds) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert watchdog_s() == seconds
    monkeypatch.setenv("WATCHDOG_PID", "1")  # meant for another process
    assert watchdog_s() is None


def test_a_manager_that_has_gone_away_stops_nothing(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    tell_systemd("WATCHDOG=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "@textvib-nobody-listens")
    tell_systemd("WATCHDOG=1")


# ----------------------------------------------------------------------------------------------------------- a source


class OddSource:
    """Gives a block a turn, and hangs or refuses to open as the test says."""

    name = "a"

    def __init__(self, *, hangs_after: int | None = None) -> None:
        self.free, self.closed = threading.Event(), 0
        self.unreadable: ConfigError | None = None
        self._hangs_after, self._reads = hangs_after, 0

    def open(self) -> None:
        if self.unreadable is not None:
            raise self.unreadable

    def read(self, timeout_s: float) -> list[Item]:
        time.sleep(0.01)
        if self._reads == self._hangs_after:
            self.free.wait(20)
        self._reads += 1
        return [SampleBlock(Stream("a", 1000.0), 100 * (self._reads - 1), np.zeros((100, 1), np.float32))]

    def close(self) -> None:
        self.closed += 1

    def counters(self) -> Counters:
        return {"reads": self._reads}


def started(reader: Reader) -> threading.Thread:
    thread = threading.Thread(target=reader.run, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def stop():
    event = threading.Event()
    yield event
    event.set()


def received(inbox: Inbox) -> Callable[[], int]:
    def count() -> int:
        balance = inbox.balance("a")
        return 0 if balance is None else balance.received

    return count


def test_a_reader_that_hung_reads_on_from_a_new_source_and_the_old_one_s_words_are_not_heard(stop) -> None:
    inbox, stuck, fresh = Inbox(["a"]), OddSource(hangs_after=3), OddSource(hangs_after=5)
    reader = Reader(stuck, inbox, patient=False, stop=stop, remake=lambda: fresh)
    left_behind = started(reader)
    until(lambda: received(inbox)() == 300)
    reader.revive()
    started(reader)
    until(lambda: stuck.closed == 1)
    until(lambda: fresh.counters()["reads"] == 5)
    stuck.free.set()
    left_behind.join(5)
    assert not left_behind.is_alive()
    assert stuck.closed == 2  # by its own thread, too: it may have opened something since
    items = [item for _, item in inbox.take(0.0)]
    assert [item.stream.session for item in items] == [0] * 3 + [SESSIONS_PER_LIFE] * 5
    assert reader.lives == 1
    assert reader.connected
    fresh.free.set()
    stop.set()
    until(lambda: reader.counters.get("reads", 0) >= 5)


def test_a_secret_that_cannot_be_read_is_tried_again(stop, caplog) -> None:
    source, inbox = OddSource(), Inbox(["a"])
    source.unreadable = ConfigError("password_file: secret: cannot be read (permission denied)")
    reader = Reader(source, inbox, patient=False, stop=stop)
    thread = started(reader)
    until(lambda: reader.outage.error is not None)
    assert "password_file" in str(reader.outage.error)
    source.unreadable = None
    until(lambda: received(inbox)() > 0)
    assert thread.is_alive()
