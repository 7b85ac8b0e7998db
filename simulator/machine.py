"""What a simulated machine is made of: bearing, rig, condition and sensor, as frozen numbers without behaviour.

Levels are stated at 1500 rpm on the loudest axis, so that a speed change scales them by physics and not by a new draw.
Directions are always ordered horizontal, vertical, axial.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .machinery import Machinery

FAULTS = ("healthy", "inner_race", "outer_race", "ball", "cage", "looseness", "imbalance", "misalignment")
BEARING_FAULTS = ("inner_race", "outer_race", "ball", "cage")
DIRECTIONS = ("horizontal", "vertical", "axial")
REFERENCE_RPM = 1500.0


def check_fault(fault: str) -> None:
    """ValueError that names the fault ids if this is none."""
    if fault not in FAULTS:
        raise ValueError(f"fault {fault!r} is none of {', '.join(FAULTS)}")


@dataclass(frozen=True, slots=True)
class BearingGeometry:
    """A rolling bearing; the orders are multiples of shaft speed, inner ring turning (Harris & Kotzalas, ch. 8)."""

    balls: int
    ball_mm: float
    pitch_mm: float
    angle_deg: float = 0.0

    @property
    def ratio(self) -> float:
        return self.ball_mm / self.pitch_mm * math.cos(math.radians(self.angle_deg))

    @property
    def ftf(self) -> float:
        """Cage order."""
        return (1 - self.ratio) / 2

    @property
    def bpfo(self) -> float:
        """Ball pass order of the outer ring."""
        return self.balls * self.ftf

    @property
    def bpfi(self) -> float:
        """Ball pass order of the inner ring."""
        return self.balls * (1 - self.ftf)

    @property
    def bsf(self) -> float:
        """Ball spin order; a defect on a ball strikes both rings, so it is heard at twice this."""
        return self.pitch_mm / (2 * self.ball_mm) * (1 - self.ratio**2)


@dataclass(frozen=True, slots=True)
class Resonance:
    """One mode of a transfer path; `gains` (signed) along horizontal, vertical, axial. Needs damping * hz >= 8."""

    hz: float
    damping: float
    gains: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Mesh:
    """A gear-mesh, vane-pass or slot tone: `order` x shaft, `level_g` peak, sidebands at +-1x of share `sideband`."""

    order: float
    level_g: float
    sideband: float = 0.0


@dataclass(frozen=True, slots=True)
class Rig:
    """A healthy machine as the sensor hears it: transfer paths, shaft, tones, noise and how steadily it turns."""

    bearing_path: tuple[Resonance, ...]  # from the rolling contact to the sensor
    frame_path: tuple[Resonance, ...]  # from feet, coupling and process to the sensor
    rolling_g: float  # RMS of healthy rolling noise
    background_g: float  # RMS of flow and ambient noise, the same at standstill up to `background_idle`
    background_slope: float = 1.0  # its power falls as 1/f**slope
    background_idle: float = 0.1  # share of it that stays when the machine stands still
    residual_mm_s: float = 0.5  # RMS velocity at 1x that a well balanced rotor keeps
    harmonics: tuple[float, ...] = (0.5, 0.25, 0.12)  # acceleration at 2x, 3x, ... over that at 1x; at most ten
    shaft_gains: tuple[float, float, float] = (1.0, 0.8, 0.3)
    shaft_wander: float = 0.05  # slow random share in the amplitude of each tone
    meshes: tuple[Mesh, ...] = ()
    hum_hz: float = 100.0  # twice the line frequency, while the machine runs
    hum_g: float = 0.0
    rolling_modulation: float = 0.1  # how much the turning load sways the rolling noise, at 1x
    compliance: float = 0.0  # and how much the balls' passing under the load sways it, at the ball pass order
    inner_waviness: float = 0.0  # the same for a wavy inner ring, at its ball pass order
    ball_waviness: float = 0.0  # and for balls that are not round, at twice their spin order
    knocks_per_s: float = 0.0  # random process impacts through the frame
    knock_db: float = 0.0  # level of one knock per second over rolling noise
    pulse_order: int = 0  # vanes or pistons that pulse through the frame; 0: none
    pulse_db: float = -20.0  # level of these pulses over rolling noise
    speed_drift: float = 0.002  # standard deviation of the slow relative speed drift
    speed_jitter: float = 0.001  # and of the fast one
    run_up_s: float = 0.5  # time constant with which a new speed is reached
    machinery: tuple[Machinery, ...] = ()  # gears, belts, blades, mains and drives around it


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong with the machine, and how it shows.

    `severity_db` is the level of the fault's own signal. Bearing faults: RMS of an unmodulated train of its impacts
    over the rolling noise. Imbalance, misalignment, looseness: over the residual 1x of the rig. Fields that do not
    concern the fault are ignored.
    """

    fault: str
    severity_db: float = 0.0
    slip: float = 0.005  # mean cage slip, share of its speed
    slip_jitter: float = 0.01  # standard deviation of one impact interval, share of the interval
    load_zone: float = 0.6  # Stribeck's epsilon: 0.5 loads half the circumference, above 1 all of it
    unloaded: float = 0.1  # strength that remains outside the load zone
    arc_deg: float = 0.0  # width of the defect: a soft entry before the sharp exit
    spread: float = 0.0  # share of the fault's power that is modulated noise (wear, pits) instead of impacts
    sharpness: float = 1.0  # of that noise: 0 does not sway, 3 nearly claps
    scatter: float = 0.2  # log-normal standard deviation of impact strength
    unevenness: float = (
        0.0  # log-normal spread of the balls' strengths, which repeats with the cage (outer, inner ring)
    )
    sway: float = 0.0  # outer ring: how much a turning load modulates it, at 1x
    contact_us: float = 30.0  # duration of an impact, which caps its spectrum
    second_contact: float = 0.6  # ball: strength of the blow on the other ring
    tumble: float = 0.0  # ball: share that it loses while its spin axis keeps the defect off the rings
    strikes: float = 1.0  # ball: share of the contacts in which the defect is met at all; the power stays the same
    overhang: float = 0.15  # imbalance: axial share
    axial: float = 0.5  # misalignment: axial share; 0 parallel, 1 angular
    mix: tuple[float, float, float] = (0.5, 1.0, 0.3)  # misalignment: 1x, 2x, 3x
    bounce: float = 0.7  # looseness: share of the shocks in the waveform
    halves: float = 0.5  # looseness: how much weaker every other turn is, which makes half orders
    knocking: float = 0.5  # looseness: probability that a turn ends in a knock
    floor_db: float = 3.0  # looseness: rise of the background

    def __post_init__(self) -> None:
        check_fault(self.fault)


@dataclass(frozen=True, slots=True)
class Sensor:
    """An accelerometer; `axes` says along which direction each of its channels measures."""

    full_scale_g: float = 16.0
    bits: int = 16
    noise_ug_rthz: float = 80.0
    bandwidth_hz: float = 6000.0  # -3 dB
    dc_coupled: bool = True  # a MEMS sensor feels gravity, a piezo sensor does not
    spikes_per_s: float = 0.0  # electrical disturbances on its line
    spike_g: float = 0.5
    axes: tuple[str, ...] = DIRECTIONS
