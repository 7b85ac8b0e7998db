"""An embedding against the cached description vectors: likenesses, probabilities, and an honest "unknown".

An embedding that is not a direction (not finite, all zero) matches nothing, so that a broken number never reads as
healthy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.faults import UNKNOWN, children_of
from agent.types import Match, Vector


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people read about one fault, in one language."""

    title: str
    sentence: str
    advice: str


class LineLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much bearing lines may say against a name before it is called unknown, in the log heights of the features.

    None: too few windows with lines to fix this limit on, so it rejects nothing. `line_check` says what is compared
    with what.
    """

    named: float | None  # by how much other lines may stand above those of the race that is named
    unnamed: float | None  # how high lines may stand beside another name that does not draw them
    absent: dict[str, float]  # fault -> how high its own must stand at least; nothing is asked of others


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A probability that rises with a figure: linear between its knots, and no further beyond them."""

    at: tuple[float, ...]
    probability: tuple[float, ...]

    def __post_init__(self) -> None:
        pairs = (pairwise(self.at), pairwise(self.probability))
        if not self.at or len(self.at) != len(self.probability) or any(a > b for one in pairs for a, b in one):
            raise ValueError("a curve needs knots that rise, and a probability that does for each")
        if not 0 <= self.probability[0] <= self.probability[-1] <= 1:
            raise ValueError("probabilities must lie between 0 and 1")

    def of(self, figure: float) -> float:
        """The probability at `figure`."""
        return float(np.interp(figure, self.at, self.probability))


class SignLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From where on physical signs bear a name out; fitted on machines left out."""

    impulses: float  # spread of the envelope from which a window holds impacts that healthy machines do not
    damage: Curve  # of a bearing, by that spread
    own: dict[str, float]  # bearing element -> how high its own lines stand in healthy machines at most
    share: float = 0.6  # of the likeness of all elements, from which one of them is told from the others
    kurtosis: float | None = None  # log of the signal's, from which it is not called healthy by its looks alone


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far a likeness may be trusted; fitted on training machines only and carried by the bundle.

    A match is called unknown where the best similarity, its probability, or its lead over the second similarity stays
    below the limit of that name, or where bearing lines contradict it.
    """

    temperature: float
    unknown_similarity: float
    unknown_probability: float
    unknown_margin: float = 0.0
    lines: LineLimits | None = None  # of heights above this machine's healthy reference
    blind_lines: LineLimits | None = None  # of heights above the floor alone, where no healthy state is known
    signs: SignLimits | None = None  # of spreads and heights above this machine's healthy reference
    blind_signs: SignLimits | None = None  # of spreads above Gaussian noise and heights above the floor
    granted: dict[str, float] = {}
    """Fault -> what its similarity gains, where its description alone is known: the encoder was trained without it."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError("temperature must be above 0")


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The cached descriptions: one unit vector per fault, the fault's wordings already averaged.

    `vectors` (n_faults, dim) float32; `texts` maps fault -> language -> Text.
    """

    faults: tuple[str, ...]
    vectors: Vector
    validated: tuple[bool, ...]  # False: learnt from simulation alone
    texts: Mapping[str, Mapping[str, Text]]

    def __post_init__(self) -> None:
        if not self.faults or len(set(self.faults)) != len(self.faults):
            raise ValueError("descriptions need at least one fault, and each fault once")
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.faults) or len(self.validated) != len(self.faults):
            raise ValueError(f"descriptions need one vector and one flag for each of the {len(self.faults)} faults")
        if not np.allclose(np.linalg.norm(self.vectors, axis=1), 1.0, atol=1e-3):
            raise ValueError("description vectors must be finite and of unit length")

    def is_validated(self, fault: str) -> bool:
        """False where `fault` was learnt from simulation alone, and a parent where all its children were.

        What is no description (unknown, invalid) is True.
        """
        described = [one for one in (fault, *children_of(fault)) if one in self.faults]
        return not described or any(self.validated[self.faults.index(one)] for one in described)


def match(embedding: Vector, descriptions: Descriptions, calibration: Calibration) -> tuple[Match, ...]:
    """Every fault by its likeness to `embedding` (dim,), best first; ties keep the order of the descriptions.

    Similarity is the cosine, and what the fault is granted; probability is softmax(similarity / temperature) over the
    faults. Empty where the embedding is not finite or has no length.
    """
    length = float(np.linalg.norm(embedding.astype(np.float64)))
    if not np.isfinite(length) or length == 0.0:
        return ()
    granted = np.array([calibration.granted.get(fault, 0.0) for fault in descriptions.faults])
    similarities = descriptions.vectors.astype(np.float64) @ (embedding / length) + granted
    return ranked(similarities, descriptions.faults, calibration.temperature)


def ranked(similarities: NDArray[np.float64], faults: Sequence[str], temperature: float) -> tuple[Match, ...]:
    """`faults` by their similarities (faults,), best first, with the softmax of similarity / temperature."""
    scaled = similarities / temperature
    weights = np.exp(scaled - scaled.max())
    probabilities = weights / weights.sum()
    order = np.argsort(-similarities, kind="stable")
    return tuple(Match(faults[i], float(similarities[i]), float(probabilities[i])) for i in order)


def name_of(matches: tuple[Match, ...], calibration: Calibration) -> str:
    """The fault id of the best match, or "unknown" where it does not reach the calibrated limits (or is none)."""
    if not matches:
        return UNKNOWN
    best = matches[0]
    margin = best.similarity - matches[1].similarity if len(matches) > 1 else np.inf
    fits = (
        best.similarity >= calibration.unknown_similarity
        and best.probability >= calibration.unknown_probability
        and margin >= calibration.unknown_margin
    )
    return best.fault if fits else UNKNOWN
