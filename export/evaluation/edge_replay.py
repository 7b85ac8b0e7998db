"""Recordings heard as the edge hears them: windows, speed, healthy baseline, int8 encoder and gate are the agent's own.

A label is carried along and never looked at. Rows of role `baseline` teach their machine's baseline, as a commissioning
would, and are not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.alerting.window_rules import DecisionConfig
from agent.bundle.load import Bundle
from agent.diagnosis.baseline import MIN_WINDOWS, Baseline
from agent.diagnosis.commissioning import MAX_WINDOWS
from agent.diagnosis.lessons import Lesson, learn, while_running
from agent.diagnosis.matching import match
from agent.dsp.features import Features, extract
from agent.dsp.spectra import analyse
from agent.dsp.speed import SpeedTrack
from agent.errors import RecordingError
from agent.machine import Bearing, Machine, SensorSetup
from agent.pipeline import Pipeline
from agent.ports import Encoder
from agent.recordings.read import Recording, blocks_of
from agent.recordings.short import cutting_of, piece_seconds, windows_of
from agent.stream.cutting import SHORTEST_S, Cutting, whole_windows, windows_like
from agent.stream.quality import fault_of_signal
from agent.types import INVALID, Alert, Diagnosis, Match, Window
from export.data.manifest import ManifestRow, read_row
from export.network.graph import Floats
from export.progress import track

IDLE = "idle"
"""What the edge says of a window in which it holds the machine to stand still."""
SENSOR = "recording"
BEARING = "bearing"

Baselines = dict[tuple[str, str], Baseline]
"""(machine, bearing as the manifest writes it) -> what it looks like healthy"""


@dataclass(frozen=True, slots=True)
class Listened:
    """One recording, judged from its beginning by an agent that knew at most its machine's baseline."""

    name: str
    label: str
    group: str
    similarity: Floats  # (windows, faults) cosines; NaN where a window has no embedding
    probability: Floats  # (windows,) of what is said; 0 where that is no name
    called: tuple[str, ...]  # per window: a fault, "unknown", "invalid" or "idle"
    asked: tuple[str | None, ...]  # per window: what is asked about, as `Question.about`; None where nothing is
    deviation: Floats  # (windows,) 1 is the limit; NaN where no baseline covers the speed
    alerts_s: tuple[float, ...]  # when alerts were raised, in seconds from the start
    seconds: float
    pieces: int = 0  # windows that are pieces shorter than a whole window


def listen(rows: Iterable[ManifestRow], bundle: Bundle, encoder: Encoder) -> tuple[list[Listened], list[str]]:
    """Every recording that is not a baseline, and one note for each that gave nothing."""
    rows = list(rows)
    baselines: dict[float | None, Baselines] = {}
    notes: list[str] = []
    heard = []
    for row in track([row for row in rows if row.role != "baseline"], "judging"):
        try:
            recording = _read(row)
            seconds = piece_seconds(recording, bundle.spec)
            if seconds not in baselines:
                baselines[seconds], unlearnt = learn_baselines(rows, bundle, windows_like(seconds, bundle.spec))
                notes += unlearnt
            baseline = baselines[seconds].get((row.machine, row.bearing), Baseline())
            one = _listen(recording, row, bundle, encoder, baseline)
        except RecordingError as error:
            notes.append(str(error))
            continue
        if len(one.called):
            heard.append(one)
        else:
            notes.append(f"{row.path}: no piece of it without a gap is {SHORTEST_S:g} s long")
    return heard, notes


def name_of(row: ManifestRow) -> str:
    """How a recording is called in what is printed."""
    return f"{row.path}:{row.variable}" if row.variable else str(row.path)


def learn_baselines(
    rows: Sequence[ManifestRow], bundle: Bundle, cutting: Cutting | None = None
) -> tuple[Baselines, list[str]]:
    """Baselines of every machine that has rows of that role, for every bearing its rows name; and what taught nothing.

    They are learnt from windows of this `cutting`, whole ones where none is given: pieces compare with pieces alone.
    A machine's baseline rows are heard once for each bearing, since the lines looked for depend on its geometry. Each
    speed is a commissioning of its own, as it would be on site: slow and quiet is not standing still.
    """
    baselines: Baselines = {}
    notes: list[str] = []
    commissioned = list(dict.fromkeys((row.machine, row.rpm) for row in rows if row.role == "baseline"))
    for machine, rpm in track(commissioned, "healthy states"):
        mine = [row for row in rows if row.machine == machine]
        bearings = {row.bearing: Bearing(BEARING, row.geometry) for row in mine}
        lessons: list[Lesson] = []
        for row in (row for row in mine if row.role == "baseline" and row.rpm == rpm):
            try:
                lessons += _lessons(row, bundle, bearings, cutting or whole_windows(bundle.spec))
            except RecordingError as error:
                notes.append(str(error))
        taught = _commissioned(lessons[:MAX_WINDOWS])
        if not any(_is_ready(baseline) for baseline in taught.values()):
            speed = "unknown speed" if rpm is None else f"{rpm:g} rpm"
            needed = f"{MIN_WINDOWS} that agree on a speed are needed"
            notes.append(f"machine {machine}: {len(lessons)} baseline windows at {speed}, {needed}; they teach nothing")
            continue
        for name, baseline in taught.items():
            before = baselines.get((machine, str(name)), Baseline())
            baselines[machine, str(name)] = Baseline((*before.cells, *baseline.cells))
    return baselines, notes


