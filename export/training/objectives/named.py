"""Objectives by name, and with parameters of theirs: `infonce@temperature=0.05`, an @ before each.

What may stand behind the @ is what the objective's function takes as a number; nothing else is guessed at.
"""

from __future__ import annotations

import inspect
import math
import re
from functools import cache, partial

from agent.errors import ConfigError
from export.training.objectives import OBJECTIVES, Objective

NUMBER = re.compile(r"[0-9]*\.?[0-9]+(e[+-]?[0-9]+)?")


def objective_of(name: str) -> Objective:
    """The objective that `name` stands for; ConfigError, with what may stand there, for a name that is none."""
    if problem := problem_with(name):
        raise ConfigError(problem)
    plain, given = _parts(name)
    return partial(OBJECTIVES[plain], **{key: float(value) for key, value in given}) if given else OBJECTIVES[plain]


@cache
def problem_with(name: str) -> str | None:
    """What is wrong with the name of an objective, and what may stand there; None where nothing is."""
    plain, given = _parts(name)
    if plain not in OBJECTIVES:
        return f"{plain!r} is none of {', '.join(OBJECTIVES)}"
    if name == plain:
        return None
    known = parameters_of(plain)
    if len({key for key, _ in given}) < len(given):
        return f"{name!r}: a parameter stands there twice"
    for key, value in given:
        if key not in known:
            return f"{name!r}: {key!r} is none of {', '.join(known) or 'its parameters, which it has none of'}"
        if not _positive(value):
            return f"{name!r}: {value!r} is not a number above 0, as in {plain}@{key}={known[key]:g}"
    return None


def parameters_of(plain: str) -> dict[str, float]:
    """The numbers that an objective takes beside its batch, and their defaults."""
    found = inspect.signature(OBJECTIVES[plain]).parameters.values()
    return {one.name: one.default for one in found if type(one.default) is float}


def _parts(name: str) -> tuple[str, list[tuple[str, str]]]:
    plain, *given = name.split("@")
    return plain, [(key, value) for key, _, value in (part.partition("=") for part in given)]


def _positive(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None and 0 < float(text) < math.inf
