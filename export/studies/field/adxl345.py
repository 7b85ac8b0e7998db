"""An induction motor heard by a cheap MEMS sensor: learnt from one normal run, judged on all the others.

Gating and detection, not naming: the labels of this set are no faults that a bundle describes. Chunks in which the
motor is off, starts or stops are cut out before anything is learnt or judged; what happens without that is told beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.alerting.window_rules import DecisionConfig
from agent.errors import RecordingError
from agent.machine import Machine, SensorSetup
from agent.recordings.read import read_recording
from agent.recordings.recording import Piece, Recording
from export.data.manifest import ManifestError
from export.scoring.statistics import Share, share_of_count
from export.studies.field.edge import Edge
from export.studies.field.playing import Playback, Player, commission

RATE_HZ = 1600.0
COUNT_G = 32 / 2**13  # 13 bits over +-16 g
STEADY_SHARE = 0.6  # of the run's loud chunks (their 90th percentile) from which a chunk belongs to a steady stretch
OFF_G = 0.05  # RMS of the worst axis under which the motor is off: at rest it reads 0.02 g, at 1000 rpm 0.08 g
OWN_RATE = 0.05  # share of its own chunks that the plain threshold alarms on
NORMAL, ABNORMAL, BELTLESS = "normales", "anormales", "sin_correa"
KINDS = (NORMAL, ABNORMAL, BELTLESS)


@dataclass(frozen=True, slots=True)
class Run:
    """One folder of chunks, consecutive in time; `rpm` is the speed in its name."""

    name: str
    kind: str
    rpm: float
    chunks: tuple[Recording, ...]


class RunVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run judged after a commissioning on another."""

    taught: str
    run: str
    kind: str
    same_speed: bool
    told_rpm: bool  # the agent was
    gated: bool  # off and ramp chunks were cut out
    judged: int  # windows
    covered: int  # for which the baseline set a limit
    high: int  # over that limit
    raised: int  # alerts
    delay_s: float | None  # from the first sample that was played
    chunks: int  # running ones, for the plain threshold
    plain: int  # of them over it


class PooledVerdicts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All verdicts of one kind; ranges are over pairs of runs."""

    kind: str
    same_speed: bool
    told_rpm: bool
    gated: bool
    pairs: int
    windows: int
    covered: int
    high: Share | None  # of the covered windows
    high_range: tuple[float, float] | None
    alerted_pairs: int
    plain_range: tuple[float, float]
    plain: Share | None
    median_delay_s: float | None


class RunVerdicts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every other run judged after a commissioning on one."""

    verdicts: tuple[RunVerdict, ...]


def judged_after(edge: Edge, taught: Run, runs: Sequence[Run]) -> RunVerdicts:
    """`taught` teaches by its steady part, every other run is judged; the speed told and untold, gated and not."""
    limit = plain_limit(taught)
    verdicts: list[RunVerdict] = []
    for speed_known in (True, False):
        baselines = commission(edge, setup_of(taught, speed_known=speed_known), [steady(taught)], {})
        for gated in (True, False):
            for run in (run for run in runs if run.name != taught.name):
                player = Player(edge, setup_of(run, speed_known=speed_known), DecisionConfig(), baselines)
                heard = player.play(steady(run) if gated else whole(run))
                verdicts.append(_verdict(taught, run, heard, speed_known=speed_known, gated=gated, limit=limit))
    return RunVerdicts(tuple(verdicts))


def lines_of(verdicts: Sequence[RunVerdict], *, overlap: float) -> list[PooledVerdicts]:
    """Verdicts pooled by kind, speed and setting; `overlap` is window over hop."""
    keys = sorted({(v.kind, v.same_speed, v.told_rpm, v.gated) for v in verdicts}, key=_order)
    return [_line([v for v in verdicts if (v.kind, v.same_speed, v.told_rpm, v.gated) == key], overlap) for key in keys]


def read_runs(folder: Path) -> tuple[Run, ...]:
    """`folder/kind/rpm_number/*.csv`; ManifestError where there is none."""
    runs = []
    for kind in KINDS:
        for place in sorted((folder / kind).glob("*_*")):
            chunks = tuple(_read(path) for path in sorted(place.glob("*.csv")))
            rpm = place.name.split("_")[0]
            if not chunks or not rpm.isdecimal():
                raise ManifestError(f"{place}: no run of CSV chunks named rpm_number; take it out")
            runs.append(Run(f"{kind}/{place.name}", kind, float(rpm), chunks))
    if not any(run.kind == NORMAL for run in runs):
        raise ManifestError(f"{folder}: no runs below {NORMAL}; name the folder of the adxl345_motor set")
    return tuple(runs)


