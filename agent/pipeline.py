"""The whole data path of one sensor, on one screen: items in; diagnoses, alerts and state changes out.

    block -> windows -> is it good? -> spectra -> speed -> does it run? -> per bearing:
        features -> codes -> embedding -> matches; line heights; deviation; evidence -> Diagnosis -> Decision

No I/O, no clock. Nothing is diagnosed from a bad signal, nothing is named while the machine stands still or against its
bearing lines, and nothing deviates from a baseline that was not learnt at this speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from agent.alerting.alerts import Decision, DecisionConfig
from agent.bundle.load import Bundle
from agent.diagnosis.baseline import Baseline
from agent.diagnosis.commissioning import Commissioning
from agent.diagnosis.evidence import gather_evidence
from agent.diagnosis.line_check import heights_of, objection_to
from agent.diagnosis.matching import match as match_descriptions
from agent.diagnosis.matching import name_of, nameable
from agent.diagnosis.rms_only import Transmitter
from agent.diagnosis.running import RUNNING_SHARE, RunningGate
from agent.dsp.features import Features, Spectra, analyse, extract, views
from agent.dsp.speed import SpeedTrack
from agent.machine import Bearing, SensorSetup
from agent.ports import Encoder
from agent.stream.quality import fault_of_signal
from agent.stream.windowing import Windower
from agent.types import (
    INVALID,
    UNKNOWN,
    Alert,
    Counters,
    Diagnosis,
    Drift,
    Evidence,
    Item,
    Output,
    Reading,
    SampleBlock,
    Speed,
    State,
    Window,
)

QUIET_AT_SPEED = "quiet_at_speed"  # quality of a window that is as still as a machine at rest, at a measured speed
NO_DIRECTION = "no_embedding"  # quality of a window whose embedding is no direction


class Pipeline:
    """One sensor on one machine. `baselines` (bearing -> Baseline) is replaced, never changed, when one was learnt."""

    def __init__(
        self,
        setup: SensorSetup,
        *,
        bundle: Bundle,
        encoder: Encoder,
        config: DecisionConfig,
        baselines: Mapping[str | None, Baseline] | None = None,
    ) -> None:
        self.setup = setup
        self.baselines: Mapping[str | None, Baseline] = dict(baselines or {})
        self._bundle = bundle
        self._encoder = encoder
        self._spec = bundle.spec
        self._views = views(bundle.spec)
        self._speed_bound = bundle.scaling.speed_bound
        self._bearings: tuple[Bearing | None, ...] = setup.bearings or (None,)
        self._windower = Windower(window_s=self._spec.window_s, hop_s=self._spec.hop_s)
        self._speed_track = SpeedTrack(setup.machine)
        self._speed = Speed(None, "unknown")
        self._gate = RunningGate()
        self._transmitter = Transmitter(setup)
        self._commissioning: Commissioning | None = None
        self._detect_at = config.detect_at
        self._lost_after_s = max(config.lost_after_s, 2 * (self._spec.window_s + self._spec.hop_s))
        self._decision = Decision(setup.sensor, msgspec.structs.replace(config, lost_after_s=self._lost_after_s))
        self._heard_s: float | None = None

    def feed(self, item: Item) -> list[Output]:
        """What one item from a source leads to; loss counters and refusals lead to nothing here (see `ledger`)."""
        diagnoses: Iterable[Diagnosis] = ()
        match item:
            case SampleBlock():
                self._heard_s = item.arrival_s
                diagnoses = [d for window in self._windower.feed(item) for d in self._diagnose(window)]
            case Reading(quantity="rpm"):
                self._speed_track.feed(item)
            case Reading():
                self._heard_s = item.arrival_s
                speed = self._speed_track.during(None, start_s=item.arrival_s, end_s=item.arrival_s)
                diagnoses = self._transmitter.feed(item, speed)
        return [output for diagnosis in diagnoses for output in (diagnosis, *self._decision.feed(diagnosis))]

    def tick(self, now_s: float) -> list[Output]:
        """Time passes without items: the sensor may be lost. `now_s` by the clock of the items' `arrival_s`."""
        silent = self._heard_s is None or now_s - self._heard_s > self._lost_after_s
        changes = self._decision.tick(now_s, "no_data" if silent else "no_window")
        if changes:
            self._commissioning = None  # who comes back after a silence may not be the machine that was called healthy
        return [*changes]

    def _diagnose(self, window: Window) -> list[Diagnosis]:
        """One diagnosis per bearing."""
        unusable = fault_of_signal(window)
        if unusable is not None:
            return [self._unnamed(window, bearing, quality=unusable) for bearing in self._bearings]
        spectra = analyse(window, self._spec)
        seconds = len(window.samples) / window.rate.hz
        speed = self._speed_track.during(spectra, start_s=window.arrival_s - seconds, end_s=window.arrival_s)
        self._speed = speed
        rms = float(spectra.rms.max())
        if not self._gate.feed(rms, limit=self._idle_below(window), speed=speed):
            # Still, although it was measured to turn: the sensor hears nothing, it has come off.
            turning = speed.origin in ("topic", "tacho") and speed.steady and bool(speed.rpm)
            quality = QUIET_AT_SPEED if turning else None
            unnamed = [self._unnamed(window, bearing, quality=quality) for bearing in self._bearings]
            told = [self._evidence(window, spectra, bearing) for bearing in self._bearings]
            return [replace(diagnosis, evidence=said) for diagnosis, said in zip(unnamed, told, strict=True)]
        rpm = speed.rpm if speed.steady else None
        seen = [
            extract(spectra, spec=self._spec, rpm=rpm, bearing=bearing, roles=self.setup.axis_roles)
            for bearing in self._bearings
        ]
        named = zip(self._bearings, seen, strict=True)
        diagnoses = [self._judge(window, spectra, bearing, features, rpm) for bearing, features in named]
        if self._commissioning is not None and speed.steady:
            self._commissioning.feed(dict(zip(map(_id, self._bearings), seen, strict=True)), rpm=rpm, rms=rms)
            self._learn(self._commissioning)
        return diagnoses

    def _judge(
        self, window: Window, spectra: Spectra, bearing: Bearing | None, features: Features, rpm: float | None
    ) -> Diagnosis:
        """Detect by the baseline, name by the descriptions unless lines object, look for a physical reason."""
        bundle, baseline = self._bundle, self.baselines.get(_id(bearing), Baseline())
        reference = baseline.reference(rpm, self._speed_bound)
        embedding = bundle.embedding(self._encoder.embed(bundle.codes(features, reference)))
        matches = match_descriptions(embedding, bundle.descriptions, bundle.calibration)
        if not matches:
            return self._unnamed(window, bearing, quality=NO_DIRECTION)
        deviation = baseline.deviation(features, rpm=rpm, scale=bundle.manifest.deviation, views=self._views)
        shown = None if self._commissioning is not None else deviation
        evidence = self._evidence(window, spectra, bearing)
        hears = spectra.hears_bearings
        candidates = nameable(matches, has_baseline=deviation is not None, hears_bearings=hears)
        nearest = name_of(candidates, bundle.calibration)
        heights = heights_of(features, reference, self._spec)
        within = shown is not None and shown < self._detect_at
        objection = objection_to(nearest, heights, bundle.calibration, within_baseline=within)
        name = nearest if objection is None else UNKNOWN
        return replace(
            self._unnamed(window, bearing, quality=None),
            running=True,
            fault=name,
            probability=next((m.probability for m in matches if m.fault == name), matches[0].probability),
            matches=matches,
            deviation=shown,
            evidence=evidence,
            validated=bundle.descriptions.is_validated(name),
            heights=heights,
            objection=objection,
            hears_bearings=hears,
        )

    def _evidence(self, window: Window, spectra: Spectra, bearing: Bearing | None) -> Evidence:
        return gather_evidence(
            spectra,
            spec=self._spec,
            speed=self._speed,
            bearing=bearing,
            machine=self.setup.machine,
            unit=window.stream.unit,
        )

    def _unnamed(self, window: Window, bearing: Bearing | None, *, quality: str | None) -> Diagnosis:
        """A window of which no more can be said than that it is bad (`quality`), or that the machine stands still."""
        return Diagnosis(
            sensor=self.setup.sensor,
            bearing=_id(bearing),
            window_start=window.start,
            session=window.stream.session,
            wall_s=window.wall_s,
            time_s=window.arrival_s,
            quality=quality,
            running=False,
            fault=UNKNOWN if quality is None else INVALID,
            probability=0.0,
            matches=(),
            deviation=None,
            speed=self._speed,
            rate=window.rate,
            evidence=None,
        )

    def _idle_below(self, window: Window) -> float | None:
        """RMS under which the machine stands still, in the stream's unit: configured, else learnt, else None."""
        if self.setup.idle_below_g is not None and window.stream.unit == "g":
            return self.setup.idle_below_g
        learnt = [rms for baseline in self.baselines.values() if (rms := baseline.running_rms()) is not None]
        return RUNNING_SHARE * min(learnt) if learnt else None

    # ------------------------------------------------------------------------------------------- asked from outside

    def commission(self, windows: int, *, add: bool = False) -> None:
        """Let the next `windows` running, steady, good windows teach the baselines; until then it is learning.

        What was known of a speed is replaced, with `add` it is added to. ValueError outside MIN_WINDOWS..MAX_WINDOWS.
        The baselines so far serve as reference meanwhile, not as limit.
        """
        self._commissioning = Commissioning(windows, add=add)

    @property
    def windows_to_learn(self) -> int:
        """Windows that commissioning still waits for; 0 where none is under way."""
        return 0 if self._commissioning is None else self._commissioning.windows_left

    def _learn(self, commissioning: Commissioning) -> None:
        if commissioning.windows_left == 0:
            self.baselines = commissioning.teach(self.baselines)
            self._commissioning = None

    def restore(self, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
        """Take up alerts from before a restart; returns those of bearings that are no longer configured."""
        mine = {_id(bearing) for bearing in self._bearings}
        stored = tuple(alerts)
        self._decision.restore(alert for alert in stored if alert.bearing in mine)
        return tuple(alert for alert in stored if alert.bearing not in mine)

    @property
    def state(self) -> State:
        return self._decision.state

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        return self._decision.open_alerts

    @property
    def drift(self) -> Drift | None:
        """The sensor's clock against the host's; None where it is not known (yet)."""
        return self._windower.drift

    def counters(self) -> Counters:
        """Windows, gaps and what was missing in them, by the windower's and the clock's count."""
        return self._windower.counters()


def _id(bearing: Bearing | None) -> str | None:
    return None if bearing is None else bearing.id
