"""What the names of columns say: which axis, which unit, whether it is time; for files and serial lines alike.

Only whole names count: `ax_g` is an axis, `max` is not.
"""

from __future__ import annotations

import re
from typing import Literal

SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
_AXIS = re.compile(r"(?:a|acc|accel|acceleration|vib)?[\s_.-]*([xyz])(?:[\s_.-]*(?:axis|acc))?", re.IGNORECASE)
_UNIT = re.compile(r"(?:[\s_]*[\[(]\s*(g|m/s2|m/s²|m/s\^2|ms-2)\s*[\])]|_(g|ms2|mps2|m_s2))$", re.IGNORECASE)
_TIME = re.compile(r"(?:t|time|timestamp|zeit|시간)(?:[\s_\[(/]*(s|sec|ms|us|µs|μs)[\s\])]*)?", re.IGNORECASE)
_ARDUINO_CLOCKS = {"millis": 1e-3, "micros": 1e-6}  # functions after which sketches name their column


def axis_of(name: str) -> str | None:
    """The axis of acceleration that a column is: "x", "y" or "z"."""
    match = _AXIS.fullmatch(_UNIT.sub("", name).strip())
    return match[1].lower() if match else None


def unit_of(name: str) -> Literal["g", "m/s2"] | None:
    """The unit of acceleration in a column's name."""
    match = _UNIT.search(name)
    if match is None:
        return None
    return "g" if (match[1] or match[2]).lower() == "g" else "m/s2"


def is_time(name: str) -> bool:
    """Whether a column is time."""
    return _TIME.fullmatch(name.strip()) is not None or name.strip().lower() in _ARDUINO_CLOCKS


def seconds_of(name: str) -> float | None:
    """Seconds per unit of a time column; None where its name does not say."""
    match = _TIME.fullmatch(name.strip())
    if match and match[1]:
        return SECONDS[match[1].lower()]
    return _ARDUINO_CLOCKS.get(name.strip().lower())
