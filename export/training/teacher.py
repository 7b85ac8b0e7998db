"""The teacher: three experts, too large for the edge and each better in its field than one small net on all of it.

The *machine* expert reads every feature and knows recorded machines best; the *physics* expert reads a score of figures
that mean the same on every machine, and learns them from recordings and from simulation; the *rotor* expert reads the
lines of the shaft. How much the machine expert says depends on how near a window's spectrum lies to those it was
trained on. The experts label windows that nobody recorded: mixtures of real and simulated ones, view by view, a little
disturbed. From these the student learns the teacher's whole function and not just its answers at a thousand points
(distillation: Hinton et al., 2015, arXiv:1503.02531; on generated inputs: Bucila et al., Model compression, KDD 2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from agent.dsp.encoder_inputs import InputScaling
from agent.dsp.features import views
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS_OF_DEGREE
from agent.types import FAULTS
from export.data.sampling import recorded_rows, sampling_weights
from export.data.table import Table
from export.network.branches import MACHINE, PHYSICS, PHYSICS_BLIND, ROTOR, SPECTRUM, columns
from export.network.graph import Floats
from export.progress import track
from export.training.familiarity import nearness
from export.training.masking import Masking, hide, mask_groups
from export.training.teacher_recipe import TeacherConfig

OWN = ("own:*", "known:*")


@dataclass(frozen=True, slots=True)
class ExpertAnswers:
    """What the experts say of n windows, (n, faults) each in the order of FAULTS, and together."""

    together: Floats
    machine: Floats
    physics: Floats
    rotor: Floats  # 0 where there is no reference of the same speed
    nearness: Floats  # (n,) how much of the machine expert's word counts


@dataclass(frozen=True, slots=True)
class Imagined:
    """Windows as encoder inputs see them, and what the teacher says they are, with the reference and without."""

    values: Floats  # (n, d)
    known: NDArray[np.bool_]  # (n, d)
    reference: Floats  # (n, d), NaN where unknown
    informed: ExpertAnswers
    blind: ExpertAnswers


class Expert:
    """Extra trees on some of the encoder's inputs, trained where `rows` has weight."""

    def __init__(self, columns: NDArray[np.bool_], config: TeacherConfig, *, seed: int) -> None:
        self._columns = columns
        self._trees = ExtraTreesClassifier(config.trees, min_samples_leaf=2, n_jobs=2, random_state=seed)
        self.trained = False

    def fit(self, inputs: Floats, labels: NDArray[np.str_], weights: NDArray[np.float64]) -> Expert:
        rows = weights > 0
        if len(np.unique(labels[rows])) > 1:
            self._trees.fit(inputs[rows][:, self._columns], labels[rows], weights[rows] * len(rows))
            self.trained = True
        return self

    def probabilities(self, inputs: Floats) -> Floats:
        """(n, faults) in the order of FAULTS."""
        result = np.zeros((len(inputs), len(FAULTS)), np.float32)
        places = [FAULTS.index(label) for label in self._trees.classes_]
        result[:, places] = self._trees.predict_proba(inputs[:, self._columns])
        return result


class Teacher:
    """What the experts say together; each was trained with a healthy reference and, but for the rotor's, without."""

    def __init__(
        self,
        scaling: InputScaling,
        spec: FeatureSpec,
        config: TeacherConfig,
        *,
        seed: int,
        foreign_share: float = 0.0,
    ) -> None:
        self._scaling, self._config, self._foreign_share = scaling, config, foreign_share
        read = (MACHINE, OWN, PHYSICS, PHYSICS_BLIND, ROTOR)
        self._machine, self._machine_blind, self._physics, self._physics_blind, self._rotor = (
            Expert(columns(spec, patterns), config, seed=seed + number) for number, patterns in enumerate(read)
        )
        self._spectrum = columns(spec, SPECTRUM)

    def fit(self, table: Table, *, elsewhere: Floats, here: Floats) -> Teacher:
        """Train on all windows of `table`, with healthy references (n, d) learnt at other speeds and at the same.

        Only the rotor's expert is trained at the same speed: what tells a bearing fault has to carry over. Machines of
        other kinds teach physics alone: the machine expert's word counts by nearness to machines that were recorded.
        """
        config, scaling = self._config, self._scaling
        blind, compared, covered = (
            scaling.inputs(table.values, table.known, reference) for reference in (None, elsewhere, here)
        )
        real = recorded_rows(table)
        rows = np.arange(len(table))
        absolute = ~np.isin(table.labels, FAULTS_OF_DEGREE)
        recorded = sampling_weights(table, rows, 1.0) * (real & absolute)
        mixed = sampling_weights(table, rows, 1 - config.simulated_share, foreign_share=self._foreign_share)
        seen = compared[:, -1] > 0
        lessons = (
            (self._machine, compared, recorded * seen),
            (self._machine_blind, blind, recorded),
            (self._physics, compared, mixed * (absolute & seen)),
            (self._physics_blind, blind, mixed * absolute),
            (self._rotor, covered, mixed * self._covered(here)),
        )
        for expert, inputs, weights in track(lessons, "expert"):
            expert.fit(inputs, table.labels, weights)
        self._recorded = blind[real][:, self._spectrum]
        self._recordings = table.recordings[real]
        return self

    @property
    def trained(self) -> bool:
        """Whether it has something to say of every window: two labels at least that show without a reference."""
        return self._physics_blind.trained

    def _covered(self, reference: Floats) -> NDArray[np.bool_]:
        """(n,) whether the reference was learnt at the window's own speed."""
        known = np.isfinite(reference[:, self._scaling.speed_bound])
        return np.asarray(known.any(axis=1), np.bool_)

    def say(self, values: Floats, known: NDArray[np.bool_], reference: Floats | None) -> ExpertAnswers:
        """Without a reference of the same speed no fault of degree is named."""
        inputs = self._scaling.inputs(values, known, reference)
        near = np.zeros(len(inputs), np.float32)
        if len(self._recorded):
            near = nearness(self._recorded, self._recordings, inputs[:, self._spectrum])
            near[~known[:, self._spectrum[: known.shape[1]]].any(axis=1)] = 0
        physics = self._physics_blind.probabilities(inputs)
        machine = self._machine_blind.probabilities(inputs) if self._machine_blind.trained else physics.copy()
        seen = inputs[:, -1] > 0
        if seen.any() and self._physics.trained:
            physics[seen] = self._physics.probabilities(inputs[seen])
            machine[seen] = self._machine.probabilities(inputs[seen]) if self._machine.trained else physics[seen]
        rotor = np.zeros_like(physics)
        if reference is not None and self._rotor.trained:
            covered = seen & self._covered(reference)
            if covered.any():
                rotor[covered] = self._rotor.probabilities(inputs[covered])
        weight = near[:, np.newaxis]
        return ExpertAnswers(
            _with_degree(weight * machine + (1 - weight) * physics, rotor), machine, physics, rotor, near
        )


