"""What only a serial port does; what every source does is in tests/contract."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
import time

import pytest
from serial_lines import Terminal
from waiting import until

from agent.errors import TransportError
from agent.sources.serial import SerialConfig, SerialSource
from agent.transport.routes import Route
from agent.types import Item, SampleBlock, SourceFault
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import frame_bytes


def source(port: str, **options) -> SerialSource:
    return SerialSource(SerialConfig(port=port, **options), (Route("pump"),))


def hear(port: SerialSource, count: int) -> list[Item]:
    """What came of the next `count` bytes; a terminal hands them on when it likes."""
    wanted = port.counters()["bytes"] + count
    items: list[Item] = []
    deadline = time.monotonic() + 20
    while port.counters()["bytes"] < wanted and time.monotonic() < deadline:
        items += port.read(0.2)
    assert port.counters()["bytes"] == wanted
    return items


def test_two_readers_of_one_port_are_refused(terminal: Terminal) -> None:
    first, second = source(terminal.path), source(terminal.path)
    first.open()
    with pytest.raises(TransportError, match="another process holds it"):
        second.open()
    first.close()
    second.open()
    second.close()


@pytest.mark.parametrize(
    ("port", "mend"),
    [
        ("/dev/none", "plugged in"),
        ("/dev/null", "is no serial port"),
        ("", "no such port"),
        ("/", "serial /: cannot open"),
    ],
)
def test_ports_that_are_none_say_what_to_look_for(port: str, mend: str) -> None:
    with pytest.raises(TransportError, match=mend) as caught:
        source(port).open()
    assert "\n" not in str(caught.value)


def test_boot_text_before_the_first_frame_is_one_fault_and_costs_nothing(terminal: Terminal) -> None:
    port = source(terminal.path)
    port.open()
    device = VirtualSensor(Profile(rate_hz=3200.0, block_samples=16))
    said = device.produce([[0.0, 0.0, 1.0]] * 16)
    sent = b"ESP-ROM:esp32s3\r\nboot ok\r\n"
    sent += b"".join(frame_bytes(frame) for frame in said if not isinstance(frame, bytes))
    os.write(terminal.our_end, sent)
    items = hear(port, len(sent))
    assert [item.kind for item in items if isinstance(item, SourceFault)] == ["text"]
    assert len([item for item in items if isinstance(item, SampleBlock)]) == 1
    port.close()


def test_who_opens_the_port_in_the_middle_of_a_frame_is_told_of_no_fault(terminal: Terminal) -> None:
    port = source(terminal.path)
    device = VirtualSensor(Profile(rate_hz=3200.0, block_samples=16, hello_s=0.01))
    said = device.produce([[0.0, 0.0, 1.0]] * 160)
    wire = [frame_bytes(frame) for frame in said if not isinstance(frame, bytes)]
    port.open()
    sent = wire[1][-30:] + b"".join(wire[2:])  # the first HELLO and most of a block are gone
    os.write(terminal.our_end, sent)
    items = hear(port, len(sent))
    assert not [item for item in items if isinstance(item, SourceFault)]
    assert [item for item in items if isinstance(item, SampleBlock)]
    counts = port.counters()
    assert counts["cut_at_opening"] == 1
    os.write(terminal.our_end, wire[1][-30:])
    assert len(hear(port, 30)) == 1, "only at the opening"
    port.close()
    port.open()
    os.write(terminal.our_end, wire[1][-30:])
    assert hear(port, 30) == []
    assert port.counters()["cut_at_opening"] == 2
    port.close()


def test_a_re_opened_port_does_not_join_halves_of_two_frames(terminal: Terminal) -> None:
    port = source(terminal.path)
    device = VirtualSensor(Profile(rate_hz=3200.0, block_samples=16))
    said = device.produce([[0.0, 0.0, 1.0]] * 32)
    hello, first, second = (frame_bytes(frame) for frame in said if not isinstance(frame, bytes))
    port.open()
    os.write(terminal.our_end, hello + first[:-30])
    assert hear(port, len(hello + first[:-30])) == []
    port.close()
    port.open()
    os.write(terminal.our_end, second)
    (block,) = hear(port, len(second))
    assert isinstance(block, SampleBlock)
    assert block.start == 16
    port.close()


def test_everything_that_waits_is_taken_at_once(terminal: Terminal) -> None:
    port = source(terminal.path)
    port.open()
    os.write(terminal.our_end, b"a" * 3000)
    end = os.open(terminal.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    until(lambda: struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, bytes(4)))[0] == 3000)
    os.close(end)
    port.read(1.0)
    assert port.counters()["bytes"] == 3000
    port.close()
