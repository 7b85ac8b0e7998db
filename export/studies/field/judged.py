"""What a finished bundle says of rotors and of machines of other kinds; cells lie under a key of all that they rest on.

`field` shows these rows by themselves, `protocols` beside what its columns say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

import agent
import simulator
from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from export.studies.columns.training_cache import imported, kept
from export.studies.field import brito, foreign, rotor
from export.studies.field.edge import Edge
from export.studies.field.said import Said

ADXL345, BRITO = "adxl345_motor", "brito"  # folders of the public recordings


def finished(name: str) -> Edge:
    """The bundle of that name or folder, and its encoder."""
    bundle = load_bundle(name)
    return Edge(bundle, load_encoder(bundle, "auto")[1])


def said_of_simulated_rotors(edge: Edge, count: int, *, folder: Path, tell: Callable[[str], None]) -> list[Said]:
    """Of `count` machines; finished ones are kept below `folder`."""
    place = folder / bundle_key(edge, rotor.__file__)
    found = []
    for seed in range(rotor.FIRST_MACHINE, rotor.FIRST_MACHINE + count):
        found.append(kept(place / f"rotor-{seed}.json", rotor.Rotor, partial(rotor.judge_rotor, edge, seed)))
        tell(f"rotor {seed} judged")
    return rotor.said_of_rotors(found, overlap=edge.bundle.spec.window_s / edge.bundle.spec.hop_s)


def said_of_recorded_rotor(edge: Edge, data: Path) -> list[Said]:
    """Of the set brito below `data`."""
    return brito.said_of_brito(edge, data / BRITO)


def said_of_other_machines(edge: Edge, data: Path) -> list[Said]:
    """Of the set adxl345_motor below `data`, and of simulated ones."""
    return foreign.said_of_strangers(edge, [*foreign.recorded(data / ADXL345), *foreign.simulated()])


def bundle_key(edge: Edge, module: str) -> str:
    """Changes with the bundle, the agent, the simulator and the study."""
    paths = [*imported(Path(module)), *agent_sources(), *sorted(Path(str(simulator.__file__)).parent.glob("*.py"))]
    return digest_of(msgspec.json.encode(edge.bundle.manifest), paths)


def agent_sources() -> list[Path]:
    """Every module of the agent."""
    return sorted(Path(str(agent.__file__)).parent.rglob("*.py"))


def digest_of(start: bytes, paths: Sequence[Path]) -> str:
    """Of `start` and what stands in the files."""
    digest = hashlib.sha256(start)
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
