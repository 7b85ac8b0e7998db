"""The values that flow through the agent, from samples to alerts; all frozen, none knows where it came from.

Time is a sample count. `start` counts samples the sensor produced, dropped ones included, so every kind of loss is one
thing: a jump in that count. Monotonic seconds drive logic, wall-clock seconds are for people only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.faults import FAULTS as FAULTS
from agent.faults import HEALTHY as HEALTHY
from agent.faults import INVALID as INVALID
from agent.faults import OWN_LINES
from agent.faults import UNKNOWN as UNKNOWN

Samples = NDArray[np.float32]
Stretch: TypeAlias = NDArray[np.int16] | Samples  # (axes, n): counts of the stream's step, or samples as they came
Vector = NDArray[np.float32]

AXES = ("x", "y", "z")


class State(StrEnum):
    """What one sensor says about its machine right now."""

    LEARNING = "learning"  # no baseline yet for this speed: diagnoses are provisional
    IDLE = "idle"  # the machine stands still
    UNSTEADY = "unsteady"  # speed stale or moving too fast to place lines
    HEALTHY = "healthy"
    ABNORMAL = "abnormal"  # deviates, and no description fits
    FAULT = "fault"
    INVALID = "invalid"  # bad signal
    LOST = "lost"  # no data


# ------------------------------------------------------------------------------------------------ what sources emit


@dataclass(frozen=True, slots=True)
class Stream:
    """What a source declares about one sensor's samples; a new `session` means that the sample count restarted."""

    sensor: str
    rate_hz: float  # declared; the true one is measured
    axes: tuple[str, ...] = ("x",)
    unit: Literal["g", "raw"] = "raw"  # "raw": no scale known, so no physical figure can be given
    full_scale: float | None = None  # in `unit`; a sample at or beyond it is clipped
    session: int = 0
    step: float | None = None  # in `unit`: one count of the converter; None where samples did not come as integers
    live: bool = True  # False: a recording, whose arrival times say nothing about its rate


class Piece(NamedTuple):
    """A stretch of samples as it came."""

    start: int  # index of its first sample
    end: int
    device_us: int | None  # of its first sample
    arrival_s: float


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Consecutive samples of one stream; `joined`: the pieces that it was put together from, for the clock alone."""

    stream: Stream
    start: int  # index of the first sample
    values: NDArray[np.int16] | Samples  # (n, axes): counts of the stream's step, or samples in its unit
    device_us: int | None = None  # sensor-side monotonic time of the first sample
    arrival_s: float = 0.0  # host monotonic time at which the block was complete
    wall_s: float | None = None  # Unix time of the first sample, for publishing
    clipped: int = 0  # samples that the device itself counted at full scale
    joined: tuple[Piece, ...] = ()

    @property
    def end(self) -> int:
        return self.start + len(self.values)

    @property
    def samples(self) -> Samples:
        """(n, axes) in the stream's unit."""
        if self.values.dtype != np.int16 or self.stream.step is None:
            return self.values.astype(np.float32, copy=False)
        return np.multiply(self.values, np.float32(self.stream.step), dtype=np.float32)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What it came in; where it was not joined, itself."""
        return self.joined or (Piece(self.start, self.end, self.device_us, self.arrival_s),)


@dataclass(frozen=True, slots=True)
class Reading:
    """One scalar from a transmitter (RMS velocity, temperature) or from a speed topic or tacho (`quantity="rpm"`)."""

    sensor: str  # sensor id, or for "rpm" the machine id
    quantity: str  # "rpm", "velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"
    value: float
    arrival_s: float
    wall_s: float | None = None
    axis: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """Loss counters as the device itself keeps them, since its boot (`session`)."""

    sensor: str
    session: int
    produced: int  # sample index at which the counters were read
    dropped_fifo: int
    dropped_queue: int
    arrival_s: float
    queued: int = 0  # samples still alive on the device, sent later


@dataclass(frozen=True, slots=True)
class SourceFault:
    """Something a source refused: counted and published, never raised. `sensor` is None where it cannot be told."""

    kind: str  # stable id: "crc", "json", "unknown_stream", "not_finite", ...
    detail: str
    sensor: str | None = None
    samples: int = 0  # samples known to be lost with it
    where: str | None = None  # topic, where a source has several
    key: str | None = None  # of the message or the config, where one is to blame


Item: TypeAlias = SampleBlock | Reading | DeviceStatus | SourceFault


# --------------------------------------------------------------------------------------------- what the pipeline makes


SeenAs: TypeAlias = Literal["stamps", "late", "evenly"]
"""How a rate off the declared one shows: by the sensor's own time stamps, by messages that come late, or evenly."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A sample rate and where it came from."""

    hz: float
    origin: Literal["device_time", "arrival", "declared"]
    error_ppm: float | None = None  # one-sided uncertainty, None where unknown
    seen_hz: float | None = None  # measured, and so far off the declared rate that neither is believed; None: agrees
    seen_as: SeenAs | None = None  # how that shows: what is to be looked at first


