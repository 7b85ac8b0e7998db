"""A recording set as a CSV table: one row per recording, every fault of the table reported by file, line and column.

Header: path,variable,rate_hz,rpm,bearing,machine,group,label,role, and after these columns that may be left out:
rpm_tolerance, unit. `group` is what never sits on both sides of a split (a physical bearing, a run); `role` is empty or
"baseline" (teaches the healthy baseline, never scored); `rpm_tolerance` is the share by which the shaft may turn faster
or slower than `rpm` says, where that is more or less than a motor's slip; `unit` is that of files which do not say it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.bearings.given import inside_of
from agent.errors import TextVibError
from agent.machine import DEFAULT_TOLERANCE, Inside
from agent.recordings.read import Recording, read_recording
from agent.types import FAULTS

COLUMNS = ("path", "variable", "rate_hz", "rpm", "bearing", "machine", "group", "label", "role")
OPTIONAL = ("rpm_tolerance", "unit")
ROLES = ("", "baseline")
UNITS: tuple[Literal["g", "m/s2", "raw"], ...] = ("g", "m/s2", "raw")
WIDEST_TOLERANCE = 0.2


class ManifestError(TextVibError):
    """The person who wrote the table mends it; one line per problem."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One recording."""

    path: Path
    variable: str  # MATLAB variable or CSV column; globs, dots into structs, "+" between axes
    rate_hz: float | None  # None: as the file says
    rpm: float | None
    bearing: str  # as agent.bearings.given reads it; empty if unknown
    machine: str
    group: str
    label: str
    role: Literal["", "baseline"] = ""
    rpm_tolerance: float | None = None  # relative; None: as far as slip goes
    unit: Literal["g", "m/s2", "raw"] | None = None  # None: as the file says

    @property
    def tolerance(self) -> float:
        """By which share the shaft may be off `rpm`."""
        return DEFAULT_TOLERANCE if self.rpm_tolerance is None else self.rpm_tolerance

    @property
    def geometry(self) -> Inside | None:
        return inside_of(self.bearing)


def read_row(row: ManifestRow) -> Recording:
    """The recording of a row, with its rate and unit where the file says none; RecordingError where they disagree."""
    return read_recording(row.path, variable=row.variable or None, rate_hz=row.rate_hz, unit=row.unit)


def read_manifest(path: Path, *, labels: Sequence[str] = FAULTS) -> tuple[ManifestRow, ...]:
    """The rows of a manifest with their labels among `labels`; ManifestError lists every bad row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror}); name an existing manifest") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: is no UTF-8 text ({error.reason}); save the table as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        lines = [(reader.line_num, line) for line in reader if line]
    except csv.Error as error:
        raise ManifestError(f"{path}:{reader.line_num}: not a CSV line: {error}") from error
    header = tuple(lines[0][1]) if lines else ()
    if header[: len(COLUMNS)] != COLUMNS or not _may_follow(header[len(COLUMNS) :]):
        then = f"; after these may stand: {', '.join(OPTIONAL)}"
        apart = _separated_by(text)
        raise ManifestError(f"{path}:1: {apart}the header must be {','.join(COLUMNS)}{then}")
    rows, problems = [], []
    for number, line in lines[1:]:
        row, wrong = _row(path.parent, header, line, labels)
        problems += [f"{path}:{number}: {problem}" for problem in wrong]
        if row is not None:
            rows.append(row)
    if not rows and not problems:
        problems.append(f"{path}: no recordings")
    if problems:
        raise ManifestError("\n".join(problems))
    return tuple(rows)


def write_manifest(rows: Iterable[ManifestRow]) -> str:
    """The CSV text of `rows`, with paths as they are; columns that may be left out only where a row needs them."""
    rows = list(rows)
    header = (*COLUMNS, *(name for name in OPTIONAL if any(getattr(row, name) is not None for row in rows)))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(_cell(getattr(row, name)) for name in header)
    return buffer.getvalue()


def _separated_by(text: str) -> str:
    """What separates the columns of a table that a spreadsheet has saved its own way; empty where commas do."""
    header = text.split("\n", 1)[0]
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if header.count(mark) > header.count(","):
            return f"{name} separate the columns where commas must; save the table as comma-separated CSV; "
    return ""


def _may_follow(names: Sequence[str]) -> bool:
    return set(names) <= set(OPTIONAL) and len(set(names)) == len(names)


def _row(
    folder: Path, header: Sequence[str], line: Sequence[str], labels: Sequence[str]
) -> tuple[ManifestRow | None, list[str]]:
    if len(line) != len(header):
        return None, [f"{len(line)} columns, expected {len(header)}"]
    cells = dict.fromkeys(OPTIONAL, "") | dict(zip(header, (cell.strip() for cell in line), strict=True))
    problems = [f"column {name}: must not be empty" for name in ("path", "machine", "group") if not cells[name]]
    if cells["label"] not in labels:
        problems.append(f"column label: {cells['label']!r} is none of {', '.join(labels)}")
    if cells["role"] not in ROLES:
        problems.append(f"column role: {cells['role']!r} is neither empty nor baseline")
    unit = next((unit for unit in UNITS if unit == cells["unit"]), None)
    if unit is None and cells["unit"]:
        problems.append(f"column unit: {cells['unit']!r} is none of {', '.join(UNITS)}")
    numbers: dict[str, float | None] = {}
    for name in ("rate_hz", "rpm", "rpm_tolerance"):
        numbers[name] = _positive(cells[name], name, problems)
    if (numbers["rpm_tolerance"] or 0.0) > WIDEST_TOLERANCE:
        problems.append(f"column rpm_tolerance: {cells['rpm_tolerance']} is over {WIDEST_TOLERANCE:g}; .05 is 5 %")
    try:
        inside_of(cells["bearing"])
    except ValueError as error:
        problems.append(f"column bearing: {error}")
    path = folder / cells["path"]
    if cells["path"] and not path.is_file():
        problems.append(f"column path: {path} is not a file")
    if problems:
        return None, problems
    return ManifestRow(
        path=path,
        variable=cells["variable"],
        rate_hz=numbers["rate_hz"],
        rpm=numbers["rpm"],
        bearing=cells["bearing"],
        machine=cells["machine"],
        group=cells["group"],
        label=cells["label"],
        role="baseline" if cells["role"] else "",
        unit=unit,
        rpm_tolerance=numbers["rpm_tolerance"],
    ), []


def _positive(text: str, name: str, problems: list[str]) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        problems.append(f"column {name}: {text!r} is not a positive number")
        return None
    return value


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
