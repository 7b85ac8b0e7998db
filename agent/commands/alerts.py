"""`unshelve` ALERT, and what every command about an open alert is told."""

from __future__ import annotations

import argparse
import os

from agent.commands import running
from agent.messages.words import say
from agent.service.alert_requests import Unshelve
from agent.service.control import ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "alert", metavar="ALERT", help="its id as status shows it, the beginning of it, or SENSOR/BEARING"
    )
    parser.add_argument("--by", metavar="NAME", help="who says so; it is published with the alert")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, Unshelve(args.alert, args.by))
    print(say("asked.unshelve", agent.language(answer), alert=answer["alert"]))
    return os.EX_OK
