"""A training that came to its end, kept whole: whoever asks for it again need not even let its experts learn anew.

A checkpoint is of steps; before the first of them the experts of a recipe learn, which takes as long as many steps do.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from agent.dsp.encoder_inputs import InputScaling, view_shares
from agent.dsp.spectra import FeatureSpec
from export.text.tower import Tower
from export.training.recipe import TrainConfig
from export.training.train import Trained, student_of

FILE = "whole.pt"


def keep_whole(folder: Path, key: str, trained: Trained) -> None:
    """Write what the training of `key` (as `run_key` has it) made, and where torch's generator stands after it."""
    scaling = trained.scaling
    state = {
        "run": key,
        "student": trained.student.state_dict(),
        "tower": trained.tower.state_dict(),
        "scaling": torch.from_numpy(np.stack([scaling.mean, scaling.gain, scaling.deviation_gain])),
        "losses": list(trained.losses),
        "torch": torch.get_rng_state(),
    }
    part = folder / f"{FILE}.part"
    torch.save(state, part)
    part.replace(folder / FILE)


def whole_in(folder: Path, key: str, config: TrainConfig, *, spec: FeatureSpec, text_dim: int) -> Trained | None:
    """What the training of `key` made, bit for bit, its tower over vectors of `text_dim`; None where none ended."""
    if not (folder / FILE).is_file():
        return None
    state = torch.load(folder / FILE, weights_only=True)
    if state["run"] != key:
        return None
    mean, gain, deviation_gain = state["scaling"].numpy()
    scaling = InputScaling(mean, gain, deviation_gain, view_shares(spec))
    student, tower = student_of(config, spec, scaling), Tower(text_dim, config.dim)
    student.load_state_dict(state["student"])
    tower.load_state_dict(state["tower"])
    torch.set_rng_state(state["torch"])
    return Trained(student.eval(), tower.eval(), scaling, tuple(state["losses"]))
