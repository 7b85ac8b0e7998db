"""Our sources as syntax trees: parsed once a session, since every rule about the code walks all of them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a module that no test changes any more."""
    return tuple(ast.walk(module_of(path)))


@cache
def module_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
