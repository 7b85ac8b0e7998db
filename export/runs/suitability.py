"""What a data set lacks for training, found from its table and the lengths of its files before anything is trained.

Each lack says what training does without, which files it is about and how to mend it. Only a set that nothing can be
learnt from is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.faults import FAULTS, HEALTHY
from agent.stream.windowing import window_length
from export.calibration.deviation import NEEDED, alike_recordings, is_enough
from export.data.healthy import SAME_SPEED
from export.data.manifest import ManifestError, ManifestRow, read_row
from export.progress import track

NAMED = 3  # files of one lack; more would not be read


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A recording as far as its file says it; `problem` is why it cannot be used, if it cannot."""

    row: ManifestRow
    windows: int = 0
    has_unit: bool = True
    own_rpm: float | None = None  # what the file says
    problem: str | None = None


def survey(rows: Sequence[ManifestRow], spec: FeatureSpec, *, hop_s: float) -> list[Surveyed]:
    """Every recording read once, without a spectrum: how many windows it holds, and what its file says of itself."""
    return [_surveyed(row, spec, hop_s) for row in track(rows, "lengths of recordings")]


def lacks_of(surveyed: Sequence[Surveyed], spec: FeatureSpec, *, hop_s: float, machines: int) -> list[str]:
    """One line per lack; ManifestError or RecordingError where nothing could be learnt.

    `machines` are simulated ones: they teach every fault, so that a set may lack some.
    """
    usable = [one for one in surveyed if one.problem is None]
    if not usable:
        raise RecordingError("no recording can be used:\n" + "\n".join(str(one.problem) for one in surveyed))
    labels = {one.row.label for one in usable if one.row.role != "baseline"}
    if not labels:
        raise ManifestError("every recording has the role baseline: nothing is left to learn; leave some roles empty")
    if machines == 0 and len(labels) < 2:
        raise ManifestError(
            f"all recordings are {labels.pop()} and no machine is simulated: there is nothing to tell apart; add "
            "recordings of another label, or leave out --machines 0"
        )
    checks: tuple[Callable[[Sequence[Surveyed]], Iterable[str]], ...] = (_groups, _speeds, _unknown, _units)
    found = [*_unusable(surveyed), *_healthy(usable), *_deviation(usable, spec, hop_s), *_faults(usable, machines)]
    return [*found, *(line for check in checks for line in check(usable))]


