"""`bearings [QUERY]`: what the catalogue holds and who published it, found by part number, balls or fault orders."""

from __future__ import annotations

import argparse
import json
import os
import textwrap
from pathlib import Path
from typing import Any

from agent.bearings.catalogue import Entry, catalogue, near
from agent.bearings.search import matching
from agent.bearings.tables import HEADER, read_tables
from agent.errors import TextVibError
from agent.machine import Geometry

WIDTH = 100
COLUMNS = "{:<12} {:>5} {:>7} {:>7} {:>6} {:>7} {:>7} {:>6} {:>6}  {}"
TITLES = ("BEARING", "BALLS", "BALL mm", "PITCH mm", "ANGLE", "BPFO", "BPFI", "BSF", "FTF", "SOURCE")


class NothingFoundError(TextVibError):
    """The catalogue holds nothing that was asked for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "query",
        nargs="?",
        default="",
        metavar="QUERY",
        help="a part number (6205-2RS/C3) a piece of one, 9balls, or orders at which lines stand (bpfo=3.58,bpfi=5.4)",
    )
    parser.add_argument("--json", action="store_true", help="everything that is known, as one JSON document")
    parser.add_argument(
        "--import",
        dest="tables",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help=f"check a table of your own and list it as well; a CSV with the header {HEADER}",
    )


def main(args: argparse.Namespace) -> int:
    own = read_tables(args.tables)
    known = {**catalogue(), **own}
    try:
        found = matching(known.values(), args.query)
        if not found:
            names = near(args.query, own)
            raise ValueError(
                f"nothing in the catalogue fits {args.query!r}" + (f"; near: {', '.join(names)}" if names else "")
            )
    except ValueError as error:
        raise NothingFoundError(str(error)) from None
    print(json.dumps([_document(e) for e in found], ensure_ascii=False) if args.json else "\n".join(lines_of(found)))
    return os.EX_OK


def lines_of(entries: list[Entry]) -> list[str]:
    """A table of at most 100 columns, its sources by number below it, and who differs from whom."""
    sources = list(dict.fromkeys(record.source for entry in entries for record in entry.records))
    number = {source: str(at) for at, source in enumerate(sources, 1)}
    rows = [COLUMNS.format(*TITLES)]
    for entry in entries:
        given = list(dict.fromkeys(number[record.source] for record in entry.records))
        rows.append(_row(entry, " ".join(f"[{at}]" for at in given)))
    remarks = [remark for entry in entries for remark in _remarks(entry, number)]
    cited = [f"[{number[source]}] {source}" for source in sources]
    wrapped = [line for text in (*remarks, *cited) for line in textwrap.wrap(text, WIDTH, subsequent_indent="    ")]
    return [*rows, "", *wrapped]


def _row(entry: Entry, cited: str) -> str:
    inside, o = entry.inside, entry.orders
    measures = ("-", "-", "-")
    if isinstance(inside, Geometry):
        measures = (f"{inside.ball_mm:.3f}", f"{inside.pitch_mm:.3f}", f"{inside.angle_deg:g}")
    orders = (f"{o.bpfo:.3f}", f"{o.bpfi:.3f}", f"{o.bsf:.3f}", f"{o.ftf:.3f}")
    return COLUMNS.format(entry.name, entry.balls, *measures, *orders, cited)[:WIDTH].rstrip()


def _remarks(entry: Entry, number: dict[str, str]) -> list[str]:
    found = [f"{entry.name}: {r.note} [{number[r.source]}]" for r in entry.records if r.note]
    if entry.spread > 0.01:
        found.append(f"{entry.name}: its sources differ by up to {entry.spread:.1%} in an order; the first is used")
    if entry.varies:
        found.append(f"{entry.name}: other makers build it up to 2 % differently")
    return found


def _document(entry: Entry) -> dict[str, Any]:
    """One bearing as JSON: its orders, what each source says, and how far they differ."""
    return {
        "name": entry.name,
        "balls": entry.balls,
        "orders": _orders(entry.records[0]),
        "exact": entry.exact,
        "spread": round(entry.spread, 4),
        "sources": [
            {
                "source": record.source,
                "note": record.note or None,
                "measures": _measures(record),
                "orders": _orders(record),
            }
            for record in entry.records
        ],
    }


def _orders(record: Any) -> dict[str, float]:
    o = record.orders
    return {"bpfo": round(o.bpfo, 4), "bpfi": round(o.bpfi, 4), "bsf": round(o.bsf, 4), "ftf": round(o.ftf, 4)}


def _measures(record: Any) -> dict[str, float] | None:
    g = record.inside
    if not isinstance(g, Geometry):
        return None
    return {"balls": g.balls, "ball_mm": g.ball_mm, "pitch_mm": g.pitch_mm, "angle_deg": g.angle_deg}
