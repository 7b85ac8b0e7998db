"""`acknowledge`, `unshelve` and `close` ALERT: what somebody says of an open alert, told to the running agent."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from agent.commands import running
from agent.service.alert_requests import Acknowledge, Close, Remote, Unshelve
from agent.service.control import ask

REQUESTS: dict[str, tuple[Callable[[str, str | None], Remote], str]] = {
    "acknowledge": (Acknowledge, "acknowledged"),
    "unshelve": (Unshelve, "taken back from the shelf"),
    "close": (Close, "closed"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "alert", metavar="ALERT", help="its id as status shows it, the beginning of it, or SENSOR/BEARING"
    )
    parser.add_argument("--by", metavar="NAME", help="who says so; it is published with the alert")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    request, done = REQUESTS[args.command]
    answer = ask(running.state_dir_of(args), request(args.alert, args.by))
    print(f"{answer['alert']}: {done}")
    return os.EX_OK
