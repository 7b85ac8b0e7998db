"""What `replay` does with recordings: learns of healthy ones, and diagnoses the others, by the very pipeline that
listens to sensors."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent.commands.replay_healthy import Learnt
from agent.commands.replay_reading import SENSOR, setup_of
from agent.errors import RecordingError

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.diagnosis.baseline import Baseline
    from agent.machine import SensorSetup
    from agent.ports import Encoder
    from agent.recordings.read import Recording
    from agent.stream.cutting import Cutting
    from agent.types import Diagnosis, Speed


def learn(
    healthy: Sequence[Recording], args: argparse.Namespace, bundle: Bundle, encoder: Encoder, cutting: Cutting
) -> Learnt:
    """What the healthy recordings teach, in windows of this cutting; RecordingError where they are too short for any.

    Those too short to teach anything by themselves do it together, as snapshots of one machine.
    """
    from agent.dsp.features import views
    from agent.dsp.speed_doubts import asked_together

    learnt: dict[str | None, Baseline] = {}
    speeds: list[Speed] = []
    for recording in _teachers(healthy, cutting):
        learnt, heard = _learn_one(recording, args, bundle, encoder, cutting, learnt)
        speeds += heard
        if recording.unit == "raw":
            level = views(bundle.spec)["level"]
            learnt = {bearing: baseline.without_gain(level) for bearing, baseline in learnt.items()}
    if args.healthy_rpm is None:
        learnt = {bearing: baseline.at_unknown_speed() for bearing, baseline in learnt.items()}
    return Learnt(learnt, asked_together(speeds))


def comparable(
    learnt: Learnt, recording: Recording, healthy: Sequence[Recording], bundle: Bundle
) -> tuple[dict[str | None, Baseline], Recording]:
    """What was learnt, without levels where those of this recording are of another unit or over another band; and the
    recording, with a note of it."""
    from agent.dsp.features import views

    apart = [one for one in healthy if _level_of(one, bundle) != _level_of(recording, bundle)]
    if not apart:
        return learnt.baselines, recording
    level = views(bundle.spec)["level"]
    first, unit = apart[0], {"g": "in g", "raw": "without a unit"}
    note = (
        f"is {unit[recording.unit]} at {recording.rate_hz:g} Hz, and {first.path.name} (--healthy) {unit[first.unit]} "
        f"at {first.rate_hz:g} Hz; how strong they are is not compared"
    )
    bare = {bearing: baseline.without_gain(level) for bearing, baseline in learnt.baselines.items()}
    return bare, dataclasses.replace(recording, notes=(*recording.notes, note))


def _level_of(recording: Recording, bundle: Bundle) -> tuple[str, float]:
    """What the level of a recording is of: its unit, and up to which frequency in whole Hz."""
    return recording.unit, round(min((recording.rate_hz or 0.0) / 2, bundle.spec.spectrum_hz[1]))


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
) -> tuple[dict[str | None, Baseline], list[Speed]]:
    """What was learnt before, and what this recording teaches; and the speed of each window."""
    from agent.alerting.window_rules import DecisionConfig
    from agent.diagnosis.baseline import MIN_WINDOWS
    from agent.pipeline import Pipeline
    from agent.recordings.read import blocks_of
    from agent.recordings.short import windows_of
    from agent.recordings.speeds import readings_beside
    from agent.types import Diagnosis

    count = sum(1 for _ in windows_of(recording, cutting))
    if count < MIN_WINDOWS:
        seconds = cutting.window_s + (MIN_WINDOWS - 1) * cutting.hop_s
        least_s = cutting.window_s if cutting.shortest_s is None else cutting.shortest_s
        raise RecordingError(
            f"{recording.path}: too short to learn from; a healthy recording needs {seconds:g} s, or {MIN_WINDOWS} and "
            f"more snapshots of at least {least_s:g} s that are learnt from together: --healthy for each"
        )
    setup = setup_of(args, recording, rpm=args.healthy_rpm or recording.rpm or (None if recording.speeds else args.rpm))
    pipeline = Pipeline(
        setup, bundle=bundle, encoder=encoder, config=DecisionConfig(), baselines=before, cutting=cutting
    )
    pipeline.healthy.commission(count, add=True)
    heard = readings_beside(recording, blocks_of(recording, SENSOR))
    outputs = [output for item in heard for output in pipeline.feed(item)]
    outputs += pipeline.end()
    left = pipeline.healthy.windows_to_learn
    if left:
        raise RecordingError(f"{recording.path}: {left} of {count} windows cannot be learnt from")
    return dict(pipeline.healthy.baselines), [one.speed for one in outputs if isinstance(one, Diagnosis)]


def diagnose(
    recording: Recording,
    setup: SensorSetup,
    bundle: Bundle,
    encoder: Encoder,
    baselines: dict[str | None, Baseline],
) -> list[Diagnosis]:
    """What each window of a recording says, held against what was learnt."""
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
