"""A nominal speed that was doubted for long is not believed again merely because damage hides the shaft."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from agent.dsp.features import FeatureSpec, Spectra, analyse
from agent.dsp.speed import SpeedTrack
from agent.dsp.standing_doubt import MOST, STANDS_FROM, StandingDoubt
from agent.machine import Bearing, Geometry, Machine
from agent.types import Rate, Speed, SpeedQuestion, Stream, Window

TOLD = Speed(1480.0, "config")
SEEN = Speed(1481.0, "estimated")
DOUBTED = Speed(None, "unknown", asks=SpeedQuestion("contradicted", 1480.0, 1797.0))


def doubt(windows: int = MOST) -> StandingDoubt:
    standing = StandingDoubt()
    for _ in range(windows):
        assert standing.over(DOUBTED, is_borne_out=False) == DOUBTED
    return standing


def test_a_doubt_that_lasted_stands_while_something_is_wrong_and_windows_show_nothing() -> None:
    standing = doubt(STANDS_FROM)
    standing.judge(is_well=False)
    assert {standing.over(TOLD, is_borne_out=False) for _ in range(1000)} == {DOUBTED}


def test_a_doubt_that_did_not_last_ends_with_its_question() -> None:
    standing = doubt(STANDS_FROM - 1)
    standing.judge(is_well=False)
    assert standing.over(TOLD, is_borne_out=False) == TOLD


def test_while_all_is_well_silence_ends_a_doubt_and_lines_that_bear_the_speed_out_do_at_once() -> None:
    standing = doubt(1000)
    assert [standing.over(TOLD, is_borne_out=False).asks is None for _ in range(MOST)] == [*[False] * (MOST - 1), True]
    standing = doubt(1000)
    assert standing.over(SEEN, is_borne_out=True) == SEEN
    assert standing.over(TOLD, is_borne_out=False) == TOLD


def test_of_a_machine_with_damage_most_windows_must_bear_the_speed_out() -> None:
    standing = doubt()
    standing.judge(is_well=False)
    for _ in range(100):
        heard = [standing.over(SEEN if k == 0 else TOLD, is_borne_out=k == 0) for k in range(3)]
        assert heard == [DOUBTED] * 3
    for _ in range(MOST):
        standing.over(SEEN, is_borne_out=True)
    assert standing.over(SEEN, is_borne_out=True) == SEEN


NORMAL, DAMAGED = "Normal/97_Normal_0.mat", "12k_Drive_End_Bearing_Fault_Data/IR/014/169_0.mat"


def windows_of(path: Path, variable: str, rate_hz: float) -> list[Spectra]:
    samples = loadmat(path)[variable].astype(np.float32)
    size = round(2 * rate_hz)
    starts = [int(k * 0.37 * size) % (len(samples) - size) for k in range(20)]
    stream, rate = Stream("s", rate_hz), Rate(rate_hz, "declared")
    return [analyse(Window(stream, a, samples[a : a + size], rate, 0.0, None), FeatureSpec()) for a in starts]


@pytest.mark.data
@pytest.mark.parametrize(("rpm", "is_doubted"), [(1480.0, True), (1797.0, False)])
def test_a_real_motor_told_at_another_speed_stays_doubted_once_its_inner_race_is_damaged(
    shared_data: Path, rpm: float, *, is_doubted: bool
) -> None:
    bearing = Bearing("de", Geometry(9, 7.94, 39.04))
    track = SpeedTrack(Machine("m", rpm=rpm, speed_source="config"), bearings=(bearing,))
    healthy = windows_of(shared_data / "cwru" / NORMAL, "X097_DE_time", 48_000.0)
    damaged = windows_of(shared_data / "cwru" / DAMAGED, "X169_DE_time", 12_000.0)
    asked = []
    for k, spectra in enumerate((*healthy, *damaged)):
        asked.append(track.during(spectra, start_s=2.0 * k, end_s=2.0 * k + 2).asks is not None)
        track.judge(is_well=k < len(healthy))
    assert asked[len(healthy) :] == [is_doubted] * len(damaged)
