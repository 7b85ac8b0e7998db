"""What is known of the faults that are described anew: their words, their examples, and what each is granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.bundle.load import Bundle
from export.bundling.examples import WORDS_WEIGH, Moved, turned_by
from export.bundling.sentence_reader import Reader
from export.bundling.stored_examples import Stored
from export.calibration.few_shots import Examples, between, shrunk, weight_of
from export.calibration.head_start import grant_of
from export.network.graph import Floats
from export.scoring.score import nearest
from export.text.encoders import TextError


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of faults beside the bundle: words and examples, of before and given now."""

    words: Mapping[str, Floats]  # by words alone, of every fault with words given now or with examples
    examples: Mapping[str, Examples]
    weights: Mapping[str, float]  # of the examples of each fault that has any

    def described(self) -> dict[str, Floats]:
        """Fault -> what windows are held against."""
        return {
            fault: between(words, self.examples[fault], words_weigh=WORDS_WEIGH) if fault in self.examples else words
            for fault, words in self.words.items()
        }


def told_of(bundle: Bundle, given: Mapping[str, Floats], stored: Stored, heard: Mapping[str, Examples]) -> Told:
    """All words and examples; TextError where a fault has examples and no words."""
    examples = stored.with_more(heard)
    before = dict(zip(bundle.descriptions.faults, bundle.descriptions.vectors, strict=True))
    words = dict(stored.words) | dict(given)
    for fault in examples:
        if fault not in words and fault not in before:
            raise TextError(
                f"{fault}: examples of it are given, and no words that people could read; describe it, too "
                f'(--descriptions, a table per language: {fault} = ["..."])'
            )
        words.setdefault(fault, before.get(fault, np.empty(0, np.float32)))
    weights = {fault: weight_of(one.count, words_weigh=WORDS_WEIGH) for fault, one in examples.items()}
    return Told(words, examples, weights)


def grants_of(
    bundle: Bundle, known: Mapping[str, Floats], reader: Reader, weights: Mapping[str, float]
) -> dict[str, float]:
    """What each fault of `known` is granted that the encoder was not trained with; 0 where no window was stored.

    The more examples weigh, the less of it is left.
    """
    trained = bundle.manifest.trained
    centres = np.stack([known[fault] for fault in trained])
    return {
        fault: 0.0 if reader.heard is None else shrunk(grant_of(reader.heard, centres, vector), weights.get(fault, 0.0))
        for fault, vector in known.items()
        if fault not in trained
    }


def named_by(reader: Reader, known: Mapping[str, Floats], granted: Mapping[str, float]) -> NDArray[np.str_] | None:
    """What each of the windows stored with the tower is called, as the agent matches it; None where none are stored."""
    if reader.heard is None:
        return None
    bonus = np.array([granted.get(fault, 0.0) for fault in known], np.float32)
    return nearest(reader.heard @ np.stack(list(known.values())).T + bonus, tuple(known))


def counted(
    moved: Mapping[str, Moved], before: NDArray[np.str_] | None, after: NDArray[np.str_] | None
) -> dict[str, Moved]:
    """With what each fault takes from others and gives up; as it was where no windows are stored."""
    if before is None or after is None:
        return dict(moved)
    found = {}
    for fault, one in moved.items():
        taken, given_up = turned_by(fault, before, after)
        found[fault] = replace(one, taken=taken, given_up=given_up)
    return found
