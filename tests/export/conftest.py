"""The published sets in small, for tests that train on columns without reading a recording."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from export.data.table import Table, join
from export.data.windows import labelled

D = len(feature_names(FeatureSpec()))
KINDS = ("healthy", "inner_race", "outer_race", "ball")
MARK = feature_names(FeatureSpec()).index("spectrum/0")


def _recording(name: str, *, label: str, group: str, machine: str, rpm: float, shift: float = 0.0) -> Table:
    """Six windows whose label shows in a few features of one view, and whose speed shows in another."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    values = rng.normal(size=(6, D)).astype(np.float32)
    values[:, KINDS.index(label) : 20 : len(KINDS)] += 8
    values[:, MARK] = shift
    return labelled(
        values,
        np.ones((6, D), np.bool_),
        label=label,
        group=group,
        machine=machine,
        recording=name,
        rpm=rpm,
        baseline=False,
        overlap=1,
    )


@pytest.fixture(scope="session")
def published() -> Table:
    """The same machines, groups, speeds and labels as the published sets, and a second bearing of HIT's inner race."""
    tables = []
    for channel in ("de", "fe"):
        machine = f"cwru-{channel}"
        tables.append(
            _recording(f"{machine}-normal", label="healthy", group="cwru-normal", machine=machine, rpm=1797, shift=7)
        )
        for kind in KINDS[1:]:
            for size in ("007", "014", "021"):
                group = f"cwru-{kind}-{size}"
                tables.append(_recording(f"{machine}-{group}", label=kind, group=group, machine=machine, rpm=1772))
    others = [("hit", f"hit-{kind}", kind, rpm) for kind in KINDS[:3] for rpm in (600, 900, 1200)]
    others += [("hit", "hit-inner_race5", "inner_race", rpm) for rpm in (600, 900, 1200)]
    others += [("uestc", f"uestc-{kind}", kind, rpm) for kind in KINDS for rpm in (800, 1000, 1200, 1400)]
    tables += [
        _recording(f"{group}-{rpm}", label=kind, group=group, machine=rig, rpm=rpm, shift=rpm)
        for rig, group, kind, rpm in others
    ]
    return join(tables)
