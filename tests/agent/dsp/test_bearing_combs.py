"""Lines that a told bearing draws at the told speed speak for no other speed; those of another shaft do."""

from __future__ import annotations

import numpy as np
import pytest

from agent.dsp.bearing_combs import families_of
from agent.dsp.features import FeatureSpec, Spectra, analyse
from agent.dsp.speed import SpeedTrack, refined
from agent.dsp.speed_doubts import SecondLook
from agent.machine import BallCount, Bearing, Geometry, Machine
from agent.types import Rate, Speed, SpeedQuestion, Stream, Window

RATE_HZ = 6400.0
SPEC = FeatureSpec()
NOMINAL = 1783.0  # at which no line below lies on the mains
SHAFT_HZ = NOMINAL / 60
OF_6205 = (Bearing("de", Geometry(9, 7.94, 39.04)),)
(BPFO, BPFI, BSF, TWO_BSF, FTF) = FAMILIES = families_of(OF_6205)


def test_families_are_those_of_bearings_whose_orders_are_known_in_turns_of_the_reference_shaft() -> None:
    assert pytest.approx((3.585, 5.415, 2.357, 4.713, 0.398), rel=1e-3) == FAMILIES
    geared = (Bearing("out", Geometry(9, 7.94, 39.04), ratio=0.25), Bearing("x", BallCount(9)), Bearing("y"))
    assert families_of(geared) == pytest.approx([order / 4 for order in FAMILIES])


def heard(*hz: float, seed: int = 1) -> Spectra:
    """Tones in noise that sway together, so that they stand in the envelope spectrum, too."""
    times_s = np.arange(round(2 * RATE_HZ)) / RATE_HZ
    tones = sum(np.sin(2 * np.pi * one * times_s + k) for k, one in enumerate(hz))
    noise = np.random.default_rng(seed).normal(0, 1.0, len(times_s))
    samples = (0.2 * tones + noise * (1 + 0.3 * tones / np.sqrt(len(hz))))[:, None].astype(np.float32)
    return analyse(Window(Stream("s", RATE_HZ), 0, samples, Rate(RATE_HZ, "declared"), 0.0, None), SPEC)


def comb(order: float, part: int, *beside: int) -> Spectra:
    """The lines of a family, and at some of the orders between them lines of something else."""
    step_hz = order * SHAFT_HZ / part
    own = [step_hz * part * k for k in range(1, 10 // part + 1)]
    return heard(*own, *(step_hz * k for k in beside))


@pytest.mark.parametrize(("order", "part", "beside"), [(BPFO, 2, (1, 3)), (BPFO, 3, (1, 2)), (BPFI, 3, (1, 2, 4))])
def test_a_part_of_a_family_s_order_is_no_shaft(order: float, part: int, beside: tuple[int, ...]) -> None:
    spectra = comb(order, part, *beside)
    alone = refined(NOMINAL, 0.05, spectra, origin="config").speed
    assert alone.asks is not None
    assert alone.asks.seen_rpm == pytest.approx(NOMINAL * order / part, rel=0.01)
    told = refined(NOMINAL, 0.05, spectra, origin="config", families=FAMILIES).speed
    assert told == Speed(NOMINAL, "config")


@pytest.mark.parametrize("share", [0.6, 0.75, 1.33, 1.7])
def test_a_shaft_that_turns_at_another_speed_is_asked_about_whatever_bearing_is_told(share: float) -> None:
    spectra = heard(*(share * SHAFT_HZ * k for k in range(1, 8)))
    asks = refined(NOMINAL, 0.05, spectra, origin="config", families=FAMILIES).speed.asks
    assert asks is not None
    assert asks.seen_rpm == pytest.approx(share * NOMINAL, rel=0.01)


def test_a_comb_that_stands_without_the_bearing_s_lines_is_a_shaft_s() -> None:
    step_hz = BPFO * SHAFT_HZ / 2
    spectra = heard(*(step_hz * k for k in range(1, 8)))
    assert refined(NOMINAL, 0.05, spectra, origin="config", families=FAMILIES).speed.asks is not None


def test_the_track_of_a_sensor_knows_its_bearings_also_once_others_are_told() -> None:
    spectra, machine = comb(BPFO, 2, 1, 3), Machine("m", rpm=NOMINAL, speed_source="config")
    assert SpeedTrack(machine).during(spectra, start_s=0.0, end_s=2.0).asks is not None
    track = SpeedTrack(machine, bearings=OF_6205)
    assert track.during(spectra, start_s=0.0, end_s=2.0) == Speed(NOMINAL, "config")
    assert track.of(()).during(spectra, start_s=2.0, end_s=4.0).asks is not None


# ---------------------------------------------------------------------------------------- one window, and a second one

ASKED, ELSEWHERE = (SpeedQuestion("contradicted", NOMINAL, rpm) for rpm in (3200.0, 2100.0))


def test_of_a_speed_that_stood_for_a_while_one_window_alone_is_not_believed() -> None:
    look = SecondLook(10.0)
    assert look.believes(ASKED, 2.0)  # it has not stood yet
    for now_s in (4.0, 6.0, 14.0):
        assert look.believes(None, now_s)
    assert not look.believes(ASKED, 16.0)
    assert not look.believes(ELSEWHERE, 18.0)  # another one is no second
    assert look.believes(None, 20.0)
    assert look.believes(ELSEWHERE, 22.0)
    assert look.believes(ASKED, 24.0)  # it stands no more


def test_a_second_look_comes_within_that_while_and_begins_anew_where_time_went_back() -> None:
    look = SecondLook(10.0)
    assert look.believes(None, 0.0)
    assert not look.believes(ASKED, 12.0)
    assert not look.believes(ASKED, 23.0)
    assert look.believes(ASKED, 25.0)
    assert look.believes(None, 40.0)
    assert look.believes(ASKED, 1.0)