def _surveyed(row: ManifestRow, spec: FeatureSpec, hop_s: float) -> Surveyed:
    try:
        recording = read_row(row)
    except RecordingError as error:
        return Surveyed(row, problem=str(error))
    if (rate_hz := recording.rate_hz) is None:
        advice = "give it in column rate_hz of a manifest, or to `pretrain` by --rate-hz"
        return Surveyed(row, problem=f"{row.path}: its sample rate is not in the file: {advice}")
    size, hop = window_length(spec.window_s, rate_hz), max(1, round(hop_s * rate_hz))
    count = len(recording.samples)
    if count < size:
        seconds = count / rate_hz
        return Surveyed(row, problem=f"{row.path}: {seconds:.2g} s, shorter than one window of {spec.window_s:g} s")
    return Surveyed(row, (count - size) // hop + 1, recording.unit == "g", recording.rpm)


def _unusable(surveyed: Sequence[Surveyed]) -> Iterable[str]:
    if problems := [one.problem for one in surveyed if one.problem is not None]:
        more = f"; and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
        lines = "; ".join(" ".join(problem.split()) for problem in problems[:NAMED])
        yield f"{len(problems)} of {len(surveyed)} recordings are left out: {lines}{more}"


def _healthy(usable: Sequence[Surveyed]) -> Iterable[str]:
    """Machines that nobody recorded healthy."""
    known = {one.row.machine for one in usable if _is_healthy(one)}
    without = [one for one in usable if one.row.machine not in known]
    if without:
        names = ", ".join(dict.fromkeys(one.row.machine for one in without))
        yield (
            f"no healthy recording of {names} ({_files(without)}): nothing recorded there is compared with its healthy "
            "state; way out: record the machine healthy, label healthy, if need be with the role baseline"
        )


def _deviation(usable: Sequence[Surveyed], spec: FeatureSpec, hop_s: float) -> Iterable[str]:
    healthy = [one for one in usable if one.row.label == HEALTHY]
    counts = [one.windows for one in healthy]
    pools = alike_recordings([(one.row.machine, one.row.rpm) for one in healthy])
    halves = [(pool[: len(pool) // 2], pool[len(pool) // 2 :]) for pool in pools]
    pooled = any(is_enough(sum(counts[n] for n in first), sum(counts[n] for n in rest)) for first, rest in halves)
    if max(counts, default=0) >= NEEDED or pooled:
        return
    seconds = spec.window_s + (NEEDED - 1) * hop_s
    longest = max(healthy, key=lambda one: one.windows, default=None)
    has = "there is none" if longest is None else f"the longest, {longest.row.path.name}, has {longest.windows}"
    yield (
        f"no deviation limit of its own: that needs {NEEDED} windows of one healthy recording ({seconds:g} s), and "
        f"{has}; the limit of the shipped bundle, of other machines, is taken; way out: a healthy recording of "
        f"{seconds:g} s, or several short ones of one machine at one speed"
    )


def _faults(usable: Sequence[Surveyed], machines: int) -> Iterable[str]:
    shown = {one.row.label for one in usable}
    if machines == 0 and (unheard := [fault for fault in FAULTS if fault not in shown]):
        yield (
            f"{', '.join(unheard)}: neither recorded nor simulated, so never heard; a name of theirs means nothing; "
            "way out: leave out --machines 0, or recordings of them"
        )
        return
    faults = [fault for fault in FAULTS if fault in shown - {HEALTHY}]
    if len(faults) < 2:
        what = f"one fault alone, {faults[0]}," if faults else "no fault"
        files = f" ({_files([one for one in usable if one.row.label in faults])})" if faults else ""
        yield (
            f"{what} is recorded{files}: all others are learnt from simulation and stay not validated; way out: "
            "recordings of other faults"
        )


def _groups(usable: Sequence[Surveyed]) -> Iterable[str]:
    groups: dict[str, set[str]] = {}
    for one in usable:
        groups.setdefault(one.row.label, set()).add(one.row.group)
    if single := [label for label, names in groups.items() if len(names) == 1]:
        named = ", ".join(f"{label} ({next(iter(groups[label]))})" for label in single)
        yield (
            f"one group only for {named}: what is measured on groups left out, and the limits fitted there, is of "
            "students that heard no recording of it; way out: recordings of a second bearing or run, in its own group"
        )


def _speeds(usable: Sequence[Surveyed]) -> Iterable[str]:
    speeds: dict[str, set[float]] = {}
    for one in usable:
        if one.row.rpm is not None:
            speeds.setdefault(one.row.machine, set()).add(one.row.rpm)
    if single := [name for name, seen in speeds.items() if max(seen) <= min(seen) * (1 + SAME_SPEED)]:
        named = ", ".join(f"{name} ({min(speeds[name]):g} rpm)" for name in single)
        yield (
            f"one speed only of {named}: what changes with speed alone is not learnt from it; way out: recordings at "
            "a second speed, healthy ones first"
        )


def _unknown(usable: Sequence[Surveyed]) -> Iterable[str]:
    if told := [one for one in usable if one.row.rpm is None and one.own_rpm is not None]:
        speeds = ", ".join(f"{one.own_rpm:g}" for one in told[:NAMED])
        yield f"column rpm is empty for {_files(told)}, whose files say {speeds}: write it there, it is not taken"
    if silent := [one for one in usable if one.row.rpm is None and one.own_rpm is None]:
        yield (
            f"no speed (column rpm) for {_files(silent)}: no orders are read there, so no bearing line and no "
            "imbalance is learnt from them; way out: write the speed in rpm"
        )
    if bare := [one for one in usable if not one.row.bearing]:
        yield (
            f"no bearing (column bearing) for {_files(bare)}: lines of bearing faults are not looked for there; way "
            "out: a part number as 6205, or what docs/bearings.md offers"
        )


def _units(usable: Sequence[Surveyed]) -> Iterable[str]:
    if raw := [one for one in usable if not one.has_unit]:
        yield (
            f"no unit in {_files(raw)}: training needs none, spectra are compared by shape; velocity and ISO zone "
            "will need it at the edge (column unit; replay --unit)"
        )


def _is_healthy(one: Surveyed) -> bool:
    return one.row.label == HEALTHY or one.row.role == "baseline"


def _files(found: Sequence[Surveyed]) -> str:
    names = list(dict.fromkeys(_short(one.row.path) for one in found))
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name
