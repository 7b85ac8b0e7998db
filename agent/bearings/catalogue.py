"""The bearings that can be named instead of measured, each with who published its figures and how far others differ.

`catalogue.toml` holds a line per bearing and source. Makers build one designation differently, so an entry says whose
bearing it describes; a plant's own tables (`agent.bearings.tables`) come before it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from agent.bearings.part_numbers import SeveralBearingsError, designation
from agent.machine import FaultOrders, Geometry

ALIKE = 0.01
"""Sources whose fault orders are no further apart, relative, describe the same bearing."""
SEARCHED = 0.02
"""As far as a line is sought from where it belongs (`FeatureSpec.tolerance`): what differs more is not found there."""


@dataclass(frozen=True, slots=True)
class Record:
    """What one source says of a bearing."""

    inside: Geometry | FaultOrders
    source: str
    note: str = ""

    @property
    def orders(self) -> FaultOrders:
        return self.inside.orders if isinstance(self.inside, Geometry) else self.inside


@dataclass(frozen=True, slots=True)
class Entry:
    """A bearing: its first record is the one that is used, `varies` says that makers are known to build it unlike."""

    name: str
    records: tuple[Record, ...]
    varies: bool = False

    @property
    def inside(self) -> Geometry | FaultOrders:
        return self.records[0].inside

    @property
    def orders(self) -> FaultOrders:
        return self.records[0].orders

    @property
    def source(self) -> str:
        return self.records[0].source

    @property
    def balls(self) -> int:
        return balls_of(self.inside)

    @property
    def spread(self) -> float:
        """The largest relative difference of any order between the first record and the others; 0 with one source."""
        return max((difference(self.orders, other.orders) for other in self.records[1:]), default=0.0)

    @property
    def exact(self) -> bool:
        """False where the lines of another maker's bearing of that name may be sought in vain."""
        return not self.varies and self.spread <= SEARCHED


Own = Mapping[str, Entry]
"""A plant's own bearings, by the names that it gave them."""


def balls_of(inside: Geometry | FaultOrders) -> int:
    """The number of rolling elements of a row: every ball passes a point of either ring once per relative turn."""
    return inside.balls if isinstance(inside, Geometry) else round(inside.bpfo + inside.bpfi)


def difference(one: FaultOrders, other: FaultOrders) -> float:
    """The largest relative difference of an order."""
    pairs = ((one.bpfo, other.bpfo), (one.bpfi, other.bpfi), (one.bsf, other.bsf), (one.ftf, other.ftf))
    return max(abs(b / a - 1) for a, b in pairs)


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Entry]:
    """Designation -> entry, as shipped."""
    told = tomllib.loads(files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8"))
    entries: dict[str, Entry] = {}
    for line in told["bearings"]["lines"]:
        record = Record(_inside(line), told["sources"][line["by"]], line.get("note", ""))
        name = line["name"]
        known = entries.get(name, Entry(name, (), varies=line.get("varies", False)))
        entries[name] = Entry(name, (*known.records, record), varies=known.varies)
    return entries


def find(text: str, own: Own | None = None) -> Entry:
    """The bearing that `text` names: in `own` as written there, else by its designation; ValueError with a way out."""
    name = _own_name(text, own or {})
    if name is not None:
        return (own or {})[name]
    try:
        named = designation(text)
    except SeveralBearingsError:
        raise
    except ValueError as error:
        raise ValueError(f"{error}, so not in the catalogue{_near(text, own)}") from None
    mine = (entry for key, entry in (own or {}).items() if _designation_or_none(key) == named)
    entry = next(mine, None) or catalogue().get(named)
    if entry is None:
        meant = "" if named == text.strip() else f" ({named})"
        raise ValueError(f"{text!r}{meant} is not in the catalogue{_near(named, own)}")
    return entry


def entry_of(text: str, own: Own | None = None) -> Entry | None:
    """The same, or None where no one bearing is named."""
    try:
        return find(text, own)
    except ValueError:
        return None


def near(name: str, own: Iterable[str] = ()) -> list[str]:
    """Up to three names that exist and look like `name`."""
    return difflib.get_close_matches(name.upper(), sorted({*catalogue(), *own}), n=3, cutoff=0.5)


def _near(name: str, own: Own | None) -> str:
    names = near(name, own or {})
    return f"; near: {', '.join(names)}" if names else ""


def _own_name(text: str, own: Own) -> str | None:
    if text in own:
        return text
    return next((name for name in own if name.split() and _folded(name) == _folded(text)), None)


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _designation_or_none(text: str) -> str | None:
    try:
        return designation(text)
    except ValueError:
        return None


def _inside(line: Mapping[str, Any]) -> Geometry | FaultOrders:
    if "bpfo" in line:
        return FaultOrders(bpfo=line["bpfo"], bpfi=line["bpfi"], bsf=line["bsf"], ftf=line["ftf"])
    return Geometry(line["balls"], line["ball_mm"], line["pitch_mm"], float(line.get("angle_deg", 0.0)))
