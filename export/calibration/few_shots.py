"""What a fault's words and a few of its windows say together: a description between the two.

A shrunken mean (James and Stein 1961): few windows of one machine say as much of that machine as of the fault, so what
they say counts for more the more of them there are, and never for all. What the words weigh against them is for whoever
asks to say, in windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.network.graph import Floats, unit_rows

MOST_OF_ALERT = 20
"""Windows of one alert that count; more of them tell no more of the fault, and none were tried."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Windows of one fault as the encoder hears them, and whose they are."""

    vectors: Floats  # (n, dim) of unit length, n at least 1
    machines: NDArray[np.str_]  # (n,)
    alerts: NDArray[np.str_]  # (n,) windows of one alert are no independent witnesses

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def count(self) -> int:
        """Windows that count."""
        _, counts = np.unique(self.alerts, return_counts=True)
        return int(np.minimum(counts, MOST_OF_ALERT).sum())

    @property
    def centre(self) -> Floats:
        """Unit vector (dim,) of their mean: every machine weighs alike, and every alert of one machine."""
        per_machine = []
        for machine in np.unique(self.machines):
            own = self.machines == machine
            alerts = [self.vectors[own & (self.alerts == alert)].mean(axis=0) for alert in np.unique(self.alerts[own])]
            per_machine.append(np.mean(alerts, axis=0))
        return np.asarray(unit_rows(np.mean(per_machine, axis=0)[np.newaxis])[0], np.float32)


def weight_of(count: int, *, words_weigh: float) -> float:
    """Share of `count` examples, 0 to 1; the rest is that of the words."""
    return count / (count + words_weigh) if count else 0.0


def between(words: Floats, examples: Examples, *, words_weigh: float) -> Floats:
    """The unit vector (dim,) between that of the `words` and the centre of the examples."""
    weight = np.float32(weight_of(examples.count, words_weigh=words_weigh))
    mixed = (1 - weight) * words + weight * examples.centre
    return np.asarray(unit_rows(mixed[np.newaxis])[0], np.float32)


def shrunk(granted: float, weight: float) -> float:
    """What is left of a head start once examples weigh so much: windows of the fault need none to be near it.

    One below 0 stays: it keeps the description from taking more of the windows trained on than it may.
    """
    return granted * (1 - weight) if granted > 0 else granted
