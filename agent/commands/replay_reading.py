"""What `replay` is given: recordings, what the arguments say of them, and where the two contradict each other."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.commands import arguments
from agent.errors import RecordingError

if TYPE_CHECKING:
    from agent.machine import SensorSetup
    from agent.recordings.read import Recording

SENSOR = "recording"
"""Under which name the pipeline knows it."""


def read(paths: Sequence[Path], args: argparse.Namespace) -> Recording:
    """The recording in files, as the arguments say how; RecordingError says which file is the trouble."""
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


def read_healthy(path: Path, args: argparse.Namespace) -> tuple[Recording, str | None]:
    """A healthy recording, and a note where its channel is the one that `--channel` would be called in its file.

    Names of measurements (X105_DE_time, X097_DE_time) hold a number of two digits or more that is another in each file;
    one of a single digit is a channel's, and so is one at the end. RecordingError as for `read`.
    """
    named = args.healthy_channel or args.channel
    told = argparse.Namespace(**{**vars(args), "channel": named, "rate_hz": args.healthy_rate_hz or args.rate_hz})
    try:
        return read([path], told), None
    except RecordingError as error:
        alike = None if named is None or args.healthy_channel else re.sub(r"\d{2,}(?=.*[A-Za-z])", "*", named)
        if alike in (None, named):
            raise RecordingError(_of_healthy(str(error))) from error
        told.channel = alike
        try:
            recording = read([path], told)
        except RecordingError:
            raise RecordingError(_of_healthy(str(error))) from error
    variables = [note for note in recording.notes if note.startswith("variable ")]
    return recording, f"of {path.name} (--healthy) is taken: {', '.join(variables) or alike}"


def _of_healthy(problem: str) -> str:
    """What is wrong with a healthy recording, with the option that mends its channel where that is what is wrong."""
    if "--channel" in problem:
        return problem.replace("--channel", "--healthy-channel")
    return f"{problem}; name one of its own (--healthy-channel)" if re.search("variable|channel", problem) else problem


def read_all_healthy(args: argparse.Namespace) -> tuple[list[Recording], tuple[str, ...]]:
    """The healthy recordings, and a note for each of which the channel was found by its likeness."""
    found = [read_healthy(path, args) for path in args.healthy]
    return [recording for recording, _ in found], tuple(note for _, note in found if note is not None)


def check_together(args: argparse.Namespace) -> None:
    """UsageError for arguments that contradict each other, before anything is read; RecordingError for --join."""
    if args.join and args.snapshots:
        raise RecordingError("--join takes files as consecutive in time, --snapshots as apart; give one of them")
    if args.rpm is not None and args.rpm_range is not None:
        raise arguments.UsageError("argument --rpm-range: not together with --rpm; give the one that is known")
    if args.healthy_rpm is not None and not args.healthy:
        raise arguments.UsageError("argument --healthy-rpm: is the speed of --healthy FILE; give that, too")
    if args.healthy_channel is not None and not args.healthy:
        raise arguments.UsageError("argument --healthy-channel: is a channel of --healthy FILE; give that, too")
    if args.healthy_rate_hz is not None and not args.healthy:
        raise arguments.UsageError("argument --healthy-rate-hz: is the rate of --healthy FILE; give that, too")


def beside_itself(recording: Recording, healthy: Sequence[Path], channels: Sequence[str] = ()) -> Recording:
    """The recording with notes on the `channels` of the healthy ones, and where it is also one, so cannot differ."""
    recording = dataclasses.replace(recording, notes=(*recording.notes, *channels))
    if recording.path.resolve() not in {path.resolve() for path in healthy}:
        return recording
    note = "is also given as healthy (--healthy), and cannot differ from itself"
    return dataclasses.replace(recording, notes=(*recording.notes, note))


def check_speed(recording: Recording, args: argparse.Namespace) -> None:
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


def setup_of(args: argparse.Namespace, recording: Recording, *, rpm: float | None) -> SensorSetup:
    """The machine as arguments and recording tell it; `rpm` goes before what the recording says."""
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
