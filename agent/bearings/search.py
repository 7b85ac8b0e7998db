"""Which bearings of a catalogue fit: by what they are called, how many balls they have, and where their lines stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.bearings.catalogue import Entry
from agent.bearings.part_numbers import designation
from agent.machine import FaultOrders

ORDERS = ("bpfo", "bpfi", "bsf", "ftf")


@dataclass(frozen=True, slots=True)
class Fit:
    """An entry whose orders, slipped by `slip` (relative, negative: slower), stand `error` from the lines at most."""

    entry: Entry
    slip: float
    error: float


def fitting(
    entries: Iterable[Entry], lines: Mapping[str, float], *, slip: float = 0.02, error: float = 0.005
) -> list[Fit]:
    """Entries with every line of `lines` (`bpfo`, `bpfi`, `bsf`, `ftf` -> order seen), best first.

    One slip of `slip` at most, relative, is common to the lines of a bearing; each may be off by `error` besides.
    BPFI rises by what the cage loses: the balls pass the two rings n times in all whatever the cage does
    (Randall & Antoni, MSSP 25, 2011, section 2). ValueError for a line of another name, or none.
    """
    if not lines or not {*lines} <= {*ORDERS}:
        raise ValueError(f"lines are {', '.join(ORDERS)}; {', '.join(lines) or 'none'} given")
    fits = (_fit(entry, lines, slip) for entry in entries)
    return sorted((fit for fit in fits if fit.error <= error), key=lambda fit: (round(fit.error, 6), abs(fit.slip)))


def _fit(entry: Entry, lines: Mapping[str, float], most: float) -> Fit:
    """The slip that the lines ask for in the mean, as far as it is allowed, and what is left of them."""
    orders = entry.orders
    asked = [_slip_asked(orders, name, seen) for name, seen in lines.items()]
    slip = max(-most, min(most, sum(asked) / len(asked)))
    left = max(abs(seen / slipped(orders, name, slip) - 1) for name, seen in lines.items())
    return Fit(entry, slip, left)


def slipped(orders: FaultOrders, name: str, slip: float) -> float:
    """The order at which line `name` stands when the cage turns 1 + `slip` times as fast as without slip."""
    if name == "bpfi":
        return orders.bpfi - orders.bpfo * slip
    order: float = getattr(orders, name)
    return order * (1 + slip)


def _slip_asked(orders: FaultOrders, name: str, seen: float) -> float:
    if name == "bpfi":
        return (orders.bpfi - seen) / orders.bpfo
    order: float = getattr(orders, name)
    return seen / order - 1


def matching(entries: Iterable[Entry], query: str, *, within: float = 0.02) -> list[Entry]:
    """Entries that `query` asks for: a part number or a piece of a name, `9balls`, or orders as in `bpfo=3.58`.

    Orders within `within`, relative. ValueError for a query that cannot be understood.
    """
    query = query.strip()
    known = list(entries)
    if count := re.fullmatch(r"(?:balls?\s*=\s*)?(\d+)\s*(?:balls?|rollers?)|balls?\s*=\s*(\d+)", query, re.IGNORECASE):
        return [entry for entry in known if entry.balls == int(count[1] or count[2])]
    if "=" in query:
        return [fit.entry for fit in fitting(known, _lines(query), slip=within, error=within)]
    plain = re.sub(r"[\s-]", "", query).upper()
    pieces = [entry for entry in known if plain in re.sub(r"[\s-]", "", entry.name).upper()]
    if pieces:
        return pieces
    named = designation(query)
    return [entry for entry in known if entry.name == named]


def _lines(query: str) -> dict[str, float]:
    found = {}
    for part in re.split(r"[,;\s]+", query.strip(" ,;")):
        name, _, value = part.partition("=")
        try:
            found[name.strip().lower()] = float(value)
        except ValueError:
            raise ValueError(f"{part!r}: {value!r} is no number") from None
    return found
