"""What `bench --capacity` takes on the command line, and what comes of it; heavy modules are loaded on use."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from agent.bench.capacity_signal import WAYS


def add_to(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("capacity", "how many sensors this computer carries; takes some minutes")
    group.add_argument(
        "--capacity", action="store_true", help="measure instead how many three-axis sensors at 25.6 kHz are carried"
    )
    group.add_argument("--source", choices=tuple(WAYS), default=next(iter(WAYS)), help="default: %(default)s")
    group.add_argument(
        "--sensors-max", type=positive, default=64, metavar="N", help="look no further (default: %(default)s)"
    )
    group.add_argument(
        "--seconds", type=positive, default=15, metavar="S", help="to measure of each step (default: %(default)s)"
    )
    group.add_argument(
        "--broker", type=address, metavar="HOST:PORT", help="one that lets anybody in (default: a mosquitto of its own)"
    )


def main(args: argparse.Namespace) -> int:
    """Measure and print; with `--json` nothing but the document goes to standard output."""
    from agent.bench.capacity import lines_of, measure_capacity

    with _ended_by_signal():
        measured = measure_capacity(
            args.source,
            most=args.sensors_max,
            seconds=args.seconds,
            broker=args.broker,
            bundle=args.bundle,
            runtime=args.runtime,
            told=(lambda _: None) if args.json else _say,
        )
    print(json.dumps(measured) if args.json else "\n".join(lines_of(measured)))
    return os.EX_OK


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does, so that who started a process ends it."""
    before = signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def address(text: str) -> str:
    """A broker's HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isdecimal() and port.isascii() and 0 < int(port) < 1 << 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:1883")
    return text


def _say(line: str) -> None:
    print(line, flush=True)  # at once, also into a file: each takes half a minute
