"""Windows that an agent kept around alerts, labelled by what somebody found the alerts to be: rows to learn from.

Beside them stands the healthy state that the agent compared them with, as it was then: one row for each speed.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import VERSION, Features, extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.errors import RecordingError
from agent.machine import Bearing
from agent.recordings.foreign import reading
from agent.recordings.kept import Kept, KeptWindow, read_kept
from agent.service.watching.confirmed import confirmed_in
from agent.service.watching.ring_folder import FOLDER, WORD, files_of
from agent.types import HEALTHY
from export.data import trained_files
from export.data.table import Table, join, load, save
from export.data.windows import labelled

BASELINE = "-healthy"  # ends the name of the rows that an alert was compared with
SPEC, FILES = "spec", "files"  # arrays of a file of rows
ROWS = "file of rows, as `python -m export adopt` writes it"
AGAIN = "adopt the alerts again"
OVERLAP = 3  # windows before and after one that share samples with it, of two seconds every half second


@dataclass(frozen=True, slots=True)
class Adopted:
    """One alert that somebody has judged, as rows."""

    alert: str
    label: str
    machine: str
    windows: int
    table: Table  # with the rows of its healthy state
    file: int  # hash of its file, as `export.data.trained_files` has it


def ring_of(folder: Path) -> Path:
    """The folder of kept windows of an agent's state folder, or `folder` where it is one; RecordingError if neither."""
    ring = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    if not ring.is_dir():
        what = "is a file" if folder.is_file() else "there is no such folder"
        raise RecordingError(f"{folder}: {what}; name an agent's state folder, or the ring in it")
    return ring


def write_rows(table: Table, spec: FeatureSpec, path: Path, *, files: Iterable[int] | None = None) -> None:
    """Rows, by which features they are told, and the hashes of the `files` that they are from."""
    told = {} if files is None else {FILES: np.array(sorted(files), "<u8")}
    save(table, path, beside={SPEC: np.array(_digest(spec)), **told})


def files_of_rows(path: Path) -> frozenset[int] | None:
    """The hashes of the files that rows are from; None where they do not say so, as those of before do not."""
    with reading(path, ROWS, mend=AGAIN), np.load(path, allow_pickle=False) as arrays:
        return frozenset(arrays[FILES].tolist()) if FILES in arrays.files else None


def read_rows(path: Path, spec: FeatureSpec) -> Table:
    """Rows as `adopt` has written them; RecordingError where the file is damaged, or of another kind.

    Files of before do not say by which features they are told; their number alone is held against `spec`.
    """
    if path.is_file() and not zipfile.is_zipfile(path):
        raise RecordingError(f"{path}: is damaged or no {ROWS}; {AGAIN}")
    with reading(path, ROWS, mend=AGAIN):
        table = load(path)
        with np.load(path, allow_pickle=False) as arrays:
            told = str(arrays[SPEC]) if SPEC in arrays.files else None
        lengths = {len(getattr(table, name)) for name in table.__slots__}
        if table.values.ndim != 2 or table.values.shape != table.known.shape or len(lengths) > 1:
            raise ValueError(f"rows of {table.values.shape} values, {table.known.shape} known")
    if table.values.shape[1] != len(feature_names(spec)) or told not in (None, _digest(spec)):
        raise RecordingError(
            f"{path}: its rows were made by other features than these; adopt the alerts again, with this version"
        )
    return table


def alerts_of(table: Table) -> NDArray[np.str_]:
    """(n,) the alert that each row belongs to, be it a window of it or the healthy state beside it."""
    return np.array([name.removesuffix(BASELINE) for name in table.recordings.tolist()], np.str_)


def _digest(spec: FeatureSpec) -> str:
    return hashlib.sha256(msgspec.json.encode((VERSION, spec))).hexdigest()


