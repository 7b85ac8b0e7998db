"""A live table of what a device on a serial port says: rate, losses, level per axis.

With rich on a terminal the table stays in place; otherwise it is printed anew every time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Fault
from firmware_bridge.report import as_table
from firmware_bridge.session import StreamTable
from firmware_bridge.tally import COLUMNS, Tally

if TYPE_CHECKING:
    import serial


def watch(port: str, *, baud: int, every_s: float = 1.0, seconds: float | None = None) -> None:
    """Show what `port` says until `seconds` are over; OSError where it cannot be opened or vanishes."""
    with _screen() as show:
        for shown in pictures(port, baud=baud, every_s=every_s, seconds=seconds):
            show(shown)


def pictures(port: str, *, baud: int, every_s: float = 1.0, seconds: float | None = None) -> Iterator[str]:
    """What `port` has said so far, every `every_s` and at the end; OSError where it cannot be opened or vanishes."""
    import serial

    decoder, table, tally = Decoder(), StreamTable(), Tally()
    received = 0
    with serial.Serial(port, baud, timeout=0.1, exclusive=True) as line:
        started_s = shown_s = time.monotonic()
        while seconds is None or time.monotonic() - started_s < seconds:
            data = _read(line)
            received += len(data)
            for frame in decoder.feed(data):
                tally.feed(frame if isinstance(frame, Fault) else table.feed(frame))
            if time.monotonic() - shown_s >= every_s:
                shown_s = time.monotonic()
                yield picture(tally, table, received)
        yield picture(tally, table, received)


def picture(tally: Tally, table: StreamTable, received: int) -> str:
    """The table with what it cannot show below it: bytes, frames, faults, and what may be wrong where none is sound."""
    lines = [as_table(COLUMNS, tally.rows())] if tally.streams else []
    counts = ", ".join(f"{number} {name}" for name, number in sorted(tally.heard.items()))
    lines.append(f"{received} bytes; {counts or 'no frame yet'}; {table.frames_missing} frames missing")
    waiting = 0 if tally.heard else tally.faults.get("before_hello", 0)
    refused = {kind: number for kind, number in tally.faults.items() if not (waiting and kind == "before_hello")}
    if refused:
        lines.append("refused: " + ", ".join(f"{number} {kind}" for kind, number in sorted(refused.items())))
    if waiting:
        lines.append(f"{waiting} sound frames wait for a HELLO, which says what they hold and comes every few seconds")
    elif received > 4096 and not tally.heard:
        lines.append("bytes arrive but no frame: is the baud rate right, and does the device speak VBP1?")
    return "\n".join(lines)


def _read(line: serial.Serial) -> bytes:
    return bytes(line.read(max(1, line.in_waiting)))


@contextmanager
def _screen() -> Iterator[Callable[[str], None]]:
    """A way to show a picture: in place where rich and a terminal are there, else line after line."""
    if sys.stdout.isatty():
        try:
            from rich.live import Live
            from rich.text import Text
        except ImportError:
            pass
        else:
            with Live(auto_refresh=False) as live:
                yield lambda text: live.update(Text(text), refresh=True)
            return
    yield lambda text: print(text, flush=True)
