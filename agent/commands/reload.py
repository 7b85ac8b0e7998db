"""`reload`: the running agent reads its config again; what changed is taken over, or all of it is refused."""

from __future__ import annotations

import argparse
import os
import sys
import time

from agent.commands import running
from agent.errors import TransportError
from agent.messages.notices import in_language
from agent.messages.words import say
from agent.service.control import Reload, Reloading, ask

POLL_S = 0.2
LONGEST_S = 660.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    number = ask(agent.state_dir, Reload())["number"]
    until_s = time.monotonic() + LONGEST_S
    while (answer := ask(agent.state_dir, Reloading(number)))["ended"] is None:
        if time.monotonic() > until_s:
            raise TransportError("the agent has not ended reading its config; look into its log")
        time.sleep(POLL_S)
    ended, language = answer["ended"], agent.language(answer)
    if ended["problems"]:
        for problem in ended["problems"]:
            print(f"textvib-agent: {in_language(problem, language)}", file=sys.stderr)
        print(f"textvib-agent: {say('asked.nothing_changed', language)}", file=sys.stderr)
        return int(ended["code"])
    for line in ended["done"]:
        print(in_language(line, language))
    for line in ended["told"]:
        print(say("asked.mind", language, remark=in_language(line, language)))
    return os.EX_OK
