"""A serial port in real life: held by others, gone and back, spoken to at the wrong speed."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest
from requirements import ROOT
from serial_lines import Terminal, heard_at
from waiting import until

from agent.errors import TransportError
from agent.sources.port import KERNEL_BYTES, MAX_READ_BYTES, Port, PortConfig, holders_of
from agent.sources.serial import SerialConfig, SerialSource
from agent.sources.serial_csv import SerialCsvConfig, SerialCsvSource
from agent.sources.understanding import AFTER_S, NOT_UNDERSTOOD, Understanding
from agent.sources.witmotion import WitmotionConfig, WitmotionSource
from agent.transport.routes import Route
from agent.types import SourceFault
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import frame_bytes

CAPTURES = ROOT / "tests" / "cases" / "captures"
HOLD = """
import fcntl, os, sys, time
end = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
if sys.argv[2] == "lock":
    fcntl.flock(end, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("open", flush=True)
time.sleep(60)
"""


@pytest.fixture
def hold() -> Iterator:
    """Another process that has a port open."""
    holders: list[subprocess.Popen[str]] = []

    def start(port: str, how: str) -> int:
        argv = [sys.executable, "-c", HOLD, port, how]
        holder = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        holders.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        return holder.pid

    yield start
    for holder in holders:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()


def config(terminal: Terminal, **options: object) -> PortConfig:
    return PortConfig(port=terminal.path, baud=115_200, **options)


def test_process_that_holds_the_port_is_named(terminal: Terminal, hold) -> None:
    pid = hold(terminal.path, "lock")
    with pytest.raises(TransportError, match=rf"another process holds it: python\S* \(pid {pid}\); end it") as caught:
        Port(config(terminal)).open()
    assert "\n" not in str(caught.value)


def test_process_that_took_no_lock_is_named_in_the_log(terminal: Terminal, hold, caplog) -> None:
    pid = hold(terminal.path, "quietly")
    port = Port(config(terminal))
    port.open()
    port.close()
    assert f"(pid {pid}); two readers each get half of the bytes" in caplog.text
    assert holders_of(terminal.path) is not None


MAKER = """
import os, pty, sys, time
ends = pty.openpty()
print(os.ttyname(ends[1]), flush=True)
time.sleep(60)
"""


def test_who_made_a_terminal_and_holds_both_of_its_ends_is_no_second_reader(hold, caplog) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    name = maker.stdout.readline().strip()
    try:
        port = Port(PortConfig(port=name, baud=115_200))
        port.open()
        port.close()
        assert caplog.text == ""
        pid = hold(name, "quietly")
        assert holders_of(name) is not None
        assert f"(pid {pid})" in str(holders_of(name))
        assert f"(pid {maker.pid})" not in str(holders_of(name))
    finally:
        maker.kill()
        maker.wait()
        maker.stdout.close()


def test_nobody_else_is_nobody(terminal: Terminal, caplog) -> None:
    port = Port(config(terminal))
    port.open()
    assert holders_of(terminal.path) is None
    assert caplog.text == ""
    port.close()


def test_crash_leaves_no_lock_on_a_terminal_that_outlives_us(terminal: Terminal) -> None:
    port = Port(config(terminal))
    port.open()
    (locked,) = struct.unpack("i", fcntl.ioctl(terminal._ends[1], 0x80045440, bytes(4)))  # TIOCGEXCL
    assert not locked
    port.close()


def test_shared_port_is_for_those_who_ask_for_it(terminal: Terminal) -> None:
    first, second = (Port(config(terminal, exclusive=False)) for _ in range(2))
    first.open()
    second.open()
    second.close()
    first.close()


def test_replugged_device_is_found_under_the_same_name(terminal: Terminal) -> None:
    port = Port(config(terminal))
    port.open()
    terminal.vanish()
    with pytest.raises(TransportError, match="is gone: the device was unplugged"):
        [port.read(0.1) for _ in range(20)]
    port.close()
    with pytest.raises(TransportError, match="no such port; is it plugged in"):
        port.open()
    terminal.appear()
    port.open()
    os.write(terminal.our_end, b"again")
    heard = b""
    while len(heard) < 5:
        heard += port.read(1.0)
    assert heard == b"again"
    assert port.counts == {"bytes": 5, "opens": 2}
    port.close()


def test_one_read_is_bounded(terminal: Terminal) -> None:
    port = Port(config(terminal))
    port.open()
    terminal.say(b"x" * 300_000)
    longest = 0
    while port.counts["bytes"] < 300_000:
        longest = max(longest, len(port.read(1.0)))
    assert 1 < longest <= MAX_READ_BYTES
    port.close()


def test_question_throws_away_what_nobody_waited_for(terminal: Terminal) -> None:
    port = Port(config(terminal))
    port.open()
    os.write(terminal.our_end, b"stale")
    until(lambda: port._opened().in_waiting == 5)
    port.ask(b"?")
    os.write(terminal.our_end, b"reply")
    heard = b""
    while len(heard) < 5:
        heard += port.read(1.0)
    assert heard == b"reply"
    port.close()
    with pytest.raises(TransportError, match="is not open"):
        port.ask(b"?")


# ------------------------------------------------------------------------------------------------------- understanding


def told_of(data: bytes, *, kind: str, baud: int = 115_200) -> str:
    watch = Understanding(unit="frame", baud=baud, kind=kind)
    assert watch.feed(data, understood=False, now_s=100.0) == []
    (fault,) = watch.feed(data, understood=False, now_s=100.0 + AFTER_S)
    assert fault.kind == NOT_UNDERSTOOD
    return fault.detail


def test_text_where_frames_are_expected_is_told_as_such() -> None:
    text = (CAPTURES / "plain.csv").read_bytes()
    assert "it is text (100% text" in told_of(text, kind="serial")
    assert 'kind = "serial_csv"' in told_of(text, kind="witmotion")
    assert "baud is right" in told_of(b"Hello, world\r\n" * 50, kind="serial_csv")


@pytest.mark.parametrize("heard_baud", [9600, 57_600, 230_400, 921_600])
@pytest.mark.parametrize("capture", ["plain.csv", "wt901.bin"])
def test_wrong_baud_is_asked_about_with_statistics(capture: str, heard_baud: int) -> None:
    garbage = heard_at((CAPTURES / capture).read_bytes(), sent_baud=115_200, heard_baud=heard_baud)
    detail = told_of(garbage, kind="serial_csv", baud=heard_baud)
    assert f"no frame among them: wrong baud ({heard_baud})?" in detail
    assert "most often" in detail
    assert len(detail) < 200


def test_the_same_baud_is_heard_as_it_was_sent() -> None:
    sent = (CAPTURES / "wt901.bin").read_bytes()[:500]
    assert heard_at(sent, sent_baud=115_200, heard_baud=115_200) == sent


def test_silence_and_what_is_understood_are_never_complained_about() -> None:
    watch = Understanding(unit="frame", baud=9600, kind="serial")
    for second in range(100):
        assert watch.feed(b"", understood=False, now_s=second) == []
        assert watch.feed(b"\0" * 999, understood=second % 4 == 0, now_s=second) == []


def test_complaint_is_repeated_while_it_lasts() -> None:
    watch = Understanding(unit="frame", baud=9600, kind="serial")
    faults = [f for tick in range(100) for f in watch.feed(b"\xff" * 99, understood=False, now_s=tick / 2)]
    assert 7 <= len(faults) <= 10
    watch.feed(b"frame", understood=True, now_s=60.0)
    assert watch.feed(b"\xff" * 99, understood=False, now_s=61.0) == [], "all is well again, for a while"


@pytest.mark.parametrize("kind", ["serial", "serial_csv", "witmotion"])
def test_each_kind_says_so_on_a_real_port(kind: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is the test's, so that nobody waits five seconds; everything else is real."""
    route = (Route("pump", rate_hz=100.0),)
    source = {
        "serial": lambda: SerialSource(SerialConfig(port=terminal.path), route),
        "serial_csv": lambda: SerialCsvSource(SerialCsvConfig(port=terminal.path), route),
        "witmotion": lambda: WitmotionSource(WitmotionConfig(port=terminal.path), route),
    }[kind]()
    source.open()
    now_s = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    faults: list[SourceFault] = []
    for _ in range(4):
        os.write(terminal.our_end, bytes([0xE6, 0x00, 0x9E, 0x80]) * 100)
        heard = source.counters()["bytes"]
        while source.counters()["bytes"] < heard + 400:
            faults += [item for item in source.read(1.0) if isinstance(item, SourceFault)]
        now_s[0] += AFTER_S / 2
    assert [fault.detail for fault in faults if fault.kind == NOT_UNDERSTOOD and "wrong baud" in fault.detail]
    source.close()


def test_frames_after_boot_text_are_no_wrong_baud(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SerialSource(SerialConfig(port=terminal.path), (Route("pump"),))
    source.open()
    now_s = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    device = VirtualSensor(Profile(rate_hz=3200.0, block_samples=16, hello_s=0.001))
    kinds: list[str] = []
    for _ in range(8):
        frames = [frame_bytes(f) for f in device.produce([[0.0, 0.0, 1.0]] * 16) if not isinstance(f, bytes)]
        sent = b"ESP-ROM:esp32s3 " * 8 + b"".join(frames)
        os.write(terminal.our_end, sent)
        heard = source.counters()["bytes"]
        while source.counters()["bytes"] < heard + len(sent):
            kinds += [item.kind for item in source.read(1.0) if isinstance(item, SourceFault)]
        now_s[0] += AFTER_S
    assert NOT_UNDERSTOOD not in kinds
    source.close()


# ---------------------------------------------------------------------------------------------- read without a wait


def test_a_read_that_waits_for_nothing_takes_all_that_the_kernel_holds(terminal: Terminal) -> None:
    """More than a terminal's own buffer, which is 4 KiB: what waits behind it comes along."""
    port = Port(config(terminal))
    port.open()
    assert port.read(0.0) == b""
    sent = bytes(range(256)) * 48
    terminal.say(sent)
    until(lambda: port._opened().in_waiting >= KERNEL_BYTES)
    heard = port.read(0.0)
    assert len(heard) > KERNEL_BYTES
    while len(heard) < len(sent):
        heard += port.read(0.5)
    assert heard == sent
    assert port.counts["bytes"] == len(sent)
    port.close()


def test_a_port_that_is_gone_says_so_to_who_does_not_wait(terminal: Terminal) -> None:
    port = Port(config(terminal))
    port.open()
    terminal.vanish()
    with pytest.raises(TransportError, match="is gone: the device was unplugged"):
        [port.read(0.0) for _ in range(20)]
    port.close()
    with pytest.raises(TransportError, match="is not open"):
        port.fileno()
    with pytest.raises(TransportError, match="is not open"):
        port.read(0.0)
