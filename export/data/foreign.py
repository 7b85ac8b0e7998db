"""Healthy machines of other kinds to learn from: recordings dressed as them, and simulated ones with gears and drives.

None brings a healthy state: what they teach is what a machine that nobody commissioned may sound like without a fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import simulator
from agent.dsp.spectra import FeatureSpec
from agent.types import HEALTHY
from export.data.dressed import COUNT, dressed_table
from export.data.healthy import NEITHER_HALF
from export.data.manifest import ManifestRow
from export.data.simulated import ROLES, geometry_of
from export.data.table import Table, join, load, save
from export.data.windows import feature_digest, labelled, recording_name, window_features
from export.progress import track

FOREIGN = "foreign-"  # what names of simulated machines of other kinds begin with
MACHINES = 160
DRESSED_SEED, LIMITS_SEED, MACHINES_SEED = 1999, 7, 2026
"""Each of its own: what is judged in a study wears other tones than what was learnt from, or what limits rest on."""
WINDOWS = 2


@dataclass(frozen=True, slots=True)
class OtherMachines:
    """Makes healthy machines of other kinds of those of `rows` that a side of a split may hear."""

    rows: tuple[ManifestRow, ...]
    spec: FeatureSpec
    cache: Path
    dressed: int = COUNT
    simulated: int = MACHINES

    def learnt(self, recordings: Collection[str]) -> Table:
        """Those to learn from beside recordings of these names."""
        counts = {"dressed": self.dressed, "simulated": self.simulated}
        return foreign_windows(self._heard(recordings), self.spec, cache=self.cache, **counts)

    def limiting(self, recordings: Collection[str]) -> Table | None:
        """Those that limits of signs are fitted on; None where none of these recordings can be dressed."""
        heard = self._heard(recordings)
        return dressed_table(heard, self.spec, cache=self.cache, count=self.dressed, seed=LIMITS_SEED)

    def _heard(self, recordings: Collection[str]) -> list[ManifestRow]:
        return [row for row in self.rows if recording_name(row) in recordings]


def foreign_windows(
    rows: Sequence[ManifestRow], spec: FeatureSpec, *, cache: Path, dressed: int = COUNT, simulated: int = MACHINES
) -> Table:
    """Windows of the healthy recordings of `rows` dressed as other machines, in those groups, and of simulated ones."""
    made_up = simulated_foreign(spec, cache=cache, count=simulated)
    worn = dressed_table(rows, spec, cache=cache, count=dressed, seed=DRESSED_SEED)
    table = made_up if worn is None else join([worn, made_up])
    return replace(table, half=np.full_like(table.half, NEITHER_HALF))


def simulated_foreign(spec: FeatureSpec, *, cache: Path, count: int = MACHINES) -> Table:
    """Two windows of each of `count` simulated machines, told speed and bearing, each machine a group."""
    cache.mkdir(parents=True, exist_ok=True)
    code = hashlib.sha256(feature_digest(spec).encode() + Path(__file__).read_bytes() + repr(count).encode())
    for source in sorted(Path(str(simulator.__file__)).parent.glob("*.py")):
        code.update(source.read_bytes())
    kept = cache / f"foreign-{code.hexdigest()[:24]}.npz"
    if not kept.exists():
        save(join([_machine(number, spec) for number in track(range(count), "machines of other kinds")]), kept)
    return load(kept)


def _machine(number: int, spec: FeatureSpec) -> Table:
    rng = np.random.default_rng([MACHINES_SEED, number, 77])
    machine = simulator.foreign_machine((MACHINES_SEED, number))
    axes = [0, 1, 2] if rng.random() < 0.5 else [int(rng.integers(3))]
    drawn = machine.record(0, seconds=spec.window_s + (WINDOWS - 1) * spec.hop_s + 0.01)
    rpm = drawn.rpm * float(rng.normal(1, 0.002))  # a tacho or a name plate is a little off
    measured = window_features(
        drawn.samples[:, axes],
        rate_hz=drawn.rate_hz,
        spec=spec,
        hop_s=spec.hop_s,
        rpm=rpm,
        geometry=geometry_of(drawn.geometry),
        roles=tuple((name, ROLES[drawn.directions[axis]]) for name, axis in zip("xyz", axes, strict=False)),
    )
    name = f"{FOREIGN}{number}"
    return labelled(
        measured.values,
        measured.known,
        impulses=measured.impulses,
        doubted=measured.doubted,
        label=HEALTHY,
        group=name,
        machine=name,
        recording=name,
        rpm=rpm,
        baseline=False,
    )