def adopt(ring: Path, spec: FeatureSpec) -> tuple[list[Adopted], list[str]]:
    """Every alert with windows and a word on it, and one line for each word that nothing came of."""
    words, found = confirmed_in(ring), []
    unread = [path for path in sorted(ring.glob(f"*{WORD}")) if path.stem not in words]
    notes = [f"{path}: is damaged; say it again: textvib-agent acknowledge {path.stem} --was FAULT" for path in unread]
    there = {file.alert: file.path for file in files_of(ring)}
    for alert, word in words.items():
        if alert not in there:
            notes.append(f"{alert}: is said to be {word.was}, but no windows of it are kept")
            continue
        try:
            kept = read_kept(there[alert], features=len(feature_names(spec)))
            found.append(_adopted(kept, word.was, spec, file=trained_files.hash_of(there[alert])))
        except RecordingError as error:
            notes.append(str(error))
    if not words and not there:
        notes.append(f"{ring}: no windows of an alert lie here; name an agent's state folder, or its ring")
    elif not words:
        notes.append(f"{ring}: nobody has said what an alert was; textvib-agent acknowledge ALERT --was FAULT does")
    return [one for one in found if one.windows], [
        *notes,
        *(f"{one.alert}: none of its windows is over a limit" for one in found if not one.windows),
    ]


def _adopted(kept: Kept, label: str, spec: FeatureSpec, *, file: int) -> Adopted:
    about, setup = kept.about, kept.setup
    bearing = next((one for one in setup.bearings if one.id == about.bearing), Bearing("", None))
    windows = [one for one in kept.windows if label == HEALTHY or _is_over(one, about.bearing)]
    heard = [
        extract(analyse(one.window, spec), spec=spec, rpm=one.under.speed.rpm, bearing=bearing, roles=setup.axis_roles)
        for one in windows
    ]
    machine = about.machine.replace("-", "_")  # a family of its own: names are cut at their first dash
    rows = Rows(machine, f"{about.agent}/{machine}/{about.bearing or ''}-{label}", spec)
    states = list(healthy_states_of(windows, about.bearing))
    table = join(
        [
            rows.of(heard, [one.under.speed.rpm for one in windows], label=label, recording=about.alert),
            rows.of(
                [state for _, state in states],
                [rpm for rpm, _ in states],
                label=HEALTHY,
                recording=f"{about.alert}{BASELINE}",
                baseline=True,
            ),
        ]
    )
    return Adopted(about.alert, label, about.machine, len(windows), table, file)


def _is_over(window: KeptWindow, bearing: str | None) -> bool:
    """Whether the alert rests on this window: what came before it may have been healthy."""
    diagnosis = next((one for one in window.diagnoses if one.bearing == bearing), None)
    if diagnosis is None or diagnosis.quality is not None or not diagnosis.running:
        return False
    return diagnosis.deviation >= 1 if diagnosis.deviation is not None else diagnosis.fault != HEALTHY


def healthy_states_of(windows: Sequence[KeptWindow], bearing: str | None) -> Iterator[tuple[float | None, Features]]:
    """The state that each window was compared with, once for each speed in whole rpm."""
    seen = set()
    for one in windows:
        baselines, rpm = one.under.baselines, one.under.speed.rpm
        baseline = baselines.get(bearing) or baselines.get(None)
        state = None if baseline is None else baseline.reference(rpm)
        if state is not None and (key := None if rpm is None else round(rpm)) not in seen:
            seen.add(key)
            yield rpm, state


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes rows of one machine; what is wrong with one of its bearings never stands on both sides of a split."""

    machine: str
    group: str
    spec: FeatureSpec

    def of(
        self,
        heard: Sequence[Features],
        rpm: Sequence[float | None],
        *,
        label: str,
        recording: str,
        baseline: bool = False,
    ) -> Table:
        shape = (len(heard), len(feature_names(self.spec)))
        known = np.array([one.known for one in heard], np.bool_).reshape(shape)
        values = np.array([one.values for one in heard], np.float32).reshape(shape)
        table = labelled(
            np.where(known, values, np.float32(0)),
            known,
            label=label,
            group=self.group,
            machine=self.machine,
            recording=recording,
            rpm=None,
            baseline=baseline,
            impulses=np.array([np.nan if one.impulses is None else one.impulses for one in heard], np.float32),
            overlap=OVERLAP,
        )
        speeds = np.array([np.nan if one is None else one for one in rpm], np.float32)
        return replace(table, rpm=speeds)
