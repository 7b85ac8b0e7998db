"""Frames and faults as lines for people and as JSON lines for programs.

Text that came from a device is untrusted: control characters never reach a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields

from firmware_bridge.frames import Data, Fault, Frame, Hello, Log, Status
from firmware_bridge.vectors import as_fields


def as_json(heard: Frame | Fault) -> str:
    """One JSON object in ASCII: the type, then every field as in SPEC.md; bytes as hex, in texts as \\udcXX."""
    values = {field.name: as_fields(getattr(heard, field.name)) for field in fields(heard)}
    return json.dumps({"type": type(heard).__name__.lower(), **values})


def as_line(heard: Frame | Fault) -> str:
    """One line of text."""
    if isinstance(heard, Fault):
        return f"fault   {heard.kind}: {printable(heard.detail)}"
    head = f"{type(heard).__name__.lower():<7} #{heard.seq} session {heard.session:04x}"
    if isinstance(heard, Data):
        span = f"samples {heard.sample_index}..{heard.end - 1} x {heard.n_axes} axes"
        return f"{head} stream {heard.stream_id} {span} at {_time(heard.t_us)}{_flags(heard)}"
    if isinstance(heard, Status):
        dropped = f"dropped {heard.dropped_fifo} in the FIFO, {heard.dropped_queue} before the queue"
        return f"{head} stream {heard.stream_id} produced {heard.produced}, {dropped}, queued {heard.queued}"
    if isinstance(heard, Hello):
        streams = "; ".join(
            f"stream {stream.stream_id} {stream.sensor or 'unnamed'} {''.join(stream.axes)} {stream.rate_hz:g} Hz "
            f"{stream.scale_nano_g} nano-g per LSB"
            for stream in heard.streams
        )
        return f"{head} device {heard.device} firmware {heard.firmware or '-'} board {heard.board or '-'}: {streams}"
    if isinstance(heard, Log):
        return f"{head} level {heard.level}: {printable(heard.text)}"
    return f"{head} type 0x{heard.type:02x}, {len(heard.payload)} bytes"


def printable(text: str) -> str:
    """`text` with every character that a terminal would act upon replaced by a dot."""
    return "".join(character if character.isprintable() else "·" for character in text)


def as_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns wide enough for their longest entry, for terminals and files alike."""
    table = [tuple(columns), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
    return "\n".join(line.rstrip() for line in lines)


def _time(t_us: int | None) -> str:
    return "no time" if t_us is None else f"{t_us / 1e6:.6f} s"


def _flags(data: Data) -> str:
    return f", flags 0x{data.flags:02x}" if data.flags else ""
