"""What nobody has labelled, as rows: folders of recordings, and the windows that an agent kept around its alerts.

Of labels nothing is read but `healthy`, which an owner knows without a fault's name: such windows may serve as the
healthy state that a machine's others are compared with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agent.dsp.features import extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.errors import RecordingError
from agent.machine import Bearing
from agent.recordings import KEPT, format_of, suffixes_in_words
from agent.recordings.kept import Kept, read_kept
from agent.service.watching.ring_folder import FOLDER, files_of
from agent.stream.quality import fault_of_signal
from agent.types import HEALTHY
from export.data.adopted import Rows, healthy_states_of
from export.data.manifest import COLUMNS, ManifestRow
from export.data.table import Table, join
from export.data.viewed import Viewed, views_of_windows
from export.progress import track

UNLABELLED = ""
"""Stands for a fault that nobody has named."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of all recordings of a folder beside what their files say; None or empty where nothing is."""

    rate_hz: float | None = None
    rpm: float | None = None
    bearing: str = ""


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Windows with neither fault nor score: as heard, and by views on their samples, row by row."""

    table: Table
    views: Viewed

    def __len__(self) -> int:
        return len(self.table)


def unlabelled(table: Table) -> Table:
    """The same windows, of which is known at most that they are healthy."""
    healthy = table.baseline | (table.labels == HEALTHY)
    return replace(table, labels=np.where(healthy, HEALTHY, UNLABELLED))


def ring_in(folder: Path) -> Path | None:
    """The ring of an agent's state folder, or the folder itself where it is one; None where it is neither."""
    places = (folder / FOLDER, folder)
    return next((place for place in places if place.is_dir() and files_of(place)), None)


def recordings_below(folder: Path, facts: Facts) -> tuple[list[ManifestRow], list[str]]:
    """A row for each file below `folder` that some format reads, its folder being its machine; and what was left out.

    RecordingError where there is no such folder, or no recording in it.
    """
    if not folder.exists():
        raise RecordingError(f"{folder}: there is no such folder; name one with recordings, or an agent's state folder")
    files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
    rows, notes = [], []
    for path in files:
        if format_of(path) is None or path.suffix.lower() == KEPT:
            continue
        if _is_manifest(path):
            notes.append(f"{path}: is a manifest; name it with --manifest to have what it says of its recordings known")
            continue
        place = path.parent.relative_to(folder.parent if folder.is_file() else folder)
        machine = "_".join((folder.name, *place.parts)).replace("-", "_")  # a family ends at the first dash
        rows.append(
            ManifestRow(
                path=path,
                variable="",
                rate_hz=facts.rate_hz,
                rpm=facts.rpm,
                bearing=facts.bearing,
                machine=machine,
                group=machine,
                label=UNLABELLED,
            )
        )
    if not rows:
        told = "".join(f"\n{note}" for note in notes)
        raise RecordingError(
            f"{folder}: no recording in it; files end in {suffixes_in_words()}, and an agent keeps windows in the "
            f"folder {FOLDER} of its state folder{told}"
        )
    return rows, notes


def ring_windows(ring: Path, spec: FeatureSpec, *, views: int) -> tuple[Unlabelled | None, list[str]]:
    """All windows of a ring, whatever became of their alerts, beside their healthy states; and what was left out."""
    found, notes = [], []
    for file in track(files_of(ring), "windows of alerts"):
        try:
            kept = read_kept(file.path, features=len(feature_names(spec)))
        except RecordingError as error:
            notes.append(str(error))
            continue
        if (part := _of_alert(kept, spec, views)) is None:
            notes.append(f"{file.path}: no window whose signal can be judged")
        else:
            found.append(part)
    return (together(found) if found else None), notes


def together(parts: Sequence[Unlabelled]) -> Unlabelled:
    """All windows of parts with equally many views."""
    values, known = ([getattr(part.views, name) for part in parts] for name in ("values", "known"))
    return Unlabelled(
        join([part.table for part in parts]), Viewed(np.concatenate(values, axis=1), np.concatenate(known, axis=1))
    )


def as_heard(table: Table, views: int) -> Unlabelled:
    """Windows whose samples are not there: each view on them is what was heard."""
    return Unlabelled(unlabelled(table), Viewed(np.stack([table.values] * views), np.stack([table.known] * views)))


def _of_alert(kept: Kept, spec: FeatureSpec, views: int) -> Unlabelled | None:
    about, setup = kept.about, kept.setup
    bearing = next((one for one in setup.bearings if one.id == about.bearing), Bearing("", None))
    kept_windows = [one for one in kept.windows if fault_of_signal(one.window) is None]
    if not kept_windows:
        return None
    windows, rpm = [one.window for one in kept_windows], [one.under.speed.rpm for one in kept_windows]
    roles = setup.axis_roles
    heard = [
        extract(analyse(window, spec), spec=spec, rpm=speed, bearing=bearing, roles=roles)
        for window, speed in zip(windows, rpm, strict=True)
    ]
    rng = np.random.default_rng(int(hashlib.sha256(about.alert.encode()).hexdigest()[:8], 16))
    viewed = views_of_windows(windows, rpm, spec=spec, bearing=bearing, roles=roles, count=views, rng=rng)
    machine = about.machine.replace("-", "_")
    rows = Rows(machine, f"{about.agent}/{machine}/{about.bearing or ''}", spec)
    table = rows.of(heard, rpm, label=UNLABELLED, recording=about.alert)
    states = list(healthy_states_of(kept_windows, about.bearing))
    healthy = rows.of(
        [state for _, state in states],
        [speed for speed, _ in states],
        label=HEALTHY,
        recording=f"{about.alert}-healthy",
        baseline=True,
    )
    return together([Unlabelled(table, viewed), as_heard(healthy, views)])


def _is_manifest(path: Path) -> bool:
    """Whether a file begins with the columns of a manifest."""
    try:
        with path.open("rb") as file:
            return file.readline(1000).decode("utf-8-sig", "replace").startswith(",".join(COLUMNS))
    except OSError:
        return False
