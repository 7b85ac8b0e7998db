"""`replay FILE...`: what a maintenance engineer with a recording wants, a verdict in words with its reasons.

The recording runs through the very pipeline that listens to sensors; nothing here computes anything of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.bundle.runtimes import CHOICES as RUNTIME_CHOICES
from agent.commands import arguments, replay_kept, replay_report, report_file
from agent.commands.replay_output import exit_code, tell
from agent.errors import RecordingError
from agent.messages.words import LANGUAGES
from agent.recordings import suffixes_in_words
from firmware_bridge.command_line import Parser

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.diagnosis.baseline import Baseline
    from agent.machine import SensorSetup
    from agent.messages.answer import Answer
    from agent.ports import Encoder
    from agent.recordings.read import Recording
    from agent.report.section import Section
    from agent.stream.cutting import Cutting
    from agent.types import Diagnosis

SENSOR = "recording"


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
    _check_together(args)
    healthy = [_read([path], args) for path in args.healthy]
    learnt: dict[float | None, dict[str | None, Baseline]] = {}
    together = args.join or args.snapshots
    answers: list[Answer] = []
    sections: list[Section] = []
    unread: list[tuple[Path, RecordingError]] = []
    for paths in [args.files] if together else [[path] for path in args.files]:
        try:
            recording = with_rate(_read(paths, args))
            _check_speed(recording, args)
            recording = _beside_itself(recording, args.healthy)
        except RecordingError as error:
            if len(args.files) == 1 or together:
                raise
            print(f"textvib-agent: {error}", file=sys.stderr)
            unread.append((paths[0], error))
            continue
        seconds = piece_seconds(recording, bundle.spec)
        if seconds not in learnt:
            learnt[seconds] = _learn(healthy, args, bundle, encoder, windows_like(seconds, bundle.spec))
        setup = _setup(args, recording, rpm=args.rpm)
        diagnoses = _diagnose(recording, setup, bundle, encoder, learnt[seconds])
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


# ------------------------------------------------------------------------------------------------------- diagnosing


def _learn(
    healthy: Sequence[Recording], args: argparse.Namespace, bundle: Bundle, encoder: Encoder, cutting: Cutting
) -> dict[str | None, Baseline]:
    """What the healthy recordings teach, in windows of this cutting; RecordingError where they are too short for any.

    Those too short to teach anything by themselves do it together, as snapshots of one machine.
    """
    from agent.dsp.features import views

    learnt: dict[str | None, Baseline] = {}
    for recording in _teachers(healthy, cutting):
        learnt = _learn_one(recording, args, bundle, encoder, cutting, learnt)
        if recording.unit == "raw":
            level = views(bundle.spec)["level"]
            learnt = {bearing: baseline.without_gain(level) for bearing, baseline in learnt.items()}
    if args.healthy_rpm is None:
        return {bearing: baseline.at_unknown_speed() for bearing, baseline in learnt.items()}
    return learnt


def _teachers(healthy: Sequence[Recording], cutting: Cutting) -> list[Recording]:
    """The recordings that teach: each that has windows enough, then the others as snapshots of each speed they say."""
    from agent.diagnosis.baseline import MIN_WINDOWS
    from agent.recordings.short import as_snapshots, windows_of

    enough: list[Recording] = []
    short: dict[float | None, list[Recording]] = {}
    for recording in healthy:
        if sum(1 for _ in windows_of(recording, cutting)) >= MIN_WINDOWS:
            enough.append(recording)
        else:
            short.setdefault(recording.rpm, []).append(recording)
    return [*enough, *map(as_snapshots, short.values())]


def _learn_one(
    recording: Recording,
    args: argparse.Namespace,
    bundle: Bundle,
    encoder: Encoder,
    cutting: Cutting,
    before: dict[str | None, Baseline],
) -> dict[str | None, Baseline]:
    """What was learnt before, and what this recording teaches."""
    from agent.alerting.window_rules import DecisionConfig
    from agent.diagnosis.baseline import MIN_WINDOWS
    from agent.pipeline import Pipeline
    from agent.recordings.read import blocks_of
    from agent.recordings.short import windows_of
    from agent.recordings.speeds import readings_beside

    count = sum(1 for _ in windows_of(recording, cutting))
    if count < MIN_WINDOWS:
        seconds = cutting.window_s + (MIN_WINDOWS - 1) * cutting.hop_s
        raise RecordingError(f"{recording.path}: too short to learn from; a healthy recording needs {seconds:g} s")
    setup = _setup(args, recording, rpm=args.healthy_rpm or recording.rpm or (None if recording.speeds else args.rpm))
    pipeline = Pipeline(
        setup, bundle=bundle, encoder=encoder, config=DecisionConfig(), baselines=before, cutting=cutting
    )
    pipeline.healthy.commission(count, add=True)
    for item in readings_beside(recording, blocks_of(recording, SENSOR)):
        pipeline.feed(item)
    pipeline.end()
    left = pipeline.healthy.windows_to_learn
    if left:
        raise RecordingError(f"{recording.path}: {left} of {count} windows cannot be learnt from")
    return dict(pipeline.healthy.baselines)


def _diagnose(
    recording: Recording,
    setup: SensorSetup,
    bundle: Bundle,
    encoder: Encoder,
    baselines: dict[str | None, Baseline],
) -> list[Diagnosis]:
    from agent.alerting.window_rules import DecisionConfig
    from agent.commands.waiting import blocks_of
    from agent.pipeline import Pipeline
    from agent.recordings.short import cutting_of
    from agent.recordings.speeds import readings_beside
    from agent.types import Diagnosis

    pipeline = Pipeline(
        setup,
        bundle=bundle,
        encoder=encoder,
        config=DecisionConfig(),
        baselines=baselines,
        cutting=cutting_of(recording, bundle.spec),
    )
    heard = readings_beside(recording, blocks_of(recording, SENSOR))
    outputs = [output for item in heard for output in pipeline.feed(item)]
    return [output for output in [*outputs, *pipeline.end()] if isinstance(output, Diagnosis)]


def _read(paths: Sequence[Path], args: argparse.Namespace) -> Recording:
    import numpy as np

    from agent.commands.waiting import read_recording
    from agent.recordings.short import as_snapshots
    from agent.recordings.speeds import with_speeds_of

    scale = arguments.scale_of(args)
    parts = [
        read_recording(path, variable=args.channel, rate_hz=args.rate_hz, unit=args.unit, scale=scale) for path in paths
    ]
    if args.snapshots and len(parts) > 1:
        return as_snapshots(parts)
    if any(part.axes != parts[0].axes or part.rate_hz != parts[0].rate_hz for part in parts):
        raise RecordingError(f"{paths[0]}: the files to join differ in rate or channels")
    if len(parts) == 1:
        return parts[0]
    samples = np.concatenate([part.samples for part in parts])
    return with_speeds_of(dataclasses.replace(parts[0], samples=samples, pieces=parts[0].pieces[:1]), parts)


def _check_together(args: argparse.Namespace) -> None:
    """UsageError for arguments that contradict each other, before anything is read; RecordingError for --join."""
    if args.join and args.snapshots:
        raise RecordingError("--join takes files as consecutive in time, --snapshots as apart; give one of them")
    if args.rpm is not None and args.rpm_range is not None:
        raise arguments.UsageError("argument --rpm-range: not together with --rpm; give the one that is known")
    if args.healthy_rpm is not None and not args.healthy:
        raise arguments.UsageError("argument --healthy-rpm: is the speed of --healthy FILE; give that, too")


def _beside_itself(recording: Recording, healthy: Sequence[Path]) -> Recording:
    """The recording with a note where it is also the healthy one, and so cannot differ from it."""
    if recording.path.resolve() not in {path.resolve() for path in healthy}:
        return recording
    note = "is also given as healthy (--healthy), and cannot differ from itself"
    return dataclasses.replace(recording, notes=(*recording.notes, note))


def _check_speed(recording: Recording, args: argparse.Namespace) -> None:
    """RecordingError where the file says another speed than `--rpm`."""
    from agent.dsp.speed_doubts import NEARLY
    from agent.recordings.speeds import range_of

    told, says = args.rpm, recording.rpm
    if told is not None and recording.speeds:
        low, high = range_of(recording.speeds)
        raise RecordingError(
            f"{recording.path}: says that the speed moves from {low:.0f} to {high:.0f} rpm, and --rpm says {told:g}; "
            "leave --rpm out, and it is followed"
        )
    if told is None or says is None or args.rpm_range is not None or abs(told / says - 1) <= NEARLY:
        return
    meant = "Hz seem to have been given for rpm" if abs(60 * told / says - 1) <= NEARLY else "one of them is wrong"
    raise RecordingError(
        f"{recording.path}: says {says:g} rpm, and --rpm says {told:g}; {meant}. Leave --rpm out, or give --rpm-range"
    )


def _setup(args: argparse.Namespace, recording: Recording, *, rpm: float | None) -> SensorSetup:
    from agent.machine import Bearing, Machine, SensorSetup

    inside = arguments.bearing_of(args)
    limits = args.rpm_range
    speed = rpm or recording.rpm
    machine = Machine(
        "machine",
        rpm=None if limits else speed,
        rpm_range=limits,
        speed_source=_source_of_speed(recording, rpm=rpm, limits=limits),
    )
    bearings = (Bearing(args.bearing, inside),) if inside else ()
    return SensorSetup(SENSOR, machine, bearings)


def _source_of_speed(
    recording: Recording, *, rpm: float | None, limits: tuple[float, float] | None
) -> Literal["estimate", "told", "file", "tacho", "unknown"]:
    """Whose word a recording's speed is; a column that moves is a tacho's."""
    if limits:
        return "estimate"
    if rpm:
        return "told"
    return "file" if recording.rpm else "tacho" if recording.speeds else "unknown"
