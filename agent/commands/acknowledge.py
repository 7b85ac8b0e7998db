"""`acknowledge` and `close` ALERT: that somebody has seen it, and with `--was` what it really was."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from agent.commands import alerts, running
from agent.errors import ConfigError, TransportError
from agent.faults import FAULTS
from agent.messages.finding_text import no_name_in_words, own_name_in_words
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
    request = _request(args, was, agent.language())
    try:
        answer = ask(agent.state_dir, request)
    except (ConfigError, TransportError) as error:
        alert = None if was is None else _over(agent.state_dir / FOLDER, args.alert)
        if alert is None:
            raise
        _tell_of_own_name(was, agent.language())
        confirm(agent.state_dir / FOLDER, alert, Confirmed(was, args.by, time.time()))
        print(say("asked.was_kept", agent.language(), alert=alert, fault=was))
        if isinstance(error, TransportError) and not _is_over(agent.state_dir, alert):
            print(say("asked.was_open", agent.language(), alert=alert), file=sys.stderr)
            return error.exit_code
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
    if remark := own_name_in_words(was, language):
        print(remark, file=sys.stderr)


def _request(args: argparse.Namespace, was: str | None, language: Language) -> Remote:
    if was is not None and re.fullmatch(FAULT_ID, was) is None:
        raise ConfigError(f"--was: {no_name_in_words(was, language)}")
    return REQUESTS[args.command](args.alert, args.by, *([] if was is None else [was]))


def _over(folder: Path, wanted: str) -> str | None:
    """The alert whose id begins so and whose windows are kept, open or not; None where there are none or several."""
    fitting = {file.alert for file in beginning_with(folder, wanted)}
    return fitting.pop() if len(fitting) == 1 else None


def _is_over(state_dir: Path, alert: str) -> bool:
    """Whether an alert has ended, as far as is written down."""
    from agent.service.looking_back.history_file import past_alerts

    return any(past.last.id == alert and past.closed for past in past_alerts(state_dir, beginning=alert))
