"""Tables of a config as TOML for people: a header for each table, small ones on one line, comments where they help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.explain.fragment import toml_value

INLINE = ("speed", "mapping", "axes")
"""Tables that stand on one line."""


def toml_of(tables: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> str:
    """TOML text; `comments` stand above the table of their header (`sensors.pump_de`). ValueError: a value that TOML
    cannot hold."""
    blocks: list[str] = []
    for name, value in tables.items():
        for header, table in _headed(name, value):
            said = [f"# {line}" for line in (comments or {}).get(header.strip("[]"), "").splitlines()]
            lines = [f"{_key(key)} = {toml_value(one)}" for key, one in table.items()]
            blocks.append("\n".join([*said, header, *lines]))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _headed(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Header -> the keys that stand below it: of this table first, then of those within."""
    if isinstance(value, list):
        for one in value:
            own, within = _parted(one)
            yield f"[[{name}]]", own
            for key, inner in within.items():
                yield from _headed(f"{name}.{_key(key)}", inner)
        return
    own, within = _parted(value)
    if own or not within:
        yield f"[{name}]", own
    for key, inner in within.items():
        yield from _headed(f"{name}.{_key(key)}", inner)


def _parted(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    within = {key: value for key, value in table.items() if isinstance(value, Mapping) and key not in INLINE}
    return {key: value for key, value in table.items() if key not in within}, within


def _key(key: str) -> str:
    return (
        key
        if key and all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in key)
        else toml_value(key)
    )
