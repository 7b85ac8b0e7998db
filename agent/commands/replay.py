"""`replay FILE...`: what a maintenance engineer with a recording wants, a verdict in words with its reasons.

The recording runs through the very pipeline that listens to sensors; nothing here computes anything of its own.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bundle.runtimes import CHOICES as RUNTIME_CHOICES
from agent.commands import arguments
from agent.errors import RecordingError
from agent.recordings import suffixes_in_words

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.diagnosis.baseline import Baseline
    from agent.machine import SensorSetup
    from agent.ports import Encoder
    from agent.recordings.read import Recording
    from agent.types import Diagnosis

SENSOR = "recording"


def add_arguments(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--unit", choices=("g", "m/s2", "raw"), help="unit of the samples, where the file has none")
    parser.add_argument(
        "--healthy", type=Path, action="append", default=[], metavar="FILE", help="the same machine when it was healthy"
    )
    parser.add_argument(
        "--healthy-rpm",
        type=arguments.rpm,
        help="their speed; without it they are a reference alone, and set no limit for a known speed",
    )
    parser.add_argument("--join", action="store_true", help="the files are one recording, consecutive in time")
    parser.add_argument("--bundle", default="default", help="folder of the bundle to diagnose with")
    parser.add_argument("--runtime", choices=RUNTIME_CHOICES, default="auto")
    parser.add_argument("--language", choices=("en", "ko"), default="en")
    parser.add_argument("--json", action="store_true", help="JSON lines: every window, then the verdict of each file")


def main(args: argparse.Namespace) -> int:
    from agent.bundle.encoder import load_encoder
    from agent.bundle.load import load_bundle

    arguments.bearing_of(args)
    bundle = load_bundle(args.bundle)
    _, encoder = load_encoder(bundle, args.runtime)
    baselines = _learn(args, bundle, encoder)
    readable = 0
    for paths in [args.files] if args.join else [[path] for path in args.files]:
        try:
            recording = _read(paths, args)
        except RecordingError as error:
            if len(args.files) == 1 or args.join:
                raise
            print(f"textvib-agent: {error}", file=sys.stderr)
            continue
        readable += 1
        diagnoses = _diagnose(recording, _setup(args, recording, rpm=args.rpm), bundle, encoder, baselines)
        (_print_json if args.json else _print_text)(recording, diagnoses, bundle, args)
        sys.stdout.flush()
    return os.EX_OK if readable == len(args.files) or args.join else os.EX_DATAERR


# ------------------------------------------------------------------------------------------------------- diagnosing


def _learn(args: argparse.Namespace, bundle: Bundle, encoder: Encoder) -> dict[str | None, Baseline]:
    """What the healthy recordings teach; RecordingError where one is too short to teach anything."""
    from agent.alerting.window_rules import DecisionConfig
    from agent.diagnosis.baseline import MIN_WINDOWS
    from agent.dsp.features import views
    from agent.pipeline import Pipeline
    from agent.recordings.read import blocks_of
    from agent.stream.windowing import Windower

    learnt: dict[str | None, Baseline] = {}
    for path in args.healthy:
        recording = _read([path], args)
        setup = _setup(args, recording, rpm=args.healthy_rpm or recording.rpm or args.rpm)
        windower = Windower(window_s=bundle.spec.window_s, hop_s=bundle.spec.hop_s)
        count = sum(len(windower.feed(block)) for block in blocks_of(recording, SENSOR))
        if count < MIN_WINDOWS:
            seconds = bundle.spec.window_s + (MIN_WINDOWS - 1) * bundle.spec.hop_s
            raise RecordingError(f"{path}: too short to learn from; a healthy recording needs {seconds:g} s")
        pipeline = Pipeline(setup, bundle=bundle, encoder=encoder, config=DecisionConfig(), baselines=learnt)
        pipeline.healthy.commission(count, add=True)
        for block in blocks_of(recording, SENSOR):
            pipeline.feed(block)
        if pipeline.healthy.windows_to_learn:
            raise RecordingError(
                f"{path}: {pipeline.healthy.windows_to_learn} of {count} windows cannot be learnt from"
            )
        learnt = dict(pipeline.healthy.baselines)
        if recording.unit == "raw":
            level = views(bundle.spec)["level"]
            learnt = {bearing: baseline.without_gain(level) for bearing, baseline in learnt.items()}
    if args.healthy_rpm is None:
        return {bearing: baseline.at_unknown_speed() for bearing, baseline in learnt.items()}
    return learnt


def _diagnose(
    recording: Recording,
    setup: SensorSetup,
    bundle: Bundle,
    encoder: Encoder,
    baselines: dict[str | None, Baseline],
) -> list[Diagnosis]:
    from agent.alerting.window_rules import DecisionConfig
    from agent.pipeline import Pipeline
    from agent.recordings.read import blocks_of
    from agent.types import Diagnosis

    pipeline = Pipeline(setup, bundle=bundle, encoder=encoder, config=DecisionConfig(), baselines=baselines)
    outputs = [output for block in blocks_of(recording, SENSOR) for output in pipeline.feed(block)]
    return [output for output in outputs if isinstance(output, Diagnosis)]


def _read(paths: Sequence[Path], args: argparse.Namespace) -> Recording:
    import numpy as np

    from agent.recordings.read import read_recording

    parts = [read_recording(path, variable=args.channel, rate_hz=args.rate_hz, unit=args.unit) for path in paths]
    if any(part.axes != parts[0].axes or part.rate_hz != parts[0].rate_hz for part in parts):
        raise RecordingError(f"{paths[0]}: the files to join differ in rate or channels")
    if len(parts) == 1:
        return parts[0]
    return dataclasses.replace(
        parts[0], samples=np.concatenate([part.samples for part in parts]), pieces=parts[0].pieces[:1]
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
        speed_source="estimate" if limits else "config" if speed else "unknown",
    )
    bearings = (Bearing(args.bearing, inside),) if inside else ()
    return SensorSetup(SENSOR, machine, bearings)


# --------------------------------------------------------------------------------------------------------- reporting


def _print_json(recording: Recording, diagnoses: list[Diagnosis], bundle: Bundle, args: argparse.Namespace) -> None:
    import msgspec

    from agent.alerting.verdict import verdict_of
    from agent.messages.verdict_text import text_of_verdict

    def line(kind: str, value: Any, **more: Any) -> None:
        print(
            msgspec.json.encode(
                {"kind": kind, "path": str(recording.path), **more, **msgspec.to_builtins(value)}
            ).decode()
        )

    for diagnosis in diagnoses:
        shown = msgspec.to_builtins(diagnosis)
        del shown["hears_bearings"]  # for the verdict; readers find it in the evidence, as the reason for no lines
        line("window", shown)
    verdict = verdict_of(diagnoses, bundle.calibration)
    text = text_of_verdict(verdict, descriptions=bundle.descriptions, language=args.language)
    line("verdict", verdict, text=msgspec.to_builtins(text), notes=recording.notes)


def _print_text(recording: Recording, diagnoses: list[Diagnosis], bundle: Bundle, args: argparse.Namespace) -> None:
    from agent.alerting.verdict import verdict_of
    from agent.messages.verdict_text import text_of_verdict

    verdict = verdict_of(diagnoses, bundle.calibration)
    text = text_of_verdict(verdict, descriptions=bundle.descriptions, language=args.language)
    print(f"{recording.path.name}   {_what_was_read(recording, args)}")
    likely = f"  {verdict.probability:.0%}" if verdict.reason == "nearest_description" else ""
    print(f"  verdict   {text.title}{likely}   ({verdict.fault}, {verdict.judged} of {verdict.windows} windows judged)")
    for label, value in (("", text.sentence), ("advice", text.advice)):
        if value:
            print(f"  {label:<9} {value}")
    for label, value in _reasons(diagnoses, verdict, bundle, args):
        print(f"  {label:<9} {value}")


def _what_was_read(recording: Recording, args: argparse.Namespace) -> str:
    rate_hz = recording.rate_hz or 0.0
    seconds = len(recording.samples) / rate_hz if rate_hz else 0.0
    unit = "g" if recording.unit == "g" else "no scale"
    return f"{seconds:.1f} s, {rate_hz:g} Hz, {len(recording.axes)} channel(s) {'+'.join(recording.axes)} ({unit})"


def _reasons(
    diagnoses: list[Diagnosis], verdict: Any, bundle: Bundle, args: argparse.Namespace
) -> Iterator[tuple[str, str]]:
    """Label and text of every line below the verdict."""
    from agent.diagnosis.evidence import APPROXIMATE
    from agent.messages.wording import text_of

    def title(fault: str) -> str:
        return text_of(fault, descriptions=bundle.descriptions, language=args.language).title

    yield "because", verdict.reason.replace("_", " ")
    if verdict.matches:
        yield "nearest", ", ".join(f"{title(m.fault)} {m.similarity:.2f}" for m in verdict.matches[:3])
    if verdict.deviation is not None:
        yield "baseline", f"deviates {verdict.deviation:.2f} times the limit from the healthy recordings"
    judged = [d for d in diagnoses if d.evidence is not None]
    if not judged:
        return
    middle = judged[len(judged) // 2]
    rpm = "unknown" if middle.speed.rpm is None else f"{middle.speed.rpm:.0f} rpm ({middle.speed.origin})"
    yield "speed", rpm
    evidence = middle.evidence
    assert evidence is not None
    found = "; ".join(
        f"{line.name} {line.seen_hz:.1f} Hz (expected {line.expected_hz:.1f}), +{line.above_floor_db:.0f} dB"
        for line in verdict.lines[:4]
    )
    if evidence.lines_reason == APPROXIMATE:
        yield (
            "bearing",
            "approximate: only its number of balls is known; a line within 15 % of where it may be proves little",
        )
    yield "lines", found or f"none ({evidence.lines_reason or 'no bearing line stands out'})"
    kurtosis, crest, velocity = evidence.kurtosis.value, evidence.crest_factor.value, evidence.velocity_rms
    shown = f"{velocity.value:.2f} mm/s" if velocity.value is not None else f"none ({velocity.reason})"
    yield "level", f"kurtosis {kurtosis:.1f}, crest factor {crest:.1f}, velocity {shown}"
    if not verdict.validated:
        yield "caution", "this fault was learnt from simulation alone and is not validated on real machines"
