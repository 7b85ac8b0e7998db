"""Windows whose bearing lines were exchanged: what physics says of a fault that nobody recorded.

A damaged part differs from another one in the orders at which it strikes. A window of one bearing fault, with the
heights of its lines put where another part's lines are, stands for a fault of that part. What it shows in orders beyond
named lines is hidden, because that belongs to the fault that was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import feature_names, views
from agent.dsp.spectra import FeatureSpec
from agent.faults import TABLE
from agent.machine import FaultOrders
from export.data.healthy import healthy_pools, references
from export.data.table import Table
from export.network.graph import Floats
from export.text.encoders import FOLDER, Sentences, read_wordings, sentences_of

LINES = FOLDER / "lines.toml"


@dataclass(frozen=True, slots=True)
class Family:
    """Patterns of `agent.dsp.features` that belong to one part of a bearing."""

    main: tuple[str, ...]
    side: tuple[str, ...] = ()  # sidebands that its faults draw; see `agent.dsp.patterns.patterns` for the source
    absent: tuple[str, ...] = ()  # sidebands around its lines that its faults do not draw


SIDEBANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "bpfo": {"absent": ("bpfo_side",)},
    "bpfi": {"side": ("bpfi_side", "bpfi_side2")},
    "bsf": {"side": ("bsf_side",)},
}
"""Frequency of a part -> the patterns around its lines."""
PARTS = {
    fault.id: Family(fault.lines or (field.name,), **SIDEBANDS.get(field.name, {}))
    for field in fields(FaultOrders)
    for fault in TABLE
    if fault.frequency == field.name
}
"""Bearing fault -> its lines, or those of its frequency where no name is judged by them."""
STATISTICS = ("comb/{}/first", "comb/{}/second", "comb/{}/mean", "raw/{}")
HIDDEN_VIEWS = ("envelope_order", "contrast")
LINE_VIEWS = ("comb", "raw")
"""All that an exchange can move; other views tell the rig and the recorded fault apart."""


def exchanged_windows(table: Table, spec: FeatureSpec) -> Table:
    """Every window of a bearing fault of `table` with its lines where those of another part are, labelled as its fault.

    The other parts take turns. Sidebands that do not belong to the part fall to the machine's healthy level, where one
    is known, else to that of the lines that were there.
    """
    rows = np.flatnonzero(~table.baseline & np.isin(table.labels, list(PARTS)))
    made = table.take(rows)
    healthy = references(table, healthy_pools(table))[rows]
    values, known = made.values.copy(), made.known.copy()
    labels = np.empty(len(made), dtype=np.array(list(PARTS)).dtype)
    for own, family in PARTS.items():
        others = [part for part in PARTS if part != own]
        mine = np.flatnonzero(made.labels == own)
        for turn, other in enumerate(others):
            moved = mine[turn :: len(others)]
            values[moved] = _moved(made.values[moved], healthy[moved], family, PARTS[other], spec)
            labels[moved] = other
    for name, members in views(spec).items():
        if name in HIDDEN_VIEWS:
            known[:, members] = False
    values = np.where(known, values, np.float32(0))
    return replace(made, values=values, known=known, labels=labels)


def beside_lines(spec: FeatureSpec) -> tuple[str, ...]:
    """Features that are no line heights: a student that may see them knows a rig's faults by what is not exchanged."""
    return tuple(name for name in feature_names(spec) if name.split("/")[0] not in LINE_VIEWS)


def line_sentences(faults: tuple[str, ...]) -> Sentences:
    """What the lines of `faults` are called."""
    return sentences_of(read_wordings(LINES), faults)


def _moved(values: Floats, healthy: Floats, source: Family, target: Family, spec: FeatureSpec) -> Floats:
    """(n, d) with the heights of `source` at the lines of `target`, and the other way round."""
    moved = values.copy()
    for statistic in STATISTICS:
        high = values[:, _columns(source.main, statistic, spec)].max(axis=1)
        low = values[:, _columns(target.main, statistic, spec)].max(axis=1)
        moved[:, _columns(target.main, statistic, spec)] = high[:, np.newaxis]
        moved[:, _columns(source.main, statistic, spec)] = low[:, np.newaxis]
        for patterns, present in ((source.side + source.absent, False), (target.absent, False), (target.side, True)):
            columns = _columns(patterns, statistic, spec)
            quiet = np.where(np.isfinite(healthy[:, columns]), healthy[:, columns], low[:, np.newaxis])
            moved[:, columns] = (quiet + high[:, np.newaxis]) / 2 if present else quiet
    return moved


def _columns(patterns: tuple[str, ...], statistic: str, spec: FeatureSpec) -> NDArray[np.intp]:
    names = feature_names(spec)
    return np.array([names.index(statistic.format(pattern)) for pattern in patterns], dtype=np.intp)
