"""What is drawn of a window: the outer race's line where its place is, and only what can be known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fake_agent import RPM, SETUP, SPEC, diagnosis, floats, looked, window

from agent.types import Window
from agent.web.picture import Sight, picture_of
from agent.web.sensor_view import MOST_ROWS, Wanted, view_of

SIGHT = Sight(window(), SETUP, (diagnosis("de"), diagnosis("nde")), SPEC)


def highest_hz(drawn: dict) -> float:
    values = floats(drawn["values"])
    return float(values.argmax()) * drawn["highest_hz"] / (len(values) - 1)


def test_the_highest_line_of_a_damaged_outer_race_stands_in_a_place_of_its_own():
    picture = picture_of(SIGHT, "de")
    peak_hz = highest_hz(picture["envelope"])
    holding = [p["family"] for p in picture["places"]["envelope"] if p["low_hz"] <= peak_hz <= p["high_hz"]]
    assert "BPFO" in holding
    assert floats(picture["envelope"]["values"]).max() > 15


def test_places_are_bands_as_wide_as_slip_allows():
    places = picture_of(SIGHT, "de")["places"]
    bpfo = next(p for p in places["envelope"] if p["family"] == "BPFO" and p["multiple"] == 1)
    orders = SETUP.bearings[0].orders
    assert orders is not None
    assert np.isclose((bpfo["low_hz"] + bpfo["high_hz"]) / 2, orders.bpfo * RPM / 60)
    assert np.isclose(bpfo["high_hz"] / bpfo["low_hz"], (1 + SPEC.tolerance) / (1 - SPEC.tolerance))
    assert {p["kind"] for p in places["envelope"]} == {"shaft", "bearing"}
    assert {p["kind"] for p in places["orders"]} == {"shaft", "mains"}


def test_without_geometry_no_line_of_a_bearing_has_a_place():
    assert {p["kind"] for p in picture_of(SIGHT, "nde")["places"]["envelope"]} == {"shaft"}


def test_while_the_speed_is_not_steady_nothing_has_a_place():
    moving = replace(SIGHT, diagnoses=(diagnosis("de", steady=False),))
    picture = picture_of(moving, "de")
    assert picture["places"]["envelope"] == []
    assert picture["shaft_hz"] is None


def test_a_signal_that_cannot_be_judged_has_a_waveform_alone():
    samples = window().samples.copy()
    samples[100] = np.nan
    broken: Window = replace(SIGHT.window, samples=samples)
    picture = picture_of(replace(SIGHT, window=broken), "de")
    assert "spectrum" not in picture
    assert len(picture["axes"]) == 1


def test_a_slow_sensor_has_no_envelope():
    slow = replace(SIGHT.window, samples=SIGHT.window.samples[:1600], rate=replace(SIGHT.window.rate, hz=800.0))
    picture = picture_of(replace(SIGHT, window=slow), "de")
    assert picture["envelope"] is None
    assert picture["spectrum"]["highest_hz"] <= 400


def test_a_bearing_that_is_none_is_the_first_one():
    view = view_of(looked(1), Wanted("pump_de", "other", "en"), None)
    assert view.drawn["bearing"] == "de"
    assert view_of(looked(1), Wanted("pump_de", "nde", "en"), None).drawn["bearing"] == "nde"


def test_rows_of_figures_are_bounded():
    wanted, view = Wanted("pump_de", None, "en"), None
    for _ in range(3):
        view = view_of(looked(1000, with_window=False), wanted, view)
    assert view is not None
    faults, rows = view.rows["de"]
    assert len(rows) == MOST_ROWS * (12 + 4 * (5 + len(faults)))
