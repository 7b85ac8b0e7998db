"""Answers of two processors, held against one another: they agree in all but rounding."""

from __future__ import annotations

from typing import Any

import pytest


def differences(expected: Any, seen: Any, place: str = "") -> list[str]:
    """Where two answers differ by more than rounding does.

    What is told fault by fault is compared so: of two that lie nearly equally near, rounding says which comes first.
    """
    if isinstance(expected, dict) and isinstance(seen, dict):
        return [
            line for key in expected | seen for line in differences(expected.get(key), seen.get(key), f"{place}.{key}")
        ]
    if isinstance(expected, list) and isinstance(seen, list) and len(expected) == len(seen):
        return differences(_keyed(expected), _keyed(seen), place)
    if isinstance(expected, float) and isinstance(seen, float | int):
        return [] if seen == pytest.approx(expected, rel=5e-3, abs=5e-3) else [f"{place}: {expected} and {seen}"]
    return [] if expected == seen else [f"{place}: {expected} and {seen}"]


def _keyed(items: list[Any]) -> dict[Any, Any]:
    """By fault where each item is of another, else by place."""
    faults = [item["fault"] for item in items if isinstance(item, dict) and "fault" in item]
    return dict(zip(faults if len(set(faults)) == len(items) else range(len(items)), items, strict=True))
