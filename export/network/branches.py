"""The student's branches: each reads its own part of the inputs, as one of the teacher's experts does.

A single net on all inputs takes short cuts that hold for the machines it was trained on; a branch that never sees what
is peculiar to a machine cannot. Training masks weights that a branch does not have; the folded graph leaves them out.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import VIEWS, feature_names
from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError

LINES = ("bpfo", "bpfi", "bpfi_side", "bsf", "bsf_even", "bsf_side", "ftf", "shaft")
PHYSICS = (
    *(f"own:comb/{line}/mean" for line in LINES),
    "own:contrast/*/mean",
    "difference:impulse/*",
    "difference:shape/kurtosis",
    "distance:spectrum",
    "distance:shape",
    "distance:comb",
)
"""What means the same on every machine, where its healthy state is known."""
PHYSICS_BLIND = (
    *(f"own:comb/{line}/*" for line in LINES),
    "own:contrast/*",
    "own:impulse/*",
    "own:shape/kurtosis",
    "own:shape/crest",
)
"""And where it is not."""
MACHINE = ("own:*", "difference:*", "distance:*", "known:*")
ROTOR = (
    *PHYSICS,
    "difference:low_order/*",
    "difference:share/*",
    "difference:axial/*",
    "own:axial/*",
    "difference:raw/shaft",
    "difference:raw/half",
    "own:comb/half/mean",
)
SPECTRUM = ("own:spectrum/*",)

Expert = Literal["physics", "physics_blind", "machine", "nearness", "rotor"]


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Inputs by pattern, two hidden layers, and the expert whose answers the second one has to carry."""

    expert: Expert
    reads: tuple[str, ...]
    widths: tuple[int, int]


BRANCHES = (
    Branch("physics", PHYSICS, (96, 48)),
    Branch("physics_blind", PHYSICS_BLIND, (64, 32)),
    Branch("machine", MACHINE, (112, 56)),
    Branch("nearness", SPECTRUM, (96, 48)),
    Branch("rotor", ROTOR, (32, 16)),
)


def input_names(spec: FeatureSpec) -> tuple[str, ...]:
    """One name per encoder input, in the order of `InputScaling.inputs`."""
    names = feature_names(spec)
    return (
        *(f"own:{name}" for name in names),
        *(f"difference:{name}" for name in names),
        *(f"distance:{view}" for view in VIEWS),
        *(f"known:{view}" for view in VIEWS),
        "reference",
    )


def columns(spec: FeatureSpec, patterns: Sequence[str]) -> NDArray[np.bool_]:
    """(inputs,) which encoder inputs one of the patterns names."""
    names = input_names(spec)
    named = {name for pattern in patterns for name in fnmatch.filter(names, pattern)}
    return np.array([name in named for name in names])


@dataclass(frozen=True, slots=True)
class Connection:
    """The inputs that one branch reads, each by number and once, and the widths of its two layers."""

    reads: tuple[int, ...]
    widths: tuple[int, int]


def connections(spec: FeatureSpec, branches: Sequence[Branch]) -> tuple[Connection, ...]:
    """What the student needs to know of its branches; ConfigError where one would read nothing."""
    found = []
    for branch in branches:
        reads = tuple(np.flatnonzero(columns(spec, branch.reads)).tolist())
        if not reads:
            raise ConfigError(f"branches: {branch.expert}: reads {list(branch.reads)} name no encoder input; mend them")
        found.append(Connection(reads, branch.widths))
    return tuple(found)


def masks(inputs: int, connections: Sequence[Connection]) -> tuple[NDArray[np.bool_], ...]:
    """(out, in) of the first two layers, all branches side by side: what each unit may read; none without branches."""
    if not connections:
        return ()
    numbers = np.arange(len(connections))
    firsts = np.repeat(numbers, [connection.widths[0] for connection in connections])
    seconds = np.repeat(numbers, [connection.widths[1] for connection in connections])
    reads = np.zeros((len(connections), inputs), np.bool_)
    for row, connection in zip(reads, connections, strict=True):
        row[list(connection.reads)] = True
    return reads[firsts], seconds[:, np.newaxis] == firsts[np.newaxis, :]
