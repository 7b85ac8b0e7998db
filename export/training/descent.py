"""The loop that every training runs: a loss, a step down its gradient, a checkpoint now and then.

All that is random in a step is drawn from the training's one generator or from torch's, and both are in the
checkpoint: one that was killed ends where an uninterrupted one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

from export.progress import track
from export.training.checkpoint import Checkpoint, Stateful, keep, resume


def one_cycle(
    parameters: Iterable[nn.Parameter], *, steps: int, learning_rate: float, weight_decay: float
) -> tuple[Optimizer, LRScheduler]:
    """AdamW at a learning rate that rises to `learning_rate` and falls once (Smith & Topin 2017, arXiv 1708.07120)."""
    optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    return optimizer, OneCycleLR(optimizer, learning_rate, total_steps=steps)


def step_down(optimizer: Optimizer, loss: Tensor) -> None:
    """One step down the gradient of `loss`."""
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


class Descent:
    """A training under way; where `checkpoint` holds a part of it, everything given is put back to there."""

    def __init__(
        self,
        networks: Mapping[str, Stateful],
        steps_by: tuple[Optimizer, LRScheduler],
        *,
        rng: np.random.Generator,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._optimizer, self._schedule = steps_by
        self._parts: dict[str, Stateful] = {
            **networks,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
        }
        self._rng, self._checkpoint = rng, checkpoint
        self.losses = [] if checkpoint is None else resume(checkpoint, self._parts, rng)

    def run(self, loss_of: Callable[[int], Tensor], *, steps: int, name: str) -> tuple[float, ...]:
        """The losses of all `steps`; `loss_of` is asked for that of every one still to do, by its number from 0."""
        for step in track(range(len(self.losses), steps), name):
            loss = loss_of(step)
            step_down(self._optimizer, loss)
            self._schedule.step()
            self.losses.append(float(loss.detach()))
            if self._checkpoint is not None and (step + 1) % self._checkpoint.every == 0:
                keep(self._checkpoint, self._parts, self._rng, self.losses)
        return tuple(self.losses)
