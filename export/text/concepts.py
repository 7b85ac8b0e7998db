"""By which concepts of the glossary each fault is told: those that its wordings name, and those of others hardly.

Nothing is listed by hand: what sets a fault apart is counted over the wordings that every tower learns from.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from agent.types import FAULTS, HEALTHY
from export.text.encoders import read_wordings, sentences_of
from export.text.glossary import SAID_OF, GlossaryEncoder
from export.text.no_fault import WORDINGS

OFTEN = 0.02
"""Share of a fault's sentences that name a concept, from which it is one of those that tell the fault."""
APART = 2.0
"""By how much that share must surpass the mean of the other faults."""
PARTS = (
    *("inner", "outer", "ring", "ball", "cage", "fastening", "rotor", "balance", "alignment", "coupling"),
    *("axial", "radial"),
)
"""Concepts that name a part, a property or a direction, and say nothing of its state."""


@cache
def told_by() -> Mapping[str, frozenset[str]]:
    """Fault -> the concepts by which its wordings tell it; of health none."""
    glossary, sentences = GlossaryEncoder(), sentences_of(read_wordings(WORDINGS), FAULTS)
    names = [name for name in glossary.concepts if name not in (*SAID_OF, "damage")]
    labels = np.array(sentences.faults)
    named = np.array([[name in found for name in names] for found in map(glossary.concepts_in, sentences.texts)])
    faults = [fault for fault in FAULTS if fault != HEALTHY and (labels == fault).any()]
    shares = {fault: named[labels == fault].mean(axis=0) for fault in faults}
    told: dict[str, frozenset[str]] = {}
    for fault in faults:
        rest = np.mean([shares[other] for other in faults if other != fault], axis=0)
        apart = (shares[fault] >= OFTEN) & (shares[fault] >= APART * rest)
        told[fault] = frozenset(name for name, is_own in zip(names, apart, strict=True) if is_own)
    return told
