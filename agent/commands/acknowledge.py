"""`acknowledge ALERT`: somebody has seen an open alert; it stays open, and says so."""

from __future__ import annotations

import argparse
import os

from agent.commands import running
from agent.service.control import Acknowledge, ask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_alert_arguments(parser)


def main(args: argparse.Namespace) -> int:
    answer = ask(running.state_dir_of(args), Acknowledge(args.alert, args.by))
    print(f"{answer['alert']}: acknowledged")
    return os.EX_OK
