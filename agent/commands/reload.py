"""`reload`: the running agent reads its config again; what changed is taken over, or all of it is refused."""

from __future__ import annotations

import argparse
import os
import sys
import time

from agent.commands import running
from agent.errors import TransportError
from agent.service.control import Reload, Reloading, ask

POLL_S = 0.2
LONGEST_S = 660.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    state_dir = running.agent_of(args).state_dir
    number = ask(state_dir, Reload())["number"]
    until_s = time.monotonic() + LONGEST_S
    while (ended := ask(state_dir, Reloading(number))["ended"]) is None:
        if time.monotonic() > until_s:
            raise TransportError("the agent has not ended reading its config; look into its log")
        time.sleep(POLL_S)
    if ended["problems"]:
        for problem in ended["problems"]:
            print(f"textvib-agent: {problem}", file=sys.stderr)
        print("textvib-agent: refused: nothing is changed", file=sys.stderr)
        return int(ended["code"])
    for line in ended["done"]:
        print(line)
    for line in ended["told"]:
        print(f"mind: {line}")
    return os.EX_OK
