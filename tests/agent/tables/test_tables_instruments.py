"""Tables as instruments, apps and firmwares export them: the axes, the rate and the unit that they say."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from tables_of_noise import asked, settled

from agent.tables.rows import read_lines
from agent.tables.series import Series, series_of

RATE = 5120.0
N = 400
T = np.arange(N) / RATE
RNG = np.random.default_rng(11)
X, Y, Z = RNG.normal(0, 0.1, N), RNG.normal(0, 0.1, N), 1 + RNG.normal(0, 0.1, N)


def rows(*columns: Sequence[float], by: str = ",", comma: bool = False) -> list[str]:
    lines = [by.join(f"{value:.7g}" for value in row) for row in zip(*columns, strict=True)]
    return [line.replace(".", ",") for line in lines] if comma else lines


SKF = [
    "SKF @ptitude",
    "Point:;Motor",
    "Speed:;1797 RPM",
    "Units:;g",
    "Sample rate:;5120 Hz",
    "",
    "Time (s);Amplitude (g)",
]
PULSE = ["% Title:\tTime(Accelerometer)", "% X-axis:\tTime [s]", "% Y-axis:\t[m/s²]", ""]
OROS = ["OROS NVGate", "Signal: Input 1", "Y unit\tm/s2", "X step\t0.0001953125", ""]
CATMAN = ["HBM_CATMAN_DATAFILE_40", "T0: 14:00:00", "", "Zeit 1 - Messrate\tBeschleunigung DE", "[s]\t[m/s²]"]
AUDACITY = ["Sample Rate: 5120 Hz. Sample values on linear scale.", "Length processed: 400 samples.", ""]
READ = {
    "skf": ([*SKF, *rows(T, X, by=";", comma=True)], 1, "g"),
    "pulse": ([*PULSE, *rows(T, X, by="\t")], 1, "m/s2"),
    "oros": ([*OROS, *rows(X)], 1, "m/s2"),
    "catman": ([*CATMAN, *rows(T, X, by="\t", comma=True)], 1, "m/s2"),
    "audacity": ([*AUDACITY, *rows(X)], 1, None),
    "sentence": (["Sampled at 5120 Hz with ADXL1002, +-50 g", *rows(X)], 1, None),
    "phyphox": (
        ['"Time (s)","Acceleration x (m/s^2)","Absolute acceleration (m/s^2)"', *rows(T, X, abs(X))],
        1,
        "m/s2",
    ),
    "french": (
        ["Temps (s);Accélération X (m/s²);Vitesse (tr/min)", *rows(T, X, 0 * T + 1500, by=";", comma=True)],
        1,
        "m/s2",
    ),
    "korean": (["시간(초),가속도X(g),온도(℃),회전수(rpm)", *rows(T, X, 0 * T + 36.5, 0 * T + 1797)], 1, "g"),
    "pandas": ([",time,acc", *rows(np.arange(N), T, X)], 1, None),
    "two clocks": (["t_s,elapsed_ms,ax,ay,az", *rows(T, 1e3 * T, X, Y, Z)], 3, None),
    "json": (
        [json.dumps({"us": round(1e6 * t), "ax": int(9e3 * x), "gx": 1}) for t, x in zip(T, X, strict=True)],
        1,
        None,
    ),
    "milligrams": (["t_us,x_mg,y_mg", *rows(np.rint(1e6 * T), 1e3 * X, 1e3 * Y)], 2, "g"),
    "counts": (["t_ms,x_lsb,y_lsb", *rows(1e3 * T, np.rint(256 * X), np.rint(256 * Y))], 2, None),
    "fixed": (["   time     acc_x", *(f"{t:9.6f} {x:9.5f}" for t, x in zip(T, X, strict=True))], 1, None),
}


@pytest.mark.parametrize("name", READ)
def test_exports_are_read(name: str) -> None:
    lines, axes, unit = READ[name]
    table = settled(lines)
    series = series_of(table, read_lines(table, lines[table.skip :]))
    assert isinstance(series, Series)
    rate_hz = series.rate_hz if series.rate_hz is not None else table.facts.rate_hz
    assert (len(table.chosen), table.unit) == (axes, unit)
    assert rate_hz == pytest.approx(RATE, rel=2e-3)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["Time,Channel A", "(ms),(mV)", "", *rows(1e3 * T, X)], "is a voltage"),
        (["Vertical Units,V", "Horizontal Units,s", "Second,Value", *rows(T, X)], "is a voltage"),
        (["Hz;mm/s", *rows(np.arange(N) / 2, abs(X), by=";")], "spectrum"),
        (["t (s),velocity (mm/s)", *rows(T, X)], "is a velocity"),
        (["t [s],L [dB]", *rows(T, X)], "another quantity"),
        (["id,t,ax", *rows(np.arange(N) % 2, T, X)], "take turns"),
    ],
)
def test_exports_of_something_else_are_asked_about(lines: list[str], why: str) -> None:
    assert why in asked(lines).text


@pytest.mark.parametrize(("first", "length"), [(0, 60), (1, 50), (0, 256)])
def test_counters_go_round_at_any_number(first: int, length: int) -> None:
    lines = rows(first + np.arange(N) % length, X)
    table = settled(lines)
    series = series_of(table, read_lines(table, lines))
    assert isinstance(series, Series)
    assert (table.chosen, series.gaps, len(series.values)) == ((1,), (), N)


def test_a_hexadecimal_counter_is_no_number() -> None:
    assert settled([f"{k:04X},{x:.5f}" for k, x in enumerate(X)]).chosen == (1,)
