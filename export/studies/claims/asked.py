"""The claims, one row each: what was said, and the difference of scores that would be positive if it were so.

Said by "InfoNCE vs Triplet" and its neighbours, which compared one run of each. A score is the balanced accuracy with
a healthy state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from export.studies.claims.cells import COLUMNS, FEW_SENTENCES, STRANGERS, Setting, Trial, trials_of

TRIPLET, INFONCE = "triplet", "infonce"
BATCHES = (4, 8, 16, 64, 256)
WINDOWS = (2, 8, 32, 0)
TEMPERATURES = (0.03, 0.1, 0.2, 0.5)
MARGINS = (0.1, 0.2, 0.4, 0.8)
EARLY = 0.25
"""Of the steps, after which convergence is judged."""

Kind = Literal["sum", "range", "spread"]
Scores: TypeAlias = Mapping[Trial, float]
Values: TypeAlias = NDArray[np.float64]
Measure: TypeAlias = Callable[[Values], Values]


def infonce_at(temperature: float) -> str:
    """The objective's name; that of its default has no parameter, so that a training is not made twice."""
    return INFONCE if temperature == 0.1 else f"{INFONCE}@temperature={temperature:g}"


def triplet_at(margin: float) -> str:
    """Likewise."""
    return TRIPLET if margin == 0.4 else f"{TRIPLET}@margin={margin:g}"


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`more` less `less`: of the sums of their scores, of how far scores differ between the settings of each (range:
    best less worst of them, chosen by all other seeds), or of their distances to the mean over seeds (spread)."""

    name: str
    said: str
    more: tuple[Setting, ...]
    less: tuple[Setting, ...]
    columns: tuple[str, ...] = COLUMNS
    kind: Kind = "sum"
    of_no_effect: bool = False  # what was claimed is that there is no difference

    @property
    def trainings(self) -> int:
        """How many scores one of its values is made of: a range is of a best and a worst one on either side."""
        return 4 if self.kind == "range" else len(self.more) + len(self.less)

    @property
    def settings(self) -> tuple[Setting, ...]:
        return tuple(dict.fromkeys((*self.more, *self.less)))


def _both(**point: object) -> tuple[Setting, Setting]:
    triplet, infonce = (msgspec.convert({"objective": name, **point}, Setting) for name in (TRIPLET, INFONCE))
    return triplet, infonce


T_ALL, I_ALL = _both()
T_FEW, I_FEW = _both(windows=WINDOWS[0])
T_SMALL, I_SMALL = _both(batch=BATCHES[0])
T_LONELY, I_LONELY = _both(sentences=FEW_SENTENCES)
T_EARLY, I_EARLY = _both(steps=EARLY)
T_ONE, I_ONE = _both(domains=1)
TUNED_INFONCE = tuple(Setting(infonce_at(value)) for value in (TEMPERATURES[0], 0.1, TEMPERATURES[-1]))
TUNED_TRIPLET = tuple(Setting(triplet_at(value)) for value in (MARGINS[0], 0.4, MARGINS[-1]))

CLAIMS = (
    Claim(
        "few data",
        "triplet names better where data are few (2 windows of each fault and machine)",
        (T_FEW,),
        (I_FEW,),
    ),
    Claim(
        "fewer, better",
        "its lead grows as data shrink (2 windows against all)",
        (T_FEW, I_ALL),
        (I_FEW, T_ALL),
    ),
    Claim(
        "any batch",
        "triplet does not depend on the batch (64 against 4)",
        (T_ALL,),
        (T_SMALL,),
        of_no_effect=True,
    ),
    Claim(
        "small batches",
        "its lead grows as batches shrink (4 against 64)",
        (T_SMALL, I_ALL),
        (I_SMALL, T_ALL),
    ),
    Claim(
        "negatives",
        "InfoNCE needs more negatives than triplet (64 sentences a step against 18)",
        (I_ALL, T_LONELY),
        (T_ALL, I_LONELY),
    ),
    Claim(
        "tuning",
        "InfoNCE hangs more on its temperature (.03 to .5) than triplet on its margin (.1 to .8)",
        TUNED_INFONCE,
        TUNED_TRIPLET,
        kind="range",
    ),
    Claim(
        "wide margin",
        "a wider margin generalises better (.8 against .1)",
        (TUNED_TRIPLET[-1],),
        (TUNED_TRIPLET[0],),
    ),
    Claim(
        "sooner",
        "triplet converges sooner (a quarter of the steps)",
        (T_EARLY,),
        (I_EARLY,),
    ),
    Claim(
        "steadier",
        "InfoNCE is less stable where data are few (distance to the mean over seeds)",
        (I_FEW,),
        (T_FEW,),
        kind="spread",
    ),
    Claim(
        "strangers",
        "triplet names better on a machine of another rig than the one trained on",
        (T_ONE,),
        (I_ONE,),
        STRANGERS,
    ),
    Claim(
        "fewer domains",
        "its lead grows as training domains shrink (1 against 3)",
        (T_ONE, I_ALL),
        (I_ONE, T_ALL),
        STRANGERS,
    ),
)
"""In the order of the table."""


PAIRS = ((T_ALL, I_ALL), (T_FEW, I_FEW))
"""What a pilot trains, to see how far one training's score lies from that of another."""


