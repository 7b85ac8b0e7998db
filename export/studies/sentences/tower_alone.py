"""The text tower trained on sentences alone, without a vibration: what wordings, glossary and recipe are worth to it.

Told apart as in every training (`separate_texts`), then by the text term of the recipe's objective for all its steps.
It is judged on never-seen sentences, or inside: on training sentences that it was not given. Recipes are chosen inside.
Inside, sentences of one form stand on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from agent.types import FAULTS, HEALTHY
from export.calibration.near_limit import fit_limit
from export.evaluation.sentences import Found, Refused, judge, never_seen, read_never_said, read_never_written
from export.network.graph import Floats
from export.progress import track
from export.studies.columns.training_cache import imported, kept
from export.text.encoders import FOLDER, LANGUAGES, NONE, EncodedSentences, Sentences, TextEncoder, text_encoder
from export.text.no_fault import KINDS, UNSEEN, training_sentences
from export.text.said import SAID_UNSEEN
from export.text.tower import Tower, describe, describe_whole, fault_centres, whole
from export.text.written import WRITTEN_UNSEEN
from export.training.descent import one_cycle, step_down
from export.training.objectives import OBJECTIVES
from export.training.recipe import TrainConfig
from export.training.sentences import sentence_draws, separate_texts, text_term

FOLDS = 4

Tell = Callable[[str], None]


class Judged(msgspec.Struct, frozen=True):
    """One tower on never-seen sentences, as `texts` says it of a bundle's."""

    seed: int
    limit: float
    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    written_found: tuple[Found, ...]
    written_refused: tuple[Refused, ...]


class Inside(msgspec.Struct, frozen=True):
    """Towers of one seed on the training sentences that each was not given."""

    seed: int
    refused: float  # share of those about no fault that lie below the cosine which 90 % of the others reach
    nearest: float  # share of those about a fault whose nearest description is their own
    auroc: float  # of those about faults over those about none, by the cosine to the nearest fault but healthy


