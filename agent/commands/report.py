"""`report ALERT`: an alert as one page for people, out of what the agent keeps of it; nothing is asked of the agent.

It is there while the agent runs and while it does not, for an alert that is open and for one of the past.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from agent.commands import report_file, running
from agent.commands.arguments import UsageError
from agent.messages.words import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "alert", nargs="?", metavar="ALERT", help="its id, the beginning of it, or SENSOR/BEARING for its latest one"
    )
    parser.add_argument("--last", action="store_true", help="instead: the one that was raised last")
    parser.add_argument("--sensor", metavar="SENSOR", help="of this sensor alone")
    parser.add_argument(
        "--out", type=Path, metavar="OUT.html", help="OUT.pdf where a Chromium is installed (default: alert-ID.html)"
    )
    parser.add_argument("--bundle", help="folder of the bundle to word it with (default: the one that judged)")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    if (args.alert is None) != args.last:
        raise UsageError("argument ALERT: give the id of an alert, or --last and not both", args.command)
    report_file.check(args.out, option="--out", command=args.command)
    from agent.service.looking_back.alert_found import find_alert
    from agent.service.looking_back.alert_report import report_of
    from agent.service.looking_back.bundles import bundle_for

    agent = running.agent_of(args)
    past = find_alert(agent.there, args.alert, sensor=args.sensor)
    out = args.out or Path(f"alert-{past.last.id}.html")
    report_file.check(out, option="--out", command=args.command)
    bundle = bundle_for(agent.state_dir, past.whence.bundle_sha256, args.bundle)
    language = agent.language()
    report_file.put(out, report_of(past, agent.state_dir, bundle=bundle, language=language))
    print(say("asked.reported", language, alert=past.last.id, path=out))
    return os.EX_OK
