"""The faults, each one row: all that lists fault ids, or asks what a fault draws, reads this table.

A new fault is a row here, its wording (`export/text/wordings`) and, where it shows in what is not measured yet, the
code of new features. Lists are functions of a table, so that they follow any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

HEALTHY = "healthy"
UNKNOWN = "unknown"
"""No name: what fits no description, or may not be named. No row, for no bundle describes it."""
INVALID = "invalid"
"""No name either: the signal cannot be judged."""

Kind: TypeAlias = Literal["healthy", "bearing element", "degree"]
"""What a name speaks of. "bearing element": damage that shows where it strikes, in the bands of structural resonances;
a sensor too slow for them all hears none. "degree": what every machine has some of, at orders that any sensor hears."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault id and what follows from its physics. Everything has a default that claims nothing."""

    id: str
    kind: Kind
    parent: str | None = None
    """The coarser name that holds whenever this one does. One that is no row yet is described by no bundle."""
    frequency: str | None = None
    """The one of `agent.machine.FaultOrders` at which it strikes; lines of the evidence carry its name in capitals."""
    lines: tuple[str, ...] = ()
    """Patterns of `agent.dsp.features` that it draws and by which its name is judged; the strongest counts."""
    struck_every_time: bool = False
    """Every rolling element meets it, so its lines must be seen. A ball turns its damage away: none prove nothing."""
    needs_baseline: bool = False
    """Only the machine's own healthy state at this speed tells how much is too much."""


Table: TypeAlias = tuple[Fault, ...]

TABLE: Table = (
    Fault(HEALTHY, "healthy"),
    Fault("inner_race", "bearing element", "bearing", frequency="bpfi", lines=("bpfi",), struck_every_time=True),
    Fault("outer_race", "bearing element", "bearing", frequency="bpfo", lines=("bpfo",), struck_every_time=True),
    Fault("ball", "bearing element", "bearing", frequency="bsf", lines=("bsf", "bsf_even")),
    Fault("cage", "bearing element", "bearing", frequency="ftf"),
    Fault("looseness", "degree", "rotor", needs_baseline=True),
    Fault("imbalance", "degree", "rotor", needs_baseline=True),
    Fault("misalignment", "degree", needs_baseline=True),
)
"""In the order in which tables print them. Their heights in messages keep it, too: a row with lines adds a field."""


def ids(keep: Callable[[Fault], bool] = lambda fault: True, *, table: Table = TABLE) -> tuple[str, ...]:
    """Ids of the faults for which `keep` holds, in printing order."""
    return tuple(fault.id for fault in table if keep(fault))


def own_lines(table: Table = TABLE) -> dict[str, tuple[str, ...]]:
    """Fault -> its `lines`, for every fault that has any."""
    return {fault.id: fault.lines for fault in table if fault.lines}


FAULTS = ids()
"""Fault ids that every bundle describes, in the order in which tables print them."""
FAULTS_OF_BEARINGS = ids(lambda fault: fault.kind == "bearing element")
FAULTS_OF_DEGREE = ids(lambda fault: fault.needs_baseline)
OWN_LINES = own_lines()
STRUCK_EVERY_TIME = ids(lambda fault: fault.struck_every_time)
