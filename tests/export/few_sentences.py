"""A few sentences of each fault as numbers of chance, for tests of studies: true ones take longer to read than small
trainings, and what is read is not what such a test asks about."""

from __future__ import annotations

import numpy as np

from agent.types import FAULTS
from export.text.encoders import EncodedSentences, Sentences

EACH, DIM = 4, 24
_OF = tuple(fault for fault in FAULTS for _ in range(EACH))
FEW = EncodedSentences(
    Sentences(_OF, _OF, ("en",) * len(_OF)),
    np.random.default_rng(0).normal(size=(len(_OF), DIM)).astype(np.float32),
)
