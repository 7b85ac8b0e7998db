"""Every metric in one table: its name, help and labels, and where in the figures its values are.

Names follow Prometheus's conventions: base units, and `_total` for what only grows, which the client library appends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

from agent.messages.payloads import HealthPayload, PublishingHealth
from agent.service.watching.figures import Figures
from agent.sinks import BROKER
from agent.stream.ledger import Balance
from agent.types import State

Row: TypeAlias = tuple[tuple[str, ...], float | None]
"""Label values, and the value; None: there is none now."""

FATES = tuple(name for name in Balance.__dataclass_fields__ if name not in ("in_flight", "resets"))
"""Terms of the ledger that only grow."""


class Kind(NamedTuple):
    """A metric; the name of one that `counts` lacks its `_total` here."""

    name: str
    help: str
    labels: tuple[str, ...]
    rows: Callable[[Figures], Iterable[Row]]
    counts: bool = False


def _sensors(value: Callable[[Figures, str], float | None]) -> Callable[[Figures], Iterator[Row]]:
    return lambda figures: (((sensor,), value(figures, sensor)) for sensor in figures.health.sensors)


def _sinks(value: Callable[[PublishingHealth], float]) -> Callable[[Figures], Iterator[Row]]:
    return lambda figures: (((sink,), value(health)) for sink, health in sinks_of(figures.health).items())


def _sources(key: str) -> Callable[[Figures], Iterator[Row]]:
    return lambda figures: (((name,), float(getattr(one, key))) for name, one in figures.health.sources.items())


def _counted(key: str) -> Callable[[Figures], Iterator[Row]]:
    return lambda figures: ((labels, float(count)) for labels, count in sorted(getattr(figures, key).items()))


def sinks_of(health: HealthPayload) -> dict[str, PublishingHealth]:
    """By the name of the sink, that of `[broker]` first."""
    others = health.sinks if isinstance(health.sinks, dict) else {}
    return {BROKER: health.publishing, **others}


def _measured_hz(figures: Figures, sensor: str) -> float | None:
    rate = figures.health.sensors[sensor].rate
    return None if rate is None or rate.origin == "declared" else rate.hz


def _samples(figures: Figures) -> Iterator[Row]:
    for sensor, balance in figures.samples.items():
        yield from (((sensor, fate), float(getattr(balance, fate))) for fate in FATES)


def _of_balance(key: str) -> Callable[[Figures], Iterator[Row]]:
    return lambda figures: (((sensor,), float(getattr(one, key))) for sensor, one in figures.samples.items())


def _states(figures: Figures) -> Iterator[Row]:
    for sensor, health in figures.health.sensors.items():
        yield from (((sensor, str(state)), float(state is health.state)) for state in State)


def _refusals(figures: Figures) -> Iterator[Row]:
    for source, health in figures.health.sources.items():
        yield from (((source, kind), float(count)) for kind, count in sorted(health.faults.items()))


def _windows(figures: Figures) -> Iterator[Row]:
    yield from (((sensor, str(state)), float(count)) for (sensor, state), count in sorted(figures.windows.items()))


def _kept(place: int) -> Callable[[Figures], Iterator[Row]]:
    return lambda figures: iter(() if figures.kept is None else (((), float(figures.kept[place])),))


KINDS = (
    Kind("textvib_uptime_seconds", "Since the agent started.", (), lambda f: (((), f.health.uptime_s),)),
    Kind(
        "textvib_state_kept",
        "1 where the state is on the disk, 0 where in memory alone.",
        (),
        lambda f: (((), float(f.health.state_kept)),),
    ),
    Kind("textvib_notices", "Notices in the health document.", (), lambda f: (((), float(len(f.health.notices))),)),
    Kind(
        "textvib_sensor_declared_rate_hertz",
        "Sample rate that the sensor declares.",
        ("sensor",),
        _sensors(lambda f, s: f.declared_hz.get(s)),
    ),
    Kind(
        "textvib_sensor_measured_rate_hertz",
        "Sample rate as measured; absent where it is not known yet.",
        ("sensor",),
        _sensors(_measured_hz),
    ),
    Kind(
        "textvib_sensor_samples",
        "Samples by what became of them, over all sessions.",
        ("sensor", "fate"),
        _samples,
        counts=True,
    ),
    Kind("textvib_sensor_samples_in_flight", "Samples still on the device.", ("sensor",), _of_balance("in_flight")),
    Kind(
        "textvib_sensor_resets", "Sessions of the device that ended.", ("sensor",), _of_balance("resets"), counts=True
    ),
    Kind(
        "textvib_sensor_data_age_seconds",
        "Since the last samples or reading.",
        ("sensor",),
        _sensors(lambda f, s: f.health.sensors[s].data_age_s),
    ),
    Kind(
        "textvib_sensor_lag_seconds",
        "For which the oldest of what its source gave waits to be judged.",
        ("sensor",),
        _sensors(lambda f, s: f.health.sensors[s].lag_s),
    ),
    Kind(
        "textvib_sensor_overloaded",
        "1 where samples were left out in the last minute for want of time.",
        ("sensor",),
        _sensors(lambda f, s: float(f.health.sensors[s].overloaded)),
    ),
    Kind("textvib_sensor_state", "1 for the state that the sensor is in.", ("sensor", "state"), _states),
    Kind(
        "textvib_windows",
        "Windows judged, by the state that they left the sensor in.",
        ("sensor", "state"),
        _windows,
        counts=True,
    ),
    Kind("textvib_alerts_raised", "Alerts raised.", ("sensor", "severity"), _counted("raised"), counts=True),
    Kind("textvib_alerts_cleared", "Alerts cleared.", ("sensor", "reason"), _counted("cleared"), counts=True),
    Kind("textvib_alerts_open", "Alerts open now.", ("sensor", "severity"), _counted("open")),
    Kind("textvib_source_connected", "1 while the source is open.", ("source",), _sources("connected")),
    Kind("textvib_source_outages", "Times that the source was away.", ("source",), _sources("outages"), counts=True),
    Kind(
        "textvib_source_restarts",
        "Restarts of the source after it hung.",
        ("source",),
        _sources("restarts"),
        counts=True,
    ),
    Kind(
        "textvib_source_dropped_items",
        "Items dropped by the agent's own full queue.",
        ("source",),
        _sources("dropped_items"),
        counts=True,
    ),
    Kind("textvib_refusals", "Input that was refused.", ("source", "kind"), _refusals, counts=True),
    Kind("textvib_sink_connected", "1 while the sink is connected.", ("sink",), _sinks(lambda p: float(p.connected))),
    Kind("textvib_sink_outages", "Times that the sink was away.", ("sink",), _sinks(lambda p: p.outages), counts=True),
    Kind(
        "textvib_published_messages",
        "Messages that the sink has.",
        ("sink",),
        _sinks(lambda p: p.published),
        counts=True,
    ),
    Kind(
        "textvib_dropped_messages",
        "Messages lost for want of room or for their age.",
        ("sink",),
        _sinks(lambda p: p.dropped),
        counts=True,
    ),
    Kind(
        "textvib_refused_messages",
        "Refusals by the sink; what is refused is tried again.",
        ("sink",),
        _sinks(lambda p: p.refused),
        counts=True,
    ),
    Kind("textvib_outbox_messages", "Messages that wait for the sink.", ("sink",), _sinks(lambda p: p.waiting)),
    Kind(
        "textvib_outbox_bytes", "Of the events and diagnoses among them.", ("sink",), _sinks(lambda p: p.waiting_bytes)
    ),
    Kind(
        "textvib_outbox_limit_bytes",
        "Bytes of them beyond which the oldest are dropped.",
        (),
        lambda f: (((), float(f.most_bytes)),),
    ),
    Kind(
        "textvib_outbox_full_in_seconds",
        "Until that limit, as it grew in the last ten minutes; +Inf: it does not.",
        ("sink",),
        lambda f: (((sink,), seconds) for sink, seconds in f.full_in_s.items()),
    ),
    Kind("textvib_ring_files", "Recordings of windows around alerts.", (), _kept(0)),
    Kind("textvib_ring_bytes", "Of all of them.", (), _kept(1)),
    Kind(
        "textvib_ring_failures",
        "Alerts whose windows could not be kept.",
        (),
        lambda f: (((), float(f.kept_failed)),),
        counts=True,
    ),
)
