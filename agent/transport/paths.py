"""Where a value stands in a message: `acc.x`, `data[0].values`, `rows[*].x`, `*.Temperature`, `params["a.b"]`.

`[*]` goes through every element of a list and joins what it finds; an object there counts as a list of one. `*` is the
one key, whatever its name, below which the rest is found. `$` is the message itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

LONGEST = 256  # characters of a path
MOST_STEPS = 16

ANY: Final = "\0any"
EACH: Final = "\0each"
Steps = tuple[str | int, ...]

_STEP = re.compile(
    r"\.?(?P<any>\*)(?=[.\[]|$)|\.?(?P<name>[^.\[\]\"]+)|\[(?P<index>-?\d{1,6}|\*)\]|\[\"(?P<quoted>[^\"]+)\"\]"
)


class Missing:
    """The value of a path that leads nowhere in a message."""


MISSING: Final = Missing()


class AmbiguousError(ValueError):
    """`*` fits several keys; the message names them."""


def steps_of(path: str) -> Steps:
    """A path's steps; ValueError says what is wrong with it and how one is written."""
    text = path.strip()
    how = "write it like acc.x, data[0].values, rows[*].x or $"
    if text == "$":
        return ()
    if not text or len(text) > LONGEST:
        raise ValueError(f"{path[:40]!r} is no path; {how}")
    steps: list[str | int] = []
    at = 2 if text.startswith("$.") else 1 if text.startswith("$[") else 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or (match[0].startswith(".") and (not steps and at == 0)):
            raise ValueError(f"{path!r} is no path from its character {at + 1} on; {how}")
        if steps and match[0][0] not in ".[":
            raise ValueError(f"{path!r} is no path from its character {at + 1} on; {how}")
        if match["any"]:
            steps.append(ANY)
        elif match["index"] == "*":
            steps.append(EACH)
        elif match["index"]:
            steps.append(int(match["index"]))
        else:
            steps.append(match["name"] or match["quoted"])
        at = match.end()
    if len(steps) > MOST_STEPS:
        raise ValueError(f"{path[:40]!r} has more than {MOST_STEPS} steps; {how}")
    return tuple(steps)


def find(document: Any, steps: Sequence[str | int]) -> Any:
    """What stands there, MISSING where nothing does; AmbiguousError where `*` fits several keys."""
    value = document
    for number, step in enumerate(steps):
        rest = steps[number + 1 :]
        if step is EACH:
            return _each(value, rest)
        if step is ANY:
            return _any(value, rest)
        if isinstance(step, int):
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return MISSING
            value = value[step]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return MISSING
    return value


def _each(value: Any, rest: Sequence[str | int]) -> Any:
    """What every element has there, lists joined; None for an element that has nothing."""
    elements = value if isinstance(value, list) else [value]
    found = [find(element, rest) for element in elements]
    if not elements or all(one is MISSING for one in found):
        return MISSING
    joined: list[Any] = []
    for one in found:
        joined += one if isinstance(one, list) else [None if one is MISSING else one]
    return joined


def _any(value: Any, rest: Sequence[str | int]) -> Any:
    if not isinstance(value, Mapping):
        return MISSING
    found = {key: one for key, inner in value.items() if (one := find(inner, rest)) is not MISSING}
    if len(found) > 1:
        raise AmbiguousError(f"* fits {', '.join(repr(key[:24]) for key in list(found)[:8])}; name one of them")
    return next(iter(found.values()), MISSING)
