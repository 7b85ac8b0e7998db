"""A recorded rotor (Brito et al.): four sensors, one second each of health and three faults, judged as snapshots.

No second is a whole window, so each is cut into pieces that overlap; those of the healthy second are the commissioning,
and only the faults are judged.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from agent.alerting.window_rules import DecisionConfig
from agent.diagnosis.baseline import MIN_WINDOWS
from agent.errors import RecordingError
from agent.faults import HEALTHY
from agent.machine import SensorSetup
from agent.pipeline import Pipeline
from agent.recordings.read import read_recording
from agent.recordings.recording import Piece, Recording, blocks_of
from agent.types import Diagnosis
from export.evaluation.edge_replay import said_of
from export.studies.field.edge import Edge
from export.studies.field.playing import Baselines, setup_told
from export.studies.field.rotor import LEVELS
from export.studies.field.said import Said, pooled

SENSORS = ("sensor_1", "sensor_2", "sensor_3", "sensor_4")
FAULTS = ("imbalance", "misalignment", "looseness")
RATE_HZ, RPM = 25_000.0, 1238.0  # as published; the spectrum shows 1296
PIECE_S, HOP_S = 0.6, 0.08  # thirteen turns, and as many pieces as a commissioning needs, and the last that none ends
EVERY_S = 60.0


def said_of_brito(edge: Edge, folder: Path) -> list[Said]:
    """A row per level and fault of the files below `folder`, over the four sensors."""
    heard = {label: {name: _snapshots(folder, label, name) for name in SENSORS} for label in (HEALTHY, *FAULTS)}
    rows = []
    for level, (knowledge, commissioned) in LEVELS.items():
        said: dict[str, dict[str, Counter[str]]] = {fault: {} for fault in FAULTS}
        for name in SENSORS:
            setup = setup_told(name, "brito", rpm=RPM, geometry=None, knowledge=knowledge, snapshot_every_s=EVERY_S)
            baselines = _commissioned(edge, setup, heard[HEALTHY][name]) if commissioned else {}
            for fault in FAULTS:
                found = _diagnoses(_pipeline(edge, setup, baselines), heard[fault][name])
                said[fault][name] = Counter(said_of(one) for one in found)
        overlap = PIECE_S / HOP_S
        rows += [pooled(f"recorded rotor, {level}", fault, said[fault], Counter(), overlap=overlap) for fault in FAULTS]
    return rows


def _commissioned(edge: Edge, setup: SensorSetup, healthy: Recording) -> Baselines:
    pipeline = _pipeline(edge, setup, {})
    pipeline.healthy.commission(MIN_WINDOWS)
    _diagnoses(pipeline, healthy)
    if pipeline.healthy.windows_to_learn:
        raise RecordingError(f"{healthy.path}: its pieces of {setup.sensor} cannot be learnt")
    return dict(pipeline.healthy.baselines)


def _pipeline(edge: Edge, setup: SensorSetup, baselines: Baselines) -> Pipeline:
    config = DecisionConfig()
    return Pipeline(setup, bundle=edge.bundle, encoder=edge.encoder, config=config, baselines=dict(baselines))


def _snapshots(folder: Path, label: str, sensor: str) -> Recording:
    """Each piece a session of its own, as of a sensor that sleeps in between."""
    whole = read_recording(folder / f"{label}.csv", variable=sensor, rate_hz=RATE_HZ, unit="g")
    size, hop = round(PIECE_S * RATE_HZ), round(HOP_S * RATE_HZ)
    parts = [whole.samples[start : start + size] for start in range(0, len(whole.samples) - size + 1, hop)]
    pieces = tuple(Piece(row=number * size, start=0, session=number) for number in range(len(parts)))
    return Recording(whole.path, np.concatenate(parts), RATE_HZ, None, "g", whole.axes, pieces)


def _diagnoses(pipeline: Pipeline, recording: Recording) -> list[Diagnosis]:
    blocks = blocks_of(recording, pipeline.setup.sensor, session_base=0)
    return [one for block in blocks for one in pipeline.feed(block) if isinstance(one, Diagnosis)]
