"""What is asked about bearings: of recordings whose geometry is withheld, and of those told another bearing's.

Windows are judged by the agent's own rule, without a healthy state. For every rig the limit from which a
family of lines is asked about is chosen anew on healthy windows of the other rigs, of other healthy recordings dressed
as machines, and of simulated machines of even seed; what is asked of its own windows is counted at that limit. Healthy
simulated machines with gears, belts, blades, mains and drives choose nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np

import simulator
from agent.alerting.verdict import verdict_of
from agent.bearings.catalogue import SEARCHED, catalogue, difference
from agent.bundle.load import Bundle
from agent.diagnosis.asking import lasting, question_of
from agent.diagnosis.matching import match
from agent.diagnosis.naming import NAME_AT
from agent.diagnosis.one_window import Comparison, Judge, Measurement
from agent.dsp.features import analyse, extract
from agent.dsp.speed import SpeedTrack
from agent.faults import FAULTS_OF_BEARINGS, FAULTS_OF_DEGREE, HEALTHY
from agent.machine import Bearing, FaultOrders, Inside, Machine, SensorSetup
from agent.ports import Encoder
from agent.types import Diagnosis, Question, Samples
from export.data.dressed import RPM, dress
from export.data.manifest import ManifestRow
from export.data.simulated import geometry_of
from export.data.windows import judged_windows, read_samples

SECONDS, TOLD_SECONDS, HOP_S = 4.0, 2.1, 1.0
"""Of a recording, from its beginning: with its geometry withheld, and told each of many; and between its windows."""
DRESSED, SIMULATED, FOREIGN_MACHINES = 120, 40, 60
FOREIGN, RATES_HZ = "foreign", (12_000.0, 25_600.0)
SPARED = 0.005
"""Share of the healthy windows of choosing that reach a limit chosen on them."""
LIMITS = np.arange(2.0, 3.01, 0.05)


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording of one machine, and what is true of it."""

    family: str  # rig, "dressed RIG", "simulated even", "simulated odd" or "foreign"
    label: str
    samples: Samples
    rate_hz: float
    rpm: float
    inside: Inside | None


class Asked(msgspec.Struct, frozen=True):
    """Recordings of one label without geometry, at the limit chosen on others and at the shipped one."""

    recordings: int
    asked: int
    true_among: int  # the true bearing, or one that differs by less than the search for a line
    asked_as_shipped: int
    true_among_as_shipped: int
    candidates: float | None  # how many bearings a question names, in the mean, as shipped


class Told(msgspec.Struct, frozen=True):
    """Damaged recordings of one rig that were told a geometry."""

    told: int  # recordings times bearings
    asked: int
    right: int  # named by their element
    wrong: int  # named by another
    right_unasked: int  # the same were nothing asked
    wrong_unasked: int


class Study(msgspec.Struct, frozen=True):
    """JSON document of `asked`."""

    limits: dict[str, float]  # family left out -> limit chosen on the others
    withheld: dict[str, dict[str, Asked]]  # family -> label
    true_told: dict[str, Told]  # rig -> with its own geometry
    other_told: dict[str, Told]  # rig -> with every other one of the catalogue


def run_asked(
    rows: Sequence[ManifestRow], bundle: Bundle, encoder: Encoder, *, tell: Callable[[str], None], seed: int = 11
) -> Study:
    """All of it; rows need speed and geometry."""
    sounds = [*_recorded(rows), *_dressed(rows, seed), *_simulated(seed), *_foreign(seed)]
    tell(f"{len(sounds)} recordings")
    heard = [(sound, _diagnosed(sound, [None], bundle, encoder)[0]) for sound in sounds]
    families = dict.fromkeys(sound.family for sound, _ in heard)
    limits = {family: _limit(heard, family) for family in families}
    tell("limits are chosen")
    withheld = {family: _withheld(heard, family, limits[family], bundle) for family in families}
    rigs = dict.fromkeys(sound.family for sound in _recorded(rows))
    true_told, other_told = {}, {}
    for rig in rigs:
        damaged = [sound for sound in sounds if sound.family == rig and sound.label in FAULTS_OF_BEARINGS]
        true_told[rig] = _told(damaged, lambda sound: [sound.inside], bundle, encoder)
        other_told[rig] = _told(damaged, lambda sound: _others(sound.inside), bundle, encoder)
        tell(f"{rig} was told")
    return Study(limits, withheld, true_told, other_told)


