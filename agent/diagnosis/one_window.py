"""What one window says about one bearing: from what was measured in it to a Diagnosis, with no memory of any other.

Nothing is named of a bad signal or while the machine stands still. What it may be called is decided in `naming`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.diagnosis.asking import question_of, standing_of
from agent.diagnosis.evidence import gather_evidence
from agent.diagnosis.grounds import Grounds
from agent.diagnosis.lessons import Sight
from agent.diagnosis.line_check import heights_of
from agent.diagnosis.matching import Calibration, Descriptions
from agent.diagnosis.naming import name_on
from agent.diagnosis.signs import signs_of
from agent.diagnosis.unnamed import unnamed
from agent.dsp.features import Features
from agent.dsp.spectra import FeatureSpec, Spectra
from agent.machine import Bearing, SensorSetup
from agent.types import Diagnosis, Evidence, Match, Speed, Still, Window

QUIET_AT_SPEED = "quiet_at_speed"  # quality of a window that is as still as a machine at rest, at a measured speed
NO_DIRECTION = "no_embedding"  # quality of a window whose embedding is no direction

AWAY = 0.5
"""Of the limit. Without a speed, damage of a bearing that lies at 1.6 limits with it lies at 0.7."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A window of good signal with its spectra, and the shaft's speed during it."""

    window: Window
    spectra: Spectra
    speed: Speed

    @property
    def rpm(self) -> float | None:
        """The speed at which lines can be placed; None where it is unknown or not steady."""
        return self.speed.rpm if self.speed.steady else None

    @property
    def sure_rpm(self) -> float | None:
        """The speed by whose multiples something may be named; None where what was given is contradicted, too."""
        return None if self.speed.asks is not None else self.rpm

    @property
    def rms(self) -> float:
        """Of the worst axis, in the stream's unit."""
        return float(self.spectra.rms.max())

    @property
    def piece_s(self) -> float | None:
        """Its length where it is shorter than a window."""
        return None if self.spectra.whole else self.spectra.seconds


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the features of one bearing are like: beside the descriptions, and beside its own healthy state."""

    bearing: Bearing | None  # None: the machine as a whole
    features: Features
    reference: Features | None  # healthy, as far as that bears on this speed
    matches: tuple[Match, ...]  # best first; empty where the embedding is no direction
    deviation: float | None  # 1.0 = limit; None where no baseline covers this speed


@dataclass(frozen=True, slots=True)
class Judge:
    """Diagnoses windows of one sensor; what it knows never changes."""

    setup: SensorSetup
    spec: FeatureSpec
    descriptions: Descriptions
    calibration: Calibration
    detect_at: float  # deviation from which a window is no longer within the baseline
    name_at: float  # probability from which a name is given

    def unusable(self, window: Window, bearing: Bearing | None, *, speed: Speed, quality: str) -> Diagnosis:
        """Of a bad signal, at the latest speed that is known."""
        return self._unnamed(window, bearing, speed, quality=quality)

    def standing_still(
        self, measured: Measurement, bearing: Bearing | None, *, still: Still | None = None
    ) -> Diagnosis:
        """Of a window without vibration, which is a bad signal where the machine was measured to turn.

        The sensor then hears nothing: it has come off.
        """
        speed = measured.speed
        turning = speed.origin in ("topic", "tacho") and speed.steady and bool(speed.rpm)
        quality = QUIET_AT_SPEED if turning else None
        quiet = self._unnamed(measured.window, bearing, speed, quality=quality)
        return replace(quiet, evidence=self._evidence(measured, bearing), still=still)

    def is_away(self, diagnosis: Diagnosis) -> bool:
        """Whether a window lies away from the healthy state, so that something may be wrong that is no alert yet."""
        return diagnosis.deviation is not None and diagnosis.deviation >= AWAY * self.detect_at

    def running(self, measured: Measurement, compared: Comparison, *, learning: bool) -> Diagnosis:
        """Of a machine that runs; its deviation is no limit yet while it is `learning` what is healthy."""
        matches, bearing = compared.matches, compared.bearing
        if not matches:
            return self._unnamed(measured.window, bearing, measured.speed, quality=NO_DIRECTION)
        deviation = None if learning else compared.deviation
        evidence = self._evidence(measured, bearing)
        heights = heights_of(compared.features, compared.reference, self.spec)
        signs = signs_of(compared.features, compared.reference, self.spec)
        within = deviation is not None and deviation < self.detect_at
        sure_rpm = measured.sure_rpm
        standing = standing_of(
            measured.spectra,
            self.spec,
            rpm=sure_rpm if sure_rpm and measured.spectra.resolves(sure_rpm / 60) else None,
            bearing=bearing,
            bearings=self.setup.bearings,
        )
        grounds = Grounds(
            matches=matches,
            knows_speed=sure_rpm is not None,
            contradicts_speed=is_contradicted(measured.speed),
            knows_geometry=bearing is not None and bearing.orders is not None,
            has_baseline=deviation is not None,
            within_baseline=within,
            deviates=deviation is not None and deviation >= self.detect_at,
            hears_bearings=measured.spectra.hears_bearings,
            heights=heights,
            signs=signs,
            asks=None if within else question_of(standing),
            too_short=measured.piece_s is not None,
        )
        name = name_on(grounds, self.calibration, name_at=self.name_at)
        return replace(
            self._unnamed(measured.window, bearing, measured.speed, quality=None),
            running=True,
            fault=name.fault,
            probability=name.probability,
            matches=matches,
            deviation=deviation,
            evidence=evidence,
            validated=self.descriptions.is_validated(name.fault),
            heights=heights,
            objection=name.objection,
            signs=signs,
            missing=name.missing,
            looks_like=name.looks_like,
            hears_bearings=measured.spectra.hears_bearings,
            seconds=measured.piece_s,
            needs_s=None if measured.piece_s is None else self.spec.window_s,
            standing=standing,
            asks=name.asks,
        )

    def sight(
        self,
        measured: Measurement,
        compared: Comparison,
        diagnosis: Diagnosis,
        distances: tuple[float | None, float | None],
    ) -> Sight:
        """What the window showed by itself, for whoever has to believe that the machine is healthy."""
        hears, evidence = measured.spectra.hears_bearings, diagnosis.evidence
        return Sight(
            heights=heights_of(compared.features, None, self.spec),
            impulses=signs_of(compared.features, None, self.spec).impulses if hears else None,
            lines=() if evidence is None else evidence.lines,
            zone=None if evidence is None else evidence.iso_zone,
            velocity_mm_s=None if evidence is None else evidence.velocity_rms.value,
            deviation=distances[0],
            level=distances[1],
        )

    def _evidence(self, measured: Measurement, bearing: Bearing | None) -> Evidence:
        return gather_evidence(
            measured.spectra,
            spec=self.spec,
            speed=measured.speed,
            bearing=bearing,
            machine=self.setup.machine,
            unit=measured.window.stream.unit,
        )

    def _unnamed(self, window: Window, bearing: Bearing | None, speed: Speed, *, quality: str | None) -> Diagnosis:
        return unnamed(
            self.setup.sensor,
            id_of(bearing),
            window_start=window.start,
            session=window.stream.session,
            wall_s=window.wall_s,
            time_s=window.arrival_s,
            rate=window.rate,
            speed=speed,
            quality=quality,
        )


def is_contradicted(speed: Speed) -> bool:
    """Whether a speed was told that the vibration contradicts."""
    return speed.asks is not None or speed.doubt == "contradicted"


def id_of(bearing: Bearing | None) -> str | None:
    """As diagnoses, baselines and alerts name it; None: the machine as a whole."""
    return None if bearing is None else bearing.id
