"""What the student learns from the teacher: its answers as a whole, and each branch what its own expert said.

Only windows that nobody recorded are asked about. The heads that turn a branch into its expert's answer live in
training alone; what they leave behind is a branch that carries it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.dsp.encoder_inputs import InputScaling
from agent.types import FAULTS
from export.network.branches import Expert
from export.network.graph import Floats
from export.network.model import Student
from export.training.recipe import TrainConfig
from export.training.teacher import ExpertAnswers, Imagined

NEARNESS_WORTH = 2.0  # of its cross-entropy, that of one yes or no, beside that of a whole answer


class Lessons(nn.Module):
    """Draws imagined windows and says how far the student's answers are from the teacher's."""

    def __init__(self, imagined: Imagined, scaling: InputScaling, recipe: TrainConfig) -> None:
        super().__init__()
        self._imagined, self._scaling, self._recipe = imagined, scaling, recipe
        self.heads = nn.ModuleList(
            nn.Linear(branch.widths[1], 1 if branch.expert == "nearness" else len(FAULTS)) for branch in recipe.branches
        )

    def loss(self, student: Student, centres: Tensor, present: Sequence[int], rng: np.random.Generator) -> Tensor:
        """Cross-entropy to what the teacher says, over the faults `present` that `centres` (faults, dim) describe."""
        imagined, recipe = self._imagined, self._recipe
        picked = rng.integers(0, len(imagined.values), recipe.batch)
        blind = np.less(rng.random(recipe.batch), recipe.masking.reference)
        reference = imagined.reference[picked]
        reference[blind] = np.nan
        inputs = self._scaling.inputs(imagined.values[picked], imagined.known[picked], reference)
        answers = ExpertAnswers(
            *(
                np.where(blind[:, np.newaxis] if informed.ndim > 1 else blind, bare[picked], informed[picked])
                for informed, bare in zip(_parts(imagined.informed), _parts(imagined.blind), strict=True)
            )
        )
        branches, raw = student.reading(torch.from_numpy(inputs).to(centres.device))
        likeness = functional.normalize(raw, dim=1) @ centres.T / recipe.teacher_temperature
        loss = _cross_entropy(answers.together[:, present], likeness).mean()
        targets: dict[Expert, Floats] = {
            "physics": answers.physics,
            "physics_blind": imagined.blind.physics[picked],
            "machine": answers.machine,
            "nearness": answers.nearness,
            "rotor": answers.rotor,  # 0 where it said nothing: nothing to learn
        }
        compared = torch.from_numpy((inputs[:, -1] > 0).astype(np.float32)).to(centres.device)
        widths = [branch.widths[1] for branch in recipe.branches]
        carried = torch.split(branches, widths, dim=1) if widths else ()
        for branch, head, seen in zip(recipe.branches, self.heads, carried, strict=True):
            distance = _distance(branch.expert, targets[branch.expert], head(seen))
            if branch.expert == "physics":  # its inputs say nothing without a reference
                distance = distance * compared
            loss = loss + recipe.branch_weight * distance.mean()
        return loss


def _distance(expert: Expert, targets: Floats, answer: Tensor) -> Tensor:
    """(n,) of a branch's answer, before its softmax or sigmoid, to its expert's."""
    if expert != "nearness":
        return _cross_entropy(targets, answer)
    near = torch.from_numpy(targets).to(answer.device)
    return NEARNESS_WORTH * functional.binary_cross_entropy_with_logits(answer[:, 0], near, reduction="none")


def _cross_entropy(targets: Floats, answer: Tensor) -> Tensor:
    """(n,) of answers before their softmax."""
    return -(torch.from_numpy(targets).to(answer.device) * functional.log_softmax(answer, dim=1)).sum(dim=1)


def _parts(answers: ExpertAnswers) -> tuple[Floats, ...]:
    return (answers.together, answers.machine, answers.physics, answers.rotor, answers.nearness)
