"""`shelve ALERT --for TIME`: an open alert is put aside; it comes back by itself, at once where it is worse."""

from __future__ import annotations

import argparse
import os
import time

from agent.commands import alerts, running
from agent.errors import ConfigError
from agent.messages.words import say
from agent.service.alert_requests import Shelve, seconds_of
from agent.service.control import ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    alerts.add_arguments(parser)
    parser.add_argument(
        "--for", dest="duration", type=_duration, required=True, metavar="TIME", help="like 30m, 8h or 2d"
    )


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, Shelve(args.alert, duration=args.duration, by=args.by))
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(answer["until_wall_s"]))
    print(say("asked.shelve", agent.language(answer), alert=answer["alert"], until=until))
    return os.EX_OK


def _duration(text: str) -> str:
    """As the agent takes it, refused here where it would be refused there."""
    try:
        seconds_of(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("for: ")) from None
    return text
