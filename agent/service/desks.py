"""Desks made: from what the store keeps of a sensor, or out of another desk whose config or bundle has changed.

What is known of a machine is kept where it means the same: the healthy state of a bearing under the same features, on
the same bearing, at the same place. Where it does not, that is told, and an alert that rests on it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

import msgspec

from agent.alerting.bearing_alert import Stamp
from agent.alerting.counted import BearingCounts, DecisionCounts
from agent.diagnosis.baseline_bytes import to_bytes
from agent.diagnosis.healthy_state import Baselines
from agent.diagnosis.witness import NOBODY, Witness
from agent.dsp.features import feature_names
from agent.messages.topics import WHOLE_MACHINE
from agent.pipeline import Pipeline
from agent.service.assembly import Parts
from agent.service.keeping.sensor_state import WHOLE, Marks, SensorState, UnderWayState, age_s, marks_of
from agent.service.registrar import Known, Registrar, by_bearing
from agent.service.sensor import SensorDesk, fingerprint, readable_baselines
from agent.service.wall_clock import origin_now
from agent.sources import KINDS
from agent.stream.ledger import Balance
from agent.types import Alert, AlertReason

Close = Callable[[SensorDesk, AlertReason, Alert], None]
"""Ends an open alert of a desk, and says so."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A desk that goes on for another, and what of that is lost with it."""

    desk: SensorDesk
    told: tuple[str, ...] = ()
    is_same_health: bool = True  # whether what was learnt, and is being learnt, goes on


def restored_desk(
    sensor: str, parts: Parts, registrar: Registrar, *, stamp: Stamp | None = None, witness: Witness = NOBODY
) -> SensorDesk:
    """A desk with what the store keeps of the sensor, as far as it fits; what was counted when the agent ended is gone
    on from where that was a moment ago."""
    desk = _new_desk(sensor, parts, stamp=stamp, witness=witness)
    healthy = desk.pipeline.healthy
    known = registrar.known(sensor, features=fingerprint(parts))
    healthy.baselines, healthy.aside = stored_baselines(sensor, parts, registrar, known)
    state = known.row
    age = None if state is None else age_s(state, boot_now())
    if state is not None and age is not None and age <= parts.decisions[sensor].lost_after_s:
        go_on_with(desk, state, known.alerts)
    desk.pipeline.restore(known.alerts)
    return desk


def go_on_with(desk: SensorDesk, state: SensorState, alerts: Collection[Alert]) -> None:
    """Count on from a state, of the bearings that have the same alert open as in it, or none."""
    opened = {alert.bearing: alert.id for alert in alerts}
    mine: set[str | None] = {bearing.id for bearing in desk.pipeline.setup.bearings} or {None}
    as_kept = [
        one
        for one in state.counts.bearings
        if opened.get(one.bearing) == (None if one.alert is None else one.alert.id) and one.bearing in mine
    ]
    desk.pipeline.decision.go_on(DecisionCounts(tuple(as_kept)))


def stored_baselines(sensor: str, parts: Parts, registrar: Registrar, known: Known) -> tuple[Baselines, Baselines]:
    """What the store keeps as healthy, and as set aside, of the bearings that are still the same."""
    size, state = len(feature_names(parts.bundle.spec)), known.row
    now = marks_of(parts.setups[sensor], parts.config.sensors[sensor])
    found: list[Baselines] = []
    lost: set[str | None] = set()
    for stored in (known.baselines, known.aside):
        kept = readable_baselines(by_bearing(stored), sensor, size)
        fits = set(kept) if state is None else state.marks.fitting(now)
        lost |= set(kept) - fits
        found.append({bearing: baseline for bearing, baseline in kept.items() if bearing in fits})
    if lost:
        registrar.notice(_remark_on_misfit(sensor, lost))
    return found[0], found[1]


def moved_desk(
    desk: SensorDesk,
    before: Parts,
    after: Parts,
    registrar: Registrar,
    *,
    close: Close,
    stamp: Stamp | None = None,
    witness: Witness = NOBODY,
) -> Moved:
    """A desk for a sensor that changed, or for another bundle, that goes on where the other is.

    Alerts of bearings that the sensor has no more end with `removed`, those held against what is healthy on a bearing
    that is another one now with `forgotten`.
    """
    sensor, old = desk.sensor, desk.pipeline.healthy
    new = _new_desk(sensor, after, stamp=stamp, witness=witness)
    was, now = marks(desk, before), marks(new, after)
    fits, known = was.fitting(now), set(old.baselines)
    is_same_bundle = fingerprint(before) == fingerprint(after)
    is_same_health = is_same_bundle and was == now
    for alert in desk.pipeline.decision.open_alerts:
        if alert.bearing not in now.ids:
            close(desk, "removed", alert)
        elif alert.bearing in known and alert.bearing not in fits:
            close(desk, "forgotten", alert)
    new.pipeline.take_over(desk.pipeline)
    counts = desk.pipeline.decision.counted
    new.pipeline.decision.go_on(replace(counts, bearings=_of(now.ids, counts.bearings)))
    new.take_over(desk, bearings=now.ids)
    if is_same_health:
        new.pipeline.healthy = old
        return Moved(new)
    healthy = new.pipeline.healthy
    healthy.baselines, healthy.aside = stored_baselines(
        sensor, after, registrar, registrar.known(sensor, features=fingerprint(after))
    )
    given_up = [_remark_on_learning(sensor)] if old.progress else []
    lost = known - set(healthy.baselines)
    relearn = [_remark_on_misfit(sensor, lost) if is_same_bundle else _remark_on_features(sensor)] if lost else []
    return Moved(new, (*given_up, *relearn), is_same_health=False)


