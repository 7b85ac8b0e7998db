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
    state_dir = running.state_dir_of(args)
    if args.cancel:
        _print_remarks(ask(state_dir, Cancel(sensor=args.sensor)))
        print(f"{args.sensor}: commissioning is given up")
        return os.EX_OK
    request = Commission(sensor=args.sensor, windows=args.windows, anyway=args.anyway, after_repair=args.after_repair)
    answer = ask(state_dir, request)
    count = "next windows, until they bring nothing new" if args.windows is None else f"next {args.windows} windows"
    print(f"{args.sensor}: learning from the {count}")
    _print_remarks(answer)
    sys.stdout.flush()
    if args.no_wait:
        print("follow it with: textvib-agent status")
        return os.EX_OK if answer.get("kept", True) else os.EX_TEMPFAIL
    try:
        return _wait(state_dir, args.sensor)
    except KeyboardInterrupt:
        print(f"{args.sensor}: commissioning goes on without this command; --cancel gives it up", file=sys.stderr)
        raise


def _wait(state_dir: Path, sensor: str) -> int:
    """Until it has ended, telling how far it is now and then; the exit code."""
    told_s = time.monotonic()
    while True:
        answer = ask(state_dir, Learnt(sensor=sensor))
        if not answer["learning"]:
            return _print_end(sensor, answer)
        if time.monotonic() - told_s >= TELL_EVERY_S:
            told_s = time.monotonic()
            print(f"{sensor}: {answer['words'][0]}{_hindered(answer)}", file=sys.stderr, flush=True)
        time.sleep(POLL_S)


def _print_end(sensor: str, answer: dict[str, Any]) -> int:
    ended = answer["ended"]
    if ended is None:
        print(f"{sensor}: the agent was started anew meanwhile; commission it again", file=sys.stderr)
        return os.EX_TEMPFAIL
    is_learnt = ended["result"] == "learnt"
    if is_learnt and not answer.get("kept", True):
        print(f"{sensor}: learnt, and not kept: a restart forgets it", file=sys.stderr)
        for trouble in answer["troubles"]:
            print(f"  {trouble}", file=sys.stderr)
        return os.EX_TEMPFAIL
    for number, line in enumerate(answer["words"]):
        print(f"  {line}" if number else f"{sensor}: {line}", file=sys.stdout if is_learnt else sys.stderr)
    return os.EX_OK if is_learnt else EX_REFUSED


def _hindered(answer: dict[str, Any]) -> str:
    """Why no window may be learnt from now."""
    if answer["state"] not in ("idle", "unsteady", "invalid", "lost"):
        return ""
    reason = f" ({answer['reason']})" if answer["reason"] else ""
    return f"; waiting: the sensor is {answer['state']}{reason}"


def _print_remarks(answer: dict[str, Any]) -> None:
    for remark in answer.get("remarks", ()):
        print(f"mind: {remark}")
