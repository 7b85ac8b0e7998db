"""What no name tells: columns without vibration, rows that repeat, numbers as Fortran and Excel write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tables_of_noise import asked, settled

from agent.sources.csvlines import CsvRow, LineReader, Refusal
from agent.tables.facts import facts_of_pairs
from agent.tables.numbers import number_of
from agent.tables.rows import read_lines

N = 300
K = np.arange(N)
T = K / 1000
RNG = np.random.default_rng(5)
VIBRATION = RNG.normal(0, 1, N)
SLOW = 41 + 0.4 * np.sin(K / 90)
NOISY = 41 + 0.4 * RNG.normal(size=N)


def table(*columns: Sequence[float], header: str = "") -> list[str]:
    lines = [",".join(f"{value:.6g}" for value in row) for row in zip(*columns, strict=True)]
    return [header, *lines] if header else lines


# --------------------------------------------------------------------------------------------------- without vibration


@pytest.mark.parametrize("other", [SLOW, NOISY, 1e-3 * SLOW + 21, 990.5 + 3 * np.sin(K / 200), NOISY - 82])
@pytest.mark.parametrize("header", ["", "t,a,value 2"])
def test_a_column_without_vibration_is_no_axis(other: Sequence[float], header: str) -> None:
    found = settled(table(T, VIBRATION, other, header=header.replace("a,", "ch 1,")))
    assert found.chosen == (1,)
    assert [left.what for left in found.left_out] == [found.columns[2].name]


@pytest.mark.parametrize("alone", [SLOW, NOISY])
def test_alone_it_is_asked_about_and_may_be_chosen(alone: Sequence[float]) -> None:
    question = asked(table(T, alone))
    assert question.settles == "columns"
    assert "temperature" in question.text
    assert settled(table(T, alone), columns=(2,)).chosen == (1,)


@pytest.mark.parametrize("length", [1.0, 9.81, 1000.0, 16384.0])
def test_gravity_is_no_temperature(length: float) -> None:
    """A still sensor in any position and scale."""
    means = length * np.array([0.7, 0.02, -0.714])
    axes = [mean + 0.005 * length * RNG.normal(size=N) for mean in means]
    assert settled(table(T, *axes)).chosen == (1, 2, 3)


def test_a_low_tone_in_noise_is_vibration() -> None:
    tone = np.sin(2 * np.pi * 25 * K / 25_600) + 0.05 * VIBRATION
    assert settled(table(tone)).chosen == (0,)


# ----------------------------------------------------------------------------------------------------- rows that repeat


@pytest.mark.parametrize("times", [2, 3, 7])
@pytest.mark.parametrize("counts", [True, False])
def test_rows_that_stand_several_times_are_noticed(times: int, counts: bool) -> None:
    repeated = np.repeat(VIBRATION, times)[:N]
    columns = (np.repeat(T, times)[:N], repeated) if counts else (T, repeated)
    question = asked(table(*columns))
    assert f"every row stands {times} times" in question.text
    assert question.settles == "none"


def test_rows_that_stand_twice_or_thrice_are_noticed() -> None:
    """Polled at 1000 Hz, measured at 400."""
    assert "times in a row" in asked(table(T, VIBRATION[(K * 0.4).astype(int)])).text


@pytest.mark.parametrize("signal", [np.rint(VIBRATION), np.rint(0.6 * VIBRATION), np.rint(6 * np.sin(K / 9))])
def test_what_a_coarse_converter_repeats_is_its_own(signal: Sequence[float]) -> None:
    assert settled(table(T, signal)).chosen == (1,)


def test_lines_that_stand_twice_are_noticed_live() -> None:
    reader = LineReader()
    lines = [line for line in table(T, VIBRATION) for _ in range(2)]
    said = reader.feed("".join(f"{line}\r\n" for line in lines).encode())
    assert not [one for one in said if isinstance(one, CsvRow)]
    assert "2 times in a row" in next(one.detail for one in said if isinstance(one, Refusal))


# ----------------------------------------------------------------------------------------------------- other quantities


@pytest.mark.parametrize(
    "name", ["v [mm/s]", "velocity", "T (°C)", "gx [dps]", "진동속도(mm/s)", "disp_um", "pressure", "Motorstrom [A]"]
)
def test_another_quantity_chosen_by_hand_is_refused(name: str) -> None:
    question = asked(table(T, VIBRATION, header=f"t,{name}"), columns=(2,))
    assert "no acceleration but" in question.text


@pytest.mark.parametrize("name", ["load", "mic", "ch2", "rms", "VarName2", "U (V)"])
def test_what_may_be_acceleration_all_the_same_can_be_chosen(name: str) -> None:
    assert settled(table(T, VIBRATION, header=f"t,{name}"), columns=(2,)).chosen == (1,)


def test_a_unit_beside_the_table_may_be_that_of_another_quantity() -> None:
    assert "velocity" in asked(["Unit: mm/s", "", *table(T, VIBRATION)]).text
    assert settled(["Unit: mm/s", "", *table(T, VIBRATION, header="t,a [g]")]).unit == "g"


# ------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("field", "decimal", "value"),
    [
        ("1.0D+03", ".", 1e3),
        ("-.5d-2", ".", -5e-3),
        ("1.2-003", ".", 1.2e-3),
        ("-1.25+102", ".", -1.25e102),
        ("1,5D2", ",", 150.0),
        ("1,234", ".", 1234.0),
        ("1.234", ",", 1234.0),
        ("1.234.567,5", ",", 1234567.5),
        ("1 234,5", ",", 1234.5),
        ("1\u202f234\u202f567", ".", 1234567.0),
        ("1'234.5", ".", 1234.5),
        ("0,123", ".", None),
        ("1.2-3", ".", None),
        ("12-003", ".", None),
        ("1 23", ".", None),
        ("1,23", ".", None),
    ],
)
def test_numbers_as_people_write_them(field: str, decimal: str, value: float | None) -> None:
    assert number_of(field, "," if decimal == "," else ".") == value


COUNTS = RNG.integers(400, 3000, N)


@pytest.mark.parametrize("mark", [",", ".", " ", "'", "\u202f"])
@pytest.mark.parametrize("by", [";", "\t"])
def test_thousands_are_grouped(mark: str, by: str) -> None:
    lines = [f"{k}{by}{count:,}".replace(",", mark) for k, count in enumerate(COUNTS)]
    found = settled(lines)
    np.testing.assert_array_equal(read_lines(found, lines).values[:, 0], COUNTS)


@pytest.mark.parametrize("mark", [",", "."])
def test_three_decimals_are_no_thousands(mark: str) -> None:
    values = 9.81 + 0.2 * VIBRATION
    lines = [f"{k};{value:.3f}".replace(".", mark) for k, value in enumerate(values)]
    np.testing.assert_allclose(read_lines(settled(lines), lines).values[:, 0], values, atol=6e-4)


def test_fortran_tables_are_read_fast_and_slowly_alike() -> None:
    lines = [f"{t:.4f} {value:.6E}".replace("E", "D") for t, value in zip(T, VIBRATION, strict=True)]
    found = settled(lines)
    np.testing.assert_allclose(read_lines(found, lines).values[:, 0], VIBRATION, rtol=1e-5)
    np.testing.assert_array_equal(read_lines(found, lines[:5]).values, read_lines(found, lines).values[:5])


@pytest.mark.parametrize(
    ("key", "value", "rate_hz"),
    [
        ("fs_khz", "25.6", 25_600),
        ("sampling_rate_khz", "12.8", 12_800),
        ("Fs", "5120", 5120),
        ("dt_ms", "0.1", 10_000),
        ("sample_interval", "1e-4", 10_000),
        ("sampling_period_us", "50", 20_000),
        ("samples_per_second", "1000", 1000),
        ("freq", "50", None),
        ("ts", "0.001", None),
    ],
)
def test_names_of_a_rate(key: str, value: str, rate_hz: float | None) -> None:
    assert facts_of_pairs([(key, value)]).rate_hz == rate_hz


def test_a_rate_and_its_rounded_interval_agree() -> None:
    assert facts_of_pairs([("fs", "97656"), ("dt", "1.024e-5")]).rate_hz == 97_656
    assert facts_of_pairs([("fs", "97656"), ("dt", "1e-4")]).rate_hz is None