@dataclass(frozen=True, slots=True)
class Drift:
    """How much faster a device's clock runs than this computer's (which a time service may itself slew by 500 ppm)."""

    ppm: float
    error_ppm: float  # one-sided uncertainty


@dataclass(frozen=True, slots=True)
class SpeedQuestion:
    """Why a nominal speed is doubted: the spectrum shows another, perhaps since Hz were given for rpm."""

    reason: Literal["hertz", "contradicted"]
    nominal: float  # as it was given
    seen_rpm: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Shaft speed of a machine and where it came from."""

    rpm: float | None
    origin: Literal["config", "told", "file", "topic", "tacho", "estimated", "unknown"]
    steady: bool = True  # False: stale, or moving too fast to place lines
    asks: SpeedQuestion | None = None  # what to ask whoever gave the speed
    doubt: Literal["silent", "contradicted"] | None = None  # why it is not the told one, where one should be told

    @property
    def is_withheld(self) -> bool:
        """Whether one should be told, and none is known."""
        return self.rpm is None and self.doubt is not None


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive samples without a gap, long enough to diagnose."""

    stream: Stream
    start: int
    samples: Samples  # (n, axes)
    rate: Rate
    arrival_s: float  # of the block that completed it
    wall_s: float | None  # of its first sample
    clipped: int = 0  # counted by the device in blocks that touch it
    held: tuple[Stretch, ...] = ()  # the same samples, each once for all windows; to be read. Empty where they are not


@dataclass(frozen=True, slots=True)
class Match:
    """One fault's likeness to a window."""

    fault: str
    similarity: float  # cosine, and what a fault known by its description alone is granted
    probability: float  # calibrated, sums to 1 over the faults


@dataclass(frozen=True, slots=True)
class Figure:
    """A physical figure: a value, or None with the reason why there is none."""

    value: float | None
    unit: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BearingLine:
    """One line of the envelope spectrum that belongs to a bearing fault."""

    name: str  # "BPFO", "2xBPFI", ...
    order: float  # multiples of shaft speed
    expected_hz: float
    seen_hz: float
    above_floor_db: float
    also: tuple[str, ...] = ()  # other lines that the same peak would fit, the nearest first


@dataclass(frozen=True, slots=True)
class Evidence:
    """The second, physical reason beside the embedding's."""

    lines: tuple[BearingLine, ...]
    lines_reason: str | None  # why there are none to look for, or that they are approximate
    velocity_rms: Figure  # mm/s, 10-1000 Hz
    iso_zone: str | None  # "A".."D"
    iso_reason: str | None
    kurtosis: Figure
    crest_factor: Figure
    acceleration_rms: Figure


if TYPE_CHECKING:

    class LineHeights:
        """The class below for a type checker, which cannot read its fields from a table."""

        above_healthy: bool

        def __init__(self, *heights: float, above_healthy: bool) -> None: ...

else:
    _DOC = """How high the lines of each bearing fault stand in the envelope spectra of all bands, in log units.

    Above those of the machine's healthy state, or above the floor alone where none is known.
    """
    LineHeights = make_dataclass(
        "LineHeights",
        [*((fault, float) for fault in OWN_LINES), ("above_healthy", bool)],
        frozen=True,
        slots=True,
        namespace={"__module__": __name__, "__doc__": _DOC},
    )


@dataclass(frozen=True, slots=True)
class ShaftGrowth:
    """By how many decibels the lines of the shaft, and all else, stand above the healthy state at this very speed.

    None where an order lies beyond the spectrum.
    """

    half: float | None
    first: float | None
    second: float | None
    third: float | None
    rest: float | None


