"""`check CONFIG`: phase one of `run` alone; tells every problem, and opens nothing that `--try-sinks` does not name."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent.messages.notices import in_language
from agent.messages.terminal import columns, hanging
from agent.messages.words import LANGUAGES, Language, say

if TYPE_CHECKING:  # the command line loads nothing heavy
    from agent.config.keys import Config
    from agent.service.assembly import Parts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="TOML file to validate")
    parser.add_argument("--language", choices=LANGUAGES, help="of what is printed (default: that of the config)")
    parser.add_argument(
        "--try-sinks",
        action="store_true",
        help="send a test note by each sink that tells people (email, webhook), and see whether sparkplug and opcua"
        " could be opened",
    )


def main(args: argparse.Namespace) -> int:
    from agent.config.load import check_config, language_told

    config, problems = check_config(args.config)
    told = language_told(args.config) if config is None else config.agent.language
    language: Language = args.language or told

    def tell(text: str) -> None:
        line = f"{args.config}: {text}"
        wraps = sys.stdout.isatty()  # elsewhere a line each, for grep
        print(*(hanging(line, columns=columns()) if wraps else [line]), sep="\n")

    if problems and config is not None:
        problems += _of_bundle(config)
    for problem in problems:
        tell(in_language(problem, language))
    if config is None or problems:
        tell(say("check.problems" if len(problems) != 1 else "check.problem", language, count=len(problems)))
        return os.EX_CONFIG
    for notice in config.notices:
        tell(say("check.notice", language, notice=in_language(notice, language)))
    from agent.service.assembly import assemble

    parts = assemble(config)
    for notice in parts.notices:
        tell(say("check.notice", language, notice=in_language(notice, language)))
    manifest = parts.bundle.manifest
    tell(
        say(
            "check.good",
            language,
            sensors=len(config.sensors),
            sources=len(config.sources),
            sinks=say("check.sinks", language, count=len(config.sinks)) if config.sinks else "",
            bundle=f"{manifest.name} {manifest.version}",
            runtime=parts.runtime,
        )
    )
    return _try_sinks(parts, tell, language) if args.try_sinks else os.EX_OK


def _of_bundle(config: Config) -> list[str]:
    """What is wrong with the bundle, which is nothing that another problem of the config could hide."""
    from agent.bundle.load import load_bundle
    from agent.config.resolve import trust_of
    from agent.errors import BundleError, ConfigError

    try:
        load_bundle(config.agent.bundle, trust=trust_of(config))
    except BundleError as error:
        return str(error).splitlines()
    except ConfigError:  # of the keys, which is told
        pass
    return []


def _try_sinks(parts: Parts, tell: Callable[[str], None], language: Language) -> int:
    from agent.service.sink_trial import tried

    failed = False
    for sink, is_note, problem in tried(parts, language):
        failed |= problem is not None
        code = ("check.note_" if is_note else "check.sink_") + ("sent" if problem is None else "failed")
        tell(say(code, language, name=sink, problem=in_language(problem or "", language)))
    return os.EX_UNAVAILABLE if failed else os.EX_OK
