"""What listening costs before anything is computed: wide-band sensors on pseudo-terminals; part of `bench`.

The senders are a process of their own, so that the CPU time that is counted is the listeners' alone: reading, decoding,
holding against HELLO, the inbox with its ledger, and cutting windows. The floor reads the same bytes and splits them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.bench.signal import noise_and_harmonics
from agent.service.beats import Beat
from agent.service.inbox import Inbox
from agent.service.polling import Polling
from agent.service.source_thread import Reader
from agent.sources.port import Port
from agent.sources.serial import SerialConfig, SerialSource
from agent.stream.windowing import Windower
from agent.transport.routes import Route
from agent.types import SampleBlock
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import frame_bytes
from firmware_bridge.throughput import lines_of as decoder_lines
from firmware_bridge.throughput import measure_decoder

LINES = 3
RATE_HZ = 26_667.0  # an IIS3DWB: 160 kB/s of samples
BLOCK = 256  # samples of a frame
FRAME_S = BLOCK / RATE_HZ
USB_S = 0.001  # a full-speed USB frame
WINDOW_S, HOP_S = 2.0, 0.5
GRACE_S = 30.0  # on a busy computer the senders fall behind; what is not heard by then counts as lost


def measure_lines(seconds: float) -> dict[str, Any]:
    """CPU share of one core, listening to three sensors for `seconds` each way, and the decoder's own speed."""
    with tempfile.TemporaryDirectory(prefix="textvib-bench-") as folder:
        recording = Path(folder) / "line.vbp"
        sent = VirtualSensor(Profile(rate_hz=RATE_HZ, block_samples=BLOCK)).produce(
            noise_and_harmonics(seconds, rate_hz=RATE_HZ)
        )
        recording.write_bytes(b"".join(frame_bytes(frame) for frame in sent if not isinstance(frame, bytes)))
        return {
            "lines": LINES,
            "line_kb_per_s": round(recording.stat().st_size / seconds / 1e3, 1),
            "by_frame": _listen(recording, seconds, step_s=FRAME_S),
            "by_millisecond": _listen(recording, seconds, step_s=USB_S),
            "floor_by_millisecond": _read_only(recording, seconds, step_s=USB_S),
            "decoder_mb_per_s": measure_decoder(),
        }


def lines_of(measured: dict[str, Any]) -> list[str]:
    """What was measured, for people."""
    frame, usb, floor = (measured[way] for way in ("by_frame", "by_millisecond", "floor_by_millisecond"))
    return [
        f"{LINES} lines of {measured['line_kb_per_s']:g} kB/s, up to the window, in shares of one core:",
        f"  as frames are complete  {frame['core_share']:.1%}, {frame['lost']} samples lost",
        f"  in pieces of 1 ms       {usb['core_share']:.1%}, {usb['lost']} samples lost",
        f"  reading and splitting   {floor['core_share']:.1%}, in pieces of 1 ms (the floor)",
        *decoder_lines(measured["decoder_mb_per_s"]),
    ]


def speak(recording: str, seconds: str, step_s: str) -> None:
    """The senders' process: say where the lines are, wait for a line on stdin, then say a recording on each in pace."""
    wire, ends = Path(recording).read_bytes(), [os.openpty() for _ in range(LINES)]
    for _, slave in ends:
        tty.setraw(slave)
        print(os.ttyname(slave), flush=True)
    sys.stdin.readline()
    started_s, sent = time.monotonic(), 0
    while sent < len(wire):
        time.sleep(float(step_s))
        due = min(len(wire), round((time.monotonic() - started_s) / float(seconds) * len(wire)))
        for master, _ in ends:
            _write_all(master, wire[sent:due])
        sent = due
    sys.stdin.readline()  # the listeners have heard it all


def _write_all(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data) :]


@contextmanager
def _senders(recording: Path, seconds: float, step_s: float) -> Iterator[tuple[list[str], subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "agent.bench.listening", str(recording), str(seconds), str(step_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as senders:
        assert senders.stdout is not None
        yield [senders.stdout.readline().strip() for _ in range(LINES)], senders
        _go_on(senders)


def _go_on(senders: subprocess.Popen[str]) -> None:
    assert senders.stdin is not None
    senders.stdin.write("\n")
    senders.stdin.flush()


def _listen(recording: Path, seconds: float, *, step_s: float) -> dict[str, Any]:
    with _senders(recording, seconds, step_s) as (paths, senders):
        names = [f"line{number}" for number in range(LINES)]
        sources = [
            SerialSource(_config(path), (Route(name),), name=name) for name, path in zip(names, paths, strict=True)
        ]
        inbox, stop = Inbox(names), threading.Event()
        readers = [Reader(source, inbox, patient=False, stop=stop) for source in sources]
        polling = Polling(stop=stop, beat=Beat("ports"), thread=lambda _, body: threading.Thread(target=body))
        windowers = {name: Windower(window_s=WINDOW_S, hop_s=HOP_S) for name in names}
        for reader in readers:
            polling.add(reader)
        while not all(reader.connected for reader in readers):
            time.sleep(0.01)
        all_bytes, windows, samples = LINES * recording.stat().st_size, 0, 0
        spent_s, started_s = time.process_time(), time.monotonic()
        _go_on(senders)
        while time.monotonic() - started_s < seconds + GRACE_S and _bytes_heard(sources) < all_bytes:
            for _, item in inbox.take(0.5):
                if isinstance(item, SampleBlock):
                    samples += len(item.samples)
                    windows += len(windowers[item.stream.sensor].feed(item))
        spent_s, took_s = time.process_time() - spent_s, time.monotonic() - started_s
        stop.set()
        if polling.thread is not None:
            polling.thread.join()
    while batch := inbox.take(0.0):  # read in the last moment
        samples += sum(len(item.samples) for _, item in batch if isinstance(item, SampleBlock))
    lost = LINES * (round(seconds * RATE_HZ) // BLOCK * BLOCK) - samples
    return {"core_share": round(spent_s / took_s, 4), "seconds": round(took_s, 1), "windows": windows, "lost": lost}


def _read_only(recording: Path, seconds: float, *, step_s: float) -> dict[str, Any]:
    with _senders(recording, seconds, step_s) as (paths, senders):
        ports = [Port(_config(path)) for path in paths]
        for port in ports:
            port.open()
        size = recording.stat().st_size
        threads = [threading.Thread(target=_split_all, args=(port, size)) for port in ports]
        spent_s, started_s = time.process_time(), time.monotonic()
        for thread in threads:
            thread.start()
        _go_on(senders)
        for thread in threads:
            thread.join()
        spent_s, took_s = time.process_time() - spent_s, time.monotonic() - started_s
        for port in ports:
            port.close()
    return {"core_share": round(spent_s / took_s, 4), "seconds": round(took_s, 1)}


def _config(path: str) -> SerialConfig:
    return SerialConfig(port=path, exclusive=False)  # the senders keep the terminals alive by holding them open too


def _split_all(port: Port, size: int) -> None:
    while port.counts["bytes"] < size:
        port.read(0.5).split(b"\0")


def _bytes_heard(sources: Sequence[SerialSource]) -> int:
    return sum(source.counters()["bytes"] for source in sources)


if __name__ == "__main__":
    speak(*sys.argv[1:])
