"""Codes and scales: rounding, saturation, and ranges that contain zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dsp.encoder_inputs import CodeScale
from export.network.graph import Conv, Dense, Graph, Join, Select
from export.runs.quantize_run import spread_sample
from export.shrinking.quantize import activation_ranges, quantize

finite = st.floats(-1e4, 1e4, width=32)


@given(low=st.floats(-100, 0), span=st.floats(0.001, 100))
def test_every_value_of_a_range_has_a_code_within_half_a_step(low: float, span: float) -> None:
    high = max(low + span, 0.0)
    graph = Graph(1, (Dense("e", "codes", np.ones((1, 1), np.float32), np.zeros(1, np.float32)),))
    net = quantize(graph, {"codes": (-1, 1), "e": (low, high)}, input_scale=CodeScale(0.01, 0))
    values = np.linspace(low, high, 50, dtype=np.float32)
    error = np.abs(net.output.decode(net.output.encode(values)) - values)
    assert error.max() <= net.output.scale * 1.01  # half a step, and half a step for the rounded zero point
    assert net.output.decode(net.output.encode(np.zeros(1, np.float32)))[0] == 0


@given(value=finite)
def test_codes_saturate(value: float) -> None:
    scale = CodeScale(0.5, 3)
    code = int(scale.encode(np.array([value], np.float32))[0])
    assert code == min(127, max(-128, round(value / 0.5) + 3))


def test_weights_use_the_whole_range_of_every_channel() -> None:
    weight = np.array([[[0.5, -2.0]], [[0.001, 0.002]], [[0.0, 0.0]]], np.float32)
    graph = Graph(4, (Conv("e", "codes", weight, np.array([1.0, 0.0, 0.0], np.float32)),))
    net = quantize(graph, {"e": (-1, 1)}, input_scale=CodeScale(0.1, 0))
    integers = net.integers["e"]
    assert integers.weight[0].tolist() == [[32, -127]]
    assert integers.weight[1].tolist() == [[64, 127]]
    assert not integers.weight[2].any()
    assert integers.bias[0] == round(1 / (0.1 * 2 / 127))


def test_ranges_come_from_the_inputs_given() -> None:
    graph = Graph(1, (Dense("e", "codes", np.full((1, 1), 2, np.float32), np.zeros(1, np.float32), relu=True),))
    ranges = activation_ranges(graph, np.array([[-3.0], [1.0]], np.float32))
    assert ranges == {"codes": (-3.0, 1.0), "e": (0.0, 2.0)}


def test_what_hands_on_codes_shares_one_scale() -> None:
    one = np.ones((1, 1), np.float32)
    nodes = (
        Select("first", "codes", (0,)),
        Dense("a", "first", one, one[0]),
        Dense("b", "first", one, one[0]),
        Dense("c", "first", one, one[0]),
        Select("s", "b", (0, 0)),
        Join("j", ("a", "s")),
        Join("k", ("codes", "c")),  # with the input: its scale is the agent's
    )
    ranges = {"a": (-1, 2), "b": (-3, 1), "c": (-9, 9), "s": (-3, 1), "j": (-3, 2)}
    scales = quantize(Graph(2, nodes), ranges, input_scale=CodeScale(0.1, 7)).scales
    assert scales["a"] == scales["b"] == scales["s"] == scales["j"] == CodeScale(5 / 255, -128 + 3 * 51)
    assert scales["codes"] == scales["first"] == scales["c"] == scales["k"] == CodeScale(0.1, 7)


@pytest.mark.parametrize(("have", "want"), [(3, 10), (100, 10)])
def test_a_sample_is_spread_over_all_rows(have: int, want: int) -> None:
    rows = np.arange(have, dtype=np.float32)[:, np.newaxis]
    sample = spread_sample(rows, want)[:, 0]
    assert len(sample) == min(have, want)
    assert (sample[0], sample[-1]) == (0, have - 1)
