"""Where a topic's batches have got to: what is missing before the next, and when its sender started anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.limits import MAX_GAP_S
from agent.types import Stream

DUPLICATES = 16  # so many messages back is a repeated delivery; farther, the sender started anew


@dataclass(frozen=True, slots=True)
class Position:
    """The latest batch."""

    stream: Stream
    start: int  # sample index of the latest batch
    end: int
    seq: int | None
    t0: float | None


def advance(
    last: Position | None,
    stream: Stream,
    *,
    seq: int | None,
    t0: float | None,
    count: int,
    skipped: int | None = None,
) -> Position | None:
    """Where a batch of `count` samples belongs; None where it came before. Another session starts at sample 0.

    `skipped`: samples missing before it, where that is known without `seq` and `t0`.
    """
    if last is None:
        return Position(stream, 0, count, seq, t0)
    anew = afresh(last, stream, seq=seq, t0=t0, count=count)
    if replace(stream, session=last.stream.session) != last.stream:
        return anew
    missing = 0
    later = None if t0 is None or last.t0 is None else t0 - last.t0
    if skipped is not None:
        missing = skipped
    elif seq is not None and last.seq is not None:
        ahead = seq - last.seq
        if ahead <= 0:
            repeated = ahead > -DUPLICATES and (later is None or later <= 0)
            return None if repeated else anew
        missing = (ahead - 1) * count
    elif later is not None:
        late = round(later * stream.rate_hz) - (last.end - last.start)
        if late < -count:
            return anew
        missing = late if late > count / 2 else 0  # less is the sender's own jitter
    if missing > MAX_GAP_S * stream.rate_hz:
        return anew
    start = last.end + missing
    return Position(last.stream, start, start + count, seq, t0)


def afresh(last: Position, stream: Stream, *, seq: int | None, t0: float | None, count: int) -> Position:
    """The first batch of another session."""
    return Position(replace(stream, session=last.stream.session + 1), 0, count, seq, t0)
