"""What the edge would say of a machine that training never heard, for each level of knowledge of it.

Every rig is left out in turn: student and limits of signs know nothing of it, and the agent's own rule names its
windows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from agent.diagnosis.grounds import Grounds, Name
from agent.diagnosis.matching import Calibration
from agent.diagnosis.naming import NAME_AT, name_on, share_of
from agent.faults import ABNORMAL, FAULTS_OF_BEARINGS, HEALTHY, UNKNOWN, parent_of
from export.calibration.naming import grounds_of
from export.calibration.reliability import Reliability, reliability_of
from export.calibration.sign_limits import as_signs
from export.data.dressed import DRESSED
from export.data.manifest import ManifestRow
from export.progress import track
from export.scoring.answers import Answers, answers_of
from export.studies.columns.levels import limits_of
from export.studies.columns.splits import FAMILIES, machine_column
from export.studies.columns.training_cache import Material
from export.studies.knowledge.blind import Recordings, by_recording
from export.studies.knowledge.rigs import LeftOut, leave_out
from export.training.knowledge import KNOWLEDGE, STATES, level_name
from export.training.recipe import TrainConfig

FOREIGN = "dressed"
"""What stands for the label of healthy recordings dressed as other machines."""
NAMED_FROM = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Probabilities from which a name might be given."""


class NamedFrom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What comes of giving names from one probability on; each label of each rig weighs the same."""

    named: float  # share of the windows of damaged bearings that are called damaged, an element or `bearing`
    wrong: float  # share of the names of faults given that are wrong


class Study(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every rig left out at every level of knowledge; figures are means over seeds."""

    seeds: tuple[int, ...]
    answers: dict[str, dict[str, dict[str, Answers]]]  # rig -> level -> label -> what is said of its windows
    recordings: dict[str, dict[str, Recordings]]  # rig -> level -> of the first seed
    reliability: dict[str, Reliability]  # level -> of the names given; all rigs' labels weigh the same
    named_from: dict[str, dict[str, NamedFrom]]  # level -> probability -> what comes of naming from it on
    elements: Reliability | None  # of the elements named by impacts: how often right, by their share of the likeness


def run_knowledge(
    material: Material,
    rows: Sequence[ManifestRow],
    config: TrainConfig,
    *,
    families: Sequence[str] = FAMILIES,
    seeds: Sequence[int],
    cache: Path,
    folder: Path,
    tell: Callable[[str], None],
) -> Study:
    """Every rig of `families` left out with every seed; finished trainings are kept below `folder`."""
    named: dict[str, dict[str, list[tuple[Name, str]]]] = {family: {} for family in families}
    from_on: dict[str, dict[str, list[list[tuple[Name, str]]]]] = {}
    recordings: dict[str, dict[str, Recordings]] = {}
    elements: list[tuple[float, bool, float]] = []
    for seed in seeds:
        recipe = msgspec.structs.replace(config, seed=seed)
        for family in track(families, "rig left out"):
            left_out = leave_out(family, material, rows, recipe, cache=cache, folder=folder)
            limits = limits_of(material, machine_column(material.recorded, family).trained)
            for level, grounds, labels in grounds_at_levels(left_out, limits, material):
                said = named_on(grounds, labels, limits)
                named[family].setdefault(level, []).extend(said)
                elements += _elements(grounds, said)
                trials = from_on.setdefault(level, {})
                for start in NAMED_FROM:
                    trials.setdefault(f"{start:g}", []).append(named_on(grounds, labels, limits, name_at=start))
            recordings.setdefault(family, by_recording(left_out, limits, material))
            tell(f"{family} left out, seed {seed}")
    levels = list(named[families[0]])
    return Study(
        seeds=tuple(seeds),
        answers={family: {level: _answers_by_label(named[family][level]) for level in levels} for family in families},
        recordings=recordings,
        reliability={level: _reliability([named[family][level] for family in families]) for level in levels},
        named_from={
            level: {start: _named_from(rigs) for start, rigs in trials.items()} for level, trials in from_on.items()
        },
        elements=_by_share(elements),
    )


def grounds_at_levels(
    left_out: LeftOut, limits: Calibration, material: Material
) -> Iterator[tuple[str, list[Grounds], list[str]]]:
    """Every level of knowledge with what the names of the rig's windows rest on, and their labels."""
    for state in STATES:
        rows = as_signs(left_out.rows(state), material.spec)
        foreign = np.char.startswith(rows.machines, DRESSED)
        labels = np.where(foreign, FOREIGN, rows.labels).tolist()
        healthy = left_out.healthy if state == STATES[0] else None
        for known, knowledge in KNOWLEDGE.items():
            grounds = grounds_of(rows, left_out.likeness[known, state], healthy, limits, material.spec, knowledge)
            yield level_name(known, state), list(grounds), labels


def named_on(
    grounds: Sequence[Grounds], labels: Sequence[str], limits: Calibration, *, name_at: float = NAME_AT
) -> list[tuple[Name, str]]:
    """The name of every window, beside its label."""
    return [(name_on(one, limits, name_at=name_at), label) for one, label in zip(grounds, labels, strict=True)]


def _elements(grounds: Sequence[Grounds], said: Sequence[tuple[Name, str]]) -> Iterator[tuple[float, bool, float]]:
    """Of elements that likeness and lines agree on: their share of the likeness, whether right, and their weight."""
    counts = Counter(label for _, label in said)
    for one, (name, label) in zip(grounds, said, strict=True):
        if name.fault in FAULTS_OF_BEARINGS and name.reason == "nearest_description":
            own = next(match for match in one.matches if match.fault == name.fault)
            yield share_of(one, own), name.fault == label, 1 / counts[label]


def _by_share(elements: Sequence[tuple[float, bool, float]]) -> Reliability | None:
    if not elements:
        return None
    share, right, weights = (np.array(column, dtype=np.float64) for column in zip(*elements, strict=True))
    return reliability_of(share, right > 0, weights)


def is_right(name: Name, label: str) -> bool:
    """Whether a window of this label may be called so: by its fault, or the parent of it."""
    truth = HEALTHY if label == FOREIGN else label
    return name.fault in (truth, parent_of(truth))


def _reliability(rigs: Sequence[Sequence[tuple[Name, str]]]) -> Reliability:
    """Of all names given, each label of each rig weighing the same."""
    given = [
        (name.probability, is_right(name, label), 1 / sum(other == label for _, other in rig))
        for rig in rigs
        for name, label in rig
        if name.fault not in (UNKNOWN, ABNORMAL)
    ]
    probability, right, weights = (np.array(column, dtype=np.float64) for column in zip(*given, strict=True))
    return reliability_of(probability, right > 0, weights)


def _named_from(rigs: Sequence[Sequence[tuple[Name, str]]]) -> NamedFrom:
    said = [labelled for rig in rigs for labelled in _answers_by_label(rig).items()]
    damaged = [answers.right + answers.parent for label, answers in said if label in FAULTS_OF_BEARINGS]
    right, wrong = sum(damaged), sum(answers.wrong for _, answers in said)
    return NamedFrom(float(np.mean(damaged)), wrong / (right + wrong) if right + wrong else 0.0)


def _answers_by_label(named: Sequence[tuple[Name, str]]) -> dict[str, Answers]:
    labels = sorted({label for _, label in named})
    return {
        one: answers_of([name.fault for name, label in named if label == one], HEALTHY if one == FOREIGN else one)
        for one in labels
    }
