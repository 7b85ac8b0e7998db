"""`close ALERT`: an open alert is cleared with the reason `closed`."""

from __future__ import annotations

import argparse
import os

from agent.commands import running
from agent.service.control import Close, ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_alert_arguments(parser)


def main(args: argparse.Namespace) -> int:
    answer = ask(running.state_dir_of(args), Close(args.alert, args.by))
    print(f"{answer['alert']}: closed")
    return os.EX_OK
