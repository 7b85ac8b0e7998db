"""What every run folder says of its student: on groups left out, on the windows trained on, and of sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.diagnosis.matching import Calibration
from agent.types import FAULTS
from export.calibration.reliability import reliability_of
from export.calibration.temperature import HeldOut, softmax
from export.data.sampling import foreign_rows, recorded_rows, sampling_weights
from export.data.table import Table
from export.network.graph import Floats
from export.scoring.score import (
    REFERENCES,
    balanced_accuracy,
    by_family,
    embeddings,
    encoder_inputs,
    nearest,
    recall_per_label,
)
from export.scoring.spread import Spread, spread_of
from export.text.encoders import FOLDER, EncodedSentences, TextEncoder, read_wordings, sentences_of
from export.text.tower import describe, describe_faults, fault_centres, nearest_fault_share, whole
from export.training.train import Trained


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one training made, and what its folds said of windows that they had not learnt from."""

    trained: Trained
    table: Table
    held_out: HeldOut
    texts: EncodedSentences
    encoder: TextEncoder


def metrics_of(outcome: Outcome, calibration: Calibration, *, real_share: float) -> dict[str, Any]:
    """What every run folder says of its student."""
    trained, table, texts = outcome.trained, outcome.table, outcome.texts
    real, foreign = int(recorded_rows(table).sum()), int(foreign_rows(table).sum())
    centres = fault_centres(trained.tower, texts)
    return {
        "windows": {"real": real, "simulated": len(table) - real - foreign, "foreign": foreign},
        "final_loss": float(np.mean(trained.losses[-100:])),
        "held_out_groups": held_out_metrics(outcome.held_out, table, calibration.temperature, real_share),
        "training_windows": training_metrics(trained, table, centres),
        "embedding": embedding_metrics(trained, table, centres),
        "text": text_metrics(trained, table, centres, outcome.encoder),
    }


def held_out_metrics(held_out: HeldOut, table: Table, temperature: float, real_share: float) -> dict[str, object]:
    """What students say of bearings and machines that they were not trained on (the other bearings of a rig were)."""
    part = table.take(held_out.rows)
    predicted = nearest(held_out.similarity, FAULTS)
    probability = softmax(held_out.similarity.astype(np.float64) / temperature).max(axis=1)
    weights = sampling_weights(table, held_out.rows, real_share)
    return {
        "balanced_accuracy_by_family": by_family(predicted, part),
        "recall_per_label": recall_per_label(predicted, part.labels),
        "calibration_error": reliability_of(probability, predicted == part.labels, weights).error,
    }


def training_metrics(trained: Trained, table: Table, centres: Floats) -> dict[str, object]:
    """How well the training windows themselves are fitted; says nothing about other machines."""
    scored = np.flatnonzero(~table.baseline)
    part = table.take(scored)
    result: dict[str, object] = {}
    for name, with_reference in REFERENCES:
        inputs = encoder_inputs(table, trained.scaling, with_reference=with_reference)[scored]
        predicted = nearest(embeddings(trained.student, inputs) @ centres.T, FAULTS)
        result[name] = by_family(predicted, part)
    return result


def embedding_metrics(trained: Trained, table: Table, centres: Floats) -> Spread:
    """How the training windows use the space: dimensions in use, distance to their own description, spread."""
    scored = np.flatnonzero(~table.baseline)
    embedded = embeddings(trained.student, encoder_inputs(table, trained.scaling)[scored])
    own = centres[[FAULTS.index(label) for label in table.labels[scored]]]
    return spread_of(embedded, own)


def text_metrics(trained: Trained, table: Table, centres: Floats, encoder: TextEncoder) -> dict[str, object]:
    """What it costs to describe the faults in sentences that training never saw, on the training windows."""
    never_seen = sentences_of(read_wordings(FOLDER / "unseen.toml"), FAULTS)
    encoded = encoder.encode(never_seen.texts)
    scored = np.flatnonzero(~table.baseline)
    embedded = embeddings(trained.student, encoder_inputs(table, trained.scaling)[scored])
    labels = table.labels[scored]
    swapped = describe_faults(trained.tower, encoded, never_seen, FAULTS)
    usual = balanced_accuracy(nearest(embedded @ centres.T, FAULTS), labels)
    return {
        "unseen_sentences_nearest_to_their_fault": nearest_fault_share(
            describe(trained.tower, encoded), never_seen, whole(trained.tower, centres), FAULTS
        ),
        "cost_of_unseen_wordings": usual - balanced_accuracy(nearest(embedded @ swapped.T, FAULTS), labels),
    }
