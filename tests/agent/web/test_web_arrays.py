"""Curves on their way to a browser."""

from __future__ import annotations

import base64

import numpy as np

from agent.web.arrays import highs, lows_and_highs, packed


def test_what_is_packed_is_little_endian_float32():
    assert np.frombuffer(base64.b64decode(packed(np.array([1.5, -2.0]))), "<f4").tolist() == [1.5, -2.0]


def test_no_peak_and_no_dip_is_lost():
    values = np.zeros(10_007)
    values[7_001], values[3_333] = 5.0, -4.0
    thinned = lows_and_highs(values, 300)
    assert len(thinned) == 600
    assert (thinned.max(), thinned.min()) == (5.0, -4.0)
    assert highs(values, 300).max() == 5.0
    assert highs(values, 300).argmax() == 7_001 * 300 // 10_007


def test_few_points_are_left_as_they_are():
    values = np.arange(10.0)
    assert lows_and_highs(values, 5) is values
    assert highs(values, 10) is values
