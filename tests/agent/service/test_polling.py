"""One thread reads all lines: what gathers is taken at once, and what one line suffers no other feels."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from waiting import until

from agent.errors import TransportError
from agent.service import polling
from agent.service.beats import Beats, Deadlines
from agent.service.inbox import Inbox
from agent.service.polling import Polling
from agent.service.source_thread import Reader
from agent.service.watch import Watch
from agent.types import Counters, Item, Reading

QUICK = Deadlines(turn_s=0.3, open_s=0.3)


class Pipe:
    """A source that hands on what its test writes into it, and hangs where it is told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reads = self.opens = self.closes = 0
        self.readers: set[int] = set()  # threads
        self.hangs_in = ""
        self.goes_on = threading.Event()
        self.is_there = True
        self._ends: tuple[int, int] | None = None

    def open(self) -> None:
        self._hang("open")
        self.opens += 1
        if not self.is_there:
            raise TransportError(f"{self.name} is away")
        self._ends = os.pipe()
        os.set_blocking(self._ends[0], False)

    def fileno(self) -> int:
        assert self._ends is not None
        return self._ends[0]

    def read(self, timeout_s: float) -> list[Item]:
        assert timeout_s == 0.0
        self.reads += 1
        self.readers.add(threading.get_ident())
        self._hang("read")
        try:
            data = os.read(self.fileno(), 1 << 16)
        except BlockingIOError:
            return []
        if not data:
            raise TransportError(f"{self.name} is gone")
        return [Reading(self.name, "bytes", len(data), 0.0)]

    def close(self) -> None:
        self.closes += 1
        ends, self._ends = self._ends, None
        for end in ends or ():
            with suppress(OSError):
                os.close(end)

    def counters(self) -> Counters:
        return {"reads": self.reads}

    def write(self, data: bytes) -> None:
        assert self._ends is not None
        os.write(self._ends[1], data)

    def hang_up(self) -> None:
        assert self._ends is not None
        os.close(self._ends[1])

    def _hang(self, where: str) -> None:
        if self.hangs_in == where:
            self.hangs_in = ""
            self.goes_on.wait(20)


class Lines:
    """Polling over pipes, with a watch as the daemon has one."""

    def __init__(self, *names: str, pauses: Iterator[float] | None = None) -> None:
        self.stop = threading.Event()
        self.beats = Beats()
        self.inbox = Inbox(names)
        self.made: list[Pipe] = []
        self.threads: list[threading.Thread] = []
        self.left: list[int] = []
        beat = self.beats.add("ports", turn_s=QUICK.turn_s)
        self.polling = Polling(stop=self.stop, beat=beat, thread=self._thread, pauses=pauses)
        self.readers = {name: self._reader(name) for name in names}
        revive = {reader.beat.name: self._revival(reader) for reader in self.readers.values()}
        self.watch = Watch(self.beats, revive=revive, leave=self.left.append)

    def start(self) -> None:
        for reader in self.readers.values():
            self.polling.add(reader)
        until(lambda: all(reader.connected for reader in self.readers.values()))

    def __getitem__(self, name: str) -> Pipe:
        source = self.readers[name].source
        assert isinstance(source, Pipe)
        return source

    def heard(self, name: str) -> float:
        """Bytes that came to the inbox of a source since it was last asked."""
        return sum(item.value for source, item in self.inbox.take(0.0) if source == name and isinstance(item, Reading))

    def end(self) -> None:
        self.stop.set()
        for pipe in self.made:
            pipe.goes_on.set()
        for thread in self.threads:
            thread.join(20)

    def _made(self, name: str) -> Pipe:
        self.made.append(Pipe(name))
        return self.made[-1]

    def _reader(self, name: str) -> Reader:
        return Reader(
            self._made(name),
            self.inbox,
            patient=False,
            stop=self.stop,
            beat=self.beats.add(f"source {name}", turn_s=QUICK.turn_s),
            deadlines=QUICK,
            remake=lambda: self._made(name),
        )

    def _revival(self, reader: Reader) -> Callable[[], None]:
        def revive() -> None:
            reader.revive()
            self.polling.add(reader)

        return revive

    def _thread(self, name: str, body: Callable[[], None]) -> threading.Thread:
        self.threads.append(threading.Thread(target=body, name=name, daemon=True))
        return self.threads[-1]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lines]]:
    monkeypatch.setattr(polling, "READ_TIMEOUT_S", 0.1)
    all_of_them: list[Lines] = []

    def make(*names: str, **options) -> Lines:
        all_of_them.append(Lines(*names, **options))
        all_of_them[-1].start()
        return all_of_them[-1]

    yield make
    for lines in all_of_them:
        lines.end()
        assert all(pipe.closes for pipe in lines.made if pipe.opens)


def quickly() -> Iterator[float]:
    while True:
        yield 0.001


def test_all_lines_are_read_by_one_thread(made) -> None:
    lines = made("a", "b", "c", pauses=quickly())
    for name in lines.readers:
        lines[name].write(b"abc")
    heard: set[str] = set()
    until(lambda: heard.update(source for source, _ in lines.inbox.take(0.0)) or heard == {"a", "b", "c"})
    assert len(set().union(*(lines[name].readers for name in lines.readers))) == 1


