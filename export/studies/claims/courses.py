"""What is forgotten from domain to domain, by the finished courses of `continual`: read, never run again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent.errors import ConfigError
from export.runs.folder import read_json
from export.studies.claims.asked import INFONCE, TRIPLET
from export.studies.continual.study import FLOOR, Course, figures_of

REHEARSED = "rehearsal"


class CourseClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Forgetting of `more` less that of `less`, each (objective, way), in sums."""

    name: str
    said: str
    more: tuple[tuple[str, str], ...]
    less: tuple[tuple[str, str], ...]


COURSE_CLAIMS = (
    CourseClaim(
        "forgets less",
        "triplet forgets less from domain to domain (fine-tuning)",
        ((INFONCE, FLOOR),),
        ((TRIPLET, FLOOR),),
    ),
    CourseClaim(
        "hearing again",
        "hearing old windows again saves triplet more than InfoNCE",
        ((TRIPLET, FLOOR), (INFONCE, REHEARSED)),
        ((TRIPLET, REHEARSED), (INFONCE, FLOOR)),
    ),
)

Forgotten = Mapping[tuple[str, str, str, int], float]
"""(sequence, objective, way, seed) -> forgetting with a healthy state"""


def forgotten_in(folder: Path) -> dict[tuple[str, str, str, int], float]:
    """Of every finished course in `folder`, the one that `continual --out` was given or the one of a key in it.

    ConfigError where there is none, or there are several keys to choose from.
    """
    places = {path.parent for path in (*folder.glob("*-*-*-*.json"), *folder.glob("*/*-*-*-*.json"))}
    if not places:
        raise ConfigError(f"--continual: {folder}: no finished course there; name what `continual --out` was given")
    if len(places) > 1:
        raise ConfigError(f"--continual: {folder}: courses of {len(places)} keys; name one: {sorted(map(str, places))}")
    found = {}
    for path in sorted(places.pop().glob("*-*-*-*.json")):
        sequence, rest = path.stem.split("-", 1)
        objective, rest = rest.split("-", 1)
        way, _, seed = rest.rpartition("-")
        found[sequence, objective, way, int(seed)] = figures_of(read_json(path, Course).with_baseline).forgetting
    return found


def course_values(claim: CourseClaim, forgotten: Forgotten) -> dict[str, list[float]]:
    """Sequence -> the claim's difference with each seed of which every course is there."""
    found: dict[str, list[float]] = {}
    for sequence, seed in sorted({(key[0], key[3]) for key in forgotten}):
        more, less = ([(sequence, *pair, seed) for pair in pairs] for pairs in (claim.more, claim.less))
        if all(key in forgotten for key in (*more, *less)):
            difference = sum(forgotten[key] for key in more) - sum(forgotten[key] for key in less)
            found.setdefault(sequence, []).append(difference)
    return found
