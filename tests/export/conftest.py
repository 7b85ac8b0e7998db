"""The published sets in small, for tests that train on columns without reading a recording; and one trained run."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from made_once import made_once

import simulator
from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from export.cli import main
from export.data.dressed import dressed_table
from export.data.manifest import COLUMNS
from export.data.table import Table, join
from export.data.windows import labelled
from export.runs import train_run
from export.text.no_fault import training_sentences

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


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Vectors of sentences are kept for this run of the tests, and not among those of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


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


# ------------------------------------------------------------------------------------------------------- a trained run

RATE_HZ = 12_000
RECIPE = """
steps = 60
batch = 64
text = "ngrams"
text_steps = 15
hidden = [48]
dim = 16

[teacher]
trees = 10
windows = 1000
"""


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trained and quantized run of one motor; nobody writes there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(dressed_table.__kwdefaults__, "count", 40)
        patch.setattr(train_run, "FOLDS", 3)
        patch.setattr(train_run, "training_sentences", partial(training_sentences, said=False))  # a quarter of them
        return made_once("trained_run", _train, tmp_path_factory)


def _train(folder: Path) -> None:
    """By the commands: one simulated motor, healthy at two speeds and with two bearing faults."""
    recordings = folder.with_suffix(".recordings")
    recordings.mkdir(exist_ok=True)
    lines = [",".join(COLUMNS)]
    for number, (fault, rpm) in enumerate([("healthy", 1800), ("healthy", 1500), ("inner_race", 1800), ("ball", 1800)]):
        samples = simulator.signal(fault, seconds=8, rpm=rpm, rate_hz=RATE_HZ, seed=number)
        np.save(recordings / f"{number}.npy", samples[:, :1])
        lines.append(f"{number}.npy,,{RATE_HZ},{rpm},6205,motor,g{number},{fault},")
    (recordings / "set.csv").write_text("\n".join(lines) + "\n")
    (recordings / "recipe.toml").write_text(RECIPE)
    paths = {"manifest": "set.csv", "config": "recipe.toml", "cache": "cache"}
    options = [part for name, path in paths.items() for part in (f"--{name}", str(recordings / path))]
    assert main(["train", *options, "--machines", "1", "--out", str(folder)]) == 0
    assert main(["quantize", str(folder)]) == 0
