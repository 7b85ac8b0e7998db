"""`state export SENSOR`, `state import SENSOR FILE`: what an agent knows of a sensor, moved to another one.

It is a binary value with a checksum, which the other agent checks whole before it uses any of it.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from pathlib import Path

from agent.commands import running
from agent.errors import ConfigError
from agent.service.control import ExportState, ImportState, ask

MAX_FILE_BYTES = 8 << 20
PIECE_BYTES = 40_000  # fits into a request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write what is known of a sensor to standard output, or a file")
    export.add_argument("sensor", metavar="SENSOR")
    export.add_argument("--out", type=Path, metavar="FILE", help="instead of standard output")
    taken = actions.add_parser("import", help="let a sensor of this agent go on with what was exported")
    taken.add_argument("sensor", metavar="SENSOR")
    taken.add_argument("file", type=Path, metavar="FILE", help="- for standard input")
    taken.add_argument("--replace", action="store_true", help="instead of what this agent has learnt of the sensor")
    for action in (export, taken):
        running.add_arguments(action)


def main(args: argparse.Namespace) -> int:
    return _export(args) if args.action == "export" else _import(args)


def _export(args: argparse.Namespace) -> int:
    if args.out is None and sys.stdout.isatty():
        raise ConfigError("a state is no text: give --out FILE, or send it on with > FILE")
    answer = ask(running.agent_of(args).state_dir, ExportState(args.sensor))
    stored = base64.b64decode(answer["state"])
    try:
        if args.out is None:
            sys.stdout.buffer.write(stored)
            sys.stdout.flush()
        else:
            args.out.write_bytes(stored)
    except OSError as error:
        raise ConfigError(f"{args.out or 'standard output'}: cannot be written ({error.strerror})") from error
    for remark in answer["remarks"]:
        print(f"mind: {remark}", file=sys.stderr)
    return os.EX_OK


def _import(args: argparse.Namespace) -> int:
    try:
        if str(args.file) == "-":
            stored = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with args.file.open("rb") as file:
                stored = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{args.file}: cannot be read ({error.strerror}); name an existing file") from error
    if len(stored) > MAX_FILE_BYTES:
        raise ConfigError(f"{args.file}: larger than {MAX_FILE_BYTES} bytes; this is no state of a sensor")
    state_dir = running.agent_of(args).state_dir
    for start in range(0, len(stored) or 1, PIECE_BYTES):
        piece, is_last = stored[start : start + PIECE_BYTES], start + PIECE_BYTES >= len(stored)
        answer = ask(state_dir, ImportState(args.sensor, piece, start, is_last, args.replace))
    for remark in answer["remarks"]:
        print(f"mind: {remark}")
    print(f"{args.sensor}: goes on with it")
    return os.EX_OK if answer["kept"] else os.EX_TEMPFAIL
