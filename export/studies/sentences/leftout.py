"""Faults that only a sentence tells of: vibration and wordings left out of training, the description added afterwards.

Nothing of the fault is trained on: no window with its label, recorded or simulated, and no sentence that describes it,
denies it or so much as names its part. Each is scored on a machine that training never heard, among all cached
descriptions, its own included. With `physics`, training knows what the lines of every part are called, sees windows of
other faults with their lines exchanged (`exchanged_lines`), and sees line heights alone; still no window and no
wording of the fault. That student is not the one that ships.

The fault is granted what `describe` would grant it (`export.calibration.head_start`), and counted without that, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.types import FAULTS, HEALTHY
from export.calibration.head_start import grant_of, heard_windows
from export.data.table import Table, join
from export.network.graph import Floats
from export.progress import track
from export.scoring.score import embeddings, nearest
from export.scoring.statistics import Interval, auroc, bootstrap_balanced
from export.studies.columns.splits import FAMILIES, Column, columns_of, healthy_references, machine_column
from export.studies.columns.training_cache import Material, kept
from export.studies.field.exchanged_lines import PARTS, beside_lines, exchanged_windows, line_sentences
from export.studies.field.strangers import machine_fold, with_references
from export.text.encoders import EncodedSentences, Sentences, read_wordings, sentences_of, text_encoder
from export.text.glossary import GlossaryEncoder
from export.text.no_fault import WORDINGS, training_sentences
from export.text.tower import describe_faults, describe_whole
from export.training.recipe import TrainConfig
from export.training.train import train

SIMULATED = "simulated"
PLACES = ("1400", "021", *FAMILIES)
"""A speed, a size of defect and every rig that training never heard; see `export.studies.columns.splits`."""
SCORED_SHARE = 5  # one in so many simulated machines is scored, the others are taught
NAMED_BY: dict[str, frozenset[str]] = {
    "inner_race": frozenset({"inner", "inner_race_line"}),
    "outer_race": frozenset({"outer", "outer_race_line"}),
    "ball": frozenset({"ball", "ball_line"}),
    "cage": frozenset({"cage", "cage_line"}),
    "looseness": frozenset({"loose", "fastening"}),
    "imbalance": frozenset({"unbalance", "balance", "once_per_turn"}),
    "misalignment": frozenset({"misalignment", "alignment", "coupling", "twice_per_turn", "axial"}),
}
"""Concepts of the glossary that tell of a fault's part or signs: a sentence that names one is left out with it."""


class Recalled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the windows of one machine were called once the fault had its description."""

    recall: float
    interval: Interval  # over groups
    recall_ungranted: float  # where its cosine stands for itself
    called_in_error: float  # share of the other windows that were called so
    auroc: float | None  # the fault's windows against the others by the cosine to its description
    called: dict[str, float]  # what the fault's windows were called


class LeftOutCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault left out, scored where training never was: a speed, a size of defect, a rig, or simulated machines."""

    place: str  # a column, a machine of FAMILIES, or SIMULATED
    fault: str
    physics: bool
    seed: int
    windows: int  # of the fault
    chance: float  # one of all descriptions
    granted: float  # added to the cosine of its description; 0 where exchanged lines taught it
    with_baseline: Recalled  # told the healthy state at other speeds
    without_baseline: Recalled
    likeness: dict[str, float]  # cosine of its description and those of the others
    seconds: float


