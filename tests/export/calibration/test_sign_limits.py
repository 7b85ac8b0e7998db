"""Limits of signs know how many damaged machines are quiet, as far as families that are left out can tell."""

from __future__ import annotations

import numpy as np
import pytest
from small_windows import SPEC

from agent.diagnosis.signs import spread_place
from agent.dsp.features import feature_names
from export.calibration.sign_limits import fit_sign_limits
from export.data.table import Table, join
from export.data.windows import labelled


def windows(machine: str, label: str, spread: float, *, count: int = 40) -> Table:
    """Of one machine, around that spread."""
    rng = np.random.default_rng(len(machine) + len(label))
    values = np.zeros((count, len(feature_names(SPEC))), np.float32)
    values[:, spread_place(SPEC)] = spread + rng.normal(0, 0.01, count)
    return labelled(
        values,
        np.ones(values.shape, np.bool_),
        label=label,
        group=machine,
        machine=machine,
        recording=f"{machine} {label}",
        rpm=1000.0,
        baseline=False,
    )


def test_damaged_machines_that_no_other_family_s_limit_hears_are_quiet() -> None:
    loud = [windows("a-1", "healthy", 0.0), windows("a-1", "outer_race", 1.0)]
    quiet = [windows("b-1", "healthy", 0.0), windows("b-1", "ball", 0.0), windows("b-1", "inner_race", 1.0)]
    limits = fit_sign_limits(join([*loud, *quiet]), None, SPEC)
    assert limits is not None
    assert limits.quiet == pytest.approx(0.25, abs=0.03)  # none of a, half of b
    alone = fit_sign_limits(join(loud), None, SPEC)
    assert alone is not None
    assert alone.quiet == 0  # no other family foretells anything of it