def whole(run: Run) -> Recording:
    """All chunks, one after the other."""
    return _joined(run, np.ones(len(run.chunks), np.bool_))


def steady(run: Run) -> Recording:
    """The chunks at full speed: loud ones whose neighbours on both sides are loud; what is cut out leaves a gap."""
    rms = np.array([rms_g(chunk) for chunk in run.chunks])
    loud = rms >= STEADY_SHARE * np.quantile(rms, 0.9)
    inside = loud & np.concatenate([[False], loud[:-1]]) & np.concatenate([loud[1:], [False]])
    return _joined(run, inside if inside.any() else loud)


def plain_limit(run: Run) -> float:
    """RMS in g that 5 % of the run's own steady chunks exceed: what the agent is compared with."""
    return float(np.quantile([rms_g(chunk) for chunk in _steady_chunks(run)], 1 - OWN_RATE))


def rms_g(chunk: Recording) -> float:
    """Of the worst axis, mean removed."""
    return float(chunk.samples.std(axis=0).max())


def setup_of(run: Run, *, speed_known: bool) -> SensorSetup:
    """The sensor on this motor; its bearings are not published."""
    machine = Machine(
        "motor", rpm=run.rpm if speed_known else None, speed_source="config" if speed_known else "unknown"
    )
    return SensorSetup("adxl345", machine, idle_below_g=OFF_G)


def _verdict(taught: Run, run: Run, heard: Playback, *, speed_known: bool, gated: bool, limit: float) -> RunVerdict:
    chunks = [rms_g(chunk) for chunk in _steady_chunks(run)]
    return RunVerdict(
        taught=taught.name,
        run=run.name,
        kind=run.kind,
        same_speed=run.rpm == taught.rpm,
        told_rpm=speed_known,
        gated=gated,
        judged=heard.judged,
        covered=int(np.isfinite(heard.deviation).sum()),
        high=heard.high,
        raised=len(heard.raised_s),
        delay_s=heard.raised_s[0] if heard.raised_s else None,
        chunks=len(chunks),
        plain=sum(rms > limit for rms in chunks),
    )


def _line(verdicts: Sequence[RunVerdict], overlap: float) -> PooledVerdicts:
    first = verdicts[0]
    covered = [verdict for verdict in verdicts if verdict.covered]
    shares = [verdict.high / verdict.covered for verdict in covered]
    plain = [verdict.plain / verdict.chunks for verdict in verdicts if verdict.chunks]
    delays = [verdict.delay_s for verdict in verdicts if verdict.delay_s is not None]
    seen, chunks = sum(v.covered for v in verdicts), sum(v.chunks for v in verdicts)
    return PooledVerdicts(
        kind=first.kind,
        same_speed=first.same_speed,
        told_rpm=first.told_rpm,
        gated=first.gated,
        pairs=len(verdicts),
        windows=sum(v.judged for v in verdicts),
        covered=seen,
        high=share_of_count(sum(v.high for v in verdicts), seen, overlap=overlap),
        high_range=(min(shares), max(shares)) if shares else None,
        alerted_pairs=sum(v.raised > 0 for v in verdicts),
        plain_range=(min(plain, default=0.0), max(plain, default=0.0)),
        plain=share_of_count(sum(v.plain for v in verdicts), chunks),
        median_delay_s=float(np.median(delays)) if delays else None,
    )


def _order(key: tuple[str, bool, bool, bool]) -> tuple[bool, bool, int, bool]:
    kind, same_speed, speed_known, gated = key
    return not speed_known, not gated, KINDS.index(kind), not same_speed


def _steady_chunks(run: Run) -> list[Recording]:
    kept = steady(run)
    size = len(run.chunks[0].samples)
    places = [piece.start // size for piece in kept.pieces]
    return [run.chunks[place] for place in places]


def _joined(run: Run, taken: NDArray[np.bool_]) -> Recording:
    """The chosen chunks with their place in the run as sample index, so that no window spans what is left out."""
    first = run.chunks[0]
    size = len(first.samples)
    places = np.flatnonzero(taken)
    return Recording(
        path=first.path.parent,
        samples=np.concatenate([run.chunks[place].samples for place in places]),
        rate_hz=RATE_HZ,
        rpm=run.rpm,
        unit="g",
        axes=first.axes,
        pieces=tuple(Piece(number * size, int(place) * size) for number, place in enumerate(places)),
        full_scale=16.0,
        step=COUNT_G,
    )


def _read(path: Path) -> Recording:
    recording = read_recording(path, rate_hz=RATE_HZ, unit="raw")
    if recording.samples.shape[1] != 3:
        raise RecordingError(f"{path}: {recording.samples.shape[1]} columns, this sensor has 3 axes")
    return replace(recording, samples=recording.samples * np.float32(COUNT_G), unit="g")
