"""How healthy windows scatter around their own baseline: the yardstick that says "this machine deviates".

Fitted on healthy training recordings alone, through the agent's own `Baseline`: the first windows of a recording teach,
the later ones are measured against them, as after a commissioning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.baseline import MIN_WINDOWS, Baseline, DeviationScale
from agent.dsp.features import Features, views
from agent.dsp.spectra import FeatureSpec
from agent.faults import HEALTHY
from export.data.healthy import SAME_SPEED
from export.data.table import Table
from export.progress import track

NEEDED = 2 * MIN_WINDOWS
"""Windows of one healthy recording: half of them teach, the others are measured."""
SMALLEST_SD = 0.01
QUANTILE = 0.99
REPEATED = ("contrast", "impulse")
"""Views that are made of others: a limit of their own would only be one more chance of a false alarm."""
MARGIN = 1.25  # healthy machines of the field scatter more than the few that were recorded


class TooShortError(ValueError):
    """No healthy recording, and no few of one machine at one speed, have the windows that a limit needs."""


def fit_deviation(table: Table, spec: FeatureSpec) -> DeviationScale:
    """Typical standard deviation per feature, and per view the root mean square z-score that healthy windows keep.

    Where no single recording is long enough, the first ones of a machine at one speed teach, and its later ones are
    measured. TooShortError where there are none of these either.
    """
    rows = np.flatnonzero(table.labels == HEALTHY)
    recordings = [rows[table.recordings[rows] == name] for name in np.unique(table.recordings[rows])]
    lessons = [(one[table.half[one] == 0], one[table.half[one] == 1]) for one in recordings]
    alike = recordings
    if not any(is_enough(len(teach), len(judge)) for teach, judge in lessons):
        pools = alike_recordings([(str(table.machines[one[0]]), _rpm(table, one[0])) for one in recordings])
        parts = [[recordings[number] for number in pool] for pool in pools]
        lessons = [(np.concatenate(part[: len(part) // 2]), np.concatenate(part[len(part) // 2 :])) for part in parts]
        alike = [np.concatenate(part) for part in parts]
    if not any(is_enough(len(teach), len(judge)) for teach, judge in lessons):
        raise TooShortError(f"no healthy recording has the {NEEDED} windows that a deviation limit needs")
    typical = _typical_sd(table, [one for one in alike if len(one) > 1])
    unit = DeviationScale(
        tuple(typical.tolist()), dict.fromkeys((view for view in views(spec) if view not in REPEATED), 1.0)
    )
    seen: dict[str, list[float]] = {view: [] for view in unit.limits}
    for teach, judge in track(lessons, "scatter of healthy recordings"):
        if len(teach) < MIN_WINDOWS:
            continue
        baseline, rpm = Baseline(), _rpm(table, teach[0])
        for row in teach:
            baseline = baseline.learn(_features(table, row), rpm=rpm, rms=1.0)
        for row in judge:
            for view in unit.limits:
                members = views(spec)[view]
                value = baseline.deviation(_features(table, row), rpm=rpm, scale=unit, views={view: members})
                if value is not None:
                    seen[view].append(value)
    limits = {view: MARGIN * float(np.quantile(values, QUANTILE)) for view, values in seen.items() if values}
    if not limits:
        raise TooShortError("no healthy recording is compared with itself in any view")
    return DeviationScale(unit.typical_sd, limits)


def is_enough(taught: int, judged: int) -> bool:
    """Whether so many windows can teach a healthy state, and so many others be measured against it."""
    return taught >= MIN_WINDOWS and judged > 0


def alike_recordings(recordings: Sequence[tuple[str, float | None]]) -> list[list[int]]:
    """Machine and speed of recordings -> the numbers of those of one machine at one speed, two at least, in order."""
    pools: list[tuple[str, float | None, list[int]]] = []
    for number, (machine, rpm) in enumerate(recordings):
        for other, speed, members in pools:
            if machine == other and _is_same_speed(rpm, speed):
                members.append(number)
                break
        else:
            pools.append((machine, rpm, [number]))
    return [members for _, _, members in pools if len(members) > 1]


def _is_same_speed(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else abs(one / other - 1) <= SAME_SPEED


def _rpm(table: Table, row: np.intp) -> float | None:
    return None if np.isnan(table.rpm[row]) else float(table.rpm[row])


def _typical_sd(table: Table, recordings: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Median over recordings of each feature's standard deviation; 1 where no recording knows it."""
    spreads = []
    for recording in recordings:
        known = table.known[recording].all(axis=0)
        spreads.append(np.where(known, table.values[recording].std(axis=0, ddof=1), np.nan))
    stacked = np.array(spreads)
    anywhere = np.isfinite(stacked).any(axis=0)
    typical = np.ones(stacked.shape[1])
    typical[anywhere] = np.nanmedian(stacked[:, anywhere], axis=0)
    return np.maximum(typical, SMALLEST_SD)


def _features(table: Table, row: np.intp) -> Features:
    return Features(values=table.values[row], known=table.known[row])
