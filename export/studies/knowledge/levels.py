"""What the edge would say of a machine that training never heard, for each level of knowledge of it.

Every rig is left out in turn: student and sign limits know nothing of it. What is not known is taken out of its windows
as the agent itself would not have it, and the agent's own rule names them. Windows are named alone, without the healthy
state of their own speed, so that no window is within or over a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.line_check import as_value, line_heights
from agent.diagnosis.matching import Calibration, Descriptions, match
from agent.diagnosis.naming import Grounds, Name, name_on
from agent.diagnosis.signs import spread_place
from agent.dsp.spectra import FeatureSpec
from agent.faults import ABNORMAL, FAULTS, HEALTHY, UNKNOWN, parent_of
from agent.types import Signs
from export.calibration.sign_limits import fit_signs
from export.calibration.temperature import expected_calibration_error
from export.data.dressed import dressed_table
from export.data.manifest import ManifestRow
from export.data.table import Table, join
from export.network.graph import Floats, embed
from export.studies.columns.splits import FAMILIES, healthy_references, machine_column
from export.studies.columns.training_cache import Fitted, Material, cell_key, fit, kept
from export.training.masking import mask_groups
from export.training.recipe import TrainConfig

HIDDEN = {"all": (), "no geometry": ("geometry",), "no speed": ("speed",)}
"""What is known -> groups of features that are not."""
STATES = ("other speeds", "nothing")
"""What is known of the machine healthy."""
TEMPERATURE = 0.11
"""Of the shipped recipe, fitted on groups left out; it bears on shares between elements alone."""


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of the windows of one label."""

    windows: int
    right: float
    parent: float
    wrong: float  # another name, or a parent that is not its own
    healthy: float
    open: float  # abnormal or unknown


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rig left out, at one level of knowledge."""

    answers: dict[str, Answers]  # label -> what is said of its windows; "dressed" are healthy machines of other kinds
    calibration_error: float | None  # of the names given, every label weighing the same; None where none was given


class Rig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All levels of one rig left out."""

    levels: dict[str, Level]


def run_knowledge(
    material: Material,
    rows: Sequence[ManifestRow],
    config: TrainConfig,
    *,
    cache: Path,
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, Rig]:
    """Every rig of FAMILIES left out; finished ones are kept below `folder`."""
    key = cell_key(material, config, code=Path(__file__))
    found = {}
    for family in FAMILIES:
        make = partial(_leave_out, family, material, rows, config, cache)
        found[family] = kept(folder / f"knowledge-{key}" / f"{family}-{config.seed}.json", Rig, make)
        tell(f"{family} left out")
    return found


def _leave_out(family: str, material: Material, rows: Sequence[ManifestRow], config: TrainConfig, cache: Path) -> Rig:
    column = machine_column(material.recorded, family)
    fitted = fit(material, column, config)
    mine = [row for row in rows if row.machine.startswith(family)]
    others = [row for row in rows if not row.machine.startswith(family)]
    signs = fit_signs(fitted.table, dressed_table(others, material.spec, cache=cache), material.spec)
    calibration = Calibration(TEMPERATURE, -1.0, 0.0, signs=signs.above, blind_signs=signs.blind)
    scored = material.recorded.take(column.scored)
    healthy = healthy_references(material.recorded, column, fitted.trained.scaling.speed_bound)
    foreign = dressed_table(mine, material.spec, cache=cache)
    levels = {}
    for state in STATES:
        for known, groups in HIDDEN.items():
            table, reference = scored, healthy if state == STATES[0] else None
            labels = list(scored.labels)
            if reference is None and foreign is not None:
                table, labels = join([scored, foreign]), [*labels, *["dressed"] * len(foreign)]
            names = list(_names(table, reference, groups, fitted, calibration, material.spec))
            levels[f"{known}, healthy state of {state}"] = _level(names, np.array(labels))
    return Rig(levels)


def _names(
    table: Table,
    reference: Floats | None,
    groups: Sequence[str],
    fitted: Fitted,
    calibration: Calibration,
    spec: FeatureSpec,
) -> Iterator[Name]:
    """What each window is called where the features of `groups` are not known."""
    hidden = np.zeros(table.values.shape[1], np.bool_)
    for group in groups:
        hidden |= mask_groups(spec)[group]
    known = table.known & ~hidden
    values = np.where(known, table.values, np.float32(0))
    healthy = None if reference is None else np.where(hidden, np.float32(np.nan), reference)
    embedded = embed(fitted.graph, fitted.trained.scaling.inputs(values, known, healthy))
    centres = fitted.centres.astype(np.float32)
    vectors = centres / np.linalg.norm(centres, axis=1, keepdims=True)
    descriptions = Descriptions(FAULTS, vectors, (True,) * len(FAULTS), {})
    heights, above = line_heights(values, known, healthy, spec)
    place = spread_place(spec)
    for row in range(len(table)):
        alone = healthy is None or not np.isfinite(healthy[row, place])
        spread = float(values[row, place]) - (0.0 if alone or healthy is None else float(healthy[row, place]))
        grounds = Grounds(
            matches=match(embedded[row], descriptions, calibration),
            knows_speed="speed" not in groups,
            knows_geometry="geometry" not in groups,
            has_baseline=False,
            within_baseline=False,
            deviates=False,
            hears_bearings=bool(known[row, place]),
            heights=as_value(heights[row], above_healthy=bool(above[row])),
            signs=Signs(spread, not alone, None) if known[row, place] else None,
        )
        yield name_on(grounds, calibration)


def _level(names: Sequence[Name], labels: NDArray[np.str_]) -> Level:
    called = np.array([name.fault for name in names])
    found = {str(label): _answers(called[labels == label], str(label)) for label in np.unique(labels)}
    given = ~np.isin(called, (UNKNOWN, ABNORMAL))
    if not given.any():
        return Level(found, None)
    truth = np.where(labels == "dressed", HEALTHY, labels)
    right = np.array(
        [name == label or name == parent_of(str(label)) for name, label in zip(called, truth, strict=True)]
    )
    weights = np.array([1 / (labels == label).sum() for label in labels])
    probability = np.array([name.probability for name in names])
    error = expected_calibration_error(probability[given], right[given], weights[given])
    return Level(found, error)


def _answers(called: NDArray[np.str_], label: str) -> Answers:
    truth = HEALTHY if label == "dressed" else label
    parent = parent_of(truth) or ""
    right, healthy = called == truth, called == HEALTHY
    unsaid = np.isin(called, (UNKNOWN, ABNORMAL))
    coarse = called == parent
    return Answers(
        windows=len(called),
        right=float(right.mean()),
        parent=float(coarse.mean()),
        wrong=float((~(right | healthy | unsaid | coarse)).mean()),
        healthy=float((healthy & ~right).mean()),
        open=float(unsaid.mean()),
    )
