"""`commission SENSOR`: the next good windows of a healthy machine become its baseline."""

from __future__ import annotations

import argparse
import os

from agent.commands import running
from agent.service.control import Commission, ask

DEFAULT_WINDOWS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sensor", metavar="SENSOR", help="sensor id; its machine must run, and be healthy")
    parser.add_argument(
        "--windows",
        type=int,
        default=DEFAULT_WINDOWS,
        metavar="N",
        help=f"running, steady, good windows to learn from (default: {DEFAULT_WINDOWS}); commission each speed",
    )
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    answer = ask(running.state_dir_of(args), Commission(sensor=args.sensor, windows=args.windows))
    print(f"{args.sensor}: learning from the next {args.windows} windows; follow it with: textvib-agent status")
    for remark in answer.get("remarks", ()):
        print(f"mind: {remark}")
    return os.EX_OK
