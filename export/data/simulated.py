"""Simulated machines as a table: every fault and the healthy baseline of the same rig, with what a sensor would miss.

Groups are machines, so that no simulated machine sits on both sides of a split. What the simulator teaches counts as
unvalidated until recordings say the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import simulator
from agent.dsp.spectra import FeatureSpec
from agent.machine import AxisRole, Geometry
from agent.types import FAULTS, HEALTHY
from export.data.table import Table, join, load, save
from export.data.windows import feature_digest, labelled, window_features
from export.progress import track

BASELINE_SPEEDS = 2
ROLES: dict[str, AxisRole] = {"horizontal": "horizontal", "vertical": "vertical", "axial": "axial"}


def geometry_of(bearing: simulator.BearingGeometry) -> Geometry:
    """A drawn bearing as an installer would write it down."""
    return Geometry(bearing.balls, bearing.ball_mm, bearing.pitch_mm, bearing.angle_deg)


def simulated_table(seeds: Sequence[int], spec: FeatureSpec, *, cache: Path, windows: int = 2) -> Table:
    """`windows` windows of every fault, at one of the speeds of its baseline, from one random machine per seed."""
    cache.mkdir(parents=True, exist_ok=True)
    code = simulation_digest(spec)
    tables = []
    for seed in track(list(seeds), "simulated machines"):
        kept = cache / f"sim-{seed}-{windows}-{code[:24]}.npz"
        if not kept.exists():
            save(_machine(seed, spec, windows), kept)
        tables.append(load(kept))
    return join(tables)


def simulation_digest(spec: FeatureSpec) -> str:
    """What a table of simulated windows depends on: features and the code that makes the samples."""
    code = hashlib.sha256(feature_digest(spec).encode())
    for source in sorted(Path(str(simulator.__file__)).parent.glob("*.py")):
        code.update(source.read_bytes())
    return code.hexdigest()


def axes_of(rng: np.random.Generator) -> list[int]:
    """The columns of a recording that a sensor of chance has: all three, or one."""
    return [0, 1, 2] if rng.random() < 0.5 else [int(rng.integers(3))]


def seconds_for(windows: int, spec: FeatureSpec) -> float:
    """How long a recording is that holds so many windows."""
    return spec.window_s + (windows - 1) * spec.hop_s + 0.01


def rows_of(
    drawn: simulator.Drawn | simulator.ForeignRecording,
    axes: Sequence[int],
    spec: FeatureSpec,
    rng: np.random.Generator,
    *,
    label: str,
    machine: str,
    recording: str,
    baseline: bool = False,
) -> Table:
    """The windows of a simulated recording as a sensor with those axes hears them, each machine a group."""
    told_rpm = drawn.rpm * float(rng.normal(1, 0.002))  # a tacho or a name plate is a little off
    measured = window_features(
        drawn.samples[:, axes],
        rate_hz=drawn.rate_hz,
        spec=spec,
        hop_s=spec.hop_s,
        rpm=told_rpm,
        geometry=geometry_of(drawn.geometry),
        roles=tuple((name, ROLES[drawn.directions[axis]]) for name, axis in zip("xyz", axes, strict=False)),
    )
    return labelled(
        measured.values,
        measured.known,
        impulses=measured.impulses,
        doubted=measured.doubted,
        label=label,
        group=machine,
        machine=machine,
        recording=recording,
        rpm=told_rpm,
        baseline=baseline,
    )


def _machine(seed: int, spec: FeatureSpec, windows: int) -> Table:
    rng = np.random.default_rng([seed, 77])
    machine, name, axes = simulator.draw_machine(seed), f"sim-{seed}", axes_of(rng)
    speeds = rng.uniform(*machine.rpm_range, BASELINE_SPEEDS)
    recordings = [(fault, rng.choice(speeds), False) for fault in FAULTS]
    recordings += [(HEALTHY, rpm, True) for rpm in speeds]
    tables = []
    for number, (fault, rpm, baseline) in enumerate(recordings):
        drawn = machine.record(fault, number, seconds=seconds_for(windows, spec), rpm=rpm)
        told = {"label": fault, "machine": name, "recording": f"{name}-{number}"}
        tables.append(rows_of(drawn, axes, spec, rng, **told, baseline=baseline))
    return join(tables)
