"""What the header of an array promises is held against its bytes, and nothing but plain numbers is read."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.npy import NpyError, read_array


def written(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def read(content: bytes, **options: int) -> np.ndarray:
    return read_array(io.BytesIO(content), size=len(content), **options)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        np.float64(3),
        np.zeros((0, 3)),
        np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]),
    ],
    ids=["rows", "columns", "scalar", "empty", "structured"],
)
def test_an_array_is_read_as_numpy_reads_it(array):
    np.testing.assert_array_equal(read(written(np.asarray(array))), array)


@pytest.mark.parametrize("shape", [(10**12,), (1 << 62, 1 << 62), (-1,), (10**12, 0, 1)])
def test_what_a_header_promises_is_not_taken_before_it_is_there(shape):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_2_0(buffer, {"descr": "<f4", "fortran_order": False, "shape": shape})
    tracemalloc.start()
    try:
        if 0 in shape:
            assert read(buffer.getvalue()).size == 0
        else:
            with pytest.raises(NpyError, match="claims"):
                read(buffer.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_objects_too_many_values_and_a_short_file_are_refused():
    with pytest.raises(NpyError, match="Python objects"):
        read(written(np.array([{}], dtype=object)))
    with pytest.raises(NpyError, match="more than 5"):
        read(written(np.zeros(6)), most_values=5)
    with pytest.raises(NpyError, match="cut short"):
        read_array(io.BytesIO(written(np.zeros(600))[:-8]), size=10_000)


@given(st.binary(max_size=200), st.booleans())
def test_noise_is_refused_and_raises_nothing_else(noise, has_magic):
    with pytest.raises(NpyError):
        read((b"\x93NUMPY\x01\x00" if has_magic else b"") + noise)
