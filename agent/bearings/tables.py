"""A plant's own bearings from a CSV table, in the header that analysers for the field write and read.

`Bearing Number,Number of Balls,BD mm,Pitch mm,Angle,BPFO,BPFI,BSF,FTF`: a row holds the measures, the fault orders, or
both, which then must agree. Whether BSF counts one contact a turn or two, and whether orders are per revolution or per
rpm, is decided by the measures. Every fault is reported by file, line and column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from agent.bearings.catalogue import ALIKE, Entry, Record
from agent.bearings.orders import KEYS, checked_orders, geometry_from
from agent.errors import ConfigError
from agent.machine import FaultOrders, Geometry

HEADER = "Bearing Number,Number of Balls,BD mm,Pitch mm,Angle,BPFO,BPFI,BSF,FTF"
NAMES = {
    "name": "bearingnumber name bearing designation",
    "balls": "numberofballs rollingelements balls",
    "ball": "bdmm balldiametermm bd",
    "pitch": "pitchmm pitchdiametermm pdmm pitch",
    "angle": "angle contactangledeg contactangle",
    "bpfo": "bpfo",
    "bpfi": "bpfi",
    "bsf": "bsf",
    "ftf": "ftf",
}
"""Column -> what its header may be, without case, spaces and punctuation."""
MEASURES = ("balls", "ball", "pitch")
MAX_BYTES = 16 << 20
Cells = dict[str, str]


def read_tables(paths: Iterable[Path]) -> dict[str, Entry]:
    """The bearings of all files by name, of two with one name the first; ConfigError lists what is wrong."""
    found: dict[str, Entry] = {}
    problems: list[str] = []
    for path in paths:
        try:
            for name, entry in read_table(path).items():
                found.setdefault(name, entry)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)
    return found


def read_table(path: Path) -> dict[str, Entry]:
    """The bearings of one file by name; ConfigError has a line per problem, `file:line: column: what; mend`."""
    lines = _lines(path)
    columns = _columns(path, lines[0][1]) if lines else {}
    if not columns:
        raise ConfigError(f"{path}:1: empty; the header is {HEADER}")
    found: dict[str, Entry] = {}
    problems = []
    for number, line in lines[1:]:
        cells = {key: line[at].strip() if at < len(line) else "" for key, at in columns.items()}
        try:
            if cells["name"] in found:
                raise ValueError(f"Bearing Number: {cells['name']!r} stands here twice; keep one")
            found[cells["name"]] = _entry(cells, f"{path.name}, line {number}")
        except ValueError as error:
            problems.append(f"{path}:{number}: {error}")
    if problems:
        raise ConfigError(*problems)
    return found


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name an existing file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save it as CSV UTF-8") from None
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than 16 MiB; this is no table of bearings")
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        return [(reader.line_num, line) for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: not a CSV line: {error}") from None


def _columns(path: Path, header: list[str]) -> dict[str, int]:
    """Column -> its place in a line."""
    found: dict[str, int] = {}
    for at, cell in enumerate(header):
        plain = re.sub(r"[\W_]+", "", cell).lower()
        key = next((key for key, names in NAMES.items() if plain in names.split()), None)
        if key is not None and key in found:
            raise ConfigError(f"{path}:1: column {cell.strip()} stands twice; keep one")
        if key is not None:
            found[key] = at
    if "name" not in found or not ({*MEASURES} <= {*found} or {"bpfo", "bpfi"} <= {*found}):
        raise ConfigError(f"{path}:1: the header must be {HEADER}")
    return found


def _entry(cells: Cells, source: str) -> Entry:
    if not cells["name"]:
        raise ValueError("Bearing Number: empty; name the bearing")
    geometry = _geometry(cells)
    orders = _orders(cells)
    if geometry is None and not orders:
        raise ValueError(
            "neither measures nor fault orders; give Number of Balls, BD mm and Pitch mm, or BPFO and BPFI"
        )
    if geometry is None:
        return Entry(cells["name"], (Record(_checked(orders, _number(cells, "balls", int)), source),))
    note = _agree(geometry.orders, orders) if orders else ""
    return Entry(cells["name"], (Record(geometry, source, note),))


def _geometry(cells: Cells) -> Geometry | None:
    if not (cells.get("ball") or cells.get("pitch")):
        return None
    balls, ball, pitch = (_number(cells, key, int if key == "balls" else float) for key in MEASURES)
    if balls is None or ball is None or pitch is None:
        lacking = [key for key in MEASURES if not cells.get(key)]
        raise ValueError(f"{', '.join(map(_title, lacking))}: empty; give all three measures or none")
    try:
        return geometry_from(int(balls), ball, pitch, _number(cells, "angle", float) or 0.0)
    except ValueError as error:
        raise ValueError(f"Number of Balls, BD mm, Pitch mm: {error}") from None


def _orders(cells: Cells) -> dict[str, float]:
    found = {key: _number(cells, key, float) for key in KEYS}
    return {key: value for key, value in found.items() if value is not None}


def _checked(orders: dict[str, float], balls: float | None) -> FaultOrders:
    """Orders without measures; a BSF of two contacts a turn is known by the others."""
    try:
        checked = checked_orders(bpfo=orders.get("bpfo"), bpfi=orders.get("bpfi"), ftf=orders.get("ftf"))
        if "bsf" in orders:
            twice = orders["bsf"] > 1.03 * checked.bsf
            checked = checked_orders(**{**orders, "bsf": orders["bsf"] / 2 if twice else orders["bsf"]})
    except ValueError as error:
        raise ValueError(f"BPFO, BPFI, BSF, FTF: {error}") from None
    if balls is not None and round(checked.bpfo + checked.bpfi) != balls:
        raise ValueError(f"Number of Balls: {balls:g}, but BPFO + BPFI is {checked.bpfo + checked.bpfi:.4g}; mend one")
    return checked


def _agree(right: FaultOrders, orders: dict[str, float]) -> str:
    """How the fault orders of a row are meant, by its measures: a note, "" if as usual; ValueError if they differ."""
    scale = _scale(right, orders)
    note = "" if scale == 1 else "its orders are per rpm"
    for key, value in orders.items():
        expected = getattr(right, key)
        if key == "bsf" and abs(value * scale / (2 * expected) - 1) <= 2 * ALIKE:
            note = ", ".join(filter(None, (note, "its BSF counts both contacts of a turn")))
        elif abs(value * scale / expected - 1) > 2 * ALIKE and abs(value * scale - expected) > 0.006:
            raise ValueError(f"{key.upper()}: {value:g}, but the row's measures give {expected:.4g}; mend one of them")
    return note


def _scale(right: FaultOrders, orders: dict[str, float]) -> float:
    """1 for multiples of shaft speed, 60 for Hz per rpm; ValueError for Hz at a speed that is not told."""
    ratios = [value / getattr(right, key) for key, value in orders.items() if key != "bsf"]
    if not ratios or abs(ratios[0] - 1) <= 0.5:
        return 1.0
    if all(abs(60 * ratio - 1) <= 3 * ALIKE for ratio in ratios):
        return 60.0
    if max(ratios) <= (1 + 2 * ALIKE) * min(ratios):
        columns = ", ".join(key.upper() for key in orders)
        raise ValueError(
            f"{columns}: {ratios[0]:.4g} times what the measures give, as if in Hz; give multiples of speed"
        )
    return 1.0


def _number(cells: Cells, key: str, kind: Callable[[str], float]) -> float | None:
    text = cells.get(key, "")
    if not text:
        return None
    try:
        return kind(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        wanted = "whole number" if kind is int else "number"
        raise ValueError(f"{_title(key)}: {text!r} is no {wanted}; correct it") from None


def _title(key: str) -> str:
    return dict(zip(NAMES, HEADER.split(","), strict=True))[key]
