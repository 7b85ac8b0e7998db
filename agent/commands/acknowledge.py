"""`acknowledge` and `close` ALERT: that somebody has seen it, and with `--was` what it really was."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from agent.commands import alerts, running
from agent.errors import ConfigError, TransportError
from agent.faults import FAULTS
from agent.messages.words import Language, say
from agent.service.alert_requests import FAULT_ID, Acknowledge, Close, Remote
from agent.service.control import ask
from agent.service.watching.confirmed import Confirmed, confirm
from agent.service.watching.ring_folder import FOLDER, beginning_with

REQUESTS: dict[str, Callable[..., Remote]] = {"acknowledge": Acknowledge, "close": Close}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--was",
        metavar="FAULT",
        help=f"what it really was: {', '.join(FAULTS)}, or a name of your own; also of an alert that is over. Its"
        " windows are kept longer, and `python -m export adopt` learns from them",
    )
    alerts.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    was = args.was
    request = _request(args, was)
    try:
        answer = ask(agent.state_dir, request)
    except (ConfigError, TransportError):
        alert = None if was is None else _over(agent.state_dir / FOLDER, args.alert)
        if alert is None:
            raise
        _tell_of_own_name(was, agent.language())
        confirm(agent.state_dir / FOLDER, alert, Confirmed(was, args.by, time.time()))
        print(say("asked.was_kept", agent.language(), alert=alert, fault=was))
        return os.EX_OK
    language = agent.language(answer)
    print(say(f"asked.{args.command}", language, alert=answer["alert"]))
    if was is not None:
        _tell_of_own_name(was, language)
        kept = "was_kept" if answer["kept"] else "was_alone"
        print(say(f"asked.{kept}", language, alert=answer["alert"], fault=was))
    return os.EX_OK


def _tell_of_own_name(was: str, language: Language) -> None:
    """A slip of the pen would be a fault of its own."""
    if was in FAULTS:
        return
    near = difflib.get_close_matches(was, FAULTS, 1)
    code = "asked.was_near" if near else "asked.was_own"
    print(say(code, language, fault=was, near="".join(near), known=", ".join(FAULTS)), file=sys.stderr)


def _request(args: argparse.Namespace, was: str | None) -> Remote:
    if was is not None and re.fullmatch(FAULT_ID, was) is None:
        raise ConfigError(
            f"--was: {was!r} is no name of a fault; give one of {', '.join(FAULTS)}, or a name of your own in small "
            "letters, digits and _, like seal_rubs"
        )
    return REQUESTS[args.command](args.alert, args.by, *([] if was is None else [was]))


def _over(folder: Path, wanted: str) -> str | None:
    """The alert whose id begins so and whose windows are kept, open or not; None where there are none or several."""
    fitting = {file.alert for file in beginning_with(folder, wanted)}
    return fitting.pop() if len(fitting) == 1 else None
