"""A trained network goes on learning, from new windows beside some that it has heard, and stays near to what it said.

Windows are heard again (Rebuffi et al. 2017, arXiv 1611.07725), and the old network's answers to them are imitated (Li
and Hoiem 2016, arXiv 1606.09282).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.dsp.spectra import FeatureSpec
from export.data.sampling import sampling_weights
from export.data.table import Table, join
from export.network.graph import Graph, embed
from export.network.model import Student, fold
from export.progress import busy
from export.text.encoders import EncodedSentences
from export.training.batches import Windows, draw_rows, inputs_of, windows_of
from export.training.checkpoint import checkpoint_in
from export.training.descent import Descent, one_cycle
from export.training.imitation import embedding_distance
from export.training.recipe import TrainConfig
from export.training.sentences import sentence_draws
from export.training.train import StepLoss, Trained, lessons_of, queue_of


class ContinueConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a network goes on; what it is shown and by which objective follows the recipe that it was made by."""

    seed: int = 0
    steps: int = 600
    learning_rate: float = 1e-3
    keep: int = 6000  # windows heard before, at most, that are heard again and carried on
    new_share: float = 0.5  # of every batch; the rest was heard before
    imitation_weight: float = 1.0  # of the distance to what the old network says of windows heard before
    tower: Literal["kept", "trained"] = "kept"  # kept, descriptions that were added to a bundle stay what they are
    checkpoint_every: int = 250


def go_on(
    before: Trained,
    heard: Table,
    new: Table,
    config: ContinueConfig,
    *,
    recipe: TrainConfig,
    spec: FeatureSpec,
    texts: EncodedSentences,
    folder: Path | None = None,
) -> Trained:
    """The network `before`, trained on with the windows `new` and those `heard` before, of which there may be none.

    Inputs stay scaled as they were. With a folder, checkpoints go there and an interrupted training of the same network
    and data resumes.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    recipe = msgspec.structs.replace(recipe, seed=config.seed, steps=config.steps, learning_rate=config.learning_rate)
    student, tower = copy.deepcopy(before.student), copy.deepcopy(before.tower)
    table = join([heard, new])
    windows = _shared(
        windows_of(table, scaling=before.scaling, spec=spec, recipe=recipe, rng=rng), len(heard), config.new_share
    )
    with busy("the experts learn"):
        lessons = lessons_of(windows)

    student.train()
    tower.train(config.tower == "trained").requires_grad_(config.tower == "trained")
    networks: dict[str, nn.Module] = {"student": student, "tower": tower}
    if lessons is not None:
        networks["lessons"] = lessons
    queue = queue_of(recipe)
    if queue is not None:
        networks["queue"] = queue
    learning = [part for network in networks.values() for part in network.parameters() if part.requires_grad]
    cycle = one_cycle(
        learning, steps=config.steps, learning_rate=config.learning_rate, weight_decay=recipe.weight_decay
    )
    arrays = [texts.vectors, *(value.numpy() for value in before.student.state_dict().values())]
    checkpoint = checkpoint_in(
        folder, "checkpoint.pt", table=table, config=(config, recipe), arrays=arrays, every=config.checkpoint_every
    )
    descent = Descent(networks, cycle, rng=rng, checkpoint=checkpoint)
    learn = StepLoss(student, tower, lessons, windows, texts, sentence_draws(texts.sentences, recipe), rng, queue)
    imitate = Imitation(student, fold(before.student.eval()), _heard(windows, len(heard)), rng)

    def loss_of(step: int) -> Tensor:
        return learn(step) + config.imitation_weight * imitate(step) if config.imitation_weight else learn(step)

    losses = descent.run(loss_of, steps=config.steps, name="going on")
    if config.tower == "trained":
        tower.settle(texts.vectors, texts.sentences)
    return Trained(student.eval(), tower.eval(), before.scaling, losses)


@dataclass(frozen=True, slots=True)
class Imitation:
    """How far the student has come from what the old network says of the same inputs."""

    student: Student
    old: Graph
    windows: Windows
    rng: np.random.Generator

    def __call__(self, step: int) -> Tensor:
        """Of a batch drawn for this step."""
        windows = self.windows
        batch = draw_rows(windows, windows.recipe.batch, self.rng)
        inputs = inputs_of(windows, batch, step % len(windows.commissioned), self.rng)
        return embedding_distance(self.student.raw(torch.from_numpy(inputs)), torch.from_numpy(embed(self.old, inputs)))


def _shared(windows: Windows, heard: int, new_share: float) -> Windows:
    """The same windows; all but `new_share` of the chances are of the first `heard` rows, each side balanced."""
    is_new = windows.rows >= heard
    chances = np.zeros(len(windows.rows))
    for side, share in ((is_new, new_share), (~is_new, 1 - new_share)):
        if side.any():
            recipe, rows = windows.recipe, windows.rows[side]
            chances[side] = share * sampling_weights(
                windows.table, rows, recipe.real_share, foreign_share=recipe.foreign_share
            )
    return replace(windows, chances=chances / chances.sum())


def _heard(windows: Windows, heard: int) -> Windows:
    """The windows that the old network is imitated on: those heard before, the new ones where there are none."""
    old: NDArray[np.bool_] = windows.rows < heard
    if not old.any():
        return windows
    rows = windows.rows[old]
    return replace(windows, rows=rows, chances=sampling_weights(windows.table, rows, windows.recipe.real_share))
