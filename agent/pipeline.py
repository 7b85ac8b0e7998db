"""The whole data path of one sensor, on one screen: items in; diagnoses, alerts and state changes out.

    block -> windows -> is it good? -> spectra -> speed -> does it run? -> per bearing:
        features -> codes -> embedding -> matches; deviation from healthy -> Diagnosis -> Decision

Here is what is kept between windows; what one window says is `diagnosis.one_window`, and what it may be called
`diagnosis.naming`. No I/O, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from agent.alerting.alerts import Decision
from agent.alerting.bearing_alert import Stamp
from agent.alerting.window_rules import DecisionConfig
from agent.bundle.load import Bundle
from agent.diagnosis.baseline import Baseline
from agent.diagnosis.commissioning import Asked
from agent.diagnosis.doubts import Examiner
from agent.diagnosis.evidence import velocity_rms
from agent.diagnosis.healthy_state import HealthyState
from agent.diagnosis.idle import idle_below, why_still
from agent.diagnosis.lessons import Lesson
from agent.diagnosis.matching import match
from agent.diagnosis.one_window import Comparison, Judge, Measurement, id_of
from agent.diagnosis.rms_only import Transmitter, why_unjudged
from agent.diagnosis.running import RunningGate, is_told_still, plainly_shakes
from agent.diagnosis.settling import Yardstick
from agent.diagnosis.witness import NOBODY, Circumstances, Witness
from agent.dsp.features import analyse, extract, views
from agent.dsp.spectra import Spectra
from agent.dsp.speed import SpeedTrack, teaches
from agent.machine import Bearing, SensorSetup
from agent.ports import Encoder
from agent.stream.cutting import Cutting, snapshots, whole_windows
from agent.stream.quality import fault_of_signal
from agent.stream.windowing import PAUSE_S
from agent.types import Alert, Diagnosis, Doubt, Item, Output, Reading, SampleBlock, Speed, Window

FORGOTTEN_AFTER_S = 24 * 3600.0
"""Of silence, during commissioning. Sensors on batteries are silent for minutes and hours between two snapshots."""

MISSED = 2.5
"""Intervals between two snapshots after which a sensor is lost: one may get lost on its way."""


class Pipeline:
    """One sensor on one machine.

    To be asked from outside: `healthy` for what was learnt, `decision` for state and alerts, `windower` for the counts.
    """

    def __init__(
        self,
        setup: SensorSetup,
        *,
        bundle: Bundle,
        encoder: Encoder,
        config: DecisionConfig,
        baselines: Mapping[str | None, Baseline] | None = None,
        aside: Mapping[str | None, Baseline] | None = None,
        cutting: Cutting | None = None,
        stamp: Stamp | None = None,
        witness: Witness = NOBODY,
    ) -> None:
        self.setup, spec = setup, bundle.spec
        self._bundle, self._encoder, self._views = bundle, encoder, views(spec)
        self._judge = Judge(setup, spec, bundle.descriptions, bundle.calibration, config.detect_at, config.name_at)
        self._bearings: tuple[Bearing | None, ...] = setup.bearings or (None,)
        every_s = setup.snapshot_every_s
        self.windower = (cutting or (whole_windows if every_s is None else snapshots)(spec)).windower()
        self._speed_track = SpeedTrack(setup.machine, bearings=setup.bearings)
        self._speed = Speed(None, "unknown")
        self._gate = RunningGate()
        self._transmitter = Transmitter(setup)
        self.healthy = HealthyState(baselines or {}, aside=aside)
        self._yardstick = Yardstick(bundle.manifest.deviation, self._views)
        self._examiner = Examiner(bundle.calibration.blind_signs)
        self._lost_after_s = max(config.lost_after_s, 2 * (spec.window_s + spec.hop_s), MISSED * (every_s or 0.0))
        decided_by = msgspec.structs.replace(config, lost_after_s=self._lost_after_s)
        self.decision = Decision(setup.sensor, decided_by, stamp=stamp)
        self._witness = witness
        self._heard_s: float | None = None
        self._unjudged = "no_window"  # why nothing was judged of what came
        self._refused_after_s = spec.window_s

    def feed(self, item: Item) -> list[Output]:
        """What one item from a source leads to; loss counters and refusals lead to nothing here (see `ledger`)."""
        diagnoses: Iterable[Diagnosis] = ()
        match item:
            case SampleBlock():
                self._heard_s, self._unjudged = item.arrival_s, "no_window"
                windows = self.windower.feed(item)
                self._witness.lap("window")
                diagnoses = self._diagnose_all(windows)
            case Reading(quantity="rpm"):
                self._speed_track.feed(item)
            case Reading():
                self._heard_s, self._unjudged = item.arrival_s, why_unjudged(item)
                speed = self._speed_track.during(None, start_s=item.arrival_s, end_s=item.arrival_s)
                diagnoses = self._transmitter.feed(item, speed)
        return self._decide(diagnoses)

    def refuse(self, reason: str, now_s: float) -> list[Output]:
        """What comes of the sensor contradicts itself, so that its source kept it back; a state once that is all.

        `now_s` by the items' clock. Beside samples that are judged it is no state.
        """
        judged = self._heard_s is not None and now_s - self._heard_s <= self._refused_after_s
        return [] if judged else [*self.decision.refuse(reason, now_s)]

    def end(self) -> list[Output]:
        """Nothing more comes of the present piece: what there is of it, where it comes in pieces."""
        return self._decide(self._diagnose_all(self.windower.end_piece()))

    def tick(self, now_s: float) -> list[Output]:
        """Time passes without items: a piece may have ended, the sensor be lost. `now_s` by the items' clock."""
        paused = self._heard_s is not None and now_s - self._heard_s > PAUSE_S
        ended = self.end() if paused else []
        silent = self._heard_s is None or now_s - self._heard_s > self._lost_after_s
        if self._heard_s is not None and now_s - self._heard_s > FORGOTTEN_AFTER_S:
            self.healthy.abandon("silence")  # who comes back then may not be the machine that was called healthy
        return [*ended, *self.decision.tick(now_s, "no_data" if silent else self._unjudged)]

    def _decide(self, diagnoses: Iterable[Diagnosis]) -> list[Output]:
        outputs: list[Output] = []
        for diagnosis in diagnoses:
            outputs += (diagnosis, *self.decision.feed(diagnosis))
            self._witness.lap("decide")
        return outputs

    def _diagnose_all(self, windows: Iterable[Window]) -> Iterator[Diagnosis]:
        return (diagnosis for window in windows for diagnosis in self._diagnose(window))

    def commission(
        self,
        windows: int | None = None,
        *,
        anyway: bool = False,
        after_repair: bool = False,
        against: tuple[Doubt, ...] = (),
    ) -> None:
        """Let the next good windows teach what is healthy, and look for what stands against believing it.

        `windows` None: as many as it takes until the figures have settled. With `anyway` doubts, and what is known to
        be `against` it, are noted, not obeyed; `after_repair` what was known is set aside. ValueError where `windows`
        is out of bounds.
        """
        asked = Asked(windows, anyway=anyway, examiner=self._examiner, yardstick=self._yardstick, against=against)
        self.healthy.begin(asked, after_repair=after_repair)

    def _diagnose(self, window: Window) -> list[Diagnosis]:
        """One diagnosis per bearing."""
        quality, running, measured, still = fault_of_signal(window), True, None, None
        learning = self.healthy.windows_to_learn > 0
        if quality is None:
            spectra = analyse(window, self._bundle.spec)
            self._witness.lap("features")
            self._speed = self._speed_during(window, spectra)
            measured = Measurement(window, spectra, self._speed)
            limit = self._idle_below(window, spectra)
            running = self._gate.feed(measured.rms, limit=limit, speed=self._speed)
            still = None if running else why_still(measured, limit=limit, setup=self.setup)
        under = Circumstances(self._speed, running, learning, self.healthy.baselines, still)
        compared, judged = self._judged(window, measured, quality, under)
        self._witness.judged(window, under, judged)
        self._speed_track.judge(is_well=running and quality is None and not any(map(self._judge.is_away, judged)))
        if learning and compared and measured and teaches(self._speed):
            self._teach(measured, compared, judged)
        return judged

    def judged_again(self, window: Window, under: Circumstances) -> list[Diagnosis]:
        """What a window that was kept says under the circumstances that were kept with it; nothing is remembered."""
        quality = fault_of_signal(window)
        measured = None if quality else Measurement(window, analyse(window, self._bundle.spec), under.speed)
        return self._judged(window, measured, quality, under)[1]

    def _judged(
        self, window: Window, measured: Measurement | None, quality: str | None, under: Circumstances
    ) -> tuple[list[Comparison], list[Diagnosis]]:
        """Per bearing what its features are like, where the machine runs, and what that is called."""
        judge, bearings = self._judge, self._bearings
        if measured is None:
            return [], [judge.unusable(window, one, speed=under.speed, quality=str(quality)) for one in bearings]
        if not under.running:
            return [], [judge.standing_still(measured, bearing, still=under.still) for bearing in bearings]
        compared = [self._compare(measured, bearing, under) for bearing in bearings]
        return compared, [judge.running(measured, one, learning=under.learning) for one in compared]

    def _speed_during(self, window: Window, spectra: Spectra) -> Speed:
        """As it is told, unless it is told to be 0 of a machine that plainly shakes."""
        start_s, end_s = window.arrival_s - len(window.samples) / window.rate.hz, window.arrival_s
        learnt, track = self.healthy.speeds, self._speed_track
        speed = track.during(spectra, start_s=start_s, end_s=end_s, learnt=learnt)
        if is_told_still(speed) and self._shakes(window, spectra):
            return track.instead(spectra, "contradicted", start_s=start_s, end_s=end_s, learnt=learnt)
        return speed

    def _shakes(self, window: Window, spectra: Spectra) -> bool:
        rms, limit, unit = float(spectra.rms.max()), self._idle_below(window, spectra), window.stream.unit
        return plainly_shakes(rms, limit=limit, unit=unit, velocity=velocity_rms(spectra, unit=unit))

    def _teach(self, measured: Measurement, compared: list[Comparison], judged: list[Diagnosis]) -> None:
        """The window is a lesson, with what it shows that speaks against its being healthy."""
        features, sights = {}, {}
        for one, diagnosis in zip(compared, judged, strict=True):
            bearing = id_of(one.bearing)
            known = self.healthy.baseline(bearing)
            distances = self._yardstick.distances(known, one.features, rpm=measured.rpm)
            features[bearing] = one.features
            sights[bearing] = self._judge.sight(measured, one, diagnosis, distances)
        at_s, asks = measured.window.arrival_s, measured.speed.asks
        self.healthy.feed(Lesson(features, measured.rpm, measured.rms, sights, at_s, asks))

    def _compare(self, measured: Measurement, bearing: Bearing | None, under: Circumstances) -> Comparison:
        """Features, and from them what they resemble and how far they are from what is healthy here."""
        bundle, rpm, baseline = self._bundle, measured.rpm, under.baselines.get(id_of(bearing), Baseline())
        roles = self.setup.axis_roles
        features = extract(measured.spectra, spec=bundle.spec, rpm=rpm, bearing=bearing, roles=roles)
        self._witness.lap("features")
        baseline = baseline.of_length(features.seconds)
        reference = baseline.reference(rpm, bundle.scaling.speed_bound)
        embedding = bundle.embedding(self._encoder.embed(bundle.codes(features, reference)))
        matches = match(embedding, bundle.descriptions, bundle.calibration)
        self._witness.lap("encode")
        scale, anywhere = bundle.manifest.deviation, measured.speed.is_withheld
        deviation = baseline.deviation(features, rpm=rpm, scale=scale, views=self._views, at_any_speed=anywhere)
        return Comparison(bearing, features, reference, matches, deviation)

    def _idle_below(self, window: Window, spectra: Spectra) -> float | None:
        return idle_below(window, spectra, setup=self.setup, healthy=self.healthy, spec=self._bundle.spec)

    def take_over(self, before: Pipeline) -> None:
        """Go on within the windows, the speed and the running gate of another pipeline of this sensor, as far as they
        mean the same here: what it was in the midst of is not lost. Of `before` nothing may be asked any more."""
        is_cut_alike = before.setup.snapshot_every_s == self.setup.snapshot_every_s
        if before._bundle.spec == self._bundle.spec and is_cut_alike:
            self.windower = before.windower
        if before.setup.machine == self.setup.machine:
            self._speed_track, self._speed = before._speed_track.of(self.setup.bearings), before._speed
        self._gate, self._heard_s = before._gate, before._heard_s

    def restore(self, alerts: Iterable[Alert]) -> tuple[Alert, ...]:
        """Take up alerts from before a restart; returns those of bearings that are no longer configured."""
        stored, mine = tuple(alerts), {id_of(bearing) for bearing in self._bearings}
        self.decision.restore(alert for alert in stored if alert.bearing in mine)
        return tuple(alert for alert in stored if alert.bearing not in mine)
