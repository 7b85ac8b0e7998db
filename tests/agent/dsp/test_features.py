"""Features: what is known, what it depends on, and that lines are read where the bearing puts them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.dsp.features import Features, FeatureSpec, analyse, extract, feature_names, views
from agent.machine import Bearing, Geometry
from agent.types import Rate, Stream, Window

RATE_HZ = 12_000.0
SPEC = FeatureSpec()
NAMES = np.array(feature_names(SPEC))
G6205 = Geometry(9, 7.94, 39.04)
BEARING = Bearing("de", G6205)


def window_of(samples: NDArray[np.float64], rate_hz: float = RATE_HZ) -> Window:
    columns = samples if samples.ndim == 2 else samples[:, None]
    stream = Stream("s", rate_hz, ("x", "y", "z")[: columns.shape[1]], "g")
    return Window(stream, 0, columns.astype(np.float32), Rate(rate_hz, "declared"), 0.0, None)


def impacts(order: float, rpm: float, *, seed: int = 0, modulated: bool = False) -> NDArray[np.float64]:
    """Two seconds of impacts at `order` per shaft turn that ring at 2.8 kHz, in noise."""
    rng = np.random.default_rng(seed)
    n = int(2 * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    shaft_hz = rpm / 60
    train = np.zeros(n)
    periods = rng.normal(1, 0.005, int(2.2 * order * shaft_hz)) / (order * shaft_hz)  # rolling elements slip
    times = np.cumsum(periods)
    times = times[times < 2]
    weight = 1 + np.cos(2 * np.pi * shaft_hz * times) if modulated else np.ones_like(times)
    train[np.minimum((times * RATE_HZ).astype(int), n - 1)] = weight
    ring = np.exp(-600 * t[:400]) * np.sin(2 * np.pi * 2800 * t[:400])
    return np.convolve(train, ring)[:n] + rng.normal(0, 0.05, n)


def features_of(
    samples: NDArray[np.float64], *, rpm: float | None = 1797.0, bearing: Bearing | None = BEARING
) -> Features:
    return extract(analyse(window_of(samples), SPEC), spec=SPEC, rpm=rpm, bearing=bearing)


def value(features: Features, name: str) -> float:
    return float(features.values[list(NAMES).index(name)])


def test_there_is_one_name_per_feature_and_views_part_them() -> None:
    features = features_of(np.random.default_rng(0).normal(size=24_000))
    assert len(NAMES) == len(features.values) == len(features.known) == len(set(NAMES))
    assert (np.sum(list(views(SPEC).values()), axis=0) == 1).all()


def test_fault_orders_of_the_6205_are_the_published_ones() -> None:
    orders = G6205.orders
    found = (orders.bpfo, orders.bpfi, orders.bsf, orders.ftf)
    assert found == pytest.approx((3.585, 5.415, 2.357, 0.398), abs=1e-3)


@pytest.mark.parametrize("rpm", [600.0, 1200.0, 1797.0, 3000.0])
@pytest.mark.parametrize(("family", "order"), [("bpfo", 3.585), ("bpfi", 5.415)])
def test_impacts_at_a_fault_order_raise_that_family_most(family: str, order: float, rpm: float) -> None:
    features = features_of(impacts(order, rpm), rpm=rpm)
    heights = {p: value(features, f"comb/{p}/first") for p in ("bpfo", "bpfi", "ftf", "shaft", "half")}
    assert max(heights, key=heights.__getitem__) == family
    assert heights[family] > 3.0
    noise = features_of(np.random.default_rng(1).normal(size=24_000), rpm=rpm)
    assert value(noise, f"comb/{family}/first") < 1.8


def test_contrasts_are_the_differences_of_the_families_heights() -> None:
    features = features_of(impacts(3.585, 1797.0))
    for place in ("first", "second", "mean"):
        outer, inner, even, ball, shaft = (
            value(features, f"comb/{family}/{place}") for family in ("bpfo", "bpfi", "bsf_even", "bsf", "shaft")
        )
        assert value(features, f"contrast/outer_inner/{place}") == pytest.approx(outer - inner, abs=1e-5)
        over_ball = max(outer, inner) - max(ball, even)
        assert value(features, f"contrast/race_ball/{place}") == pytest.approx(over_ball, abs=1e-5)
        assert value(features, f"contrast/ball_shaft/{place}") == pytest.approx(max(ball, even) - shaft, abs=1e-5)
    assert value(features, "contrast/outer_inner/mean") > 1
    assert not features_of(impacts(3.585, 1797.0), bearing=None).known[views(SPEC)["contrast"]].any()


def test_impulses_are_summed_up_over_the_known_bands() -> None:
    features = features_of(impacts(3.585, 1797.0))
    for kind in ("spread", "peaky"):
        members = [place for place, name in enumerate(NAMES) if name.startswith(f"shape/{kind}/")]
        seen = features.values[members][features.known[members]]
        assert 0 < len(seen) < len(members)  # the highest band lies above Nyquist
        assert value(features, f"impulse/{kind}") == pytest.approx(seen.mean(), abs=1e-5)
        assert value(features, f"impulse/most_{kind}") == pytest.approx(seen.max(), abs=1e-5)


def test_a_load_zone_draws_sidebands_at_shaft_speed() -> None:
    plain = features_of(impacts(5.415, 1797.0))
    modulated = features_of(impacts(5.415, 1797.0, modulated=True))
    assert value(modulated, "comb/bpfi_side/first") > value(plain, "comb/bpfi_side/first") + 1.0


def test_a_wrong_speed_beyond_the_tolerance_loses_the_lines() -> None:
    samples = impacts(3.585, 1797.0)
    assert value(features_of(samples, rpm=1797.0 * 1.01), "comb/bpfo/first") > 3.0
    assert value(features_of(samples, rpm=1797.0 * 1.06), "comb/bpfo/first") < 2.0


def test_a_gearbox_ratio_scales_every_order() -> None:
    samples = impacts(3.585, 1797.0)
    geared = Bearing("de", G6205, ratio=2.0)
    assert value(features_of(samples, rpm=1797.0 / 2, bearing=geared), "comb/bpfo/first") > 3.0


def test_what_is_not_known_is_masked_and_zero() -> None:
    samples = np.random.default_rng(2).normal(size=24_000)
    without_speed = features_of(samples, rpm=None)
    without_geometry = features_of(samples, bearing=None)
    for view in ("comb", "raw", "envelope_order", "low_order", "share"):
        assert not without_speed.known[views(SPEC)[view]].any()
    assert without_speed.known[views(SPEC)["spectrum"]].all()
    known = dict(zip(NAMES, without_geometry.known, strict=True))
    assert known["comb/shaft/first"]
    assert not known["comb/bpfo/first"]
    assert not known["axial/1"]
    for features in (without_speed, without_geometry):
        assert not features.values[~features.known].any()
        assert np.isfinite(features.values).all()


def test_axis_roles_make_the_axial_share_known() -> None:
    t = np.arange(24_000) / RATE_HZ
    rng = np.random.default_rng(3)
    turning = np.sin(2 * np.pi * 29.95 * t)
    samples = np.stack([0.1 * turning, 0.1 * turning, 1.0 * turning], axis=1) + rng.normal(0, 0.01, (24_000, 3))
    spectra = analyse(window_of(samples), SPEC)
    features = extract(spectra, spec=SPEC, rpm=1797.0, bearing=BEARING, roles=(("z", "axial"),))
    assert value(features, "axial/1") == pytest.approx(1 / 1.02, abs=0.01)


@pytest.mark.parametrize("rate_hz", [1.0, 10.0, 400.0, 1600.0, 52_000.0])
def test_every_declared_rate_gives_finite_features(rate_hz: float) -> None:
    n = max(16, int(2 * rate_hz))
    samples = np.random.default_rng(4).normal(size=(n, 3))
    features = extract(analyse(window_of(samples, rate_hz), SPEC), spec=SPEC, rpm=1797.0, bearing=BEARING)
    assert np.isfinite(features.values).all()
    assert len(features.values) == len(NAMES)
