"""Lessons as they are kept on disk while a commissioning is under way: with a sensor on a battery, for days."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.lessons import Lesson


class _Array(msgspec.Struct, frozen=True, array_like=True):
    kind: str  # as `numpy.dtype.str`
    values: bytes


def to_bytes(lesson: Lesson) -> bytes:
    """MessagePack of a lesson; `from_bytes` is its inverse."""
    return msgspec.msgpack.encode(lesson, enc_hook=_plain)


def from_bytes(stored: bytes, *, size: int) -> Lesson:
    """The lesson of `to_bytes`; ValueError where it is damaged or of another number of features than `size`."""
    try:
        lesson = msgspec.msgpack.decode(stored, type=Lesson, dec_hook=_array)
    except (msgspec.MsgspecError, TypeError) as error:
        raise ValueError(f"a lesson cannot be read: {error}") from error
    for features in lesson.features.values():
        if not len(features.values) == len(features.known) == size:
            raise ValueError(f"a lesson holds {len(features.values)} features, not {size}")
    return lesson


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _Array(value.dtype.str, value.tobytes())
    if isinstance(value, np.floating | np.integer):
        return value.item()
    raise NotImplementedError(f"{type(value)} is not kept")


def _array(_: Any, stored: Any) -> NDArray[Any]:
    array = msgspec.convert(stored, _Array)
    return np.frombuffer(array.values, np.dtype(array.kind)).copy()
