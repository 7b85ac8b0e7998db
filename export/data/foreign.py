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
from export.data.simulated import axes_of, rows_of, seconds_for, simulation_digest
from export.data.table import Table, join, load, save
from export.data.windows import recording_name
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
    code = hashlib.sha256(simulation_digest(spec).encode() + Path(__file__).read_bytes() + repr(count).encode())
    kept = cache / f"foreign-{code.hexdigest()[:24]}.npz"
    if not kept.exists():
        save(join([_machine(number, spec) for number in track(range(count), "machines of other kinds")]), kept)
    return load(kept)


def _machine(number: int, spec: FeatureSpec) -> Table:
    rng = np.random.default_rng([MACHINES_SEED, number, 77])
    machine, name, axes = simulator.foreign_machine((MACHINES_SEED, number)), f"{FOREIGN}{number}", axes_of(rng)
    drawn = machine.record(0, seconds=seconds_for(WINDOWS, spec))
    return rows_of(drawn, axes, spec, rng, label=HEALTHY, machine=name, recording=name)