@dataclass(frozen=True, slots=True)
class Signs:
    """What a window shows of impacts and of the shaft's lines, whatever its embedding is like."""

    impulses: float | None  # log spread of the envelope that spreads most: above healthy, or above noise; None: no band
    above_healthy: bool
    growth: ShaftGrowth | None  # None where no healthy state at this very speed is known
    kurtosis: float | None = None  # log of the signal's own over that of Gaussian noise, whatever bands are heard


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a name that fits best is not given: bearing lines speak against it."""

    reason: Literal["lines_contradict", "lines_missing"]
    named: str  # the fault, or "healthy", that it is not called
    lines: str  # whose lines stand highest among the others'


@dataclass(frozen=True, slots=True)
class StandingLine:
    """A line of the envelope spectra that is no multiple of shaft speed or mains."""

    order: float  # multiples of shaft speed
    hz: float
    above_floor_db: float  # mean over the bands heard


@dataclass(frozen=True, slots=True)
class Standing:
    """Lines that nothing known explains, and the bearings that were told, all in orders of one bearing's shaft."""

    lines: tuple[StandingLine, ...]  # highest first
    highest_hz: float  # that was looked at
    bin_hz: float
    shafts_hz: tuple[float, ...]  # whose multiples are none of them; first the bearing's own
    bearing: str | None  # whose geometry was told: the one that the diagnosis is of; None where it was not
    told: tuple[tuple[float, float, float, float], ...] = ()  # BPFO, BPFI, BSF, FTF of every bearing that was told


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bearing of the catalogue that lines would fit."""

    bearing: str  # designation
    family: Literal["BPFO", "BPFI", "2xBSF"]  # whose lines they would be
    order: float  # of that family's first line, without slip
    slip: float  # relative, that the lines ask for
    balls: int


@dataclass(frozen=True, slots=True)
class Question:
    """Lines stand that another bearing than the one told would explain, or one that was not told. Never a name."""

    about: Literal["geometry_unknown", "geometry_told"]
    told: str | None  # the bearing whose geometry the lines do not fit
    told_fits_at: float | None  # of the speed as said: at it that bearing would draw the lines; None: at none
    order: float  # of the family's first line, in multiples of shaft speed
    hz: float
    lines: tuple[StandingLine, ...]  # of that family, highest first
    candidates: tuple[Candidate, ...]  # least slip first; empty where none of the catalogue fits
    searched: int  # bearings in the catalogue
    by_chance: float  # how many of them would fit were the lines anywhere
    balls: tuple[int, ...]  # numbers of rolling elements that would fit


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason not to believe that a machine is healthy that is to be learnt as healthy."""

    kind: Literal["bearing_lines", "impacts", "iso_zone", "unlike_before", "open_alert"]
    bearing: str | None  # None: the machine as a whole
    rpm: float | None  # at which it shows; None: speed unknown
    windows: int  # in which it shows
    of: int  # windows that could show it
    fault: str | None = None  # the bearing element whose lines stand, or what the open alert says
    lines: tuple[BearingLine, ...] = ()  # that stand in most windows, as they stand at the median
    zone: str | None = None  # of ISO 20816-3
    velocity_mm_s: float | None = None  # median RMS, 10-1000 Hz
    impulses: float | None = None  # median log spread of the envelope, above noise
    limit: float | None = None  # of the impulses of healthy machines
    deviation: float | None = None  # median, from the healthy state that was known, in its limits; level left out
    level: float | None = None  # likewise, of the level alone


@dataclass(frozen=True, slots=True)
class Learning:
    """How far a commissioning is."""

    windows: int  # learnt from so far
    at_least: int
    at_most: int  # the same as `at_least` where a number was told
    unsettled: float | None = None  # deviation of the newer half from the older, 1 = limit; None: not looked yet
    seconds: float = 0.0  # from the first window to the last
    at_least_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Commissioned:
    """How the latest commissioning ended."""

    result: Literal["learnt", "refused", "abandoned"]
    windows: int
    doubts: tuple[Doubt, ...] = ()  # with "learnt": believed nevertheless, as was asked for
    unsettled: float | None = None
    reason: str | None = None  # why abandoned: "silence", "cancelled"
    unchecked: tuple[str, ...] = ()  # kinds of doubt for which there was nothing to look at
    asks: SpeedQuestion | None = None  # why the nominal speed was doubted meanwhile


