"""The folder that a pre-training leaves, and that a training starts from.

`pretrained.json pretrained.pt scaling.npy trained_on.npy metrics.json curves.png`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor

from agent.dsp.encoder_inputs import InputScaling, view_shares
from agent.dsp.features import VERSION
from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError
from export.data import trained_files
from export.runs.folder import RunError, read_json, write_json
from export.text.tower import sha256
from export.training.recipe import TrainConfig
from export.training.selfsupervised.pretraining import PretrainConfig
from export.training.start import Start, learnt_weights
from export.training.train import student_of

CONFIG, WEIGHTS, SCALING = "pretrained.json", "pretrained.pt", "scaling.npy"
SHAPING = ("branches", "hidden", "dim", "hidden_features")
"""What of a recipe says what the student is made of, and what it reads."""


class PretrainedConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`pretrained.json`."""

    pretrain: PretrainConfig
    recipe: TrainConfig
    spec: FeatureSpec
    features: int  # VERSION of their code
    recordings: int
    windows: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A start as it lay in a folder."""

    folder: Path
    start: Start
    objective: str
    sha256: str  # of the weights
    heard: frozenset[int]  # hashes of the files that it has heard


def save_pretrained(folder: Path, config: PretrainedConfig, start: Start) -> None:
    """Write all that `read_begun` wants but the hashes of files."""
    scaling = start.scaling
    np.save(folder / SCALING, np.stack([scaling.mean, scaling.gain, scaling.deviation_gain]))
    torch.save(dict(start.weights or {}), folder / WEIGHTS)
    write_json(folder / CONFIG, config)


def read_begun(folder: Path, recipe: TrainConfig, spec: FeatureSpec) -> Begun:
    """What a training by `recipe` starts from; RunError where it is no finished pre-training or damaged.

    ConfigError where it was made for other features, or its student for another recipe.
    """
    if not (folder / CONFIG).is_file():
        if (folder / "trained.pt").is_file():
            raise RunError(f"{folder}: is a run that has learnt faults; `python -m export continue {folder}` goes on")
        raise RunError(
            f"{folder / CONFIG}: not there; name what `python -m export pretrain` has finished, or repeat that command "
            f"with --out {folder}, which goes on"
        )
    config = read_json(folder / CONFIG, PretrainedConfig)
    if config.spec != spec or config.features != VERSION:
        raise ConfigError(f"{folder}: was pre-trained on other features than training reads now; pre-train again")
    if other := [name for name in SHAPING if getattr(config.recipe, name) != getattr(recipe, name)]:
        raise ConfigError(f"{folder}: its student has other {', '.join(other)} than the recipe; give both one --config")
    heard = trained_files.read(folder)
    if heard is None:
        raise _damaged(folder / trained_files.FILE)
    scaling = _scaling(folder / SCALING, spec)
    return Begun(
        folder,
        Start(scaling, _weights(folder / WEIGHTS, recipe, spec, scaling)),
        config.pretrain.objective,
        sha256((folder / WEIGHTS).read_bytes()),
        heard,
    )


def start_of_folds(begun: Begun, heard: Sequence[Path], tell: Callable[[str], None]) -> Start | None:
    """The same start where it has heard none of the files `heard`; else None, and `tell` hears why."""
    known = trained_files.known_among(heard, begun.heard)
    if not known:
        return begun.start
    tell(
        f"folds start from chance: {len(known)} of these recordings were heard without labels, {min(known)} among "
        "them, and no fold would be of bearings that nobody has heard"
    )
    return None


def _scaling(path: Path, spec: FeatureSpec) -> InputScaling:
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path) from error
    shares = view_shares(spec)
    if rows.shape != (3, len(shares)) or rows.dtype != np.float32 or not np.isfinite(rows).all():
        raise _damaged(path)
    return InputScaling(rows[0], rows[1], rows[2], shares)


def _weights(path: Path, recipe: TrainConfig, spec: FeatureSpec, scaling: InputScaling) -> dict[str, Tensor]:
    try:
        weights = torch.load(path, weights_only=True)
        wanted = learnt_weights(student_of(recipe, spec, scaling))
        whole = weights.keys() == wanted.keys() and all(
            value.shape == wanted[name].shape and bool(torch.isfinite(value).all()) for name, value in weights.items()
        )
    except (OSError, RuntimeError, EOFError, ValueError, AttributeError, TypeError, pickle.UnpicklingError) as error:
        raise _damaged(path) from error
    if not whole:
        raise _damaged(path)
    return dict(weights)


def _damaged(path: Path) -> RunError:
    return RunError(f"{path}: is missing or damaged; repeat `python -m export pretrain` with --out {path.parent}")
