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
    from agent.service.checking import verdict_on

    def tell(text: str) -> None:
        line = f"{args.config}: {text}"
        wraps = sys.stdout.isatty()  # elsewhere a line each, for grep
        print(*(hanging(line, columns=columns()) if wraps else [line]), sep="\n")

    verdict = verdict_on(args.config, args.language)
    for line in verdict.lines:
        tell(line)
    if verdict.parts is None:
        return os.EX_CONFIG
    return _try_sinks(verdict.parts, tell, verdict.language) if args.try_sinks else os.EX_OK


def _try_sinks(parts: Parts, tell: Callable[[str], None], language: Language) -> int:
    from agent.service.sink_trial import tried

    failed = False
    for sink, is_note, problem in tried(parts, language):
        failed |= problem is not None
        code = ("check.note_" if is_note else "check.sink_") + ("sent" if problem is None else "failed")
        tell(say(code, language, name=sink, problem=in_language(problem or "", language)))
    return os.EX_UNAVAILABLE if failed else os.EX_OK