def train_tower(texts: EncodedSentences, config: TrainConfig) -> Tower:
    """On sentences alone, settled; everything random comes from the recipe's seed."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    tower = Tower(texts.vectors.shape[1], config.dim)
    tower.start_from(texts.vectors)
    draw = sentence_draws(texts.sentences, config)
    separate_texts(tower, config, texts, draw, rng)
    optimizer, schedule = one_cycle(
        tower.parameters(), steps=config.steps, learning_rate=config.learning_rate, weight_decay=config.weight_decay
    )
    objective = OBJECTIVES[config.objective]
    for _ in track(range(config.steps), "text term, step"):
        rows, targets = draw(rng)
        step_down(optimizer, text_term(objective, tower(torch.from_numpy(texts.vectors[rows])), targets))
        schedule.step()
    tower.settle(texts.vectors, texts.sentences)
    return tower.eval()


def judge_tower(texts: EncodedSentences, encoder: TextEncoder, config: TrainConfig) -> Judged:
    """A tower of `config` on all never-seen sentences, with the limit that its own training sentences fix."""
    tower = train_tower(texts, config)
    centres = whole(tower, fault_centres(tower, texts))

    def cosines(sentences: Sequence[str]) -> Floats:
        result: Floats = describe(tower, encoder.encode(sentences)) @ centres.T
        return result

    limit = fit_limit(texts.sentences, texts.vectors, config)
    found, refused, _ = judge((*never_seen(cosines), *read_never_said(cosines)), FAULTS, near=limit)
    written = judge(read_never_written(cosines), FAULTS, near=limit)
    return Judged(config.seed, limit, found, refused, *written[:2])


def judge_inside(texts: EncodedSentences, config: TrainConfig) -> Inside:
    """Towers of `config` on folds of the training sentences."""
    labels = np.array(texts.sentences.faults)
    fold = folds_of(texts.sentences, config.seed)
    own: list[tuple[bool, float]] = []
    none: list[float] = []
    faulty = [row for row, fault in enumerate(FAULTS) if fault != HEALTHY]
    for number in range(FOLDS):
        kept, out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        given = EncodedSentences(_taken(texts.sentences, kept), texts.vectors[kept])
        tower = train_tower(given, config)
        cosines = describe(tower, texts.vectors[out]) @ describe_whole(tower, given.vectors, given.sentences, FAULTS).T
        nearest = np.array(FAULTS)[cosines.argmax(axis=1)]
        best = cosines[:, faulty].max(axis=1)
        none += best[labels[out] == NONE].tolist()
        about = (labels[out] != NONE) & (labels[out] != HEALTHY)
        own += zip((nearest[about] == labels[out][about]).tolist(), best[about].tolist(), strict=True)
    right, reached = (np.array(part) for part in zip(*own, strict=True))
    told = np.array(none)
    above = np.mean([(reached > one).mean() + (reached == one).mean() / 2 for one in told])
    refused = (told < np.quantile(reached, 0.1)).mean()
    return Inside(config.seed, float(refused), float(right.mean()), float(above))


def folds_of(sentences: Sentences, seed: int) -> NDArray[np.intp]:
    """A fold for each sentence; sentences of one form fall together."""
    keys = [_form(text) for text in sentences.texts]
    unique = sorted(set(keys))
    dealt = dict(zip(unique, np.random.default_rng([seed, 5]).permutation(len(unique)) % FOLDS, strict=True))
    return np.array([dealt[key] for key in keys], dtype=np.intp)


def _form(text: str) -> str:
    """What most forms can be told by: their first two words, in Korean their last two, where the "no" is."""
    words = text.lower().split()
    return " ".join(words[:2] if text.isascii() else words[-2:])


def _taken(sentences: Sentences, rows: NDArray[np.intp]) -> Sentences:
    columns = (sentences.texts, sentences.faults, sentences.languages)
    return Sentences(*(tuple(column[row] for row in rows) for column in columns))


def run_towers(
    recipes: Mapping[str, TrainConfig], *, seeds: int, folder: Path, inside: bool, said: bool, tell: Tell
) -> dict[str, list[Judged] | list[Inside]]:
    """Every recipe with every seed, kept in `folder`, seed by seed; `tell` hears of each."""
    results: dict[str, list[Any]] = {name: [] for name in recipes}
    kind: type[Judged] | type[Inside] = Inside if inside else Judged
    for seed, (name, recipe) in product(range(seeds), recipes.items()):
        config = msgspec.structs.replace(recipe, seed=seed)
        texts, encoder = encoded(config.text, said=said)
        make = partial(judge_inside, texts, config) if inside else partial(judge_tower, texts, encoder, config)
        results[name].append(kept(folder / f"{_key(texts, recipe)}-{kind.__name__.lower()}-{seed}.json", kind, make))
        tell(f"{name} seed {seed}")
    return results


def _key(texts: EncodedSentences, recipe: TrainConfig) -> str:
    digest = hashlib.sha256(msgspec.json.encode((recipe, texts.sentences.texts)) + texts.vectors.tobytes())
    for path in (*imported(Path(__file__)), UNSEEN, SAID_UNSEEN, WRITTEN_UNSEEN, FOLDER / "unseen.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def encoded(text: str, *, said: bool) -> tuple[EncodedSentences, TextEncoder]:
    """The training sentences as the encoder `text` reads them; without `said`, those of before people's own words."""
    encoder, sentences = text_encoder(text), training_sentences(said=said)
    return EncodedSentences(sentences, encoder.encode(sentences.texts)), encoder


def as_text(results: Mapping[str, Sequence[Judged] | Sequence[Inside]]) -> str:
    """Means over seeds, with the standard deviation between them where there are several."""
    rows = []
    for name, towers in results.items():
        rows += ["", f"{name}, {len(towers)} seeds"]
        rows += [f"  {what:<34}{_with_spread(values)}" for what, values in _figures(towers).items()]
    return "\n".join(rows[1:])


def _figures(towers: Sequence[Judged] | Sequence[Inside]) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = {}
    for tower in towers:
        if isinstance(tower, Inside):
            new = {"about none, refused": tower.refused, "own nearest": tower.nearest, "AUROC": tower.auroc}
        else:
            new = {"limit": tower.limit}
            new |= _shares(tower.found, tower.refused)
            new |= {
                f"as written, {what}": share
                for what, share in _shares(tower.written_found, tower.written_refused).items()
            }
            said = [one for one in tower.refused if one.kind not in KINDS]
            for language in LANGUAGES:
                new[f"all own denials {language}, near none"] = float(
                    np.mean([one.near_none for one in said if one.language == language])
                )
        for what, value in new.items():
            figures.setdefault(what, []).append(value)
    return figures


def _shares(found: Sequence[Found], refused: Sequence[Refused]) -> dict[str, float]:
    shares = {f"{one.kind} {one.language}, own nearest": one.nearest for one in found}
    shares |= {f"{one.kind} {one.language}, and near": one.near for one in found}
    return shares | {f"{one.kind} {one.language}, near none": one.near_none for one in refused}


def _with_spread(values: Sequence[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"