def learnt_on(desk: SensorDesk, parts: Parts) -> SensorState:
    """What is being learnt of a sensor rests on, and nothing else of it."""
    return SensorState(
        agent=parts.config.agent.id,
        sensor=desk.sensor,
        wall_s=time.time(),
        boot=boot_now(),
        at_s=time.monotonic(),
        features=fingerprint(parts),
        marks=marks(desk, parts),
    )


def counted(desk: SensorDesk, parts: Parts, registrar: Registrar, *, ledger: Balance) -> SensorState:
    """The row of a sensor as it is left when the agent ends: with its counts, to go on from them."""
    now = learnt_on(desk, parts)
    before = registrar.known(desk.sensor, features=now.features).row
    learnt = now.marks if before is None else before.marks
    return msgspec.structs.replace(now, marks=learnt, counts=desk.pipeline.decision.counted, ledger=ledger)


def accounts_of(desk: SensorDesk, parts: Parts, registrar: Registrar) -> Balance:
    """The accounts that were kept when the agent ended; with the counts they are forgotten, being for one start."""
    row = learnt_on(desk, parts)
    kept = registrar.known(desk.sensor, features=row.features).row
    registrar.save_rows([row if kept is None else msgspec.structs.replace(row, marks=kept.marks)])
    return Balance() if kept is None else kept.ledger


def whole_state(desk: SensorDesk, parts: Parts, registrar: Registrar, *, ledger: Balance) -> SensorState:
    """All that is known of a sensor, with a commissioning that is under way."""
    healthy, state = desk.pipeline.healthy, learnt_on(desk, parts)
    found = registrar.under_way(desk.sensor, features=state.features)
    return msgspec.structs.replace(
        state,
        baselines=stored_forms(healthy.baselines),
        aside=stored_forms(healthy.aside),
        under_way=None if found is None else UnderWayState(found.value, found.lessons),
        counts=desk.pipeline.decision.counted,
        ledger=ledger,
        seq=registrar.known(desk.sensor, features=state.features).seq,
    )


def marks(desk: SensorDesk, parts: Parts) -> Marks:
    """What a sensor's healthy states rest on by the config."""
    return marks_of(desk.pipeline.setup, parts.config.sensors[desk.sensor])


def boot_now() -> str | None:
    """Which start of the machine this is; None where the system does not tell."""
    origin = origin_now()
    return None if origin is None else origin[0]


def _new_desk(sensor: str, parts: Parts, *, stamp: Stamp | None, witness: Witness) -> SensorDesk:
    fast = {s.name for s in parts.config.sources if KINDS[s.kind].is_patient and not s.settings.speed}
    pipeline = Pipeline(
        parts.setups[sensor],
        bundle=parts.bundle,
        encoder=parts.encoder,
        config=parts.decisions[sensor],
        stamp=stamp,
        witness=witness,
    )
    return SensorDesk(pipeline, live=parts.config.sensors[sensor].source not in fast)


def _of(bearings: Collection[str | None], counted: Iterable[BearingCounts]) -> tuple[BearingCounts, ...]:
    return tuple(one for one in counted if one.bearing in bearings)


def stored_forms(baselines: Baselines) -> dict[str, bytes]:
    """Healthy states as they are kept: WHOLE stands for the machine as a whole."""
    return {bearing or WHOLE: to_bytes(baseline) for bearing, baseline in baselines.items()}


def _remark_on_misfit(sensor: str, bearings: Iterable[str | None]) -> str:
    named = ", ".join(sorted(bearing or WHOLE_MACHINE for bearing in bearings))
    return (
        f"{sensor}: what was learnt as healthy of {named} was learnt on another bearing or at "
        "another place than the config tells now; commission it again"
    )


def _remark_on_features(sensor: str) -> str:
    return f"{sensor}: its baseline was learnt with other features than this bundle's; commission it again"


def _remark_on_learning(sensor: str) -> str:
    return f"{sensor}: its commissioning is given up; commission it again"