def _recorded(rows: Sequence[ManifestRow]) -> Iterator[Sound]:
    for row in rows:
        samples, rate_hz = read_samples(row)
        assert row.rpm is not None
        part = samples[: int(SECONDS * rate_hz)]
        yield Sound(row.machine.split("-")[0], row.label, part, rate_hz, row.rpm, row.geometry)


def _dressed(rows: Sequence[ManifestRow], seed: int) -> Iterator[Sound]:
    rng = np.random.default_rng(seed)
    healthy = list(_recorded([row for row in rows if row.label == HEALTHY]))
    for _ in range(DRESSED):
        one = healthy[int(rng.integers(len(healthy)))]
        rpm = float(np.exp(rng.uniform(*np.log(RPM))))
        signal = dress(one.samples[:, 0].astype(np.float64), one.rate_hz, rpm=rpm, rng=rng)
        yield replace(
            one,
            family=f"dressed {one.family}",
            samples=signal[:, np.newaxis].astype(np.float32),
            rpm=rpm,
            inside=None,
        )


def _simulated(seed: int) -> Iterator[Sound]:
    for number in range(SIMULATED):
        rng = np.random.default_rng([seed, number])
        machine = simulator.draw_machine(1000 * seed + number)
        for place, label in enumerate((HEALTHY, "outer_race", "inner_race", "ball", *FAULTS_OF_DEGREE)):
            drawn = machine.record(label, place, seconds=SECONDS, rpm=rng.uniform(*machine.rpm_range))
            yield Sound(
                f"simulated {'odd' if number % 2 else 'even'}",
                label,
                drawn.samples[:, [int(rng.integers(3))]],
                drawn.rate_hz,
                drawn.rpm * float(rng.normal(1, 0.002)),
                geometry_of(drawn.geometry),
            )


