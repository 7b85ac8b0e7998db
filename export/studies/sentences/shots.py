"""A fault that training never heard, by words and by a few of its windows: what the windows add, and what they cost.

Each cell is a training without the fault, without its words and without a place (`leftout`). Its description is then
moved by 1, 5 or 20 windows, drawn several times: from the same rig, of another damaged bearing than any that is scored,
and from another rig. Every window is heard beside its machine's healthy state at other speeds, as an agent would.

How much the words weigh, and what becomes of the head start, is chosen by cells of the other rigs alone: the material
of such a cell lacks the place's rig whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.types import FAULTS, HEALTHY
from export.calibration.few_shots import Examples, between, shrunk, weight_of
from export.calibration.head_start import grant_of, heard_windows
from export.data.table import Table
from export.network.graph import Floats
from export.progress import track
from export.scoring.score import embeddings, nearest, recall_per_label
from export.studies.columns.splits import FAMILIES
from export.studies.columns.training_cache import Material, kept
from export.studies.field.strangers import is_of
from export.studies.sentences.leftout import plan_of, sentences_without, sides_of
from export.studies.sentences.lent import Side, Source, check_apart, drawn, pools_of, scored_beside
from export.text.encoders import EncodedSentences, read_wordings, sentences_of, text_encoder
from export.text.no_fault import WORDINGS
from export.text.tower import describe_faults, describe_whole
from export.training.recipe import TrainConfig
from export.training.train import Trained, train

SHOTS = (1, 5, 20)
WORDS_WEIGH = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
"""Tried, in windows of examples; 0: the examples alone."""
HeadStart: TypeAlias = Literal["whole", "shrunk", "none"]
HEAD_STARTS: tuple[HeadStart, ...] = ("whole", "shrunk", "none")
"""Tried: what `describe` grants by words alone, as much of it as the words weigh, and nothing. Below 0 each stays."""
DRAWS = 5


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the scored windows of a draw were called."""

    recall: float  # of the fault
    called_in_error: float  # share of the other windows that were called so
    rest: float  # balanced accuracy of the other windows


class Shot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One draw of examples, scored on windows of groups that it holds none of."""

    source: Source
    draw: int
    shots: int  # 0: by words alone, on the same windows as the others of this draw
    words_weigh: float
    head_start: HeadStart
    groups: tuple[str, ...]  # that the examples are of
    said: Said


class ShotsCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fault left out of one training."""

    place: str
    fault: str
    without: str | None  # the rig that its material lacks: such a cell chooses, and is not reported
    seed: int
    windows: int  # of the fault, before any group of it was lent
    undescribed: float  # balanced accuracy of the other windows while the fault has no description
    shots: tuple[Shot, ...]
    seconds: float


