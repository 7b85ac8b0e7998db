"""What a command of `python -m export` may import while it runs, read from the sources: all of it, on use or not."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from requirements import ROOT

from export.shrinking.writers import WRITERS
from export.studies.columns.training_cache import imported

FOUND_BY_NAME = {"export.shrinking.writers": [row.path.partition(":")[0] for row in WRITERS.values()]}
"""A table of modules that are imported on use -> those modules."""


def packages_of(module: Path, function: str) -> set[str]:
    """First names of all modules that `function` of the file `module`, or what it calls there, loads."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    borrowed = {alias.name: node.module for node in imports for alias in node.names}
    pending, reached, found = {function}, set[str](), set[str]()
    while pending:
        name = pending.pop()
        reached.add(name)
        if name not in functions:
            found |= packages_of(_file(borrowed[name] or ""), name)
            continue
        used = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        commands = {name for name, home in borrowed.items() if (home or "").startswith("export.commands")}
        pending |= (used & (functions.keys() | commands)) - reached
        found |= set(_loaded([functions[name]]))
    return {name.split(".")[0] for name in found}


def _loaded(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for name in {name for node in nodes for name in _names(node)}:
        yield name
        for other in (name, *FOUND_BY_NAME.get(name, ())):
            if other.startswith("export") and _file(other).is_file():
                for path in imported(_file(other)):
                    yield from _names_in(path)


@cache
def _names_in(path: Path) -> frozenset[str]:
    names = set(_names(ast.parse(path.read_text(encoding="utf-8"))))
    for table in FOUND_BY_NAME.keys() & names:
        for module in FOUND_BY_NAME[table]:
            names |= _names_in(_file(module))
    return frozenset(names)


def _names(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        elif isinstance(one, ast.ImportFrom) and one.module:
            yield one.module
            yield from (f"{one.module}.{alias.name}" for alias in one.names)


def _file(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")
