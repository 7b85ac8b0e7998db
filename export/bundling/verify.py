"""Refuses to pass quietly: float, int8 and both runtimes side by side on golden and on real windows.

A bundle that fails a limit is not written (or, if it lies there already, not accepted); what it measured goes into the
model card either way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.load import Bundle, self_test
from agent.bundle.runtimes import RUNTIMES
from agent.errors import BundleError
from agent.ports import Encoder, load
from export.network.graph import Floats, Graph, embed
from export.progress import track

MIN_COSINE_MEAN = 0.99
MIN_COSINE = 0.9
MIN_AGREEMENT = 0.98  # of the nearest description, float and int8
MIN_COSINE_APART = 0.999
"""Of two runtimes' answers to one window: about what a step in each of 64 codes makes. A hidden value in the middle
between two codes is rounded up by the one and down by the other; that moves outputs by a step or two, and no name."""
WORST = 5
LATENCY_RUNS = 2000


class RuntimeFigures(msgspec.Struct, frozen=True):
    """One runtime against the float graph."""

    cosine_mean: float
    cosine_min: float
    top1_agreement: float
    microseconds: float  # median of one embedding


class Verification(msgspec.Struct, frozen=True):
    """What was measured; `problems` is empty if the bundle passes."""

    windows: int
    runtimes: dict[str, RuntimeFigures]
    steps_apart: int  # largest difference of any two runtimes' codes
    worst: tuple[str, ...]  # names of the windows that int8 changes most
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Windows to verify with: encoder inputs (n, inputs) and a name for each."""

    inputs: Floats
    names: Sequence[str]


def verify(bundle: Bundle, graph: Graph, case: Case) -> Verification:
    """Compare the bundle's encoders with the float `graph` they were made from."""
    encoders: dict[str, Encoder] = {name: load(RUNTIMES, name)(bundle.model(name)) for name in RUNTIMES}
    problems = []
    for name, encoder in encoders.items():
        try:
            self_test(bundle, encoder)
        except BundleError as error:
            problems.append(f"{name}: {error}")
    exact = embed(graph, case.inputs)
    codes = bundle.manifest.inputs.encode(case.inputs)
    answers = {name: _answers(encoder, codes, name) for name, encoder in encoders.items()}
    figures, cosines = {}, {}
    for name, encoder in encoders.items():
        cosines[name], figures[name] = _figures(bundle, exact, answers[name], _median_us(encoder, codes[0]))
        problems += _problems(name, figures[name])
    steps = np.ptp(np.array(list(answers.values()), np.int16), axis=0)
    for one, other in combinations(answers, 2):
        if not (cosine := apart(answers[one], answers[other])) >= MIN_COSINE_APART:
            problems.append(
                f"{one} and {other} differ: smallest cosine {cosine:.4f}, below {MIN_COSINE_APART}; one of them "
                "computes wrongly: try another version of its package"
            )
    first = cosines[next(iter(RUNTIMES))]
    order = np.argsort(first)[:WORST]
    return Verification(
        windows=len(codes),
        runtimes=figures,
        steps_apart=int(steps.max()),
        worst=tuple(f"{case.names[i]} (cosine {first[i]:.4f})" for i in order),
        problems=tuple(problems),
    )


def _answers(encoder: Encoder, codes: NDArray[np.int8], name: str) -> NDArray[np.int8]:
    return np.array([encoder.embed(codes[row]) for row in track(range(len(codes)), f"verifying {name}")])


def _figures(
    bundle: Bundle, exact: Floats, answers: NDArray[np.int8], microseconds: float
) -> tuple[Floats, RuntimeFigures]:
    vectors = np.array([bundle.embedding(answer) for answer in answers])
    cosines: Floats = np.einsum("ij,ij->i", vectors, exact)
    centres = bundle.descriptions.vectors.T
    agreement = ((vectors @ centres).argmax(axis=1) == (exact @ centres).argmax(axis=1)).mean()
    return cosines, RuntimeFigures(float(cosines.mean()), float(cosines.min()), float(agreement), microseconds)


def _problems(name: str, figures: RuntimeFigures) -> list[str]:
    found = []
    if not figures.cosine_mean >= MIN_COSINE_MEAN:
        found.append(f"{name}: mean cosine to float {figures.cosine_mean:.4f}, below {MIN_COSINE_MEAN}")
    if not figures.cosine_min >= MIN_COSINE:
        found.append(f"{name}: smallest cosine to float {figures.cosine_min:.4f}, below {MIN_COSINE}")
    if not figures.top1_agreement >= MIN_AGREEMENT:
        found.append(f"{name}: names the same fault as float in {figures.top1_agreement:.3f}, below {MIN_AGREEMENT}")
    return found


def apart(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    """Smallest cosine of two runtimes' codes (windows, dim) for the same window."""
    products = np.einsum("ij,ij->i", one.astype(np.float64), other.astype(np.float64))
    lengths = np.linalg.norm(one.astype(np.float64), axis=1) * np.linalg.norm(other.astype(np.float64), axis=1)
    return float((products / np.maximum(lengths, 1)).min())


def _median_us(encoder: Encoder, codes: NDArray[np.int8]) -> float:
    times = []
    for _ in range(LATENCY_RUNS):
        start = time.perf_counter_ns()
        encoder.embed(codes)
        times.append(time.perf_counter_ns() - start)
    return float(np.median(times)) / 1000
