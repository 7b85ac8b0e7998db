"""How far a likeness may be trusted: fitted on groups that were left out of training, never on test recordings.

Each fold trains a student without some bearings and machines and looks at what it says of them. The temperature makes
the probabilities honest there; the limits of "unknown" reject at most a stated share of those known faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.matching import Calibration
from agent.dsp.encoder_inputs import speed_bound, view_shares
from agent.dsp.spectra import FeatureSpec
from agent.types import FAULTS
from export.calibration.line_limits import Standing, fit_objecting, standing_of
from export.data.healthy import healthy_states
from export.data.sampling import folds, foreign_rows, sampling_weights
from export.data.table import Table
from export.network.graph import Floats
from export.progress import track
from export.scoring.score import embeddings, encoder_inputs
from export.scoring.statistics import weighted_quantile
from export.text.encoders import EncodedSentences
from export.text.tower import fault_centres
from export.training.checkpoint import run_key
from export.training.finished import keep_whole, whole_in
from export.training.recipe import TrainConfig
from export.training.start import Start
from export.training.train import Trained, train

REJECTED = 0.05
"""Share of known faults that "unknown" may cost."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Similarities of windows whose group no fold's student had seen."""

    similarity: Floats  # (n, faults)
    rows: NDArray[np.intp]  # of the table
    standing: Standing | None = None  # how high their lines stand; None: nobody looked


Learner: TypeAlias = Callable[[Table, int], Trained]
"""Makes the student of one fold of the windows left in it and the fold's number."""


def training(
    config: TrainConfig,
    *,
    steps: int,
    spec: FeatureSpec,
    texts: EncodedSentences,
    folder: Path,
    start: Start | None = None,
) -> Learner:
    """Trains as `config` says, for `steps` alone and with a seed of each fold's own; its checkpoints go to `folder`.

    One that ended there is not trained again.
    `start` may have heard nothing that a fold leaves out.
    """

    def learn(table: Table, number: int) -> Trained:
        short = msgspec.structs.replace(config, steps=steps, seed=config.seed + number)
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        key = run_key(table, short, texts.vectors, *(() if start is None else start.arrays))
        trained = whole_in(place, key, short, spec=spec, text_dim=texts.vectors.shape[1])
        if trained is None:
            trained = train(table, short, spec=spec, texts=texts, folder=place, start=start)
            keep_whole(place, key, trained)
        return trained

    return learn


def held_out_similarities(
    table: Table, learn: Learner, *, spec: FeatureSpec, texts: EncodedSentences, count: int, seed: int
) -> HeldOut:
    """Let `count` students learn, each without one fold of the groups, and embed what it did not see."""
    found, rows = [], []
    judged = ~table.baseline & ~foreign_rows(table)  # which have no say in how far a name may be trusted
    for number, out in enumerate(track(folds(table, count, seed=seed), "folds without some bearings, fold")):
        # A healthy baseline is known wherever there was a commissioning, so it may serve both sides as reference.
        trained = learn(table.take(~out | table.baseline), number)
        centres = fault_centres(trained.tower, texts)
        inputs = encoder_inputs(table, trained.scaling)
        scored = np.flatnonzero(out & judged)
        found.append(embeddings(trained.student, inputs[scored]) @ centres.T)
        rows.append(scored)
    every = np.concatenate(rows)
    healthy = healthy_states(table, speed_bound(view_shares(spec)))
    standing = standing_of(table.values[every], table.known[every], healthy[every], spec)
    return HeldOut(np.concatenate(found), every, standing)


def fit_calibration(held_out: HeldOut, table: Table, *, real_share: float) -> Calibration:
    """Temperature by least cross-entropy, limits by quantiles, both weighing every label and machine family alike.

    Where lines are known, likeness may cost half of REJECTED, and the lines' limits what it leaves.
    """
    similarity = held_out.similarity.astype(np.float64)
    targets = np.array([FAULTS.index(label) for label in table.labels[held_out.rows]])
    weights = sampling_weights(table, held_out.rows, real_share)
    temperature = min(np.geomspace(0.01, 1.0, 81), key=lambda t: _cross_entropy(similarity, targets, weights, t))
    best = similarity.max(axis=1)
    probability = softmax(similarity / temperature).max(axis=1)
    price = REJECTED / 2 if held_out.standing is None else REJECTED / 4
    calibration = Calibration(
        temperature=float(temperature),
        unknown_similarity=weighted_quantile(best, weights, price),
        unknown_probability=weighted_quantile(probability, weights, price),
    )
    if held_out.standing is None:
        return calibration
    unlike = (best < calibration.unknown_similarity) | (probability < calibration.unknown_probability)
    names = np.array(FAULTS)[similarity.argmax(axis=1)]
    limits = fit_objecting(names, held_out.standing, weights, rejected=REJECTED, already=unlike)
    return msgspec.structs.replace(calibration, lines=limits.lines, blind_lines=limits.blind_lines)


def softmax(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Row-wise softmax."""
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def _cross_entropy(
    similarity: NDArray[np.float64], targets: NDArray[np.intp], weights: NDArray[np.float64], temperature: float
) -> float:
    shares = softmax(similarity / temperature)[np.arange(len(targets)), targets]
    return float(-np.average(np.log(np.maximum(shares, 1e-12)), weights=weights))
