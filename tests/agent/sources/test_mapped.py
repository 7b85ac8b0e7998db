"""Messages read by a mapping: paths, scales, units, times, rows; and what is refused, with its key."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from requirements import ROOT
from sparkplug_bytes import floats, metric, payload

from agent.sources.batches import BatchReader
from agent.sources.mapped import MappedReader
from agent.sources.ready_mappings import READY
from agent.sources.sent import Sent, Unread
from agent.transport.mapping import Mapping, problems_of
from agent.transport.paths import MISSING, find, steps_of
from agent.transport.routes import Route
from agent.types import Item, Reading, SampleBlock, SourceFault

NEEDS = ("x", "y", "z")


def read(mapping: Mapping, message: Any, *, quantity: str | None = None) -> list[Sent]:
    found = MappedReader(mapping).read(json.dumps(message).encode(), quantity=quantity)
    assert not isinstance(found, Unread), found
    return found


def unread(mapping: Mapping, message: Any, *, quantity: str | None = None) -> Unread:
    found = MappedReader(mapping).read(json.dumps(message).encode(), quantity=quantity)
    assert isinstance(found, Unread)
    return found


def items(mapping: Mapping, message: Any, **route) -> list[Item]:
    reader = BatchReader(Route("fan", topic="t", mapping=mapping, **route))
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return reader.feed(data, arrival_s=10.0, wall_s=1.7e9)


# -------------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", {"acc": {"x": 1}, "data": [{"v": [1, 2]}, {"v": [3]}], "a.b": 5, "p:0": {"t": 6}}),
        ("acc.x", 1),
        ("data[0].v", [1, 2]),
        ("data[-1].v[0]", 3),
        ("data[*].v", [1, 2, 3]),
        ("data[*].v[0]", [1, 3]),
        ('["a.b"]', 5),
        ("$.acc.x", 1),
        ("p:0.t", 6),
        ("*.t", 6),
        ("acc[*].x", [1]),
        ("acc.y", MISSING),
        ("data[7].v", MISSING),
        ("acc.x.y", MISSING),
        ("nothing[*].x", MISSING),
    ],
)
def test_a_path_leads_where_it_says(path: str, found: Any) -> None:
    document = {"acc": {"x": 1}, "data": [{"v": [1, 2]}, {"v": [3]}], "a.b": 5, "p:0": {"t": 6}}
    assert find(document, steps_of(path)) == found


@pytest.mark.parametrize(
    "path", ["", ".", "a..b", "a.", ".a", "a[", "a[x]", "a]b", "a[1", 'a["b', "a" * 300, "a" + ".a" * 20]
)
def test_what_is_no_path_is_said_to_be_none(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|steps"):
        steps_of(path)


# ------------------------------------------------------------------------------------------------------------ samples


def test_nested_fields_scales_and_rate_in_khz() -> None:
    mapping = Mapping(x="acc.x", z="acc.z", scale=0.004, scaled_unit="g", rate="cfg.khz", rate_scale=1000, seq="n")
    (block,) = items(mapping, {"acc": {"x": [250, "-250"], "z": [0, 500]}, "cfg": {"khz": 3.2}, "n": 4})
    assert isinstance(block, SampleBlock)
    np.testing.assert_allclose(block.samples, [[1.0, 0.0], [-1.0, 2.0]], rtol=1e-6)
    assert (block.stream.axes, block.stream.rate_hz, block.stream.unit) == (("x", "z"), 3200.0, "g")


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("mg", 1e-3), ("g", 1.0), ("m/s²", 1 / 9.80665), ("m/s^2", 1 / 9.80665), ("mm/s2", 1e-3 / 9.80665)],
)
def test_the_unit_of_a_message_is_understood(unit: str, factor: float) -> None:
    (block,) = items(Mapping(x="v", unit="u", rate="hz"), {"v": [1000, 0], "u": unit, "hz": 100})
    assert isinstance(block, SampleBlock)
    assert block.stream.unit == "g"
    np.testing.assert_allclose(block.samples[0, 0], 1000 * factor, rtol=1e-6)


def test_a_unit_that_is_none_of_acceleration_is_refused_with_its_key() -> None:
    (fault,) = items(Mapping(x="v", unit="u", rate="hz"), {"v": [1, 0], "u": "mm/s", "hz": 100})
    assert isinstance(fault, SourceFault)
    assert (fault.kind, fault.key) == ("unit", "unit")
    assert "'mm/s' is no unit of acceleration" in fault.detail


def test_rows_with_times_say_their_rate_and_are_cut_at_a_gap() -> None:
    rows = [{"t": 1_772_352_000_000 + 10 * (n + 5 * (n >= 12)), "a": n} for n in range(24)]
    first, second = read(Mapping(x="rows[*].a", time="rows[*].t"), {"rows": rows})
    assert (len(first.axes["x"]), len(second.axes["x"])) == (12, 12)
    assert (first.rows_hz, second.rows_hz) == (100.0, 100.0)
    assert second.t0 is not None
    assert first.t0 is not None
    assert second.t0 - first.t0 == pytest.approx(0.17)
    blocks = items(Mapping(x="rows[*].a", time="rows[*].t"), {"rows": rows})
    assert [block.start for block in blocks if isinstance(block, SampleBlock)] == [0, 17]


def test_a_declared_rate_that_the_rows_times_contradict_is_refused() -> None:
    rows = [{"t": 1_772_352_000_000 + 10 * n, "a": n} for n in range(24)]
    (fault,) = items(Mapping(x="rows[*].a", time="rows[*].t"), {"rows": rows}, rate_hz=200.0)
    assert isinstance(fault, SourceFault)
    assert (fault.kind, fault.key) == ("rate_off", "rate_hz")
    assert "200 Hz declared, the times of its rows say 100 Hz" in fault.detail


def test_a_clock_that_ticks_more_coarsely_than_rows_come_shows_their_mean_rate() -> None:
    rows = [{"t": 1_772_352_000_000 + int(n / 0.7), "a": n} for n in range(140)]
    (sent,) = read(Mapping(x="rows[*].a", time="rows[*].t"), {"rows": rows})
    assert sent.rows_hz == pytest.approx(700, rel=0.01)


@pytest.mark.parametrize(
    ("value", "unit", "t0"),
    [
        (1_772_352_000, None, 1_772_352_000),
        (1_772_352_000_000, None, 1_772_352_000),
        ("1772352000000000", None, 1_772_352_000),
        ("2026-03-01T08:00:00Z", None, 1_772_352_000),
        ("2026-03-01T17:00:00+09:00", None, 1_772_352_000),
        ("2026-03-01T08:00:00", None, 772_352_000),  # local: tells what came when, and is no Unix time
        (5000, "ms", 5.0),
    ],
)
def test_times_are_understood(value: Any, unit: Any, t0: float) -> None:
    (sent,) = read(Mapping(x="x", time="t", time_unit=unit), {"x": [1], "t": value})
    assert sent.t0 == pytest.approx(t0)


@pytest.mark.parametrize(
    ("mapping", "message", "key", "why"),
    [
        (
            Mapping(x="acc.x"),
            {"acc": {"y": 1}, "n": 3},
            "x",
            "x stands at acc.x, and the message has nothing there; it holds 'acc', 'n'",
        ),
        (Mapping(x="x", y="y"), {"x": [1]}, "y", "y stands at y"),
        (Mapping(x="x"), {"x": [1, None]}, "x", "x is no number at 2 of 2, but null"),
        (Mapping(x="x"), {"x": ["1", "one"]}, "x", "'one'"),
        (Mapping(x="x"), {"x": True}, "x", "True"),
        (Mapping(x="x"), {"x": {"a": 1}}, "x", "an object"),
        (Mapping(x="x"), {"x": []}, "x", "0 values"),
        (Mapping(x="r[*].x"), {"r": [{"x": 1}, {"y": 2}]}, "x", "null"),
        (Mapping(x="x", time="t"), {"x": [1], "t": 5000}, "time", "set time_unit"),
        (Mapping(x="x", time="t"), {"x": [1], "t": 1e300}, "time", "set time_unit"),
        (Mapping(x="x", time="t", time_unit="s"), {"x": [1], "t": 1.77e12}, "time", "is no time; correct time_unit"),
        (Mapping(x="x", time="t"), {"x": [1], "t": "noon"}, "time", "is no time"),
        (
            Mapping(x="r[*].x", time="r[*].t", time_unit="s"),
            {"r": [{"x": 1, "t": 2}, {"x": 1, "t": 1}]},
            "time",
            "backwards",
        ),
        (Mapping(x="x", rate="hz"), {"x": [1], "hz": "fast"}, "rate", "no sample rate"),
        (Mapping(x="*.x"), {"a": {"x": [1]}, "b": {"x": [1]}}, "x", "* fits 'a', 'b'; name one of them"),
    ],
)
def test_what_cannot_be_read_names_its_key(mapping: Mapping, message: Any, key: str, why: str) -> None:
    said = unread(mapping, message)
    assert said.key == key
    assert why in said.detail


def test_no_json_is_said_to_be_none() -> None:
    found = MappedReader(Mapping(x="x")).read(b"{", quantity=None)
    assert isinstance(found, Unread)
    assert found.kind == "json"


# ------------------------------------------------------------------------------------------------------------ figures


@pytest.mark.parametrize(
    ("quantity", "unit", "figure"),
    [
        ("temperature_c", "F", (50 - 32) / 1.8),
        ("temperature_c", "K", 50 - 273.15),
        ("velocity_rms_mm_s", "ips", 50 * 25.4),
        ("acceleration_rms_g", "m/s2", 50 / 9.80665),
    ],
)
def test_a_figure_comes_in_the_unit_of_its_quantity(quantity: str, unit: str, figure: float) -> None:
    (sent,) = read(Mapping(value="v", value_unit="u"), {"v": 50, "u": unit}, quantity=quantity)
    assert sent.value == pytest.approx(figure)


def test_a_figure_of_an_unknown_unit_is_refused() -> None:
    said = unread(Mapping(value="v", value_unit="u"), {"v": 50, "u": "bar"}, quantity="temperature_c")
    assert (said.kind, said.key) == ("unit", "value_unit")


def test_a_speed_in_hz_becomes_rpm_and_an_impossible_one_a_fault() -> None:
    mapping = Mapping(speed="drive.hz", speed_scale=60)
    (reading,) = items(mapping, {"drive": {"hz": "24.7"}}, quantity="rpm")
    assert isinstance(reading, Reading)
    assert reading.value == pytest.approx(1482)
    (fault,) = items(mapping, {"drive": {"hz": 1e9}}, quantity="rpm")
    assert isinstance(fault, SourceFault)
    assert fault.kind == "speed"


# ----------------------------------------------------------------------------------------------------- ready mappings


@pytest.mark.parametrize("name", sorted(READY))
def test_a_ready_mapping_is_good_and_reads_its_own_example(name: str) -> None:
    row = READY[name]
    assert row.source
    needs = NEEDS if row.mapping.x is not None else ("value",)
    assert list(problems_of(row.mapping, name, needs=needs)) == []
    if row.quantity is not None and name != "thingsboard":
        (reading,) = items(row.mapping, row.example, quantity=row.quantity)
        assert isinstance(reading, Reading)
        assert 10 < reading.value < 50
    if row.mapping.x is not None:
        (block,) = items(row.mapping, row.example, rate_hz=None if row.mapping.rate else 100.0)[:1]
        if name == "thingsboard":  # three rows are too few for their times to say a rate
            assert isinstance(block, SourceFault)
            (block,) = items(row.mapping, row.example, rate_hz=100.0)
        assert isinstance(block, SampleBlock)
        assert block.stream.unit == ("g" if row.mapping.scaled_unit or name == "sparkplug_b" else "raw")
        assert 0.001 < float(np.abs(block.samples).max()) < 2.0


@pytest.mark.parametrize("name", sorted(READY))
def test_a_ready_mapping_stands_in_the_guide_with_its_example(name: str) -> None:
    row = READY[name]
    guide = (ROOT / "docs" / "sensors.md").read_text(encoding="utf-8")
    assert f"| `{name}` | `{row.topic}` | `{row.payload}` |" in guide


def test_a_word_where_a_number_is_wanted_is_no_figure() -> None:
    for said in (b"unavailable", b"nan", b'"ON"'):
        (fault,) = items(READY["esphome"].mapping, said, quantity="temperature_c")
        assert isinstance(fault, SourceFault)
        assert fault.kind in ("mapping", "not_finite")


def test_sparkplug_arrays_are_samples() -> None:
    data = payload(metric("Vibration/x", 30, 16, floats(0.5, 0.25)), metric("rate_hz", 10, 13, 800.0))
    mapping = Mapping(x="metrics.Vibration/x").over(READY["sparkplug_b"].mapping)
    (block,) = items(mapping, data)
    assert isinstance(block, SampleBlock)
    np.testing.assert_array_equal(block.samples[:, 0], np.float32([0.5, 0.25]))
