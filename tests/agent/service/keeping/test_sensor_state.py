"""A sensor's state is one value: bounded, checked on its way in, and told apart by what it was learnt on."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_bundle import NAMES, SETUP

from agent.alerting.counted import BearingCounts, DecisionCounts
from agent.config.keys import SensorConfig
from agent.diagnosis.baseline import Baseline, SpeedCell
from agent.diagnosis.baseline_bytes import to_bytes
from agent.errors import ConfigError
from agent.machine import Bearing
from agent.service.keeping.sensor_state import (
    MAGIC,
    MAX_BYTES,
    SensorState,
    UnderWayState,
    baselines_in,
    decode,
    encode,
    marks_of,
)
from agent.stream.ledger import Balance

SENSOR = SensorConfig(source="plant", machine="pump")
SIZE = len(NAMES)
CELL = SpeedCell(1500.0, 9, np.ones(SIZE), np.ones(SIZE), np.full(SIZE, 9), 0.1)
STATE = SensorState(
    agent="gw",
    sensor="pump_de",
    wall_s=1.0,
    boot="this",
    at_s=2.0,
    features="8:aa",
    marks=marks_of(SETUP, SENSOR),
    baselines={"de": to_bytes(Baseline((CELL,)))},
    under_way=UnderWayState(b"{}", (b"lesson",)),
    counts=DecisionCounts((BearingCounts("de", run=2),), None, 3.0),
    ledger=Balance(produced=10, received=10),
    seq=7,
)


def test_a_state_comes_back_as_it_was():
    assert decode(encode(STATE)) == STATE


@given(st.integers(0, len(encode(STATE)) - 1), st.integers(1, 255))
def test_a_state_of_which_a_bit_is_another_is_refused(place, flip):
    damaged = bytearray(encode(STATE))
    damaged[place] ^= flip
    with pytest.raises(ConfigError, match="cut short or damaged"):
        decode(bytes(damaged))


@given(st.integers(0, len(encode(STATE)) - 1))
def test_a_state_cut_anywhere_is_refused(length):
    with pytest.raises(ConfigError, match="cut short or damaged"):
        decode(encode(STATE)[:length])


@given(st.binary(max_size=300))
def test_anything_else_is_refused_in_a_sentence(noise):
    for stored in (noise, MAGIC + noise, encode_raw(noise)):
        with pytest.raises(ConfigError, match=r"^state: "):
            decode(stored)


def encode_raw(value: bytes) -> bytes:
    import zlib

    return MAGIC + zlib.crc32(value).to_bytes(4, "big") + value


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sensor": "a/b"}, "no state of a sensor"),
        ({"seq": -1}, "no state of a sensor"),
        ({"seq": 1 << 60}, "no state of a sensor"),
        ({"features": "x" * 65}, "no state of a sensor"),
        ({"ledger": Balance(produced=-1)}, "figures that cannot be"),
        ({"at_s": float("nan")}, "figures that cannot be"),
        ({"version": 2}, "written by a later agent"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(changes, why):
    with pytest.raises(ConfigError, match=why):
        decode(encode(msgspec.structs.replace(STATE, **changes)))


def test_a_state_too_large_is_refused_before_it_is_read():
    with pytest.raises(ConfigError, match="are more than"):
        decode(MAGIC + bytes(MAX_BYTES))


def test_a_healthy_state_that_holds_no_numbers_is_refused():
    bad = replace(CELL, mean=np.full(SIZE, np.nan))
    with pytest.raises(ConfigError, match="holds what is no number"):
        baselines_in({"de": to_bytes(Baseline((bad,)))}, size=SIZE)
    with pytest.raises(ConfigError, match="cannot be read"):
        baselines_in({"de": to_bytes(Baseline((CELL,)))}, size=SIZE + 1)
    assert set(baselines_in(STATE.baselines, size=SIZE)) == {"de"}


def test_what_was_learnt_fits_the_same_bearing_at_the_same_place_and_no_other():
    marks = STATE.marks

    def fitting(sensor=SENSOR, **changes):
        return set(marks.fitting(marks_of(replace(SETUP, **changes), sensor)))

    other = Bearing("nde", SETUP.bearings[0].geometry)
    assert fitting() == {"de"}
    assert fitting(bearings=(*SETUP.bearings, other)) == {"de"}
    assert fitting(idle_below_g=0.1) == {"de"}
    assert fitting(machine=replace(SETUP.machine, rpm=1480.0, name="Pump")) == {"de"}
    assert fitting(bearings=(replace(SETUP.bearings[0], ratio=2.0),)) == set()
    assert fitting(bearings=(replace(SETUP.bearings[0], geometry=None),)) == set()
    assert fitting(bearings=()) == set()
    assert fitting(machine=replace(SETUP.machine, id="fan")) == set()
    assert fitting(position="elsewhere") == set()
    assert fitting(axis_roles=(("x", "axial"),)) == set()
    assert fitting(msgspec.structs.replace(SENSOR, unit="m/s2")) == set()
    whole = marks_of(replace(SETUP, bearings=()), SENSOR)
    assert whole.fitting(whole) == {None}
