"""One configured sensor at run time: its pipeline, and what was last said about it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection
from dataclasses import replace

import msgspec

from agent.diagnosis.baseline import Baseline
from agent.diagnosis.baseline_bytes import from_bytes
from agent.diagnosis.coverage import Coverage, coverage_at
from agent.dsp.features import VERSION, feature_names
from agent.pipeline import Pipeline
from agent.service.assembly import Parts
from agent.service.doubts_told import ToldDoubts
from agent.service.registrar import Registrar, by_bearing
from agent.types import AlertReason, Diagnosis, Item, Output, Reading, SampleBlock, SourceFault, State, StateChange

OVERLOADED = "overloaded"

log = logging.getLogger(__name__)


class SensorDesk:
    """A pipeline with its latest outputs, as state messages and health need them."""

    def __init__(self, pipeline: Pipeline, *, live: bool = True) -> None:
        self.pipeline = pipeline
        self._live = live  # False: a recording played fast has a clock of its own, against which nothing can be late
        self.change = StateChange(pipeline.setup.sensor, State.LOST, "starting", 0.0, None)
        self.heard_s: float | None = None
        self.latest: SampleBlock | None = None  # that came
        self._last: dict[str | None, Diagnosis] = {}
        self.doubts = ToldDoubts()

    @property
    def sensor(self) -> str:
        return self.pipeline.setup.sensor

    def take_over(self, before: SensorDesk, *, bearings: Collection[str | None]) -> None:
        """Go on with what was last said of the sensor, of the bearings that it still has."""
        self.change, self.heard_s, self.latest = before.change, before.heard_s, before.latest
        self._last = {bearing: last for bearing, last in before._last.items() if bearing in bearings}

    def as_it_was(self) -> Callable[[], None]:
        """What takes back all that is said from now on, but for the windows themselves."""
        change, last, counts = self.change, dict(self._last), self.pipeline.decision.counted

        def again() -> None:
            self.change, self._last = change, last
            self.pipeline.decision.go_on(counts)

        return again

    def feed(self, item: Item) -> list[Output]:
        if isinstance(item, SampleBlock | Reading) and not _is_speed(item):
            self.heard_s = item.arrival_s
        if isinstance(item, SampleBlock):
            self.latest = item
        return self._noted(self.pipeline.feed(item))

    def refuse(self, fault: SourceFault, now_s: float) -> list[Output]:
        """Input of this sensor that its source refused; a state where it contradicts itself and nothing else comes."""
        reason = self.doubts.refuse(fault, now_s)
        return [] if reason is None else self._noted(self.pipeline.refuse(reason, now_s))

    def tick(self, now_s: float, *, overloaded: bool = False) -> list[Output]:
        """Time passes. `now_s`: up to when all that came of the sensor was fed; `overloaded`: not all of it was."""
        if not self._live:
            return []
        outputs = self.pipeline.tick(now_s)
        return self._noted([_for_overload(output) for output in outputs] if overloaded else outputs)

    def close(
        self,
        reason: AlertReason,
        *,
        time_s: float,
        wall_s: float,
        rpm: float | None = None,
        alert: str | None = None,
        by: str | None = None,
    ) -> list[Output]:
        """End open alerts by somebody's word, as `agent.alerting.alerts.Decision.close`."""
        closed = self.pipeline.decision.close(reason, time_s=time_s, wall_s=wall_s, rpm=rpm, alert=alert, by=by)
        return self._noted([*closed])

    @property
    def coverage(self) -> Coverage | None:
        """What the healthy states cover at the speed at which it runs; None where it does not run steadily."""
        last = self.last
        if last is None or not last.running or not last.speed.steady:
            return None
        return coverage_at(last.speed.rpm, self.pipeline.healthy.baselines, at_any_speed=last.speed.is_withheld)

    @property
    def last(self) -> Diagnosis | None:
        """The newest diagnosis of the bearing that matters most: an open alert's, else the one that deviates most."""
        alerted = {alert.bearing for alert in self.pipeline.decision.open_alerts}
        return max(
            self._last.values(),
            key=lambda d: (d.bearing in alerted, -1.0 if d.deviation is None else d.deviation),
            default=None,
        )

    def _noted(self, outputs: list[Output]) -> list[Output]:
        for output in outputs:
            if isinstance(output, Diagnosis):
                self._last[output.bearing] = output
                self.doubts.feed(output)
            elif isinstance(output, StateChange):
                self.change = output
        return outputs


def _for_overload(output: Output) -> Output:
    """A sensor of which nothing was judged because it was left out is not to blame for it."""
    if isinstance(output, StateChange) and output.state is State.LOST:
        return replace(output, reason=OVERLOADED)
    return output


def fingerprint(parts: Parts) -> str:
    """Which feature definition a baseline's numbers belong to."""
    spec = hashlib.sha256(msgspec.json.encode(parts.bundle.spec)).hexdigest()
    return f"{VERSION}:{spec[:16]}"


def take_up_baselines(desk: SensorDesk, parts: Parts, registrar: Registrar) -> bool:
    """Give a desk that has learnt nothing what the store turns out to keep; False where it has, or there is none."""
    healthy, size = desk.pipeline.healthy, len(feature_names(parts.bundle.spec))
    if healthy.baselines or healthy.progress is not None:
        return False
    known = registrar.known(desk.sensor, features=fingerprint(parts))
    healthy.baselines = readable_baselines(by_bearing(known.baselines), desk.sensor, size)
    healthy.aside = readable_baselines(by_bearing(known.aside), desk.sensor, size)
    return bool(healthy.baselines)


def readable_baselines(stored: dict[str | None, bytes], sensor: str, size: int) -> dict[str | None, Baseline]:
    """Baselines as the store keeps them; what cannot be read is left out and told."""
    baselines = {}
    for bearing, value in stored.items():
        try:
            baselines[bearing] = from_bytes(value, size=size)
        except (ValueError, msgspec.MsgspecError) as error:
            log.warning("%s: its stored baseline cannot be read (%s); commission it again", sensor, error)
    return baselines


def _is_speed(item: SampleBlock | Reading) -> bool:
    return isinstance(item, Reading) and item.quantity == "rpm"
