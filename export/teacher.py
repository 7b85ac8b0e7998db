"""The teacher: extra trees, too large for the edge and better than a small net on machines never seen.

It labels windows that nobody recorded: mixtures of real ones, view by view, a little disturbed. From these the student
learns the teacher's whole function and not just its answers at a thousand points (distillation: Hinton et al., 2015,
arXiv:1503.02531; on generated inputs: Bucila et al., Model compression, KDD 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from agent.features import views
from agent.matching import FAULTS_OF_DEGREE
from agent.scaling import InputScaling
from agent.spectra import FeatureSpec
from agent.types import FAULTS
from export.data.table import Table
from export.graph import Floats


class TeacherConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the teacher is made, and what it is asked."""

    trees: int = 200
    windows: int = 16_000  # imagined ones
    mixing: float = 0.1  # chance that a view comes from another window
    disturbance: float = 0.3  # standard deviations


@dataclass(frozen=True, slots=True)
class Imagined:
    """Windows as encoder inputs see them, and what the teacher says they are."""

    values: Floats  # (n, d)
    known: NDArray[np.bool_]  # (n, d)
    reference: Floats  # (n, d), NaN where unknown
    probability: Floats  # (n, faults)
    blind: Floats  # (n, faults) the same without the reference


class Teacher:
    """Two forests, on features and on their differences from the healthy reference; their mean where both see."""

    def __init__(self, scaling: InputScaling, config: TeacherConfig, *, seed: int) -> None:
        self._scaling = scaling
        self._n = len(scaling.mean)
        self._plain, self._compared = (
            ExtraTreesClassifier(config.trees, n_jobs=2, random_state=seed + number) for number in (0, 1)
        )

    def fit(
        self,
        values: Floats,
        known: NDArray[np.bool_],
        reference: Floats,
        labels: NDArray[np.str_],
        weights: NDArray[np.float64],
    ) -> Teacher:
        inputs = self._scaling.inputs(values, known, reference)
        absolute = ~np.isin(labels, FAULTS_OF_DEGREE)
        self._plain.fit(self._own(inputs)[absolute], labels[absolute], weights[absolute])
        compared = inputs[:, -1] > 0
        if compared.any():
            self._compared.fit(self._differences(inputs)[compared], labels[compared], weights[compared])
        return self

    def probabilities(self, values: Floats, known: NDArray[np.bool_], reference: Floats | None) -> Floats:
        """(n, faults) in the order of FAULTS; without a reference no relative fault is named."""
        inputs = self._scaling.inputs(values, known, reference)
        plain = _in_order(self._plain, self._own(inputs))
        seen = (inputs[:, -1] > 0) & hasattr(self._compared, "classes_")
        if seen.any():
            compared = _in_order(self._compared, self._differences(inputs)[seen])
            plain[seen] = _agreed(plain[seen], compared)
        return plain

    def _own(self, inputs: Floats) -> Floats:
        return np.concatenate([inputs[:, : self._n], inputs[:, 2 * self._n : -1]], axis=1)

    def _differences(self, inputs: Floats) -> Floats:
        return inputs[:, self._n : -1]


def _agreed(plain: Floats, compared: Floats) -> Floats:
    """Relative faults as the comparison alone sees them; what is left of the probability, as both do on average."""
    relative = np.isin(FAULTS, FAULTS_OF_DEGREE)
    absolute = np.where(relative, 0, compared)
    left = absolute.sum(axis=1, keepdims=True)
    both = (plain + absolute / np.maximum(left, 1e-6)) / 2
    agreed: Floats = np.where(relative, compared, left * both / np.maximum(both.sum(axis=1, keepdims=True), 1e-6))
    return agreed


def _in_order(forest: ExtraTreesClassifier, inputs: Floats) -> Floats:
    result = np.zeros((len(inputs), len(FAULTS)), np.float32)
    result[:, [FAULTS.index(label) for label in forest.classes_]] = forest.predict_proba(inputs)
    return result


def imagine(
    table: Table,
    rows: NDArray[np.intp],
    chances: NDArray[np.float64],
    reference: Floats,
    *,
    teacher: Teacher,
    scaling: InputScaling,
    spec: FeatureSpec,
    config: TeacherConfig,
    rng: np.random.Generator,
) -> Imagined:
    """Windows between the recorded ones, and what `teacher` says of them."""
    values, known, healthy = mix(table, rows, chances, reference, scaling=scaling, spec=spec, config=config, rng=rng)
    return Imagined(
        values,
        known,
        healthy,
        probability=teacher.probabilities(values, known, healthy),
        blind=teacher.probabilities(values, known, None),
    )


def mix(
    table: Table,
    rows: NDArray[np.intp],
    chances: NDArray[np.float64],
    reference: Floats,
    *,
    scaling: InputScaling,
    spec: FeatureSpec,
    config: TeacherConfig,
    rng: np.random.Generator,
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Features, which of them are known, and the healthy reference of `config.windows` windows between recorded ones.

    Each view comes from one window or from another, a little disturbed. The reference is mixed with the same views, so
    that a difference still belongs to one machine.
    """
    first, second = (rng.choice(rows, config.windows, p=chances) for _ in "ab")
    values, known, healthy = table.values[first], table.known[first], reference[first]
    for members in views(spec).values():
        taken = np.ix_(np.less(rng.random(config.windows), config.mixing), members)
        values[taken], known[taken] = table.values[second][taken], table.known[second][taken]
        healthy[taken] = reference[second][taken]
    spread = np.where(scaling.gain > 0, 1 / np.maximum(scaling.gain, 1e-6), 0)
    values = values + rng.normal(0, config.disturbance, values.shape).astype(np.float32) * spread
    return np.where(known, values, 0).astype(np.float32), known, healthy
