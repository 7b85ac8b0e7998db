"""What `check` says of a config: every problem, else every notice and what the config makes; opens nothing."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agent.bundle.load import load_bundle
from agent.config.keys import Config
from agent.config.load import check_config, check_table, language_told
from agent.config.resolve import trust_of
from agent.errors import BundleError, ConfigError
from agent.messages.notices import in_language
from agent.messages.words import Language, say
from agent.service.assembly import Parts, assemble


class Verdict(NamedTuple):
    """Lines for a person, and what the agent would be built of; `parts` None: the config is no good."""

    lines: tuple[str, ...]
    parts: Parts | None
    language: Language


def verdict_on(path: Path, language: Language | None = None) -> Verdict:
    """What is to be said of the config at `path`, in its own language where none is given.

    BundleError or ConfigError where its bundle or runtime is no good.
    """
    config, problems = check_config(path)
    told = language_told(path) if config is None else config.agent.language
    return _verdict(config, problems, language or told)


def verdict_on_table(tables: Mapping[str, Any], folder: Path, language: Language) -> Verdict:
    """The same of what would stand in a config in `folder`."""
    return _verdict(*check_table(copy.deepcopy(dict(tables)), folder), language)


def _verdict(config: Config | None, problems: Sequence[str], language: Language) -> Verdict:
    if problems and config is not None:
        problems = [*problems, *_of_bundle(config)]
    if config is None or problems:
        code = "check.problems" if len(problems) != 1 else "check.problem"
        told = (*(in_language(one, language) for one in problems), say(code, language, count=len(problems)))
        return Verdict(told, None, language)
    parts = assemble(config)
    notices = (in_language(one, language) for one in (*config.notices, *parts.notices))
    told = tuple(say("check.notice", language, notice=one) for one in notices)
    return Verdict((*told, _good(config, parts, language)), parts, language)


def _of_bundle(config: Config) -> list[str]:
    """What is wrong with the bundle, which is nothing that another problem of the config could hide."""
    try:
        load_bundle(config.agent.bundle, trust=trust_of(config))
    except BundleError as error:
        return str(error).splitlines()
    except ConfigError:  # of the keys, which is told
        pass
    return []


def _good(config: Config, parts: Parts, language: Language) -> str:
    manifest = parts.bundle.manifest
    return say(
        "check.good",
        language,
        sensors=len(config.sensors),
        sources=len(config.sources),
        sinks=say("check.sinks", language, count=len(config.sinks)) if config.sinks else "",
        bundle=f"{manifest.name} {manifest.version}",
        runtime=parts.runtime,
    )