def test_what_comes_during_a_rest_is_one_read(made) -> None:
    """Each rest brings twenty pieces."""
    rests, lines = 0, None

    def pauses() -> Iterator[float]:
        nonlocal rests
        while True:
            if lines is not None and rests < 50 and lines["a"].opens:
                rests += 1
                for _ in range(20):
                    lines["a"].write(b"x" * 155)
            yield 0.0

    lines = made("a", pauses=pauses())
    heard = 0.0

    def all_of_it() -> bool:
        nonlocal heard
        heard += lines.heard("a")
        return heard == 50 * 20 * 155

    lines["a"].write(b"x")  # wakes it
    heard -= 1
    until(all_of_it)
    assert lines["a"].reads <= 55  # and a few that found nothing for too long


def test_a_silent_line_is_asked_now_and_then(made) -> None:
    lines = made("a")
    until(lambda: lines["a"].reads >= 3)  # a source may settle what it has, or find that its link is gone
    assert lines["a"].reads < 20


def test_a_line_that_is_gone_is_opened_again_and_the_others_do_not_feel_it(made) -> None:
    lines = made("a", "b", pauses=quickly())
    before = lines["b"].opens
    lines["a"].is_there = False
    lines["a"].hang_up()
    until(lambda: lines.readers["a"].outage.count == 1 and lines["a"].opens >= 2)
    assert not lines.readers["a"].connected
    lines["b"].write(b"still here")
    until(lambda: lines.heard("b") == 10)
    lines["a"].is_there = True
    until(lambda: lines.readers["a"].connected)
    lines["a"].write(b"back")
    until(lambda: lines.heard("a") == 4)
    assert lines["b"].opens == before


def test_a_line_that_hangs_while_it_is_opened_holds_up_no_other(made) -> None:
    lines = made("a", "b", pauses=quickly())
    lines["a"].hangs_in = "open"
    hung = lines["a"]
    hung.hang_up()
    until(lambda: hung.hangs_in == "")
    lines["b"].write(b"still here")
    until(lambda: lines.heard("b") == 10)
    until(lambda: lines.beats.late() != [])
    assert [beat.name for beat in lines.beats.late()] == ["source a"]
    lines.watch.look()
    until(lambda: lines["a"] is not hung and lines.readers["a"].connected)
    assert lines.left == []
    hung.goes_on.set()
    until(lambda: hung.closes >= 2)  # what it opened at last is let go of


def test_a_line_that_hangs_in_a_read_is_left_behind_with_the_thread_and_the_rest_goes_on(made) -> None:
    lines = made("a", "b", pauses=quickly())
    hung, first = lines["a"], lines.polling.thread
    hung.hangs_in = "read"
    hung.write(b"?")
    until(lambda: lines.beats.late() != [])
    assert [beat.name for beat in lines.beats.late()] == ["source a"], "nobody else is blamed"
    lines.watch.look()
    until(lambda: lines["a"] is not hung and lines.readers["a"].connected)
    assert lines.polling.thread is not first
    opens = lines["b"].opens
    for name in ("a", "b"):
        lines[name].write(b"12345")
        until(lambda name=name: lines.heard(name) == 5)
    assert lines["b"].opens == opens, "those that did not hang stay open"
    hung.goes_on.set()
    first.join(20)
    assert not first.is_alive()
    lines.watch.look()
    assert lines.left == []


def test_a_source_is_let_go_of_before_another_takes_its_place(made) -> None:
    lines = made("a", "b", pauses=quickly())
    old, new = lines["a"], Pipe("a")
    lines.made.append(new)
    lines.readers["a"].renew(new, patient=False)
    assert lines.polling.let_go(lines.readers["a"], patience_s=10.0)
    assert (old.closes, new.opens) == (1, 0)
    lines.polling.add(lines.readers["a"])
    until(lambda: lines.readers["a"].connected)
    new.write(b"123")
    until(lambda: lines.heard("a") == 3)


def test_one_that_does_not_let_go_keeps_nobody(made) -> None:
    lines = made("a", "b", pauses=quickly())
    hung = lines["a"]
    hung.hangs_in = "read"
    hung.write(b"?")
    until(lambda: hung.hangs_in == "")
    lines.readers["a"].leave()
    assert not lines.polling.let_go(lines.readers["a"], patience_s=0.1)
    lines["b"].write(b"still here")
    until(lambda: lines.heard("b") == 10)


@pytest.mark.parametrize(("young", "share"), [(0, 1.0), (1, 1 / 8), (16, 0.5), (64, 1.0)])
def test_few_lines_that_were_opened_lately_are_read_more_often(young: int, share: float) -> None:
    lines = Lines()
    for k in range(max(young, 1)):
        name = f"line{k}"
        lines.polling._lines[name] = polling.Line(lines._reader(name), lines._reader(name).life)
        if young:
            lines.polling._lines[name].opened_s = polling.time.monotonic()
    assert lines.polling._share_of_rest() == pytest.approx(share)
