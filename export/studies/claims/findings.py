"""What a study came to, as one document: a decision for each claim, and the points of every axis."""

from __future__ import annotations

import msgspec

from export.studies.claims.asked import CLAIMS, Scores, trials_for, values_of
from export.studies.claims.axes import Point, axes, points_of
from export.studies.claims.courses import COURSE_CLAIMS, Forgotten, course_values
from export.studies.claims.plan import TESTED, Plan, seeds_of
from export.studies.claims.verdicts import Decision, Evidence, Rule, decide
from export.training.recipe import TrainConfig

UNFINISHED = "too few of its trials are finished"
NO_COURSES = "give finished courses of `continual` with --continual"
UNLABELLED = Decision(
    "unlabelled",
    "contrastive learning lives from unlabelled recordings",
    "not asked",
    "decided by `pretrain`, not here",
    None,
    1.0,
    1.0,
    None,
)
"""What was claimed beside triplet and InfoNCE, and is no difference between them."""


class Findings(msgspec.Struct, frozen=True):
    """The JSON document of `claims`. Differences are of balanced accuracy with a healthy state; those of courses of
    forgetting, as `continual` defines it."""

    decisions: tuple[Decision, ...]
    points: tuple[Point, ...]
    plan: Plan
    finished: int  # of the plan's trials
    seeds: dict[str, int]  # claim -> seeds with which all of its trials are finished
    recipe: TrainConfig
    key: str


def findings_of(plan: Plan, scores: Scores, forgotten: Forgotten, *, recipe: TrainConfig, key: str) -> Findings:
    """By the `scores` that there are, and what is `forgotten` with seeds from the first on; either may be empty."""
    forgotten = {course: lost for course, lost in forgotten.items() if course[-1] >= plan.wanted.first_seed}
    evidence, seeds = [], {}
    for claim in CLAIMS:
        complete = [seed for seed in seeds_of(plan, claim) if all(one in scores for one in trials_for([claim], seed))]
        seeds[claim.name] = len(complete)
        values = values_of(claim, scores, complete) if complete else {}
        evidence.append(
            Evidence(claim.name, claim.said, values, claim.of_no_effect, "too few of its trials are finished")
        )
    for course in COURSE_CLAIMS:
        values = course_values(course, forgotten)
        seeds[course.name] = min(map(len, values.values()), default=0)
        evidence.append(Evidence(course.name, course.said, values, missing=NO_COURSES))
    rule = Rule(plan.wanted.delta, plan.level, plan.wanted.power, TESTED)
    return Findings(
        decisions=(*decide(evidence, rule), UNLABELLED),
        points=points_of(scores, axes(plan.wanted.others), sorted({trial.seed for trial in scores})),
        plan=plan,
        finished=len(scores),
        seeds=seeds,
        recipe=recipe,
        key=key,
    )
