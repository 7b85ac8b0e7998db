"""A device's own time stamps, one per row: how many rows are missing before each, and where its clock began anew.

A stamp that makes no sense is refused, unless the next one continues it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from agent.limits import MAX_GAP_S

WRAP = 2**32  # millis() and micros() count in 32 bits
MAX_STEP_S = 1.0  # a longer step, or one back, wants confirmation: text has no checksum
COUNTER_ENDS = (2**8, 2**16, WRAP)
RESOLVED = 4  # ticks between two stamps from which single steps can be told apart
LATE = 1.5  # periods between two stamps from which a row is missing


@dataclass(frozen=True, slots=True)
class Step:
    """What one stamp says: rows missing before it, and the device's time in microseconds if it is a time."""

    missing: int
    device_us: int | None
    is_new: bool = False  # the device's clock began anew


class Stamps:
    """The time column of one stream. `second`: seconds per unit of the column."""

    def __init__(self, *, second: float, rate_hz: float) -> None:
        self._second = second
        self._rate_hz = rate_hz
        # Stamps in whole ticks are off by up to one, which is more than a row where rows are fast.
        self._slack_s = max(LATE / rate_hz, 1 / rate_hz + LATE * second if second < 1 else 0.0)
        self._longest_s = max(MAX_STEP_S, 4 / rate_hz)
        self._offset = 0
        self._last: float | None = None
        self._suspect: float | None = None

    def feed(self, stamp: float) -> Step | None:
        """One row's stamp; None where it makes no sense, and the row is to be refused."""
        now = stamp + self._offset
        if self._last is None:
            return self._take(now, 0, is_new=True)
        if self._second < 1 and 0 <= (now + WRAP - self._last) * self._second <= self._longest_s:
            self._offset += WRAP
            now += WRAP
        step_s = (now - self._last) * self._second
        if 0 <= step_s <= self._longest_s:
            self._suspect = None
            return self._take(now, self._missing(step_s))
        suspect, self._suspect = self._suspect, now
        if suspect is None or not 0 <= (now - suspect) * self._second <= self._longest_s:
            return None
        self._suspect = None
        is_new = not 0 <= step_s <= MAX_GAP_S
        return self._take(now, 0 if is_new else self._missing(step_s), is_new=is_new)

    def _take(self, now: float, missing: int, *, is_new: bool = False) -> Step:
        if is_new:
            now -= self._offset
            self._offset = 0
        self._last = now
        return Step(missing, round(now * self._second * 1e6), is_new)

    def _missing(self, step_s: float) -> int:
        return round(step_s * self._rate_hz) - 1 if step_s > self._slack_s else 0


class Counts:
    """The counter column of one stream: its steps are rows; it may go round at 8, 16 or 32 bits."""

    def __init__(self, *, rate_hz: float) -> None:
        self._longest = max(4.0, MAX_STEP_S * rate_hz)  # rows
        self._farthest = MAX_GAP_S * rate_hz
        self._each: float | None = None  # what it counts for a row: the least step that was seen
        self._last: float | None = None
        self._suspect: float | None = None

    def feed(self, count: float) -> Step | None:
        """One row's count; None where it makes no sense, and the row is to be refused."""
        if self._last is None:
            return self._take(count, 0, is_new=True)
        ahead = self._rows(self._last, count)
        if 0 < ahead <= self._longest:
            return self._take(count, round(ahead) - 1)
        suspect, self._suspect = self._suspect, count
        if suspect is None or not 0 < self._rows(suspect, count) <= self._longest:
            return None
        is_new = not 0 < ahead <= self._farthest
        return self._take(count, 0 if is_new else round(ahead) - 1, is_new=is_new)

    def _rows(self, last: float, count: float) -> float:
        """Rows from one count to another, over the end of the counter where that is near."""
        step = count - last
        for end in COUNTER_ENDS if step < 0 else ():
            if last < end and 0 < (step + end) / (self._each or 1) <= self._longest:
                step += end
                break
        if step > 0:
            self._each = min(self._each or step, step)
        return step / (self._each or 1)

    def _take(self, count: float, missing: int, *, is_new: bool = False) -> Step:
        self._last, self._suspect = count, None
        return Step(missing, None, is_new)


class RateFromStamps:
    """The rate that stamps imply, from the first rows of a stream whose rate nobody declared."""

    ROWS = 200

    def __init__(self, *, second: float) -> None:
        self._second = second
        self._stamps: list[float] = []

    def feed(self, stamp: float) -> float | None:
        """Note one stamp; the rate in Hz, to three digits, once enough have come."""
        if self._stamps and stamp < self._stamps[-1]:
            self._stamps.clear()
        self._stamps.append(stamp)
        if len(self._stamps) < self.ROWS:
            return None
        steps = sorted(b - a for a, b in pairwise(self._stamps))
        if self._second == 1 or steps[len(steps) // 2] >= RESOLVED:
            steps = steps[len(steps) // 4 : -len(steps) // 4]  # lost rows lie outside
        mean = sum(steps) / len(steps) * self._second
        self._stamps.clear()
        return float(f"{1 / mean:.3g}") if mean > 0 else None
