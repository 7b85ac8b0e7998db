"""`record SENSOR`: what a sensor sends, as a .vbp file that `replay` reads like the live stream."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from agent.commands import running
from agent.messages.words import say
from agent.service.control import Record, ask

DEFAULT_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sensor", metavar="SENSOR", help="sensor id")
    parser.add_argument(
        "--seconds", type=float, default=DEFAULT_SECONDS, metavar="S", help="how long (default: %(default)g)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="where to (default: a file of its own in the agent's state directory)"
    )
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    path = str(args.out.resolve()) if args.out is not None else None
    request = Record(sensor=args.sensor, seconds=args.seconds, path=path)
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, request)
    language = agent.language(answer)
    print(say("asked.recording", language, sensor=args.sensor, seconds=f"{args.seconds:g}", path=answer["path"]))
    if not answer.get("heard", True):
        print(say("asked.silent", language, sensor=args.sensor))
    return os.EX_OK
