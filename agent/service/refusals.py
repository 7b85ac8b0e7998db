"""What sources refused: counted by kind, told once for each sensor, place and key, and again at most once an hour.

Places and keys come from senders, so what is remembered is bounded; beyond that only the kind is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.messages.payloads import RefusalHealth
from agent.types import SourceFault

MAX_DETAIL = 200
MOST = 64  # of one source that are told apart
SHOWN = 16  # in the health document, the commonest first
AGAIN_S = 3600.0


@dataclass(slots=True)
class _Refusal:
    """One kind of refused input from one place."""

    fault: SourceFault  # the last
    first: datetime
    last: datetime
    told_s: float  # monotonic
    count: int = 0
    samples: int = 0
    told: int = 0  # the count when it was told


class Refusals:
    """The refusals of one source; `counts` by kind alone."""

    def __init__(self, source: str) -> None:
        self.counts: Counter[str] = Counter()
        self._source = source
        self._known: dict[tuple[str, ...], _Refusal] = {}

    def feed(self, fault: SourceFault, *, now_s: float) -> str | None:
        """Count a fault; the line for the log where it is to be told, in words a sender cannot forge lines with."""
        self.counts[fault.kind] += 1
        identity = tuple(part or "" for part in (fault.kind, fault.sensor, fault.where, fault.key))
        known = self._known.get(identity)
        if known is None and len(self._known) >= MOST:
            return self._line(fault, 1) if self.counts[fault.kind] == 1 else None
        now = datetime.now(UTC)
        if known is None:
            known = self._known[identity] = _Refusal(fault, now, now, now_s - AGAIN_S)
        known.fault, known.last = fault, now
        known.count += 1
        known.samples += fault.samples
        if now_s - known.told_s < AGAIN_S:
            return None
        more = known.count - known.told
        known.told_s, known.told = now_s, known.count
        return self._line(fault, more)

    def report(self) -> tuple[RefusalHealth, ...]:
        """The commonest, for the health document."""
        commonest = sorted(self._known.values(), key=lambda known: -known.count)[:SHOWN]
        return tuple(
            RefusalHealth(
                kind=known.fault.kind,
                sensor=known.fault.sensor,
                where=known.fault.where and printable(known.fault.where),
                key=known.fault.key and printable(known.fault.key),
                count=known.count,
                samples=known.samples,
                first=known.first,
                last=known.last,
                detail=printable(known.fault.detail),
            )
            for known in commonest
        )

    def _line(self, fault: SourceFault, more: int) -> str:
        places = (
            ("on ", fault.where),
            ("for ", fault.sensor),
            ("key ", fault.key),
        )
        about = ", ".join(f"{word}{printable(name)}" for word, name in places if name)
        often = f" ({more} since this was last told)" if more > 1 else ""
        end = "" if ";" in fault.detail else "; check the sender"
        return (
            f"source {self._source} refused input{about and ' '}{about}: {fault.kind}: {printable(fault.detail)}"
            f"{end}{often} (further ones are counted)"
        )


def printable(text: str) -> str:
    """Text on one line, whoever wrote it, and not too much of it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:MAX_DETAIL])