def drawn(others: Sequence[str]) -> tuple[tuple[str, tuple[Setting, ...]], ...]:
    """(column, settings) that no claim needs: the axes' other points, and other objectives at their ends."""
    pair = (TRIPLET, INFONCE)
    settings = [Setting(name, batch=batch) for batch in BATCHES for name in pair]
    settings += [Setting(name, windows=windows) for windows in WINDOWS for name in pair]
    settings += [Setting(infonce_at(value)) for value in TEMPERATURES]
    settings += [Setting(triplet_at(value)) for value in MARGINS]
    for other in others:
        settings += [Setting(other), Setting(other, batch=BATCHES[0]), Setting(other, windows=WINDOWS[0])]
    middle = tuple(Setting(name, domains=2) for name in pair)
    return (*((column, tuple(dict.fromkeys(settings))) for column in COLUMNS), *((name, middle) for name in STRANGERS))


def trials_for(claims: Sequence[Claim], seed: int) -> list[Trial]:
    """All that `claims` need with one seed, each once."""
    return list(dict.fromkeys(trial for claim in claims for trial in trials_of(claim.settings, claim.columns, seed)))


def values_of(claim: Claim, scores: Scores, seeds: Sequence[int]) -> dict[str, list[float]]:
    """Column -> the claim's difference with each of `seeds`, all of whose trials are among `scores`.

    A range and a spread need two seeds: with one nothing is found.
    """
    if claim.kind != "sum" and len(seeds) < 2:
        return {}
    measure = {"sum": _sums, "range": _ranges, "spread": _distances}[claim.kind]
    found = {}
    for column in claim.columns:
        more, less = (
            measure(np.array([[scores[Trial(setting, column, seed)] for seed in seeds] for setting in settings]))
            for settings in (claim.more, claim.less)
        )
        found[column] = [float(value) for value in more - less]
    return found


def _sums(scores: Values) -> Values:
    sums: Values = scores.sum(axis=0)
    return sums


def _ranges(scores: Values) -> Values:
    """Best less worst setting with each seed, both chosen by the others: chance alone makes no range."""
    others = scores.sum(axis=1, keepdims=True) - scores
    each = np.arange(scores.shape[1])
    ranges: Values = scores[others.argmax(axis=0), each] - scores[others.argmin(axis=0), each]
    return ranges


def _distances(scores: Values) -> Values:
    distances: Values = np.abs(scores - scores.mean(axis=1, keepdims=True)).sum(axis=0)
    return distances