def _commissioned(lessons: Sequence[Lesson]) -> dict[str | None, Baseline]:
    if len(lessons) < MIN_WINDOWS:
        return {}
    return learn(while_running(lessons), {})


def _is_ready(baseline: Baseline) -> bool:
    return any(cell.count >= MIN_WINDOWS for cell in baseline.cells)


def _lessons(row: ManifestRow, bundle: Bundle, bearings: dict[str, Bearing], cutting: Cutting) -> list[Lesson]:
    found: list[Lesson] = []
    speeds = SpeedTrack(_machine(row))
    for window in windows_of(_read(row), cutting):
        if fault_of_signal(window) is not None:
            continue
        spectra = analyse(window, bundle.spec)
        rpm = speeds.during(spectra, start_s=window.arrival_s - cutting.window_s, end_s=window.arrival_s).rpm
        seen: dict[str | None, Features] = {
            name: extract(spectra, spec=bundle.spec, rpm=rpm, bearing=bearing) for name, bearing in bearings.items()
        }
        found.append(Lesson(seen, rpm, float(spectra.rms.max())))
    return found


def _listen(recording: Recording, row: ManifestRow, bundle: Bundle, encoder: Encoder, baseline: Baseline) -> Listened:
    setup = SensorSetup(SENSOR, _machine(row), bearings=(Bearing(BEARING, row.geometry),))
    cutting = cutting_of(recording, bundle.spec)
    pipeline = Pipeline(
        setup,
        bundle=bundle,
        encoder=encoder,
        config=DecisionConfig(),
        baselines={BEARING: baseline},
        cutting=cutting,
    )
    windower = cutting.windower()
    diagnoses: list[Diagnosis] = []
    matches: list[tuple[Match, ...]] = []
    alerts_s: list[float] = []
    # Both cut the same windows; a long recording is never held as windows. None: it has ended.
    for block in chain(blocks_of(recording, SENSOR), (None,)):
        outputs = pipeline.end() if block is None else pipeline.feed(block)
        windows = windower.end_piece() if block is None else windower.feed(block)
        alerts_s += [o.time_s for o in outputs if isinstance(o, Alert) and o.event == "raised"]
        fresh = [output for output in outputs if isinstance(output, Diagnosis)]
        for diagnosis, window in zip(fresh, windows, strict=True):
            diagnoses.append(diagnosis)
            matches.append(diagnosis.matches or _ungated(window, row, bundle, encoder, baseline))
    assert recording.rate_hz is not None
    return Listened(
        name=name_of(row),
        label=row.label,
        group=row.group,
        similarity=_table(matches, bundle),
        probability=np.array([diagnosis.probability for diagnosis in diagnoses], dtype=np.float32),
        called=tuple(said_of(diagnosis) for diagnosis in diagnoses),
        asked=tuple(None if diagnosis.asks is None else diagnosis.asks.about for diagnosis in diagnoses),
        deviation=np.array([np.nan if d.deviation is None else d.deviation for d in diagnoses], dtype=np.float32),
        alerts_s=tuple(alerts_s),
        seconds=len(recording.samples) / recording.rate_hz,
        pieces=sum(diagnosis.seconds is not None for diagnosis in diagnoses),
    )


def _ungated(
    window: Window, row: ManifestRow, bundle: Bundle, encoder: Encoder, baseline: Baseline
) -> tuple[Match, ...]:
    """What the descriptions say of a window that the agent did not name (bad signal, standing still).

    () where its features are no numbers.
    """
    with np.errstate(all="ignore"):  # a dead axis divides by its own variance of 0
        spectra = analyse(window, bundle.spec)
        speed = SpeedTrack(_machine(row)).during(spectra, start_s=0.0, end_s=bundle.spec.window_s)
        features = extract(spectra, spec=bundle.spec, rpm=speed.rpm, bearing=Bearing(BEARING, row.geometry))
    if not np.isfinite(features.values).all():
        return ()
    alike = baseline.of_length(features.seconds)
    codes = encoder.embed(bundle.codes(features, alike.reference(speed.rpm, bundle.scaling.speed_bound)))
    return match(bundle.embedding(codes), bundle.descriptions, bundle.calibration)


def _table(matches: Sequence[tuple[Match, ...]], bundle: Bundle) -> NDArray[np.float32]:
    faults = bundle.descriptions.faults
    result = np.full((len(matches), len(faults)), np.nan, dtype=np.float32)
    for number, found in enumerate(matches):
        for one in found:
            result[number, faults.index(one.fault)] = one.similarity
    return result


def said_of(diagnosis: Diagnosis) -> str:
    """What one window is called: a fault, its parent, "healthy", "abnormal", "unknown", "invalid" or "idle"."""
    if diagnosis.quality is not None:
        return INVALID
    return diagnosis.fault if diagnosis.running else IDLE


def _machine(row: ManifestRow) -> Machine:
    source: Literal["unknown", "config"] = "unknown" if row.rpm is None else "config"
    return Machine(row.machine, rpm=row.rpm, rpm_tolerance=row.tolerance, speed_source=source)


def _read(row: ManifestRow) -> Recording:
    recording = read_row(row)
    if recording.rate_hz is None:
        raise RecordingError(f"{row.path}: its sample rate is neither in the file nor in the manifest (rate_hz)")
    return recording
