"""`acknowledge` and `close` ALERT: that somebody has seen it, and with `--was` what it really was."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.commands import alerts, running
from agent.errors import TransportError
from agent.faults import FAULTS
from agent.messages.finding_text import own_name_in_words
from agent.messages.words import Language, say
from agent.service.alert_requests import Acknowledge, Close
from agent.service.control import ask
from agent.service.names import fault_name
from agent.service.watching.confirmed import Confirmed, keep_word, over_with_windows
from agent.service.watching.ring_folder import FOLDER

REQUESTS: dict[str, Callable[..., Acknowledge | Close]] = {"acknowledge": Acknowledge, "close": Close}


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
    request = REQUESTS[args.command](args.alert, args.by, *([] if args.was is None else [args.was]))
    was = None if args.was is None else fault_name(args.was)
    try:
        answer = ask(agent.state_dir, request)
    except TransportError as error:
        alert = None if was is None else over_with_windows(agent.state_dir / FOLDER, args.alert)
        if alert is None:
            raise
        word = Confirmed(str(was), request.by, time.time(), is_told=False)
        return _keep_alone(agent, alert, word, error, command=args.command)
    language = agent.language(answer)
    _tell_done(args.command, answer["alert"], language, is_over=bool(answer.get("over")))
    if was is not None:
        _tell(was, answer, language)
    return os.EX_OK


def _tell_done(command: str, alert: str, language: Language, *, is_over: bool) -> None:
    """What became of the alert itself; of one that is over only that, where it was to end."""
    if not is_over:
        print(say(f"asked.{command}", language, alert=alert))
    elif command == "close":
        print(say("asked.over", language, alert=alert))


def _keep_alone(agent: running.Agent, alert: str, word: Confirmed, error: TransportError, *, command: str) -> int:
    """Keep a word where no agent answers, which publishes it once it runs; an alert that is open stays open."""
    before, language = keep_word(agent.state_dir / FOLDER, alert, word), agent.language()
    is_over = _is_over(agent.state_dir, alert)
    if is_over:
        _tell_done(command, alert, language, is_over=True)
    _tell(word.was, {"alert": alert, "kept": True, "before": before}, language)
    print(say(f"asked.{'was_later' if is_over else 'was_open'}", language, alert=alert), file=sys.stderr)
    return os.EX_OK if is_over else error.exit_code


def _tell(was: str, answer: Mapping[str, Any], language: Language) -> None:
    """That the word is kept, which other one it replaces, and that it is one's own: a slip of the pen would be one."""
    if remark := own_name_in_words(was, language):
        print(remark, file=sys.stderr)
    print(say(f"asked.{'was_kept' if answer['kept'] else 'was_alone'}", language, alert=answer["alert"], fault=was))
    if before := answer.get("before"):
        print(say("asked.was_before", language, alert=answer["alert"], fault=was, before=before))


def _is_over(state_dir: Path, alert: str) -> bool:
    """Whether an alert has ended, as far as is written down."""
    from agent.service.looking_back.history_file import past_alerts

    return any(past.last.id == alert and past.closed for past in past_alerts(state_dir, beginning=alert))
