"""A recording set as a CSV table: one row per recording, every fault of the table reported by file, line and column.

Header: path,variable,rate_hz,rpm,bearing,machine,group,label,role. `group` is the unit that never sits on both sides
of a split (a physical bearing, a run); `role` is empty or "baseline" (teaches the healthy baseline, never scored).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from agent.bearings.given import inside_of
from agent.errors import TextVibError
from agent.machine import Inside
from agent.types import FAULTS

COLUMNS = ("path", "variable", "rate_hz", "rpm", "bearing", "machine", "group", "label", "role")
ROLES = ("", "baseline")


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

    @property
    def geometry(self) -> Inside | None:
        return inside_of(self.bearing)


def read_manifest(path: Path, *, labels: Sequence[str] = FAULTS) -> tuple[ManifestRow, ...]:
    """The rows of a manifest with their labels among `labels`; ManifestError lists every bad row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        lines = [(reader.line_num, line) for line in reader if line]
    except csv.Error as error:
        raise ManifestError(f"{path}:{reader.line_num}: not a CSV line: {error}") from error
    if not lines or tuple(lines[0][1]) != COLUMNS:
        raise ManifestError(f"{path}:1: the header must be {','.join(COLUMNS)}")
    rows, problems = [], []
    for number, line in lines[1:]:
        row, wrong = _row(path.parent, line, labels)
        problems += [f"{path}:{number}: {problem}" for problem in wrong]
        if row is not None:
            rows.append(row)
    if not rows and not problems:
        problems.append(f"{path}: no recordings")
    if problems:
        raise ManifestError("\n".join(problems))
    return tuple(rows)


def write_manifest(rows: Iterable[ManifestRow]) -> str:
    """The CSV text of `rows`, with paths as they are."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(_cell(getattr(row, field.name)) for field in fields(row))
    return buffer.getvalue()


def _row(folder: Path, line: Sequence[str], labels: Sequence[str]) -> tuple[ManifestRow | None, list[str]]:
    if len(line) != len(COLUMNS):
        return None, [f"{len(line)} columns, expected {len(COLUMNS)}"]
    cells = dict(zip(COLUMNS, (cell.strip() for cell in line), strict=True))
    problems = [f"column {name}: must not be empty" for name in ("path", "machine", "group") if not cells[name]]
    if cells["label"] not in labels:
        problems.append(f"column label: {cells['label']!r} is none of {', '.join(labels)}")
    if cells["role"] not in ROLES:
        problems.append(f"column role: {cells['role']!r} is neither empty nor baseline")
    numbers: dict[str, float | None] = {}
    for name in ("rate_hz", "rpm"):
        numbers[name] = _positive(cells[name], name, problems)
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