def run_left_out(
    material: Material,
    config: TrainConfig,
    *,
    folder: Path,
    seeds: int = 1,
    physics: Sequence[bool] = (False, True),
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[LeftOutCell, ...]:
    """A cell for every place, recorded fault and seed, then one for every simulated fault."""
    cells = []
    for place, fault in track(plan_of(material), "fault left out"):
        for known in physics if fault in PARTS else (False,):
            for seed in range(seeds):
                seeded = msgspec.structs.replace(config, seed=seed)
                path = folder / f"{place}-{fault}-{'physics' if known else 'plain'}-{seed}.json"
                make = partial(left_out_cell, material, place, fault, seeded, physics=known)
                cells.append(kept(path, LeftOutCell, make))
                tell(as_line(cells[-1]))
    return tuple(cells)


def as_line(cell: LeftOutCell) -> str:
    """One cell for people."""
    how = "physics known" if cell.physics else "words alone"
    modes = ", ".join(
        f"{mode} baseline {found.recall:.2f} ({found.interval.low:.2f} to {found.interval.high:.2f}; others called so "
        f"{found.called_in_error:.2f}; ungranted {found.recall_ungranted:.2f})"
        for mode, found in (("with", cell.with_baseline), ("without", cell.without_baseline))
    )
    return (
        f"{cell.place:>10} {cell.fault:<13}{how:<14}recall {modes}; chance {cell.chance:.2f}, "
        f"{cell.windows} windows, {cell.seconds:.0f} s"
    )


def plan_of(material: Material) -> list[tuple[str, str]]:
    """(place, fault left out) of every cell."""
    plan = []
    for place in PLACES:
        shown = set(material.recorded.labels[_column(material.recorded, place).scored].tolist()) - {HEALTHY}
        plan += [(place, fault) for fault in FAULTS if fault in shown]
    recorded = set(material.recorded.labels.tolist())
    unrecorded = [fault for fault in FAULTS if fault not in recorded | {HEALTHY}]
    return plan + ([(SIMULATED, fault) for fault in unrecorded] if material.simulated is not None else [])


def left_out_cell(material: Material, place: str, fault: str, config: TrainConfig, *, physics: bool) -> LeftOutCell:
    """Train without `fault` and without `place`, describe the fault, score."""
    start = time.monotonic()
    table, scored, healthy = sides_of(material, place)
    table = table.take(table.labels != fault)
    sentences = sentences_without(fault)
    if physics:
        table = join([table, exchanged_windows(table, material.spec)])
        sentences = _both(sentences, line_sentences(tuple(PARTS)))
        config = msgspec.structs.replace(config, hidden_features=beside_lines(material.spec))
    encoder = text_encoder(config.text)
    texts = EncodedSentences(sentences, encoder.encode(sentences.texts))
    trained = train(table, config, spec=material.spec, texts=texts)

    others = tuple(name for name in FAULTS if name != fault)
    centres = describe_faults(trained.tower, texts.vectors, sentences, others)
    fault_sentences = sentences_of(read_wordings(WORDINGS), [fault])
    describe_it = describe_faults if physics else describe_whole  # as `describe` does for what was not trained with
    description = describe_it(trained.tower, encoder.encode(fault_sentences.texts), fault_sentences, [fault])
    cached = np.concatenate([centres, description])
    heard = heard_windows(trained, table, real_share=config.real_share, seed=config.seed)
    granted = 0.0 if physics else grant_of(heard, centres, description[0])
    with_baseline, without = (
        _recalled(embeddings(trained.student, inputs) @ cached.T, (*others, fault), scored, granted=granted)
        for inputs in (
            trained.scaling.inputs(scored.values, scored.known, healthy),
            trained.scaling.inputs(scored.values, scored.known, None),
        )
    )
    return LeftOutCell(
        place=place,
        fault=fault,
        physics=physics,
        seed=config.seed,
        windows=int((scored.labels == fault).sum()),
        chance=1 / len(FAULTS),
        granted=granted,
        with_baseline=with_baseline,
        without_baseline=without,
        likeness={name: float(centre @ description[0]) for name, centre in zip(others, centres, strict=True)},
        seconds=time.monotonic() - start,
    )


def _recalled(similarity: Floats, names: Sequence[str], scored: Table, *, granted: float) -> Recalled:
    """`similarity` (n, names) of the scored windows; the last of `names` is the fault left out."""
    mine = scored.labels == names[-1]
    ungranted = nearest(similarity, names)
    similarity = similarity + np.float32(granted) * (np.array(names) == names[-1])
    called = nearest(similarity, names)
    right = called == names[-1]
    return Recalled(
        recall=float(right[mine].mean()),
        interval=bootstrap_balanced(right[mine], scored.labels[mine], scored.groups[mine]),
        recall_ungranted=float((ungranted[mine] == names[-1]).mean()),
        called_in_error=float(right[~mine].mean()),
        auroc=auroc(similarity[:, -1], mine),
        called={name: float((called[mine] == name).mean()) for name in names if (called[mine] == name).any()},
    )


def sentences_without(fault: str) -> Sentences:
    """What a tower learns from where nobody has told it of `fault` or its part."""
    everything = training_sentences(tuple(name for name in FAULTS if name != fault))
    glossary = GlossaryEncoder()
    left = [not glossary.concepts_in(text) & NAMED_BY[fault] for text in everything.texts]
    columns = (everything.texts, everything.faults, everything.languages)
    return Sentences(*(tuple(one for one, stays in zip(column, left, strict=True) if stays) for column in columns))


def _both(one: Sentences, other: Sentences) -> Sentences:
    return Sentences(one.texts + other.texts, one.faults + other.faults, one.languages + other.languages)


def _column(table: Table, place: str) -> Column:
    return machine_column(table, place) if place in FAMILIES else columns_of(table)[place]


def sides_of(material: Material, place: str) -> tuple[Table, Table, Floats]:
    """What may be taught; and what is scored, with the healthy state of its machine at other speeds."""
    recorded, simulated = material.recorded, material.simulated
    bound = speed_bound(view_shares(material.spec))
    if place != SIMULATED:
        column = _column(recorded, place)
        taught = recorded.take(column.trained)
        both = taught if simulated is None else join([taught, simulated])
        return both, recorded.take(column.scored), healthy_references(recorded, column, bound)
    assert simulated is not None
    out = machine_fold(simulated, SCORED_SHARE) == 0
    return join([recorded, simulated.take(~out)]), *with_references(simulated.take(out), bound)
