"""Scores of embeddings against descriptions; every figure by its own definition, none of them blended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from agent.dsp.encoder_inputs import InputScaling
from agent.types import FAULTS
from export.data.healthy import healthy_states
from export.data.table import Table
from export.network.graph import Floats, Graph, embed
from export.network.model import Student

REFERENCES = (("with_baseline", True), ("without_baseline", False))
"""What figures of both are called, and whether the healthy state is known."""


def encoder_inputs(table: Table, scaling: InputScaling, *, with_reference: bool = True) -> Floats:
    """(n, inputs) with the healthy baseline of each machine, or without any."""
    reference = healthy_states(table, scaling.speed_bound) if with_reference else None
    return scaling.inputs(table.values, table.known, reference)


def embeddings(student: Student, inputs: Floats) -> Floats:
    """Unit vectors (n, dim) of the float student."""
    student.eval()
    with torch.no_grad():
        vectors: Floats = student(torch.from_numpy(inputs)).numpy()
    return vectors


def recall_per_label(predicted: NDArray[np.str_], labels: NDArray[np.str_]) -> dict[str, float]:
    """Share of each label's windows that were called so."""
    return {str(label): float((predicted[labels == label] == label).mean()) for label in np.unique(labels)}


def balanced_accuracy(predicted: NDArray[np.str_], labels: NDArray[np.str_]) -> float:
    """Mean recall over the labels present."""
    from sklearn.metrics import recall_score

    return float(recall_score(labels, predicted, labels=np.unique(labels), average="macro"))


def nearest(similarity: Floats, faults: Sequence[str]) -> NDArray[np.str_]:
    """Fault of the highest similarity per row of (n, faults)."""
    names: NDArray[np.str_] = np.array(faults)[similarity.argmax(axis=1)]
    return names


def named(inputs: Floats, graph: Graph, centres: Floats) -> NDArray[np.str_]:
    """(n,) the faults whose descriptions (faults, dim) are nearest to encoder inputs (n, inputs)."""
    return nearest(embed(graph, inputs) @ centres.T, FAULTS)


def by_family(predicted: NDArray[np.str_], table: Table) -> Mapping[str, float]:
    """Balanced accuracy per family: `cwru-de` and `cwru-fe` are one machine, `sim-7` and `sim-8` one population."""
    families = table.families
    return {
        str(family): balanced_accuracy(predicted[families == family], table.labels[families == family])
        for family in np.unique(families)
    }
