"""`forget SENSOR`: what the agent was taught of a healthy machine is forgotten, at one speed or at all of them."""

from __future__ import annotations

import argparse
import os

from agent.commands import arguments, running
from agent.messages.notices import in_language
from agent.messages.words import say
from agent.service.control import Forget, ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sensor", metavar="SENSOR", help="sensor id")
    parser.add_argument(
        "--speed", type=arguments.rpm, metavar="RPM", help="forget what was learnt within 5 %% of it (default: all)"
    )
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, Forget(sensor=args.sensor, rpm=args.speed))
    language = agent.language(answer)
    speeds = ", ".join(in_language(speed, language) for speed in answer["forgotten"])
    print(say("asked.forgotten", language, sensor=args.sensor, speeds=speeds))
    running.print_remarks(answer, language)
    return os.EX_OK
