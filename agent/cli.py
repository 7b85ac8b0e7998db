"""`textvib-agent`: one command line for everything a person does with the agent.

A command's module is imported when it is chosen, and not before: `--help` and `status` load no numpy and no runtime.
A failure that a person can mend is one line on stderr and an exit code (see `agent.errors`), never a traceback.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.commands import COMMANDS
from agent.errors import TextVibError
from agent.service.watching.logs import log_to_stderr
from firmware_bridge.command_line import Parser, Version

LEVELS = ("debug", "info", "warning", "error")
EXIT_CODES = """\
exit codes: 0 done, 64 wrong usage, 65 bundle or recording unusable (rebuild it), 75 a link is away (try again),
78 config wrong (mend it), 70 a bug; `textvib-agent replay --help` has those of a verdict"""

log = logging.getLogger("agent")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(chosen={a for a in arguments if a in COMMANDS})
    args = parser.parse_args(arguments)
    log_to_stderr(level=args.log_level)
    try:
        code: int = importlib.import_module(COMMANDS[args.command].module).main(args)
        sys.stdout.flush()
    except TextVibError as error:
        for line in _in_the_language_asked_for(error, args).splitlines():
            print(f"textvib-agent: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        log.critical("this is a bug of ours; please report it with these lines", exc_info=True)
        return os.EX_SOFTWARE
    return code


def _in_the_language_asked_for(error: TextVibError, args: argparse.Namespace) -> str:
    """What a command, or the agent that it asked (RefusedError), refuses, as far as the table has words for it."""
    from agent.config.load import language_told
    from agent.messages.notices import in_language
    from agent.messages.words import as_language

    config = getattr(args, "config", None)
    chosen = getattr(args, "language", None) or getattr(error, "language", None)
    language = as_language(chosen) if chosen else language_told(config if isinstance(config, Path) else None)
    return "\n".join(in_language(line, language) for line in str(error).splitlines())


def _parts_at_hand() -> list[str]:
    """The runtimes that are installed, and the bundle that ships."""
    import importlib.metadata
    import json

    from agent.bundle.load import DEFAULT
    from agent.bundle.manifest import MANIFEST
    from agent.bundle.runtimes import RUNTIMES

    packages = importlib.metadata.packages_distributions()
    named = [packages[name][0] for runtime in RUNTIMES.values() for name in runtime.packages if name in packages]
    runtimes = [f"{name} {importlib.metadata.version(name)}" for name in named]
    bundle = json.loads((DEFAULT / MANIFEST).read_text(encoding="utf-8"))
    return [*(runtimes or ["no runtime installed"]), f"bundle {bundle['name']} {bundle['version']}"]


def _parser(*, chosen: set[str]) -> Parser:
    parser = Parser(
        prog="textvib-agent",
        description="Listens to a machine's vibration and says in words what is wrong with it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--log-level", choices=LEVELS, default="info", help="what to tell on stderr (default: info)")
    parser.add_argument("--version", action=Version, more=_parts_at_hand)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, row in COMMANDS.items():
        description = f"{row.summary[:1].upper()}{row.summary[1:]}."
        command = commands.add_parser(
            name, help=row.summary, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        command.add_argument("--log-level", choices=LEVELS, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if name in chosen:
            importlib.import_module(row.module).add_arguments(command)
    return parser
