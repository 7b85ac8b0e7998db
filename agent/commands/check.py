"""`check CONFIG`: phase one of `run` alone; every problem is printed, nothing is opened."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from agent.messages.notices import in_language
from agent.messages.terminal import columns, hanging
from agent.messages.words import LANGUAGES, Language, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="TOML file to validate")
    parser.add_argument("--language", choices=LANGUAGES, help="of what is printed (default: that of the config)")


def main(args: argparse.Namespace) -> int:
    from agent.config.load import check_config

    config, problems = check_config(args.config)
    language: Language = args.language or ("en" if config is None else config.agent.language)

    def tell(text: str) -> None:
        line = f"{args.config}: {text}"
        wraps = sys.stdout.isatty()  # elsewhere a line each, for grep
        print(*(hanging(line, columns=columns()) if wraps else [line]), sep="\n")

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
    return os.EX_OK
