"""`acknowledge`, `unshelve` and `close` ALERT: what somebody says of an open alert, told to the running agent."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from agent.commands import running
from agent.messages.words import say
from agent.service.alert_requests import Acknowledge, Close, Remote, Unshelve
from agent.service.control import ask

REQUESTS: dict[str, Callable[[str, str | None], Remote]] = {
    "acknowledge": Acknowledge,
    "unshelve": Unshelve,
    "close": Close,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "alert", metavar="ALERT", help="its id as status shows it, the beginning of it, or SENSOR/BEARING"
    )
    parser.add_argument("--by", metavar="NAME", help="who says so; it is published with the alert")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, REQUESTS[args.command](args.alert, args.by))
    print(say(f"asked.{args.command}", agent.language(answer), alert=answer["alert"]))
    return os.EX_OK
