"""A bound stands once: no other module of the agent defines a name of `agent.limits`, or writes one of its figures."""

from __future__ import annotations

import ast

from requirements import ROOT

from agent import limits

NAMES = [name for name in vars(limits) if name.isupper()]
DISTINCT = (limits.STANDARD_GRAVITY, limits.MAX_RATE_HZ, limits.MAX_GAP_S)
"""Figures that stand for nothing else."""
ELSEWHERE = [path for path in sorted((ROOT / "agent").rglob("*.py")) if path.name != "limits.py"]


def assigned_again(source: str) -> list[str]:
    """Constants of `limits` that a module defines anew, and numbers of it that it writes out."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name) and target.id in NAMES]
        elif isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value in DISTINCT:
            found.append(str(node.value))
    return found


def test_a_limit_is_defined_in_one_place() -> None:
    found = {path.relative_to(ROOT).as_posix(): assigned_again(path.read_text(encoding="utf-8")) for path in ELSEWHERE}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_second_definition_is_noticed() -> None:
    assert assigned_again("MAX_RPM = 2e6\nfactor = 1 / 9.80665\n") == ["MAX_RPM", "9.80665"]
