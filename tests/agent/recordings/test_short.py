"""Short recordings: cut piece by piece, or taken together as snapshots that nothing splices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.recordings.recording import Piece, Recording
from agent.recordings.short import as_snapshots, cutting_of, piece_seconds, windows_of
from agent.stream.cutting import snapshots, whole_windows

SPEC = FeatureSpec()
RATE_HZ = 1000.0


def recording(seconds: float, *, pieces: tuple[Piece, ...] = (Piece(0, 0),), rpm: float | None = None) -> Recording:
    samples = np.random.default_rng(1).normal(size=(round(seconds * RATE_HZ), 1)).astype(np.float32)
    return Recording(Path(f"{seconds:g}.wav"), samples, RATE_HZ, rpm, "g", ("x",), pieces)


def test_one_with_a_whole_window_is_heard_in_whole_windows_alone() -> None:
    mixed = recording(3.0, pieces=(Piece(0, 0), Piece(2500, 9000)))
    assert cutting_of(mixed, SPEC) == whole_windows(SPEC)
    assert piece_seconds(mixed, SPEC) is None
    assert [len(w.samples) for w in windows_of(mixed, cutting_of(mixed, SPEC))] == [2000, 2000]


def test_one_without_is_heard_piece_by_piece() -> None:
    gappy = recording(1.5, pieces=(Piece(0, 0), Piece(500, 9000), Piece(1000, 0, session=1)))
    assert cutting_of(gappy, SPEC) == snapshots(SPEC)
    assert piece_seconds(gappy, SPEC) == pytest.approx(0.5)
    assert [(w.stream.session, w.start) for w in windows_of(gappy, cutting_of(gappy, SPEC))] == [
        (0, 0),
        (0, 9000),
        (1, 0),
    ]
    assert piece_seconds(recording(0.1), SPEC) is None


def test_snapshots_are_sessions_of_their_own() -> None:
    gappy = recording(1.0, pieces=(Piece(0, 0), Piece(500, 0, session=1)))
    whole = as_snapshots([recording(0.5), gappy, recording(0.4)])
    assert [(p.row, p.session) for p in whole.pieces] == [(0, 0), (500, 1), (1000, 2), (1500, 3)]
    assert len(whole.samples) == 1900
    assert [len(w.samples) for w in windows_of(whole, snapshots(SPEC))] == [500, 500, 500, 400]


def test_snapshots_of_different_speeds_or_channels_are_refused_by_name() -> None:
    with pytest.raises(RecordingError, match=r"0\.4\.wav: says 1200 rpm, 0\.5\.wav 1800 rpm"):
        as_snapshots([recording(0.5, rpm=1800.0), recording(0.4, rpm=1200.0)])
    as_snapshots([recording(0.5, rpm=1800.0), recording(0.4, rpm=1790.0), recording(0.3)])
    other = Recording(Path("b.wav"), np.zeros((500, 2), np.float32), RATE_HZ, None, "g", ("x", "y"))
    with pytest.raises(RecordingError, match=r"b\.wav: differs from 0\.5\.wav"):
        as_snapshots([recording(0.5), other])
