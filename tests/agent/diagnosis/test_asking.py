"""What is asked about a bearing: by lines alone, never where something told or chance explains them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.bearings.catalogue import catalogue
from agent.diagnosis.asking import ASKED_AT, lasting, question_of, standing_of
from agent.dsp.spectra import FeatureSpec, analyse
from agent.machine import Bearing, FaultOrders, Geometry
from agent.types import Rate, Samples, Standing, StandingLine, Stream, Window

SHAFT_HZ = 23.0
TRUE, OTHER = catalogue()["6205"].orders, catalogue()["NU205"].orders


def row(orders: FaultOrders) -> tuple[float, float, float, float]:
    return orders.bpfo, orders.bpfi, orders.bsf, orders.ftf


def standing(
    *orders: float,
    bearing: str | None = None,
    told: tuple[FaultOrders, ...] = (),
    above_floor_db: float = 25.0,
    reach_hz: float = 600.0,
) -> Standing:
    lines = tuple(StandingLine(order, order * SHAFT_HZ, above_floor_db) for order in orders)
    return Standing(lines, reach_hz, 0.5, (SHAFT_HZ,), bearing, tuple(map(row, told)))


OUTER = tuple(k * TRUE.bpfo * 0.996 for k in (1, 2, 3, 4))


def test_lines_of_an_unknown_bearing_are_asked_about_with_their_evidence() -> None:
    question = question_of(standing(*OUTER, 9.4))
    assert question is not None
    assert (question.about, question.told, question.told_fits_at) == ("geometry_unknown", None, None)
    assert question.order == pytest.approx(OUTER[0], rel=0.004)
    assert question.hz == pytest.approx(question.order * SHAFT_HZ)
    assert [line.order for line in question.lines] == list(OUTER)  # and not the stray one
    names = [candidate.bearing for candidate in question.candidates]
    assert "6205" in names
    assert "6308" not in names
    assert question.searched == len(catalogue()) > 3 * len(names)
    assert 9 in question.balls
    slips = [abs(candidate.slip) for candidate in question.candidates]
    assert slips == sorted(slips)
    own = next(candidate for candidate in question.candidates if candidate.bearing == "6205")
    assert (own.family, own.order, own.balls) == ("BPFO", pytest.approx(TRUE.bpfo), 9)


def test_a_bearing_that_is_told_and_explains_the_lines_is_not_asked_about() -> None:
    assert question_of(standing(*OUTER, bearing="de", told=(TRUE,))) is None
    assert question_of(standing(*OUTER, bearing="de", told=(OTHER, TRUE))) is None  # lines of the bearing beside it
    assert question_of(standing(*OUTER, bearing=None, told=(TRUE,))) is None  # one is told, the one judged is not


def test_lines_beside_those_of_the_bearing_told_are_not_another_bearings() -> None:
    """An inner race whose lines two shaft turns off stand highest: some bearing has its BPFI there."""
    beside = tuple(k * TRUE.bpfi + d for k in (1, 2) for d in (-1, 0, -2))
    assert question_of(standing(*beside)) is not None
    assert question_of(standing(*beside, bearing="de", told=(TRUE,))) is None
    assert question_of(standing(*beside, bearing="de", told=(OTHER,))) is not None


def test_a_bearing_that_is_told_and_explains_nothing_is_asked_about() -> None:
    question = question_of(standing(*OUTER, bearing="de", told=(OTHER,)))
    assert question is not None
    assert (question.about, question.told) == ("geometry_told", "de")
    assert "6205" in [candidate.bearing for candidate in question.candidates]


def test_a_speed_that_would_explain_the_lines_is_asked_about_too() -> None:
    near = tuple(1.03 * k * TRUE.bpfo for k in (1, 2, 3, 4))
    assert question_of(standing(*near, bearing="de", told=(TRUE,))) is None  # as far off as set points are
    slow = tuple(0.95 * k * TRUE.bpfo for k in (1, 2, 3, 4))
    question = question_of(standing(*slow, bearing="de", told=(TRUE,)))
    assert question is not None
    assert question.told_fits_at == pytest.approx(0.95, abs=0.005)
    far = tuple(0.9 * k * TRUE.bpfo for k in (1, 2, 3, 4))
    question = question_of(standing(*far, bearing="de", told=(TRUE,)))
    assert question is not None
    assert question.told_fits_at is None


def test_lines_of_no_bearing_of_the_catalogue_ask_for_the_bearing() -> None:
    question = question_of(standing(*(k * 9.2 for k in (1, 2, 3)), reach_hz=700.0))
    assert question is not None
    assert (question.candidates, question.balls) == ((), (16, 17, 20))


@pytest.mark.parametrize(
    "lines",
    [
        standing(),
        standing(*OUTER[:2]),  # two lines are no family
        standing(*OUTER, above_floor_db=9.0),  # no higher than healthy machines let some stand
        standing(2.31, 4.97, 7.43, 8.81, 11.07),  # at random
        standing(*(k * 1.016 for k in range(1, 9))),  # the shaft's own, at a speed that is off
        standing(*(k * 0.45 for k in range(1, 30))),  # a belt's
        None,
    ],
)
def test_nothing_is_asked_where_no_bearing_need_explain_the_lines(lines: Standing | None) -> None:
    assert question_of(lines) is None


def test_the_limit_is_the_mean_height_of_the_family() -> None:
    def at(height: float) -> Standing:
        return standing(*OUTER, above_floor_db=10 * float(np.log10(np.expm1(height))))

    assert question_of(at(ASKED_AT + 0.01)) is not None
    assert question_of(at(ASKED_AT - 0.01)) is None
    assert question_of(at(ASKED_AT - 0.01), asked_at=ASKED_AT - 0.1) is not None


def test_of_a_recording_what_half_of_its_windows_show_is_asked_about() -> None:
    shown, none = standing(*OUTER), standing()
    assert question_of(lasting([shown, none, shown])) is not None
    assert question_of(lasting([shown, none, none])) is None
    assert lasting([None, None, shown]) is None  # most have no speed
    assert lasting([]) is None


SPEC = FeatureSpec()


def window(seconds: float = 2.0, rate_hz: float = 20_000.0, *, rpm: float = 1380.0) -> Window:
    """Ringing knocks at every pass over the outer ring of a 6205."""
    n = int(seconds * rate_hz)
    samples = np.random.default_rng(3).normal(size=n) * 0.1
    knocks = np.zeros(n)
    knocks[np.arange(0, n, rate_hz * 60 / rpm / TRUE.bpfo).astype(int)] = 3.0
    times_s = np.arange(200) / rate_hz
    samples += np.convolve(knocks, np.exp(-times_s * 800) * np.sin(2 * np.pi * 3000 * times_s))[:n]
    column: Samples = samples[:, np.newaxis].astype(np.float32)
    return Window(Stream("s", rate_hz), 0, column, Rate(rate_hz, "declared"), arrival_s=0.0, wall_s=None)


def test_a_window_is_looked_through_in_orders_of_the_bearing_s_own_shaft() -> None:
    spectra = analyse(window(), SPEC)
    geared = Bearing("geared", Geometry(8, 15.0, 60.0), ratio=2.0)
    mine = Bearing("mine", TRUE)
    found = standing_of(spectra, SPEC, rpm=1380.0, bearing=mine, bearings=(mine, geared))
    assert found is not None
    assert found.bearing == "mine"
    assert len(found.told) == 2
    assert found.shafts_hz == (23.0, 46.0)
    assert geared.orders is not None
    assert found.told[1] == pytest.approx([2 * order for order in row(geared.orders)])
    assert any(abs(line.order / TRUE.bpfo - 1) < 0.01 for line in found.lines)
    assert question_of(found) is None
    asked = question_of(standing_of(spectra, SPEC, rpm=1380.0, bearing=None, bearings=()))
    assert asked is not None
    assert "6205" in [candidate.bearing for candidate in asked.candidates]
    there = standing_of(spectra, SPEC, rpm=1380.0, bearing=geared, bearings=(mine, geared))
    assert there is not None
    assert question_of(there) is None  # in orders of its own shaft, the other's lines are known
    assert there.told[0] == pytest.approx([order / 2 for order in row(TRUE)])


def test_without_speed_or_bands_no_line_is_looked_for() -> None:
    spectra = analyse(window(), SPEC)
    assert standing_of(spectra, SPEC, rpm=None, bearing=None, bearings=()) is None
    deaf = replace(spectra, envelope_known=np.zeros_like(spectra.envelope_known))
    assert standing_of(deaf, SPEC, rpm=1380.0, bearing=None, bearings=()) is None