def run_shots(
    material: Material,
    config: TrainConfig,
    *,
    folder: Path,
    seeds: int = 1,
    inside: int = 1,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[ShotsCell, ...]:
    """Every cell of `cells_of`, those that choose first; each is kept in `folder`."""
    cells = []
    for without, place, fault in track(cells_of(material, inside=inside), "fault left out"):
        part = material if without is None else lacking(material, without)
        for seed in range(seeds):
            seeded = msgspec.structs.replace(config, seed=seed)
            path = folder / f"{place}-{fault}-{without or 'scored'}-{seed}.json"
            make = partial(shots_cell, part, place, fault, seeded, without=without)
            cells.append(kept(path, ShotsCell, make))
            tell(f"{place} {fault} without {without or 'nothing else'} seed {seed}: {cells[-1].seconds:.0f} s")
    return tuple(cells)


def cells_of(material: Material, *, inside: int) -> list[tuple[str | None, str, str]]:
    """(rig that is lacking, place, fault) of every cell; None: nothing is, and the cell is reported.

    Of each rig that is lacking, so many faults of each other rig choose, in turn. A speed that was left out is no place
    here: the bearing that it shows gave the other speeds, too.
    """
    found: list[tuple[str | None, str, str]] = []
    rigs = [rig for rig in FAMILIES if is_of(material.recorded, rig).any()]
    for rig in rigs:
        for number, place in enumerate(other for other in rigs if other != rig):
            shown = set(material.recorded.labels[is_of(material.recorded, place)].tolist()) - {HEALTHY}
            faults = [fault for fault in FAULTS if fault in shown]
            found += [(rig, place, faults[(number + turn) % len(faults)]) for turn in range(min(inside, len(faults)))]
    scored = [cell for cell in plan_of(material) if cell[0] != "1400"]
    return found + [(None, place, fault) for place, fault in sorted(scored, key=lambda cell: cell[0] not in FAMILIES)]


def lacking(material: Material, rig: str) -> Material:
    """The material without any recording of `rig`."""
    return replace(material, recorded=material.recorded.take(~is_of(material.recorded, rig)))


def shots_cell(
    material: Material, place: str, fault: str, config: TrainConfig, *, without: str | None = None, draws: int = DRAWS
) -> ShotsCell:
    """Train without `fault` and without `place`, describe the fault by words, move that by windows, score each."""
    start = time.monotonic()
    table, scored, healthy = sides_of(material, place)
    table = table.take(table.labels != fault)
    trained, words, centres = _trained_without(table, fault, config, material)
    heard = heard_windows(trained, table, real_share=config.real_share, seed=config.seed)
    others = tuple(name for name in FAULTS if name != fault)
    side = Side(scored, healthy)

    def embedded(part: Side) -> Floats:
        return embeddings(trained.student, trained.scaling.inputs(part.table.values, part.table.known, part.healthy))

    judged = Judged(embedded(side), scored, (*others, fault), centres, heard)
    rest = scored.labels != fault
    undescribed = mean_recall(nearest(judged.vectors[rest] @ centres.T, others), scored.labels[rest])
    shots: list[Shot] = []
    for source, pool in pools_of(material, place, fault, scored).items():
        vectors = embedded(pool)
        for draw in range(draws):
            rng = np.random.default_rng([config.seed, draw, len(source)])
            shots += _shots_of(judged, words, pool.table, vectors, source, draw, rng)
    return ShotsCell(
        place=place,
        fault=fault,
        without=without,
        seed=config.seed,
        windows=int((~rest).sum()),
        undescribed=undescribed,
        shots=tuple(shots),
        seconds=time.monotonic() - start,
    )


def mean_recall(called: NDArray[np.str_], labels: NDArray[np.str_]) -> float:
    """Balanced accuracy, as `export.scoring.score` has it, without the half of a cell's time that sklearn takes."""
    return float(np.mean(list(recall_per_label(called, labels).values())))


@dataclass(frozen=True, slots=True)
class Judged:
    """Scored windows as a student of the others hears them; the last of `names` is the fault left out."""

    vectors: Floats  # (n, dim)
    table: Table
    names: tuple[str, ...]
    centres: Floats  # (names but the last, dim)
    heard: Floats  # windows trained on, by which a head start is granted

    def said(self, description: Floats, rows: NDArray[np.bool_], *, weight: float, head_start: HeadStart) -> Said:
        """What `rows` are called once the fault is described so, by examples of that `weight`."""
        whole = grant_of(self.heard, self.centres, description)
        granted = shrunk(whole, {"whole": 0.0, "shrunk": weight, "none": 1.0}[head_start])
        similarity = self.vectors[rows] @ np.concatenate([self.centres, description[np.newaxis]]).T
        similarity[:, -1] += np.float32(granted)
        called, labels = nearest(similarity, self.names), self.table.labels[rows]
        mine = labels == self.names[-1]
        return Said(
            recall=float((called[mine] == self.names[-1]).mean()),
            called_in_error=float((called[~mine] == self.names[-1]).mean()),
            rest=mean_recall(called[~mine], labels[~mine]),
        )


def _shots_of(
    judged: Judged,
    words: Floats,
    pool: Table,
    vectors: Floats,
    source: Source,
    draw: int,
    rng: np.random.Generator,
) -> Iterator[Shot]:
    """All numbers of examples of one draw: each holds the smaller ones, and all are scored on the same windows."""
    chosen = drawn(pool.groups, max(SHOTS), rng, most_groups=1 if source == "own rig" else None)
    groups = tuple(sorted(set(pool.groups[chosen].tolist())))
    rows = scored_beside(judged.table.groups, groups)
    check_apart(pool.groups[chosen], judged.table.groups[rows])
    yield Shot(source, draw, 0, 0.0, "whole", groups, judged.said(words, rows, weight=0.0, head_start="whole"))
    for count in SHOTS:
        part = chosen[:count]
        examples = Examples(vectors[part], pool.machines[part], pool.recordings[part])
        for words_weigh in WORDS_WEIGH:
            moved = between(words, examples, words_weigh=words_weigh)
            weight = weight_of(examples.count, words_weigh=words_weigh)
            for head_start in HEAD_STARTS:
                said = judged.said(moved, rows, weight=weight, head_start=head_start)
                yield Shot(source, draw, count, words_weigh, head_start, groups, said)


def _trained_without(
    table: Table, fault: str, config: TrainConfig, material: Material
) -> tuple[Trained, Floats, Floats]:
    """What is trained on `table`, the words' description (dim,) of the fault, and those of all others."""
    sentences, encoder = sentences_without(fault), text_encoder(config.text)
    texts = EncodedSentences(sentences, encoder.encode(sentences.texts))
    trained = train(table, config, spec=material.spec, texts=texts)
    others = tuple(name for name in FAULTS if name != fault)
    own = sentences_of(read_wordings(WORDINGS), [fault])
    words = describe_whole(trained.tower, encoder.encode(own.texts), own, [fault])[0]
    return trained, words, describe_faults(trained.tower, texts.vectors, sentences, others)
