"""What the bytes of a serial line are: our frames, WitMotion's, lines of text, or nothing that is understood."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from agent.explain.finding import Finding
from agent.explain.fragment import config, name_of
from agent.explain.frames import NO_HELLO, OURS, declared
from agent.explain.tables import explain_table, table_of, told_of
from agent.sources import kind_that_hears
from agent.sources.witcombined import Combined, CombinedDecoder
from agent.sources.witframes import Acceleration, WitDecoder
from agent.tables.encodings import encoding_of
from agent.tables.values import Table
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Data, Fault, Hello

FRAMES, ROWS, MOTION = (kind_that_hears(what) for what in ("frames", "rows", "motion frames"))
BAUDS = (115_200, 3_000_000, 9_600, 921_600, 230_400, 460_800, 57_600, 38_400, 19_200, 1_000_000, 2_000_000)
"""Tried in turn where none is told."""
LEAST_FRAMES = 3
LEAST_LINES = 5
TEXT = frozenset(string.printable.encode())
TEXT_SHARE = 0.95


def is_understood(data: bytes) -> bool:
    """Whether bytes heard at some baud are something; a wrong baud gives neither frames nor text."""
    return bool(_frames(data)) or bool(_wit(data)) or _is_text(data)


def explain_port(port: str, data: bytes, *, seconds: float, baud: int) -> Finding:
    """What a line of a sensor says, heard for so long."""
    arrived = f"{len(data)} bytes in {seconds:.0f} s at {baud} baud"
    if not data:
        return Finding(port, "silent", arrived, questions=("is the sensor powered, and does it send by itself?",))
    for found in (_our_frames(port, data, arrived, baud), _witmotion(port, data, arrived, seconds, baud)):
        if found is not None:
            return found
    if _is_text(data):
        return _text(port, data, arrived, seconds, baud)
    common = " ".join(f"{byte:02x}" for byte, _ in Counter(data).most_common(3))
    question = f"is {baud} its baud rate (--baud)? Modbus transmitters are silent until they are asked"
    return Finding(
        port, f"bytes that are neither frames nor text (most often {common})", arrived, questions=(question,)
    )


def _frames(data: bytes) -> list[Hello | Data]:
    frames = [frame for frame in Decoder().feed(data) if not isinstance(frame, Fault)]
    return [f for f in frames if isinstance(f, Hello | Data)] if len(frames) >= LEAST_FRAMES else []


def _our_frames(port: str, data: bytes, arrived: str, baud: int) -> Finding | None:
    frames = _frames(data)
    if not frames:
        return None
    hello = next((frame for frame in frames if isinstance(frame, Hello)), None)
    source = {"name": name_of(port), "kind": FRAMES, "port": port, "baud": baud}
    if hello is None:
        return Finding(port, OURS, arrived, kind=FRAMES, notes=(NO_HELLO,), config=config(source, {"name": "sensor"}))
    settings = {"name": "sensor", "stream": hello.streams[0].stream_id, "device": hello.device}
    dialect = f"{OURS}, of {hello.device}"
    return declared(Finding(port, dialect, arrived, kind=FRAMES, config=config(source, settings)), hello)


def _wit(data: bytes) -> list[Acceleration]:
    decoders: tuple[WitDecoder | CombinedDecoder, ...] = (WitDecoder(), CombinedDecoder())
    return max(([r for r in d.feed(data) if isinstance(r, Acceleration)] for d in decoders), key=len)


def _witmotion(port: str, data: bytes, arrived: str, seconds: float, baud: int) -> Finding | None:
    rows = _wit(data)
    family = CombinedDecoder()
    family.feed(data)
    if len(rows) < LEAST_FRAMES and family.family is None:
        return None
    if family.family == "vibration":
        return Finding(port, "WitMotion's frames of 28 bytes (WTVB01-BT)", arrived, questions=(Combined.VIBRATION,))
    rate_hz = float(f"{sum(1 + row.missing for row in rows) / seconds:.3g}")
    source = {"name": name_of(port), "kind": MOTION, "port": port, "baud": baud}
    return Finding(
        port,
        "WitMotion's frames" + (", acceleration, rate and angle in one (0x61)" if family.family == "motion" else ""),
        arrived,
        kind=MOTION,
        axes=("x", "y", "z"),
        rate_hz=rate_hz,
        rate_from="by what arrives; the protocol says none",
        unit="g",
        config=config(source, {"name": "sensor", "rate_hz": rate_hz}, remarks={"rate_hz": "set in the sensor"}),
    )


def _is_text(data: bytes) -> bool:
    return (
        len(data) > 0 and b"\n" in data and sum(byte in TEXT or byte >= 0xA0 for byte in data) >= TEXT_SHARE * len(data)
    )


def _text(port: str, data: bytes, arrived: str, seconds: float, baud: int) -> Finding:
    lines = _lines(data)
    found = table_of(lines)
    finding = explain_table(port, found, lines, arrived=f"{arrived}, {len(lines)} lines")
    if isinstance(found, Table):
        rate_hz, rate_from = finding.rate_hz, finding.rate_from
        if rate_hz is None and len(lines) >= LEAST_LINES:
            rate_hz, rate_from = float(f"{(len(lines) - found.skip) / seconds:.3g}"), "by what arrives"
        source = {"name": name_of(port), "kind": ROWS, "port": port, "baud": baud}
        sensor = {"name": "sensor", **told_of(finding)}
        if finding.rate_hz is None and rate_hz is not None:
            sensor["rate_hz"] = rate_hz
        remarks = {} if found.unit else {"source": 'add unit = "g" or "m/s2" if you know it'}
        return _with(finding, ROWS, rate_hz, rate_from, config(source, sensor, remarks=remarks))
    return _with(finding, ROWS, None, "", "")


def _with(finding: Finding, kind: str, rate_hz: float | None, rate_from: str, text: str) -> Finding:
    return replace(finding, kind=kind, rate_hz=rate_hz, rate_from=rate_from, config=text)


def _lines(data: bytes) -> Sequence[str]:
    """Whole lines: the first may be cut, and so may be the last."""
    text = data.decode(encoding_of(data) or "utf-8", "replace")
    lines = text.splitlines()
    return lines[1:-1] if len(lines) > LEAST_LINES else lines
