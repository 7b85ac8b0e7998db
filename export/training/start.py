"""Where a training starts from that does not start from chance: weights and scaling, as a pre-training left them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from agent.dsp.encoder_inputs import InputScaling
from export.network.model import Student

LAST = "last"  # layer of a student


@dataclass(frozen=True, slots=True)
class Start:
    """What the first step finds; without weights they are drawn by chance, as without a start."""

    scaling: InputScaling
    weights: Mapping[str, Tensor] | None = None  # `learnt_weights` of a student of the same recipe

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """All numbers of it, so that a checkpoint belongs to no other start."""
        scaling = (self.scaling.mean, self.scaling.gain, self.scaling.deviation_gain)
        return (*scaling, *(value.numpy() for value in (self.weights or {}).values()))


def learnt_weights(student: Student) -> dict[str, Tensor]:
    """All weights but those of the last layer, which turned what was learnt towards its objective and not to sentences.

    So are projections thrown away that an objective wants (Chen et al. 2020, arXiv 2002.05709, section 4.2).
    """
    return {name: value for name, value in student.state_dict().items() if not name.startswith(f"{LAST}.")}


def begun_with(start: Start | None, student: Student, fitted: InputScaling) -> InputScaling:
    """The scaling that `student` learns by, its weights put to those of `start`; `fitted` where there is none.

    What a start has never heard, its student has learnt nothing about: there the scaling is as fitted now.
    """
    if start is None:
        return fitted
    student.load_state_dict({**student.state_dict(), **(start.weights or {})})
    heard, compared = start.scaling.gain > 0, start.scaling.deviation_gain > 0
    return InputScaling(
        np.where(heard, start.scaling.mean, fitted.mean),
        np.where(heard, start.scaling.gain, fitted.gain),
        np.where(compared, start.scaling.deviation_gain, fitted.deviation_gain),
        fitted.view_shares,
    )
