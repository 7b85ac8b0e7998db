"""What an option of a study may name: everything wrong is said at once, with what may stand there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from agent.errors import ConfigError


def unknown_names(option: str, chosen: Iterable[str], known: Collection[str]) -> list[str]:
    """A line for each name of `chosen` that is not `known`."""
    return [f"{option}: {name!r} is none of {', '.join(known)}" for name in chosen if name not in known]


def known_names(wanted: Mapping[str, tuple[Iterable[str], Collection[str]]]) -> list[tuple[str, ...]]:
    """Of every option its names, each once; `wanted`: option -> names chosen and names known. ConfigError otherwise."""
    if problems := [line for option, (names, known) in wanted.items() for line in unknown_names(option, names, known)]:
        raise ConfigError(*problems)
    return [tuple(dict.fromkeys(names)) for names, _ in wanted.values()]
