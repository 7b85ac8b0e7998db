"""What became of each claim: supported, refuted, smaller than what matters, or undecided and what would decide it.

Differences are tested for being there and for being too small to matter. Each of the two families of tests is held to
the level by Holm's step-down (1979, Scandinavian Journal of Statistics 6: 65-70).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from export.studies.claims.power import pairs_needed
from export.studies.objectives.sign_flip import Difference, difference_of, p_of_equivalence

Verdict = Literal["supported", "refuted", "smaller", "undecided", "not asked"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is for a claim: its difference by column and seed, positive where it is as was said."""

    name: str
    said: str
    values: Mapping[str, Sequence[float]]
    of_no_effect: bool = False
    missing: str = ""  # where nothing is there: what would give it


@dataclass(frozen=True, slots=True)
class Rule:
    """How claims are judged: `tests` share `level`, whether or not there is evidence for all of them."""

    delta: float
    level: float
    power: float
    tests: int


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim. p-values are adjusted for all claims; `pairs_to_decide` with the spread that was seen."""

    claim: str
    said: str
    verdict: Verdict
    why: str
    difference: Difference | None
    p_difference: float
    p_equivalence: float
    pairs_to_decide: int | None


def decide(evidence: Sequence[Evidence], rule: Rule) -> tuple[Decision, ...]:
    """A decision for each, in their order."""
    found = [difference_of(one.values) if one.values else None for one in evidence]
    there = holm([1.0 if one is None else one.p_value for one in found], tests=rule.tests)
    within = holm(
        [p_of_equivalence(one.values, bound=rule.delta) if one.values else 1.0 for one in evidence], tests=rule.tests
    )
    return tuple(_decision(*parts, rule) for parts in zip(evidence, found, there, within, strict=True))


def holm(p_values: Sequence[float], *, tests: int) -> list[float]:
    """Adjusted, in their order; `tests` at least as many as there are."""
    adjusted = [1.0] * len(p_values)
    worst = 0.0
    for place, number in enumerate(sorted(range(len(p_values)), key=lambda number: p_values[number])):
        worst = max(worst, min(1.0, (tests - place) * p_values[number]))
        adjusted[number] = worst
    return adjusted


def _decision(evidence: Evidence, difference: Difference | None, there: float, within: float, rule: Rule) -> Decision:
    if difference is None:
        return Decision(evidence.name, evidence.said, "not asked", evidence.missing, None, there, within, None)
    verdict, why = _verdict(evidence, difference, there, within, rule)
    needed = None
    if verdict == "undecided":
        needed = pairs_needed(rule.delta, difference.spread, level=rule.level / rule.tests, power=rule.power)
    return Decision(evidence.name, evidence.said, verdict, why, difference, there, within, needed)


def _verdict(
    evidence: Evidence, difference: Difference, there: float, within: float, rule: Rule
) -> tuple[Verdict, str]:
    small, told = within <= rule.level, there <= rule.level
    agree = not min(difference.columns.values()) < 0 < max(difference.columns.values())  # none at all contradicts none
    within_delta = f"within {rule.delta:g} either way"
    if evidence.of_no_effect and small:
        return "supported", within_delta
    if told and agree:
        as_said = difference.mean > 0 and not evidence.of_no_effect
        return ("supported" if as_said else "refuted"), (within_delta if small else "")
    if small:
        return "smaller", within_delta
    if told:
        return "undecided", "columns disagree"
    return "undecided", _what_is_left(difference, rule.delta)


def _what_is_left(difference: Difference, delta: float) -> str:
    """Of what the interval of 95 % of this claim alone still allows."""
    bounds = difference.interval
    if bounds is None:
        return "too few pairs"
    if bounds.high < delta:
        return f"a gain of {delta:g} is ruled out for this claim alone"
    if bounds.low > -delta:
        return f"a loss of {delta:g} is ruled out for this claim alone"
    return "either way is left"


def seeds_to_decide(decision: Decision) -> int | None:
    """Seeds that make as many pairs; None where it is decided."""
    if decision.pairs_to_decide is None or decision.difference is None:
        return None
    return int(np.ceil(decision.pairs_to_decide / len(decision.difference.columns)))
