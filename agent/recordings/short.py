"""Recordings without a whole window in one piece: how they are cut, and how long their pieces are.

One that has a whole window is judged by its whole windows alone, as ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.recordings.recording import Piece, Recording, blocks_of
from agent.recordings.speeds import with_speeds_of
from agent.stream.cutting import Cutting, snapshots, whole_windows
from agent.types import Window

_NOBODY = "recording"
SAME_SPEED = 0.02  # relative, as wide as lines are looked for


def cutting_of(recording: Recording, spec: FeatureSpec) -> Cutting:
    """Whole windows where it has one, else piece by piece; RecordingError where its rate is unknown."""
    whole = whole_windows(spec)
    windower = whole.windower()
    has_whole = any(windower.feed(block) for block in blocks_of(recording, _NOBODY))
    return whole if has_whole else snapshots(spec)


def piece_seconds(recording: Recording, spec: FeatureSpec) -> float | None:
    """How long its pieces are at the median; None where it has whole windows, or no piece that is long enough."""
    cutting = cutting_of(recording, spec)
    if cutting.shortest_s is None:
        return None
    pieces = [len(window.samples) / window.rate.hz for window in windows_of(recording, cutting)]
    return median(pieces) if pieces else None


def windows_of(recording: Recording, cutting: Cutting) -> Iterator[Window]:
    """All its windows, the last piece's included."""
    windower = cutting.windower()
    for block in blocks_of(recording, _NOBODY):
        yield from windower.feed(block)
    yield from windower.end_piece()


def as_snapshots(recordings: Sequence[Recording]) -> Recording:
    """One recording of which each of these is a session of its own, so that no window spans two.

    It bears the first one's path. RecordingError where they differ in rate, unit or channels, or say speeds of which
    one placed the lines of the other wrongly.
    """
    first = recordings[0]
    for other in recordings[1:]:
        if (other.axes, other.rate_hz, other.unit) != (first.axes, first.rate_hz, first.unit):
            raise RecordingError(
                f"{other.path}: differs from {first.path} in rate, unit or channels; snapshots of one sensor do not: "
                "replay it by itself"
            )
        if first.rpm and other.rpm and abs(other.rpm / first.rpm - 1) > SAME_SPEED:
            raise RecordingError(
                f"{other.path}: says {other.rpm:g} rpm, {first.path} {first.rpm:g} rpm; snapshots that are judged "
                "together are of one speed: replay it by itself"
            )
    pieces: list[Piece] = []
    row = session = 0
    for one in recordings:
        pieces += [replace(piece, row=piece.row + row, session=piece.session + session) for piece in one.pieces]
        row += len(one.samples)
        session = pieces[-1].session + 1
    samples = np.concatenate([one.samples for one in recordings])
    taken = f"{len(recordings)} snapshots are judged together, none joined to another"
    notes = (taken, *dict.fromkeys(note for one in recordings for note in one.notes))
    return with_speeds_of(replace(first, samples=samples, pieces=tuple(pieces), notes=notes), recordings)