def _foreign(seed: int) -> Iterator[Sound]:
    rng = np.random.default_rng([seed, 1])
    for rate_hz in RATES_HZ:
        for machine in simulator.foreign_machines(FOREIGN_MACHINES // len(RATES_HZ), seed=seed, rate_hz=rate_hz):
            drawn = machine.record(0, seconds=SECONDS)
            samples = drawn.samples[:, [int(rng.integers(3))]]
            yield Sound(FOREIGN, HEALTHY, samples, rate_hz, drawn.rpm * float(rng.normal(1, 0.002)), None)


def _diagnosed(
    sound: Sound, tolds: Sequence[Inside | None], bundle: Bundle, encoder: Encoder, *, seconds: float = SECONDS
) -> list[list[Diagnosis]]:
    """What the agent says of the recording's windows, for each geometry that it may be told."""
    machine = Machine("machine", rpm=sound.rpm, speed_source="config")
    speeds, samples = SpeedTrack(machine), sound.samples[: int(seconds * sound.rate_hz)]
    windows = judged_windows(samples, rate_hz=sound.rate_hz, window_s=bundle.spec.window_s, hop_s=HOP_S)
    measured = []
    for window in windows:
        spectra = analyse(window, bundle.spec)
        start_s = window.start / sound.rate_hz
        speed = speeds.during(spectra, start_s=start_s, end_s=start_s + bundle.spec.window_s)
        measured.append(Measurement(window, spectra, speed))
    return [[_judged(one, told, machine, bundle, encoder) for one in measured] for told in tolds]


def _judged(one: Measurement, told: Inside | None, machine: Machine, bundle: Bundle, encoder: Encoder) -> Diagnosis:
    """Of one window without a healthy state, as `agent.pipeline` asks."""
    bearings = () if told is None else (Bearing("bearing", told),)
    setup, bearing = SensorSetup("sensor", machine, bearings), bearings[0] if bearings else None
    judge = Judge(setup, bundle.spec, bundle.descriptions, bundle.calibration, detect_at=1.0, name_at=NAME_AT)
    features = extract(one.spectra, spec=bundle.spec, rpm=one.rpm, bearing=bearing)
    embedding = bundle.embedding(encoder.embed(bundle.codes(features, None)))
    matches = match(embedding, bundle.descriptions, bundle.calibration)
    return judge.running(one, Comparison(bearing, features, None, matches, None), learning=False)


def _limit(heard: Sequence[tuple[Sound, list[Diagnosis]]], left_out: str) -> float:
    """The lowest of LIMITS from which at most `SPARED` of the others' healthy windows would be asked about."""
    rig = left_out.removeprefix("dressed ")
    windows = [
        diagnosis.standing
        for sound, diagnoses in heard
        if rig not in sound.family
        and sound.family not in ("simulated odd", FOREIGN)
        and sound.label not in FAULTS_OF_BEARINGS
        for diagnosis in diagnoses
    ]
    for limit in LIMITS.tolist():
        if sum(question_of(window, asked_at=limit) is not None for window in windows) <= SPARED * len(windows):
            return float(limit)
    return float(LIMITS[-1])


def _withheld(
    heard: Sequence[tuple[Sound, list[Diagnosis]]], family: str, limit: float, bundle: Bundle
) -> dict[str, Asked]:
    mine = [(sound, diagnoses) for sound, diagnoses in heard if sound.family == family and diagnoses]
    found = {}
    for label in dict.fromkeys(sound.label for sound, _ in mine):
        ours = [(sound, diagnoses) for sound, diagnoses in mine if sound.label == label]
        shipped = [(sound, verdict_of(diagnoses, bundle.calibration).asks) for sound, diagnoses in ours]
        chosen = [(sound, _asked_from(limit, diagnoses)) for sound, diagnoses in ours]
        counts = [len(question.candidates) for _, question in shipped if question is not None]
        found[label] = Asked(
            recordings=len(ours),
            asked=sum(question is not None for _, question in chosen),
            true_among=sum(_is_among(sound.inside, question) for sound, question in chosen),
            asked_as_shipped=len(counts),
            true_among_as_shipped=sum(_is_among(sound.inside, question) for sound, question in shipped),
            candidates=float(np.mean(counts)) if counts else None,
        )
    return found


def _asked_from(limit: float, diagnoses: Sequence[Diagnosis]) -> Question | None:
    """What a verdict would ask were `limit` the shipped one: without geometry and healthy state no name precedes it."""
    lines = lasting([d.standing for d in diagnoses if d.running and d.quality is None])
    return question_of(lines, asked_at=limit)


def _is_among(inside: Inside | None, question: Question | None) -> bool:
    orders = _orders(inside)
    if question is None or orders is None:
        return False
    return any(difference(orders, catalogue()[c.bearing].orders) <= SEARCHED for c in question.candidates)


def _others(inside: Inside | None) -> list[Inside]:
    orders = _orders(inside)
    if orders is None:
        return []
    return [entry.inside for entry in catalogue().values() if difference(orders, entry.orders) > SEARCHED]


def _orders(inside: Inside | None) -> FaultOrders | None:
    return None if inside is None else Bearing("bearing", inside).orders


def _told(
    sounds: Sequence[Sound], tolds_of: Callable[[Sound], Sequence[Inside | None]], bundle: Bundle, encoder: Encoder
) -> Told:
    labels, asked, names, unasked = [], 0, [], []
    for sound in sounds:
        for diagnoses in _diagnosed(sound, tolds_of(sound), bundle, encoder, seconds=TOLD_SECONDS):
            verdict = verdict_of(diagnoses, bundle.calibration)
            asked += verdict.asks is not None
            labels.append(sound.label)
            names.append(verdict.fault)
            unasked.append(verdict_of([replace(d, standing=None) for d in diagnoses], bundle.calibration).fault)
    right, wrong = _counted(names, labels)
    right_unasked, wrong_unasked = _counted(unasked, labels)
    return Told(len(labels), asked, right, wrong, right_unasked, wrong_unasked)


def _counted(names: Sequence[str], labels: Sequence[str]) -> tuple[int, int]:
    """How many are named by their element, and how many by another."""
    right = [name == label for name, label in zip(names, labels, strict=True)]
    element = [name in FAULTS_OF_BEARINGS for name in names]
    return sum(right), sum(e and not r for e, r in zip(element, right, strict=True))
