"""What single numbers and words beside arrays say of the samples: their rate, their unit, the shaft's speed.

Names are those that measuring equipment writes. What is said twice must agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.limits import MAX_RATE_HZ, MIN_RATE_HZ
from agent.recordings.array_names import Leaf, group_of, last_of, root_of
from agent.tables.clock import AGREES
from agent.tables.facts import facts_of_pairs
from agent.tables.settle import merged
from agent.tables.values import Facts


def facts_of_scalars(
    path: Path, leaves: Mapping[str, Leaf], pairs: Mapping[str, Sequence[tuple[str, str]]], variable: str
) -> Facts:
    """Rate, unit and speed of `variable`: of scalars by their names, and of what is written beside it and its groups.

    RecordingError where the two say another rate.
    """
    rate_hz, rpm = rate_and_rpm(leaves, variable)
    beside = facts_of_pairs(pair for group in _groups(variable) for pair in pairs.get(group, ()))
    if rate_hz is not None and beside.rate_hz is not None and abs(beside.rate_hz / rate_hz - 1) > AGREES:
        raise RecordingError(
            f"{path}: says two sample rates, {rate_hz:g} Hz and {beside.rate_hz:g} Hz; correct the wrong one"
        )
    return merged(Facts(rate_hz=rate_hz, rpm=rpm), beside)


def rate_and_rpm(leaves: Mapping[str, Leaf], variable: str) -> tuple[float | None, float | None]:
    """Sample rate in Hz and speed in rpm, where one scalar says so; None where none does or several disagree."""
    signals = {root_of(name) for name, leaf in leaves.items() if leaf.size > 1} - {root_of(variable)}
    scalars = {  # a struct that holds signals speaks of those alone
        name: _number(leaf)
        for name, leaf in leaves.items()
        if leaf.size == 1 and leaf.dtype.kind in "iuf" and root_of(name) not in signals
    }
    pairs = _as_pairs(scalars)
    rate_hz = facts_of_pairs(pair for pair in pairs if pair[0].lower() != "rate").rate_hz  # it may be another rate
    rate_hz = rate_hz if rate_hz is not None else facts_of_pairs(pairs).rate_hz
    near = _of_same_test(scalars, variable)
    rpm = _scalar(near, lambda name: name.lower().endswith("rpm"))
    if rate_hz is not None and not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        rate_hz = None
    return rate_hz, rpm if rpm is not None else facts_of_pairs(_as_pairs(near)).rpm


def _as_pairs(scalars: Mapping[str, float]) -> list[tuple[str, str]]:
    """Names as words, and figures as they are written: `samplingRate_kHz`, 25.6."""
    words = ((_words(last_of(name)), value) for name, value in scalars.items())
    return [(name, f"{value:.12g}") for name, value in words if math.isfinite(value)]


def _words(name: str) -> str:
    """`samplingRate` as two words; `Ts` is MATLAB's sampling time, where elsewhere it may be a time stamp."""
    return "dt" if name == "Ts" else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)


def _number(leaf: Any) -> float:
    return float(np.asarray(leaf[()]).reshape(-1)[0])


def _groups(variable: str) -> list[str]:
    """A name and the groups that it lies in, up to the file itself (an empty name)."""
    groups = [variable]
    while groups[-1]:
        groups.append(group_of(groups[-1]))
    return groups


def _scalar(scalars: Mapping[str, float], is_named: Callable[[str], bool]) -> float | None:
    """The one value under such a name; None where there is none, or where they disagree."""
    values = {value for name, value in scalars.items() if is_named(name) and math.isfinite(value) and value > 0}
    return values.pop() if len(values) == 1 else None


def _of_same_test(scalars: Mapping[str, float], variable: str) -> Mapping[str, float]:
    """Scalars that share the variable's leading name (X105_DE_time, X105RPM); all of them where none does."""
    prefix = re.match(r"[A-Za-z]+\d+", variable)
    near = {name: value for name, value in scalars.items() if prefix and name.startswith(prefix[0])}
    return near or scalars
