"""Lists of named things of several kinds, `[[sources]]` and `[[sinks]]`: each entry as the struct of its kind.

Every problem is said with the entry's name; an entry that cannot be used is left out, and hides none of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from agent.config.decoding import UNUSABLE, Id, decode, near
from agent.config.keys import SinkConfig, SourceConfig
from agent.ports import Alternative, load_settings

Entry = TypeVar("Entry", SourceConfig, SinkConfig)


def decode_entries(
    section: str,
    raw: Any,
    *,
    table: Mapping[str, Alternative],
    entry: Callable[..., Entry],
    problems: list[str],
    taken: Collection[str] = (),
) -> tuple[Entry, ...]:
    """The entries of `section`, their kinds looked up in `table`; names that are `taken` may not be used again."""
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        problems.append(f"{section}: expected a list of tables; write each one as [[{section}]]")
        return ()
    entries: list[Entry] = []
    for index, one in enumerate(raw):
        where = f"{section}.{one['name']}" if isinstance(one.get("name"), str) else f"{section}[{index}]"
        decoded = _decode_entry(one, where, table=table, problems=problems)
        if decoded is None:
            continue
        name = decoded["name"]
        if name in taken or any(other.name == name for other in entries):
            mend = f"give each {section.removesuffix('s')} a name of its own"
            problems.append(f"{where}: the name {name!r} is {'taken' if name in taken else 'used twice'}; {mend}")
            continue
        entries.append(entry(**decoded))
    return tuple(entries)


def _decode_entry(
    raw: Mapping[str, Any], where: str, *, table: Mapping[str, Alternative], problems: list[str]
) -> dict[str, Any] | None:
    settings = {key: value for key, value in raw.items() if key not in ("name", "kind")}
    problems.extend(f"{where}.{key}: missing; add it" for key in ("name", "kind") if key not in raw)
    name = decode(Id, raw["name"], where=f"{where}.name", problems=problems) if "name" in raw else UNUSABLE
    if "kind" not in raw:
        return None
    kind = raw["kind"]
    if not isinstance(kind, str) or kind not in table:
        problems.append(f"{where}.kind: unknown kind {kind!r}; {near(str(kind), table)}")
        return None
    decoded = decode(load_settings(table, kind), settings, where=where, problems=problems)
    if name is UNUSABLE or decoded is UNUSABLE:
        return None
    return {"name": name, "kind": kind, "settings": decoded}