@dataclass(frozen=True, slots=True)
class Still:
    """Why a machine is held to stand still: its speed is told to be 0, or its RMS lies below a limit."""

    by: Literal["speed", "config", "healthy_state"]
    rms: float | None  # of the worst axis, in `unit`
    below: float | None  # the limit; None: it is the speed
    unit: Literal["g", "raw"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one window says about one bearing (or about the machine, where none is configured)."""

    sensor: str
    bearing: str | None
    window_start: int
    session: int
    wall_s: float | None
    time_s: float  # monotonic seconds, for logic
    quality: str | None  # None: good; else the reason why the signal cannot be judged
    running: bool
    fault: str  # a fault, its parent, "healthy", "abnormal" (over the limit, not named), "unknown" or "invalid"
    probability: float
    matches: tuple[Match, ...]  # best first; empty where invalid or not running
    deviation: float | None  # from the healthy baseline, 1.0 = limit; None where none covers this speed
    speed: Speed
    rate: Rate
    evidence: Evidence | None
    validated: bool = True  # False: the fault was learnt from simulation alone
    heights: LineHeights | None = None  # None without geometry or speed
    objection: Objection | None = None  # why it is not named, where lines contradict the nearest description
    signs: Signs | None = None  # None where nothing was judged
    missing: tuple[str, ...] = ()  # what would have to be known to say more
    looks_like: str | None = None  # the nearest description, where evidence does not bear it out
    hears_bearings: bool = True  # False: the sensor is too slow for every band that a bearing's impacts excite
    standing: Standing | None = None  # None without speed, or where no line was looked for
    asks: Question | None = None  # about the bearing, where lines stand that what is told of it does not explain
    seconds: float | None = None  # length of a piece shorter than a window; None: a whole window
    needs_s: float | None = None  # how long such a piece would have to be to be a whole window
    still: Still | None = None  # why it is not running; None: it is, or that is not known any more

    @property
    def second(self) -> Match | None:
        return self.matches[1] if len(self.matches) > 1 else None


_Going = Literal["acknowledged", "shelved", "unshelved", "shelf_over", "worse", "clock_corrected"]
_Gone = Literal[
    "recovered", "repaired", "forgotten", "closed", "not_configured", "removed", "rolled_back", "state_lost"
]
AlertReason: TypeAlias = Literal[_Going, _Gone, "moved", "judged"]
"""Why an alert changed: those up to `clock_corrected` and `moved` update it, the others clear it; only `recovered` says
that all is well. An alert leaves its shelf by hand, because the time is over, or because the machine is worse. `judged`
is said of one that is over: somebody has found what it was."""

Clock: TypeAlias = Literal["synchronised", "unknown"]
"""Whether a wall clock was known to be right when a time was read from it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where somebody put an open alert for a time, knowing of it: it stays open, and comes back by itself."""

    until_wall_s: float  # by the clock of `origin`
    seconds: float  # for which it was put there
    origin: tuple[str, float] | None  # start of the machine, and wall minus monotonic seconds, when it was put there
    deviation: float | None  # as far as it had come then: median of the latest abnormal windows, in limits
    velocity_mm_s: float | None  # likewise


@dataclass(frozen=True, slots=True)
class Alert:
    """One open (or just closed) alert per sensor and bearing; `id` is stable from raise to clear."""

    id: str
    event: Literal["raised", "updated", "cleared"]
    sensor: str
    bearing: str | None
    fault: str  # a fault id, or "unknown" for a deviation that fits no description
    probability: float
    opened_wall_s: float | None
    wall_s: float | None
    time_s: float
    severity: Literal["warning", "alarm"]
    diagnosis: Diagnosis  # the one that caused this event
    reason: AlertReason | None = None  # of an update or a clearing, where it is not the machine's own name or severity
    acknowledged: bool = False  # somebody has seen it
    by: str | None = None  # who made the latest change that a person made: acknowledged, shelved or closed it
    clock: Clock = "unknown"  # what `opened_wall_s` was read from
    clock_origin: tuple[str, float] | None = None  # start of the machine, and wall minus monotonic seconds, when raised
    shelf: Shelf | None = None
    recording: str | None = None  # where, below the state directory, the raw windows that raised it are kept
    was: str | None = None  # what somebody has found it to be: a fault id, of ours or not, or `healthy`
    acknowledged_by: str | None = None  # see `agent.alerting.seen`


@dataclass(frozen=True, slots=True)
class StateChange:
    """A sensor entered a state."""

    sensor: str
    state: State
    reason: str | None
    time_s: float
    wall_s: float | None


Output: TypeAlias = Diagnosis | Alert | StateChange
Counters: TypeAlias = Mapping[str, int]
