"""Windows of judged alerts that may stand for a fault: what of `adopt`'s rows can, and what is wrong with the rest.

A row that contradicts another, or itself, is refused with its file and number; one that says nothing is left out, and
that is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.faults import PARENTS, children_of
from agent.service.names import is_fault_name
from agent.types import HEALTHY
from export.data.adopted import alerts_of, read_rows
from export.data.table import Table, join


@dataclass(frozen=True, slots=True)
class ExampleRows:
    """Rows of files, joined, each window once, the healthy states beside them; `notes` tell what was left out."""

    table: Table
    places: tuple[str, ...]  # of each row: its file and number
    notes: tuple[str, ...]


def read_example_rows(files: Sequence[Path], spec: FeatureSpec) -> ExampleRows:
    """The rows of `files`; RecordingError names file, row and mend where one cannot be what it says it is."""
    tables = [read_rows(path, spec) for path in files]
    places = [f"{path}: row {row}" for path, table in zip(files, tables, strict=True) for row in range(len(table))]
    table = join(tables)
    examples = np.flatnonzero(~table.baseline)
    for row in examples:
        if problem := _problem_of(table, int(row)):
            raise RecordingError(f"{places[row]} (alert {table.recordings[row]}): {problem}")
    _check_words(table, places, examples.tolist())
    doubled = set(_doubled(table, examples.tolist()))
    healthy = {int(row) for row in examples if table.labels[row] == HEALTHY}
    notes = _notes(len(doubled), len(healthy - doubled))
    kept = np.array([row not in doubled | healthy for row in range(len(table))], np.bool_)
    if not (kept & ~table.baseline).any():
        names = ", ".join(map(str, files))
        raise RecordingError("; ".join([f"{names}: no example of a fault is in it", *notes]))
    return ExampleRows(table.take(kept), tuple(np.array(places)[kept].tolist()), notes)


def by_alert(table: Table) -> Table:
    """The same with every alert a machine of its own, compared with the healthy state that it was compared with."""
    alerts = alerts_of(table)
    with_state = set(alerts[table.baseline].tolist())
    own = np.array([alert in with_state for alert in alerts.tolist()], np.bool_)
    return replace(table, machines=np.where(own, np.char.add("alert ", alerts), table.machines))


def _problem_of(table: Table, row: int) -> str | None:
    """What is wrong with a row by itself."""
    label = str(table.labels[row])
    if label in PARENTS:
        closer = ", ".join(children_of(label))
        return f"{label} is what is said where no closer name can be; say which it was ({closer}), and adopt it again"
    if not is_fault_name(label):
        return (
            f"{label!r} is no fault; say what it was (textvib-agent acknowledge ALERT --was FAULT), and adopt it again"
        )
    if not table.known[row].any():
        return "nothing is known of this window; it is no example of anything, adopt without it"
    if not np.isfinite(table.values[row][table.known[row]]).all():
        return "holds what is no number; the file is damaged, adopt the alert again"
    return None


def _check_words(table: Table, places: Sequence[str], rows: Sequence[int]) -> None:
    """RecordingError where one alert, or one window, is said to be two faults."""
    by_what: dict[object, int] = {}
    for row in rows:
        for what in (str(table.recordings[row]), _window_of(table, row)):
            first = by_what.setdefault(what, row)
            if table.labels[first] != table.labels[row]:
                raise RecordingError(
                    f"{places[row]} (alert {table.recordings[row]}): is said to be {table.labels[row]}, and the same "
                    f"at {places[first]} (alert {table.recordings[first]}) to be {table.labels[first]}; say again what "
                    "it was, and adopt both again"
                )


def _doubled(table: Table, rows: Sequence[int]) -> Iterator[int]:
    seen: set[bytes] = set()
    for row in rows:
        window = _window_of(table, row)
        if window in seen:
            yield row
        seen.add(window)


def _window_of(table: Table, row: int) -> bytes:
    """What two rows share that are one window."""
    return bytes(table.values[row].tobytes() + table.known[row].tobytes())


def _notes(doubled: int, healthy: int) -> tuple[str, ...]:
    notes = []
    if doubled:
        notes.append(f"{doubled} windows stand there twice, and count once")
    if healthy:
        notes.append(
            f"{healthy} windows of false alarms are left out: what is healthy is not described by examples; "
            "`continue --adopted` learns from them"
        )
    return tuple(notes)
