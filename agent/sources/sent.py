"""What one message said, whatever its form: samples, a speed, a figure; or why it cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_SAMPLES = 1 << 16  # per axis and message
TIMES_TO_S = 2**53 / 1e6  # the year 2255; more is no time in seconds, milliseconds mostly


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Samples per axis, and what was said of them. `t0`: seconds at the first sample, by whatever clock."""

    axes: Mapping[str, list[float]] = field(default_factory=dict)
    unit: str | None = None
    t0: float | None = None
    rate_hz: float | None = None
    said_hz: float | None = None  # by a key of another name: believed where no rate is known
    rows_hz: float | None = None  # by the times of the samples themselves
    missing: int | None = None  # samples before the first that its message skips, by the times of its rows
    seq: int | None = None  # counts messages
    sender: str | None = None
    rpm: float | None = None
    value: float | None = None
    t: float | None = None  # Unix seconds of figures
    unknown: Mapping[str, str] = field(default_factory=dict)  # keys that no one reads

    @property
    def count(self) -> int:
        """Samples of the longest axis."""
        return max((len(values) for values in self.axes.values()), default=0)


@dataclass(frozen=True, slots=True)
class Unread:
    """A message, or a part of it, that cannot be read; `key` is to blame."""

    kind: str
    detail: str
    key: str | None = None
    samples: int = 0
