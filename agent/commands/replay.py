"""`replay FILE...`: what a maintenance engineer with a recording wants, a verdict in words with its reasons.

The recording runs through the very pipeline that listens to sensors; nothing here computes anything of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agent.bundle.runtimes import CHOICES as RUNTIME_CHOICES
from agent.commands import arguments, replay_kept, replay_report, report_file
from agent.commands.replay_healthy import Learnt, told_beside
from agent.commands.replay_judging import comparable, diagnose, learn
from agent.commands.replay_output import exit_code, tell
from agent.commands.replay_reading import beside_itself, check_speed, check_together, read, read_all_healthy, setup_of
from agent.errors import RecordingError
from agent.messages.words import LANGUAGES
from agent.recordings import suffixes_in_words
from firmware_bridge.command_line import Parser

if TYPE_CHECKING:
    from agent.messages.answer import Answer
    from agent.report.section import Section

EXIT_CODES = """\
exit codes: 0 judged; 1 a fault is said, and --fail-on asked for it; 2 wrong usage; 3 not judged: no window, the
machine stands still, or the signal is not usable; 65 a file or the bundle cannot be read. Of several files the first
of 1, 65, 3 that holds of one is the exit code. --fail-on abnormal asks for 1 also where a recording is over the limit
of the healthy state and not named."""


def add_arguments(parser: Parser) -> None:
    parser.usage_exit = arguments.WRONG_USAGE
    parser.epilog = EXIT_CODES
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=f"{suffixes_in_words()} recording")
    parser.add_argument("--rate-hz", type=float, help="sample rate, where the file does not say it")
    parser.add_argument("--rpm", type=arguments.rpm, help="nominal shaft speed; the spectrum places it exactly")
    parser.add_argument(
        "--rpm-range",
        type=arguments.rpm_range,
        metavar="LO-HI",
        help="instead: estimate the speed within this range, less than 2:1 wide",
    )
    arguments.add_bearing(parser)
    parser.add_argument("--channel", help="MATLAB variable, CSV column or channel number; several joined by +")
    arguments.add_scale(parser)
    parser.add_argument(
        "--healthy", type=Path, action="append", default=[], metavar="FILE", help="the same machine when it was healthy"
    )
    parser.add_argument(
        "--healthy-rpm",
        type=arguments.rpm,
        help="their speed; without it they are a reference alone, and set no limit for a known speed",
    )
    parser.add_argument(
        "--healthy-rate-hz",
        metavar="HZ",
        type=float,
        help="their sample rate, where it is another one than --rate-hz",
    )
    parser.add_argument(
        "--healthy-channel",
        metavar="CHANNEL",
        help="their channel, where it has another name than --channel; one that differs in a number alone is found",
    )
    parser.add_argument("--join", action="store_true", help="the files are one recording, consecutive in time")
    parser.add_argument(
        "--snapshots", action="store_true", help="the files are snapshots of one machine, judged together"
    )
    parser.add_argument("--bundle", default="default", help="folder of the bundle to diagnose with")
    parser.add_argument("--runtime", choices=RUNTIME_CHOICES, default="auto")
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="of the answer (default: %(default)s)")
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=("fault", "abnormal"),
        default=[],
        help="exit with 1 where a fault is said, or also where a recording is abnormal without a name",
    )
    replay_report.add_argument(parser)
    parser.add_argument("--json", action="store_true", help="JSON lines: every window, then the verdict of each file")


def main(args: argparse.Namespace) -> int:
    from agent.bundle.encoder import load_encoder
    from agent.bundle.load import load_bundle
    from agent.messages.answer import answer_of
    from agent.recordings.recording import with_rate
    from agent.recordings.short import piece_seconds
    from agent.stream.cutting import windows_like

    if replay_kept.is_meant(args):
        return replay_kept.judge(args)
    arguments.bearing_of(args)
    report_file.check(args.report)
    bundle = load_bundle(args.bundle)
    _, encoder = load_encoder(bundle, args.runtime)
    check_together(args)
    healthy, channels = read_all_healthy(args)
    learnt: dict[float | None, Learnt] = {}
    together = args.join or args.snapshots
    answers: list[Answer] = []
    sections: list[Section] = []
    unread: list[tuple[Path, RecordingError]] = []
    for paths in [args.files] if together else [[path] for path in args.files]:
        try:
            recording = with_rate(read(paths, args))
            check_speed(recording, args)
            recording = beside_itself(recording, args.healthy, channels)
        except RecordingError as error:
            if len(args.files) == 1 or together:
                raise
            print(f"textvib-agent: {error}", file=sys.stderr)
            unread.append((paths[0], error))
            continue
        seconds = piece_seconds(recording, bundle.spec)
        if seconds not in learnt:
            learnt[seconds] = learn(healthy, args, bundle, encoder, windows_like(seconds, bundle.spec))
        setup = setup_of(args, recording, rpm=args.rpm)
        baselines, recording = comparable(learnt[seconds], recording, healthy, bundle)
        diagnoses = diagnose(recording, setup, bundle, encoder, baselines)
        recording = told_beside(recording, diagnoses, learnt[seconds], healthy)
        answer = answer_of(
            recording,
            diagnoses,
            calibration=bundle.calibration,
            descriptions=bundle.descriptions,
            language=args.language,
        )
        tell(answer, diagnoses, as_json=args.json)
        answers.append(answer)
        if args.report is not None:
            sections.append(
                replay_report.section_of(answer, setup=setup, bundle=bundle, paths=paths, healthy=args.healthy)
            )
    if args.report is not None:
        replay_report.write(args.report, sections, unread=unread, language=args.language)
    return exit_code(answers, fail_on=args.fail_on, unreadable=bool(unread))
