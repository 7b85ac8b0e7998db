"""Rigs for other people's sensors: what a device of ours says in frames, said as they would say it."""

from __future__ import annotations

import os
from pathlib import Path

from serial_lines import Terminal, Transmitter

from agent.errors import TransportError
from agent.ports import Source
from agent.sources.modbus import ModbusConfig, ModbusSource
from agent.sources.serial_csv import SerialCsvConfig, SerialCsvSource
from agent.sources.witframes import ACCELERATION, frame_of
from agent.sources.witmotion import WitmotionConfig, WitmotionSource
from agent.transport.routes import Route
from agent.types import Item, Reading, SampleBlock
from firmware_bridge.frames import Data, Frame
from firmware_bridge.numbers import counts_of

BABBLE = b"\0\x05boot: 1.2\r\n\0" + bytes(range(256)) * 4 + b"\n"


def rows_of(frames: list[Frame], rate_hz: float) -> list[tuple[float, tuple[int, int, int]]]:
    """(microseconds, counts) of every sample in the frames."""
    return [
        (frame.t_us + 1e6 * n / rate_hz, tuple(row))
        for frame in frames
        if isinstance(frame, Data) and frame.t_us is not None
        for n, row in enumerate(counts_of(frame).tolist())
    ]


class CsvRig:
    """A sketch that prints microseconds and counts, and its header when it boots."""

    lost = missing = TransportError
    resumes_after = 1  # samples: the first line after opening may be cut

    def __init__(self, folder: Path) -> None:
        self._terminal = Terminal(folder / "port")
        self._is_booted = False
        config = SerialCsvConfig(port=self._terminal.path)
        self.source: Source = SerialCsvSource(config, (Route("pump", rate_hz=3200.0),), name="rig")

    def appear(self) -> None:
        self._terminal.appear()

    def say(self, frames: list[Frame]) -> None:
        lines = [f"{us:.0f},{x},{y},{z}\r\n" for us, (x, y, z) in rows_of(frames, 3200.0)]
        header = [] if self._is_booted else ["t_us,ax,ay,az\r\n"]
        self._is_booted = True
        self._terminal.say("".join([*header, *lines]).encode())

    def babble(self) -> None:
        os.write(self._terminal.our_end, BABBLE)

    def vanish(self) -> None:
        self._terminal.vanish()

    def settle(self) -> None:
        """Nothing is under way on a line that is quiet."""

    def enough(self, items: list[Item], frames: int) -> bool:
        """Whether all that so many frames say was heard, as good as."""
        return sum(len(item.samples) for item in items if isinstance(item, SampleBlock)) >= frames * 64 - 2

    tidy = vanish


class WitRig(CsvRig):
    """A WT901 that sends acceleration alone."""

    resumes_after = None  # without time stamps nobody can tell what was missed: another session

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = WitmotionConfig(port=self._terminal.path)
        self.source = WitmotionSource(config, (Route("pump", rate_hz=200.0),), name="rig")

    def say(self, frames: list[Frame]) -> None:
        said = [frame_of(ACCELERATION, (*counts, 2500)) for _, counts in rows_of(frames, 3200.0)]
        self._terminal.say(b"".join(said))

    def babble(self) -> None:
        os.write(self._terminal.our_end, BABBLE)


class ModbusRig(CsvRig):
    """A transmitter that answers, whatever is said."""

    resumes_after = None

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = ModbusConfig(port=self._terminal.path, profile="wtvb01_485", poll_s=0.5, timeout_s=0.1, retries=0)
        self.source = ModbusSource(config, (Route("pump"),), name="rig")
        self._line: Transmitter | None = None

    def appear(self) -> None:
        super().appear()
        self._line = Transmitter(self._terminal, dict.fromkeys(range(0x3A, 0x41), 3))

    def say(self, frames: list[Frame]) -> None:
        """It is asked."""

    def babble(self) -> None:
        assert self._line is not None
        self._line.garble += 1

    def settle(self) -> None:
        while not self.enough(self.source.read(1.0), 0):
            pass

    def enough(self, items: list[Item], frames: int) -> bool:
        return any(isinstance(item, Reading) for item in items)

    def vanish(self) -> None:
        if self._line is not None:
            self._line.stop()
            self._line = None
        super().vanish()

    tidy = vanish
