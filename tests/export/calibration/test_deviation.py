"""Limits of deviation come from one long healthy recording, from several short ones, or from the shipped bundle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from agent.bundle.load import load_bundle
from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from export.calibration.deviation import NEEDED, TooShortError, alike_recordings, fit_deviation
from export.data.table import Table, join
from export.data.windows import labelled
from export.runs.train_run import deviation_of

SPEC = FeatureSpec()
D = len(feature_names(SPEC))


def recording(
    name: str, windows: int, *, rpm: float | None = 1500, machine: str = "pump", spread: float = 0.1
) -> Table:
    rng = np.random.default_rng(len(name))
    values = rng.normal(0, spread, size=(windows, D)).astype(np.float32)
    known = np.ones((windows, D), np.bool_)
    return labelled(
        values, known, label="healthy", group=name, machine=machine, recording=name, rpm=rpm, baseline=False, overlap=3
    )


def test_one_long_recording_is_enough_and_short_ones_beside_it_take_no_part_in_limits() -> None:
    long = recording("long", NEEDED)
    alone = fit_deviation(long, SPEC)
    beside = fit_deviation(join([long, recording("a", 4, spread=0.1), recording("bb", 4, spread=0.1)]), SPEC)
    assert alone.limits.keys() == beside.limits.keys()
    assert all(limit > 0 for limit in alone.limits.values())


def test_short_ones_of_one_machine_at_one_speed_are_held_against_each_other() -> None:
    short = [recording("a" * number, 1, rpm=1500 + number) for number in range(1, 11)]
    calm = fit_deviation(join(short), SPEC).limits
    wild = fit_deviation(join([*short[:-1], recording("a" * 10, 1, spread=2.0)]), SPEC).limits
    assert wild["raw"] > 2 * calm["raw"]


@pytest.mark.parametrize(
    "tables",
    [
        [recording("one", NEEDED - 1)],
        [recording("a" * number, 1, rpm=1000 + 100 * number) for number in range(1, 11)],
        [recording("a" * number, 1, machine=f"m{number}") for number in range(1, 11)],
        [recording("a" * number, 1) for number in range(1, 9)],
    ],
)
def test_too_little_is_said_and_the_shipped_limits_are_taken(tables: Sequence[Table]) -> None:
    table = join(tables)
    with pytest.raises(TooShortError):
        fit_deviation(table, SPEC)
    shipped = load_bundle("default").manifest
    assert deviation_of(table, SPEC) == (shipped.deviation, f"{shipped.name} {shipped.version}")


def test_alike_is_one_machine_at_one_speed() -> None:
    asked = [("m", 1000.0), ("n", 1000.0), ("m", 1015.0), ("m", None), ("m", 1100.0), ("m", None)]
    assert alike_recordings(asked) == [[0, 2], [3, 5]]
