"""Windows shorter than a whole one: what their length bears is measured, what it does not is unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simulator
from agent.dsp.features import Features, FeatureSpec, analyse, extract, views
from agent.dsp.spectra import LEAST_REVOLUTIONS, WHOLE_FROM
from agent.dsp.speed import SpeedTrack
from agent.machine import Bearing, Geometry, Machine
from agent.types import Rate, Stream, Window

SPEC = FeatureSpec()
VIEWS = views(SPEC)
RATE_HZ, RPM = 12_000, 1800.0
BEARING = Bearing("de", Geometry(9, 7.94, 39.04))
PLACED = ("comb", "raw", "contrast", "envelope_order", "low_order", "share")


def window_of(seconds: float, fault: str = "inner_race", seed: int = 3) -> Window:
    samples = simulator.signal(fault, seconds=2.0, rpm=RPM, rate_hz=RATE_HZ, seed=seed)[:, :1]
    n = round(seconds * RATE_HZ)
    return Window(Stream("s", RATE_HZ, ("x",), "g"), 0, samples[:n], Rate(RATE_HZ, "declared"), seconds, None)


def features_of(seconds: float, *, rpm: float | None = RPM, fault: str = "inner_race") -> Features:
    return extract(analyse(window_of(seconds, fault), SPEC), spec=SPEC, rpm=rpm, bearing=BEARING)


@pytest.mark.parametrize("seconds", [0.25, 0.5, 0.6])
def test_what_is_placed_by_orders_is_unknown_where_they_cannot_be_told_apart(seconds: float) -> None:
    features = features_of(seconds)
    for view in PLACED:
        assert not features.known[VIEWS[view]].any(), view
    for view in ("level", "shape", "impulse"):
        assert features.known[VIEWS[view]].any(), view
    without_speed = features_of(seconds, rpm=None)
    np.testing.assert_array_equal(features.values, without_speed.values)  # which the encoder has learnt from


def test_it_is_known_from_so_many_revolutions_on_and_in_every_whole_window() -> None:
    least_s = LEAST_REVOLUTIONS / (RPM / 60)
    assert not features_of(0.95 * least_s).known[VIEWS["comb"]].any()
    assert features_of(1.05 * least_s).known[VIEWS["comb"]].all()
    assert features_of(2.0, rpm=300.0).known[VIEWS["comb"]].all()  # 10 revolutions: as ever


@pytest.mark.parametrize("fault", ["healthy", "inner_race", "outer_race"])
@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0])
def test_impulses_and_level_are_those_of_the_whole_window(fault: str, seconds: float) -> None:
    short, whole = features_of(seconds, fault=fault), features_of(2.0, fault=fault)
    assert short.impulses == pytest.approx(whole.impulses, abs=0.3)
    level = VIEWS["level"]
    assert float(short.values[level][0]) == pytest.approx(float(whole.values[level][0]), abs=0.15)


def test_a_piece_says_its_length_and_a_whole_window_none() -> None:
    assert features_of(0.5).seconds == pytest.approx(0.5)
    assert features_of(2.0).seconds is None
    assert features_of(WHOLE_FROM * 2.0 + 0.01).seconds is None


@pytest.mark.parametrize(("seconds", "known"), [(0.25, False), (0.5, True)])
def test_levels_at_the_shaft_need_its_orders_apart(seconds: float, known: bool) -> None:  # 7.5 and 15 revolutions
    levels = features_of(seconds).shaft_db
    assert levels is not None
    assert np.isfinite(levels[:4]).all() == known
    assert np.isfinite(levels[4])


def test_a_piece_too_short_for_it_neither_refines_nor_estimates_a_speed() -> None:
    # 1812 rpm: at 1800 every other order would be a multiple of the mains
    def speed(machine: Machine, seconds: float) -> tuple[float | None, str]:
        t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        lines = sum(np.sin(2 * np.pi * order * 1812 / 60 * t) for order in range(1, 6))
        samples = (lines + np.random.default_rng(1).normal(0, 0.3, len(t))).astype(np.float32)
        window = replace(window_of(seconds), samples=samples[:, None])
        found = SpeedTrack(machine).during(analyse(window, SPEC), start_s=0.0, end_s=seconds)
        return found.rpm, found.origin

    told = Machine("m", rpm=1770.0, speed_source="config")
    assert speed(told, 0.5) == (1770.0, "config")
    assert speed(told, 2.0)[1] == "estimated"
    ranged = Machine("m", rpm_range=(1500.0, 2000.0), speed_source="estimate")
    assert speed(ranged, 0.5) == (None, "unknown")
    assert speed(ranged, 2.0)[1] == "estimated"
