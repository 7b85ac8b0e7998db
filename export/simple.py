"""Simple recipes on the agent's features: what a training must beat to be worth its trouble.

Logistic regression and extra trees on views of the features, as the columns' published table has them, and four of them
fused late. They see recordings alone, the same windows on the same sides as the student.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agent.features import views
from agent.spectra import FeatureSpec
from export.graph import Floats

TREES = 300
LINES = ("comb", "raw")
ENVELOPE = ("envelope_order", "low_order", "shape")
ALL = (*LINES, *ENVELOPE, "share", "axial", "spectrum")  # not the level: published recordings differ in gain


@dataclass(frozen=True, slots=True)
class Recipe:
    """A classifier and what it looks at."""

    kind: Literal["lr", "et"]
    views: tuple[str, ...]
    minus_healthy: bool = False


RECIPES: Mapping[str, Recipe] = {
    "LR spectrum": Recipe("lr", ("spectrum",)),
    "ET spectrum": Recipe("et", ("spectrum",)),
    "LR comb": Recipe("lr", LINES),
    "LR envelope + comb": Recipe("lr", (*ENVELOPE, *LINES)),
    "ET comb": Recipe("et", LINES),
    "ET envelope + comb": Recipe("et", (*ENVELOPE, *LINES)),
    "ET all": Recipe("et", ALL),
    "ET comb - healthy": Recipe("et", LINES, minus_healthy=True),
    "ET all - healthy": Recipe("et", ALL, minus_healthy=True),
}
FUSED = "four experts fused"
EXPERTS = ("ET spectrum", "LR envelope + comb", "ET comb", "ET all - healthy")
"""Their probabilities averaged."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Features (n, d) with 0 where unknown, their masks, and the healthy reference of each window's machine."""

    values: Floats
    known: NDArray[np.bool_]
    reference: Floats  # NaN where unknown


def predictions(
    train: Windows, labels: NDArray[np.str_], test: Windows, *, spec: FeatureSpec, seed: int, trees: int = TREES
) -> dict[str, NDArray[np.str_]]:
    """What every recipe, trained on one side, calls the windows of the other."""
    called, probabilities = {}, {}
    for name, recipe in RECIPES.items():
        members = np.any([views(spec)[view] for view in recipe.views], axis=0)
        seen, unseen = (_inputs(side, recipe)[:, members] for side in (train, test))
        model = _model(recipe, seed, trees).fit(seen, labels)
        probabilities[name] = model.predict_proba(unseen)
        called[name] = model.classes_[probabilities[name].argmax(axis=1)]
        classes = model.classes_
    fused = np.mean([probabilities[name] for name in EXPERTS], axis=0)
    return called | {FUSED: classes[fused.argmax(axis=1)]}


def _inputs(windows: Windows, recipe: Recipe) -> Floats:
    if not recipe.minus_healthy:
        return np.where(windows.known, windows.values, np.float32(0))
    both = windows.known & np.isfinite(windows.reference)
    return np.where(both, windows.values - windows.reference, np.float32(0))


def _model(recipe: Recipe, seed: int, trees: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if recipe.kind == "et":
        return ExtraTreesClassifier(trees, class_weight="balanced", random_state=seed)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000, class_weight="balanced"))
