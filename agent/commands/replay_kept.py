"""`replay FILE.vbw`: the windows around an alert judged once more, as the agent judged them, and whether they say the
same."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands import replay_report, report_file
from agent.commands.replay_output import exit_code, tell
from agent.errors import ConfigError, RecordingError
from agent.recordings import KEPT

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from agent.messages.answer import Answer
    from agent.ports import Encoder
    from agent.recordings.kept import About, Kept
    from agent.recordings.recording import Recording
    from agent.report.section import Section
    from agent.trend.line import Line
    from agent.types import Diagnosis

TOLD = ("rate_hz", "rpm", "rpm_range", "bearing", "channel", "unit", "healthy", "join", "snapshots")
"""Arguments that say of a recording what a kept one says itself: with any of them it is one like any other."""


def is_meant(args: argparse.Namespace) -> bool:
    """Whether kept windows are to be judged as they were."""
    return all(path.suffix.lower() == KEPT for path in args.files) and not any(getattr(args, key) for key in TOLD)


def judge(args: argparse.Namespace) -> int:
    from agent.bundle.load import load_bundle

    report_file.check(args.report)
    bundle = load_bundle(args.bundle)
    sections: list[Section] = []
    answers = [_answer(path, args, bundle, sections) for path in args.files]
    if args.report is not None:
        replay_report.write(args.report, sections, unread=(), language=args.language)
    return exit_code(answers, fail_on=args.fail_on, unreadable=False)


def judged_again(kept: Kept, bundle: Bundle, encoder: Encoder) -> list[tuple[Diagnosis, ...]]:
    """What each window says now, one diagnosis per bearing."""
    from agent.alerting.window_rules import DecisionConfig
    from agent.pipeline import Pipeline

    about = kept.about
    config = DecisionConfig(detect_at=about.detect_at, name_at=about.name_at, clear_below=about.detect_at)
    pipeline = Pipeline(kept.setup, bundle=bundle, encoder=encoder, config=config)
    return [tuple(pipeline.judged_again(one.window, one.under)) for one in kept.windows]


def windows_alike(kept: Kept, again: Sequence[tuple[Diagnosis, ...]]) -> int:
    """How many windows say the same as they did, in every figure and to the last bit."""
    import msgspec

    return sum(
        msgspec.msgpack.encode(one.diagnoses) == msgspec.msgpack.encode(now)
        for one, now in zip(kept.windows, again, strict=True)
    )


def _answer(path: Path, args: argparse.Namespace, bundle: Bundle, sections: list[Section]) -> Answer:
    """Told, and put into the report where one is asked for."""
    from agent.messages.answer import answer_of
    from agent.recordings.kept import read_kept
    from agent.recordings.read import read_recording

    kept = read_kept(path, features=len(bundle.manifest.deviation.typical_sd))
    again = judged_again(kept, bundle, _encoder(args.runtime, kept.about, bundle))
    alike = windows_alike(kept, again)
    bearing = kept.about.bearing
    diagnoses = [diagnosis for one in again for diagnosis in one if diagnosis.bearing == bearing]
    if not diagnoses:
        raise RecordingError(f"{path}: its machine has no bearing {bearing!r}; the file was altered")
    answer = answer_of(
        _with_notes(read_recording(path), kept.about, bundle, alike=alike, of=len(again)),
        diagnoses,
        calibration=bundle.calibration,
        descriptions=bundle.descriptions,
        language=args.language,
    )
    more = {"alert": kept.about.alert, "windows_alike": alike, "windows_kept": len(again)}
    tell(answer, diagnoses, as_json=args.json, more=more)
    if args.report is not None:
        setup = dataclasses.replace(kept.setup, bearings=tuple(b for b in kept.setup.bearings if b.id == bearing))
        windows = [one.window for one in kept.windows]
        section = replay_report.section_of(
            answer, setup=setup, bundle=bundle, paths=[path], healthy=None, windows=windows, days=_days(path, kept)
        )
        sections.append(section)
    return answer


def _days(path: Path, kept: Kept) -> list[Line]:
    """How the sensor's figures went, where the file still lies in the folder of its agent; nothing elsewhere."""
    from agent.service.looking_back.sensor_days import days_around
    from agent.service.watching.ring_folder import FOLDER

    folder = path.resolve().parent
    return days_around(folder.parent, kept.setup, bearing=kept.about.bearing) if folder.name == FOLDER else []


def _encoder(choice: str, about: About, bundle: Bundle) -> Encoder:
    """In the runtime that judged the windows, where it is here and no other is asked for."""
    from agent.bundle.encoder import load_encoder
    from agent.bundle.runtimes import RUNTIMES

    if choice == "auto" and about.runtime in RUNTIMES:
        try:
            return load_encoder(bundle, about.runtime)[1]
        except ConfigError:
            pass
    return load_encoder(bundle, choice)[1]


def _with_notes(recording: Recording, about: About, bundle: Bundle, *, alike: int, of: int) -> Recording:
    from agent.bundle.manifest import identity_of

    notes = [*recording.notes, f"{alike} of {of} windows say the same as they did then, to the last bit"]
    if identity_of(bundle.manifest) != about.bundle_sha256:
        notes.append(f"judged by another bundle than then; that one was {about.bundle}: name its folder with --bundle")
    return dataclasses.replace(recording, notes=tuple(notes))