def _with_degree(absolute: Floats, rotor: Floats) -> Floats:
    """Faults of degree as far as the rotor expert is sure of them; what it leaves of the probability, as the others do.

    Its word counts squared: it learnt such faults from simulation alone.
    """
    relative = np.where(np.isin(FAULTS, FAULTS_OF_DEGREE), rotor, 0)
    relative = relative * relative.sum(axis=1, keepdims=True)
    agreed: Floats = relative + (1 - relative.sum(axis=1, keepdims=True)) * absolute
    return agreed


def imagine(
    table: Table,
    references: Sequence[Floats],
    *,
    teacher: Teacher,
    scaling: InputScaling,
    spec: FeatureSpec,
    config: TeacherConfig,
    masking: Masking,
    rng: np.random.Generator,
    foreign_share: float = 0.0,
) -> Imagined:
    """Windows between those of `table`, a part of what is known hidden, and what `teacher` says of what is left."""
    values, known, healthy = mix(
        table, references, scaling=scaling, spec=spec, config=config, rng=rng, foreign_share=foreign_share
    )
    known = hide(known, masking, mask_groups(spec), rng)
    return Imagined(
        values,
        known,
        healthy,
        informed=teacher.say(values, known, healthy),
        blind=teacher.say(values, known, None),
    )


def mix(
    table: Table,
    references: Sequence[Floats],
    *,
    scaling: InputScaling,
    spec: FeatureSpec,
    config: TeacherConfig,
    rng: np.random.Generator,
    foreign_share: float = 0.0,
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Features, which of them are known, and the healthy reference of `config.windows` windows between recorded ones.

    Each view comes from one window or from another, a little disturbed, and some bands of the spectrum from the other
    in any case: how near a machine is, is learnt from spectra at every distance from those recorded. The healthy
    reference, of one of `references`, is mixed alike, so that a difference still belongs to one machine.
    """
    n = config.windows
    every = np.arange(len(table))
    chances = sampling_weights(table, every, 1 - config.simulated_windows, foreign_share=foreign_share)
    first, second = (rng.choice(len(table), n, p=chances) for _ in "ab")
    stacked = np.stack(references)
    which = rng.integers(len(references), size=n)
    values, known, healthy = table.values[first], table.known[first], stacked[which, first]
    elsewhere = stacked[which, second]
    for members in views(spec).values():
        taken = np.ix_(np.less(rng.random(n), config.mixing), members)
        values[taken], known[taken] = table.values[second][taken], table.known[second][taken]
        healthy[taken] = elsewhere[taken]
    spectrum = views(spec)["spectrum"]
    foreign = np.less(rng.random(values.shape), rng.uniform(0, config.foreign_bands, (n, 1))) & spectrum
    values[foreign], known[foreign] = table.values[second][foreign], table.known[second][foreign]
    healthy[foreign] = elsewhere[foreign]
    spread = np.where(scaling.gain > 0, 1 / np.maximum(scaling.gain, 1e-6), 0)
    disturbed = rng.uniform(0, config.disturbance, (n, 1)) * rng.normal(0, 1, values.shape) * spread
    return np.where(known, values + disturbed, 0).astype(np.float32), known, healthy
