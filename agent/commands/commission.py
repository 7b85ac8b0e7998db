"""`commission SENSOR`: the next good windows of a healthy machine become its baseline, if nothing stands against it.

It waits for the end and says how far it is, since what stands against a machine shows in its windows alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from agent.commands import running
from agent.messages.notices import in_language
from agent.messages.words import Language, say, words_for
from agent.service.control import Cancel, Commission, Learnt, ask

EX_REFUSED = 1
POLL_S = 1.0
TELL_EVERY_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sensor", metavar="SENSOR", help="sensor id; its machine must run, and be healthy")
    parser.add_argument(
        "--windows",
        type=int,
        metavar="N",
        help="running, steady, good windows to learn from (default: until the newer ones are like the older ones); "
        "commission each speed",
    )
    belief = parser.add_mutually_exclusive_group()
    belief.add_argument("--anyway", action="store_true", help="believe it whatever stands against it, and keep that")
    belief.add_argument(
        "--after-repair",
        action="store_true",
        help="close what is open, and set the old healthy state aside until the new one is complete",
    )
    belief.add_argument(
        "--cancel", action="store_true", help="give up commissioning, and take back what was set aside for it"
    )
    parser.add_argument("--no-wait", action="store_true", help="only begin; follow it with: textvib-agent status")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    state_dir = agent.state_dir
    if args.cancel:
        answer = ask(state_dir, Cancel(sensor=args.sensor))
        language = agent.language(answer)
        running.print_remarks(answer, language)
        print(say("asked.given_up", language, sensor=args.sensor))
        return os.EX_OK
    request = Commission(sensor=args.sensor, windows=args.windows, anyway=args.anyway, after_repair=args.after_repair)
    answer = ask(state_dir, request)
    language = agent.language(answer)
    how = "asked.learning" if args.windows is None else "asked.learning_from"
    print(say(how, language, sensor=args.sensor, windows=args.windows))
    running.print_remarks(answer, language)
    sys.stdout.flush()
    if args.no_wait:
        print(say("asked.follow", language, command="textvib-agent status"))
        return os.EX_OK if answer.get("kept", True) else os.EX_TEMPFAIL
    try:
        return _wait(state_dir, args.sensor, language)
    except KeyboardInterrupt:
        print(say("asked.goes_on", language, sensor=args.sensor), file=sys.stderr)
        raise


def _wait(state_dir: Path, sensor: str, language: Language) -> int:
    """Until it has ended, telling how far it is now and then; the exit code."""
    told_s = time.monotonic()
    while True:
        answer = ask(state_dir, Learnt(sensor=sensor))
        if not answer["learning"]:
            return _print_end(sensor, answer, language)
        if time.monotonic() - told_s >= TELL_EVERY_S:
            told_s = time.monotonic()
            told = in_language(answer["words"][0], language) + _hindered(answer, language)
            print(f"{sensor}: {told}", file=sys.stderr, flush=True)
        time.sleep(POLL_S)


def _print_end(sensor: str, answer: dict[str, Any], language: Language) -> int:
    ended = answer["ended"]
    if ended is None:
        print(say("asked.started_anew", language, sensor=sensor), file=sys.stderr)
        return os.EX_TEMPFAIL
    is_learnt = ended["result"] == "learnt"
    if is_learnt and not answer.get("kept", True):
        print(say("asked.not_kept", language, sensor=sensor), file=sys.stderr)
        for trouble in answer["troubles"]:
            print(f"  {in_language(trouble, language)}", file=sys.stderr)
        return os.EX_TEMPFAIL
    for number, line in enumerate(in_language(words, language) for words in answer["words"]):
        print(f"  {line}" if number else f"{sensor}: {line}", file=sys.stdout if is_learnt else sys.stderr)
    return os.EX_OK if is_learnt else EX_REFUSED


def _hindered(answer: dict[str, Any], language: Language) -> str:
    """Why no window may be learnt from now."""
    if answer["state"] not in ("idle", "unsteady", "invalid", "lost"):
        return ""
    reason = f" ({words_for('reason', answer['reason'], language)})" if answer["reason"] else ""
    return say("asked.waiting", language, state=words_for("state", answer["state"], language), reason=reason)
