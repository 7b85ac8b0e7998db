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
        events = answer.get("waiting_events", {}).get(sink)  # None: an older agent does not tell
        code = "asked.retried" if events is None or not waiting else "asked.retried_events"
        print(say(code, language, sink=sink, waiting=waiting, events=events))
    print(say("asked.follow", language, command="textvib-agent status"))
    return os.EX_OK
