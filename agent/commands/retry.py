"""`retry [SINK]`: what the running agent cannot reach, or was refused, tried at once and not after its pause."""

from __future__ import annotations

import argparse
import os

from agent.commands import running
from agent.messages.words import say
from agent.service.control import Retry, ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sink", nargs="?", metavar="SINK", help="as status names it, or broker (default: all)")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, Retry(args.sink))
    language = agent.language(answer)
    for sink, waiting in answer["waiting"].items():
        print(say("asked.retried", language, sink=sink, waiting=waiting))
    print(say("asked.follow", language, command="textvib-agent status"))
    return os.EX_OK
