"""The fields of JSON messages as columns: every path at which numbers or words stand, with all that stood there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agent.tables.columns import Cells
from agent.tables.numbers import number_of, seconds_of_stamp

MOST_FIELDS = 200
MOST_VALUES = 4096  # of a field that are looked at
MOST_DEPTH = 8

_PLAIN = re.compile(r"[^.\[\]\"]+")


@dataclass(slots=True)
class Found:
    """One path and its values over all messages; `most`: of one message."""

    path: str
    values: list[Any] = field(default_factory=list)
    messages: int = 0
    most: int = 0

    @property
    def is_listed(self) -> bool:
        """Whether messages hold many of it."""
        return self.most > 1

    @property
    def cells(self) -> Cells:
        """As a column of a table, named by its path without brackets: `acc.x` is the acceleration x."""
        numbers = [number_of(v) if isinstance(v, str) else v for v in self.values]
        real = [float(n) if isinstance(n, int | float) and not isinstance(n, bool) else None for n in numbers]
        words = [v for v, n in zip(self.values, real, strict=True) if n is None and v is not None]
        stamps = [seconds_of_stamp(v) if isinstance(v, str) else None for v in self.values]
        if words and all(stamp is not None for stamp in stamps):
            return Cells(self.name, np.array(stamps, np.float64), stamped=True)
        values = np.array([np.nan if n is None else n for n in real], np.float64)
        return Cells(self.name, values, text=len(words) / max(1, len(self.values)))

    @property
    def name(self) -> str:
        """Words of the path, for the sense that is made of a column's name."""
        words = [
            word
            for word in re.split(r"[.\[\]\"]+", self.path)
            if word and word not in ("*", "$") and not word.isdigit()
        ]
        own = [word for word in words if word not in _WRAPPERS] or words[-1:]
        return " ".join(own[-2:])

    @property
    def example(self) -> str:
        shown = ", ".join(str(v)[:16] for v in self.values[:3])
        return shown + (", ..." if len(self.values) > 3 else "")


_WRAPPERS = {"values", "data", "payload", "params", "metrics", "samples", "rows", "d", "body", "message", "state"}
"""Levels that say nothing of what stands below them."""


def fields_of(documents: Iterable[Any]) -> dict[str, Found]:
    """Path -> what stands there, in the order in which the messages name them."""
    found: dict[str, Found] = {}
    for document in documents:
        here: dict[str, list[Any]] = {}
        _walk(document, "", here, depth=0)
        for path, values in here.items():
            if path not in found and len(found) >= MOST_FIELDS:
                continue
            one = found.setdefault(path, Found(path))
            one.messages += 1
            one.most = max(one.most, len(values))
            one.values += values[: MOST_VALUES - len(one.values)]
    return found


def _walk(value: Any, path: str, found: dict[str, list[Any]], *, depth: int) -> None:
    if isinstance(value, Mapping) and depth < MOST_DEPTH:
        for key, inner in value.items():
            step = key if _PLAIN.fullmatch(key) else f'["{key}"]'
            joint = "." if path and not step.startswith("[") else ""
            _walk(inner, f"{path}{joint}{step}", found, depth=depth + 1)
    elif isinstance(value, list) and any(isinstance(inner, Mapping | list) for inner in value) and depth < MOST_DEPTH:
        width = len(value[0]) if isinstance(value[0], list) else 0
        if 0 < width <= 9 and all(isinstance(inner, list) and len(inner) == width for inner in value):
            for k in range(width):  # rows without names
                found.setdefault(f"{path}[*][{k}]", []).extend(
                    inner[k] for inner in value if not isinstance(inner[k], list | Mapping)
                )
            return
        for inner in value:
            _walk(inner, f"{path}[*]", found, depth=depth + 1)
    elif isinstance(value, list):
        found.setdefault(path or "$", []).extend(value)
    else:
        found.setdefault(path or "$", []).append(value)
