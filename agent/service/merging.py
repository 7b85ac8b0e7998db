"""What several processes tell of what they hear, as one; and of one process what the one before it counted, as well.

A source of many topics may be heard by several processes: its counts are added, and it is connected where all are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from msgspec.structs import replace

from agent.messages.payloads import SensorHealth, SourceHealth
from agent.service.refusals import SHOWN
from agent.service.share import Share, Stage
from agent.stream.ledger import Balance, add
from agent.types import State

Value = TypeVar("Value")


def merged(shares: Sequence[Share]) -> Share:
    """Of processes that run side by side."""
    if len(shares) == 1:
        return shares[0]
    memories = [share.memory_mb for share in shares if share.memory_mb is not None]
    named = next((share for share in shares if share.bundle), Share())
    return Share(
        sensors=_joined(share.sensors for share in shares),
        sources=_sources(shares),
        open_alerts=tuple(chain.from_iterable(share.open_alerts for share in shares)),
        shelved=_joined(share.shelved for share in shares),
        notices=tuple(dict.fromkeys(chain.from_iterable(share.notices for share in shares))),
        bundle=named.bundle,
        runtime=named.runtime,
        declared_hz=_joined(share.declared_hz for share in shares),
        samples=_joined(share.samples for share in shares),
        windows=tuple(chain.from_iterable(share.windows for share in shares)),
        stages=_stages(shares),
        kept_failed=sum(share.kept_failed for share in shares),
        memory_mb=sum(memories) if memories else None,
        shed=sum(share.shed for share in shares),
    )


def on_top(share: Share, before: Share) -> Share:
    """The share of a process that goes on for another: with what that had counted."""
    windows: Counter[tuple[str, State]] = Counter()
    for sensor, state, count in (*before.windows, *share.windows):
        windows[sensor, state] += count
    return replace(
        share,
        sensors={name: _after(sensor, before.sensors.get(name)) for name, sensor in share.sensors.items()},
        sources={name: _added(source, before.sources.get(name)) for name, source in share.sources.items()},
        samples={name: add(before.samples.get(name, Balance()), balance) for name, balance in share.samples.items()},
        windows=tuple((*key, count) for key, count in windows.items()),
        stages=_stages([before, share]),
        kept_failed=share.kept_failed + before.kept_failed,
        shed=share.shed + before.shed,
    )


def _after(sensor: SensorHealth, before: SensorHealth | None) -> SensorHealth:
    return sensor if before is None else replace(sensor, windows=sensor.windows + before.windows)


def _added(source: SourceHealth, before: SourceHealth | None) -> SourceHealth:
    """With what was counted before."""
    if before is None:
        return source
    return replace(
        source,
        outages=source.outages + before.outages,
        restarts=source.restarts + before.restarts,
        dropped_items=source.dropped_items + before.dropped_items,
        faults=_summed([before.faults, source.faults]),
        counters=_summed([before.counters, source.counters]),
    )


def _sources(shares: Sequence[Share]) -> dict[str, SourceHealth]:
    found: dict[str, SourceHealth] = {}
    for name, source in chain.from_iterable(share.sources.items() for share in shares):
        found[name] = source if name not in found else _beside(found[name], source)
    return found


def _beside(one: SourceHealth, other: SourceHealth) -> SourceHealth:
    """One source that two processes hear."""
    refusals = sorted((*one.refusals, *other.refusals), key=lambda refusal: -refusal.count)
    return replace(
        _added(one, other),
        connected=one.connected and other.connected,
        ended=one.ended and other.ended,
        error=one.error or other.error,
        refusals=tuple(refusals[:SHOWN]),
    )


def _stages(shares: Sequence[Share]) -> dict[str, Stage]:
    found: dict[str, Stage] = {}
    for name, stage in chain.from_iterable(share.stages.items() for share in shares):
        before = found.get(name)
        counts = stage.counts if before is None else tuple(map(sum, zip(before.counts, stage.counts, strict=True)))
        found[name] = Stage(counts, stage.seconds + (0.0 if before is None else before.seconds))
    return found


def _summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _joined(parts: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    return {key: value for part in parts for key, value in part.items()}
