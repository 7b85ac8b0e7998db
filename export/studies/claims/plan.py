"""The plan of a study of claims: fixed by its pilot before the first trial, and refused any change once there is one.

What a claim's figures turn out to be must not decide how many of them there are; so the number of seeds is written
down first, with the spread that it rests on and the power that it buys.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from agent.errors import ConfigError
from export.runs.folder import read_json, write_json
from export.studies.claims.asked import CLAIMS, PAIRS, Claim, Scores, drawn, trials_for
from export.studies.claims.cells import COLUMNS, Trial, trials_of
from export.studies.claims.courses import COURSE_CLAIMS
from export.studies.claims.power import cautious, pairs_needed, power_of_equivalence, power_to_tell

LEVEL = 0.05
TESTED = len(CLAIMS) + len(COURSE_CLAIMS)
"""Claims that share LEVEL."""
DELTA = 0.05
WHY_DELTA = (
    "another seed alone moves a training's balanced accuracy by .02 to .04 (spread over seeds in docs/results.md, "
    "Objectives): an objective that brings less than .05 is not worth a change"
)
DRAWN_AFTER = 3
"""Seeds of the claims, before the first of what is drawn beside them."""
FIRST_PILOT_SEED = 1000
"""Seeds of trials lie below, those of a pilot from here on: none of its trainings is ever a trial."""


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was asked of a study; a plan is for this alone."""

    delta: float = DELTA
    power: float = 0.8
    pilot_seeds: int = 2
    drawn_seeds: int = 1  # of points that no claim needs
    minutes: float = 40.0  # of one process, without the pilot: several share them
    others: tuple[str, ...] = ("cosine_triplet/semi_hard",)  # objectives that are drawn beside the two
    first_seed: int = 0  # of the trials: a study begins where those before it ended


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one claim. Powers are those of `seeds`, at the level of Holm's first step."""

    claim: str
    spread: float  # standard deviation over pairs that is planned with
    pairs_needed: int
    seeds_needed: int
    seeds: int
    power_to_tell: float  # a difference of delta
    power_of_equivalence: float  # of a difference of 0


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`plan.json`. `sha256` is of all other fields but `written`."""

    wanted: Wanted
    why_delta: str
    level: float
    level_of_each: float
    pilot_spread: float  # standard deviation of triplet less InfoNCE
    pilot_pairs: int
    trial_s: float  # of the pilot, on the clock
    trials: int
    claims: tuple[Planned, ...]
    written: str = ""
    sha256: str = ""


def pilot_trials(wanted: Wanted) -> list[Trial]:
    """What the pilot trains, seed by seed."""
    settings = [setting for pair in PAIRS for setting in pair]
    return [trial for seed in _pilot_seeds(wanted) for trial in trials_of(settings, COLUMNS, seed)]


def plan_of(wanted: Wanted, scores: Scores, seconds: Sequence[float]) -> Plan:
    """By the pilot's `scores` and what its trials took: as many seeds as each claim needs and the minutes allow.

    A claim's value is made of more or fewer trainings than the pilot's pairs, and spreads as the root of their number.
    """
    each, trial_s = LEVEL / TESTED, float(np.mean(seconds))
    spread, pairs = _pilot(wanted, scores)
    spreads = {claim.name: cautious(spread, pairs) * math.sqrt(claim.trainings / 2) for claim in CLAIMS}
    pairs_of = {name: pairs_needed(wanted.delta, own, level=each, power=wanted.power) for name, own in spreads.items()}
    needed = {claim.name: math.ceil(pairs_of[claim.name] / len(claim.columns)) for claim in CLAIMS}
    seeds = _affordable(needed, wanted, trials=int(wanted.minutes * 60 / trial_s))
    rows = []
    for claim in CLAIMS:
        own, count = spreads[claim.name], seeds[claim.name] * len(claim.columns)
        rows.append(
            Planned(
                claim=claim.name,
                spread=own,
                pairs_needed=pairs_of[claim.name],
                seeds_needed=needed[claim.name],
                seeds=seeds[claim.name],
                power_to_tell=power_to_tell(wanted.delta, own, count, level=each),
                power_of_equivalence=power_of_equivalence(wanted.delta, own, count, level=each),
            )
        )
    why = WHY_DELTA if wanted.delta == DELTA else "it was asked for"
    count = len(_scheduled(seeds, wanted))
    return _sealed(Plan(wanted, why, LEVEL, each, spread, pairs, trial_s, count, tuple(rows)))


def trials_planned(plan: Plan) -> list[Trial]:
    """Seed by seed, so that a study that was stopped has compared everything as often as time allowed."""
    return _scheduled({row.claim: row.seeds for row in plan.claims}, plan.wanted)


def seeds_of(plan: Plan, claim: Claim) -> range:
    """Those of the trials that decide `claim`."""
    first = plan.wanted.first_seed
    return range(first, first + next(row.seeds for row in plan.claims if row.claim == claim.name))


def kept_plan(path: Path, wanted: Wanted, *, trials: Iterable[Path]) -> Plan | None:
    """The plan at `path`, where it is for `wanted`; None where there is none, or one that no trial has followed yet.

    ConfigError where it was changed by hand, or is for something else while there are `trials`.
    """
    begun = any(True for _ in trials)
    if not path.exists():
        if begun:
            raise ConfigError(f"{path}: not there, although trials are; put it back, or name another --out")
        return None
    plan = read_json(path, Plan)
    if plan.sha256 != _digest(plan):
        raise ConfigError(f"{path}: changed since it was written; put back what it was, or name another --out")
    if plan.wanted == wanted:
        return plan
    if begun:
        raise ConfigError(
            f"{path}: trials have followed this plan; {', '.join(_changed(plan.wanted, wanted))} cannot change: "
            "ask for what it says, or name another --out"
        )
    return None


def write_plan(folder: Path, plan: Plan) -> None:
    """`plan.json` and, for people, `plan.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "plan.json", plan)
    (folder / "plan.md").write_text(as_markdown(plan), encoding="utf-8")


def as_markdown(plan: Plan) -> str:
    """A table with a line for each claim, and what it rests on."""
    wanted = plan.wanted
    lines = [
        f"# Plan of {plan.written}, SHA-256 {plan.sha256}",
        "",
        f"Smallest effect of interest: {wanted.delta:g} of balanced accuracy, since {plan.why_delta}.",
        f"Wanted: power {wanted.power:g} at {plan.level:g} over {TESTED} claims (Holm; {plan.level_of_each:.4f} "
        f"each at its first step), to tell {wanted.delta:g} from 0 and 0 from {wanted.delta:g}.",
        f"Pilot: {wanted.pilot_seeds} seeds that are no trials; triplet less InfoNCE has a spread of "
        f"{plan.pilot_spread:.3f} over {plan.pilot_pairs} pairs. Planned with is more, since few pairs say it badly.",
        f"{wanted.minutes:g} minutes of one process at {plan.trial_s:.1f} s a trial pay for the seeds below, from "
        f"{wanted.first_seed} on, {plan.trials} trials. "
        f"Where they are fewer than needed, the last two columns say what power is left.",
        "",
        "| claim | spread | pairs needed | seeds needed | seeds | power to tell | of equivalence |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.claim} | {row.spread:.3f} | {row.pairs_needed} | {row.seeds_needed} | {row.seeds} "
        f"| {row.power_to_tell:.2f} | {row.power_of_equivalence:.2f} |"
        for row in plan.claims
    ]
    return "\n".join(lines) + "\n"


def _pilot_seeds(wanted: Wanted) -> range:
    """Those of another study where its first seed is another one."""
    first = FIRST_PILOT_SEED + wanted.first_seed
    return range(first, first + wanted.pilot_seeds)


def _pilot(wanted: Wanted, scores: Scores) -> tuple[float, int]:
    """Spread and number of the pilot's pairs, around the mean of each point."""
    points = []
    for one, other in PAIRS:
        found = [
            scores[Trial(one, column, seed)] - scores[Trial(other, column, seed)]
            for column in COLUMNS
            for seed in _pilot_seeds(wanted)
        ]
        points.append(np.array(found) - np.mean(found))
    squares = float(np.square(points).sum())
    count = sum(map(len, points))
    return math.sqrt(squares / (count - len(points))), count


def _affordable(needed: Mapping[str, int], wanted: Wanted, *, trials: int) -> dict[str, int]:
    """Seeds of each claim: as many as it needs, and no more than all can have; two at least."""
    cap, most = 2, min(max(needed.values()), FIRST_PILOT_SEED - wanted.first_seed)
    while cap < most and len(_scheduled(_capped(needed, cap + 1), wanted)) <= trials:
        cap += 1
    return _capped(needed, cap)


def _capped(seeds: Mapping[str, int], cap: int) -> dict[str, int]:
    return {name: max(2, min(count, cap)) for name, count in seeds.items()}


def _scheduled(seeds: Mapping[str, int], wanted: Wanted) -> list[Trial]:
    found: dict[Trial, None] = {}
    extra = drawn(wanted.others)
    for place in range(max((*seeds.values(), wanted.drawn_seeds + DRAWN_AFTER))):
        claims = [claim for claim in CLAIMS if place < seeds[claim.name]]
        found |= dict.fromkeys(trials_for(claims, wanted.first_seed + place))
        if 0 <= (own := place + 1 - DRAWN_AFTER) < wanted.drawn_seeds:
            points = (trials_of(settings, [column], wanted.first_seed + own) for column, settings in extra)
            found |= dict.fromkeys(trial for trials in points for trial in trials)
    return list(found)


def _sealed(plan: Plan) -> Plan:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return msgspec.structs.replace(plan, written=now, sha256=_digest(plan))


def _digest(plan: Plan) -> str:
    bare = msgspec.json.encode(msgspec.structs.replace(plan, written="", sha256=""))
    as_read = msgspec.json.decode(bare, type=Plan)  # a whole number of minutes is read back as 40.0
    return hashlib.sha256(msgspec.json.encode(as_read)).hexdigest()


def _changed(before: Wanted, after: Wanted) -> list[str]:
    return [name for name in Wanted.__struct_fields__ if getattr(before, name) != getattr(after, name)]
