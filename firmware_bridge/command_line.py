"""What all our command lines share: one line for wrong usage, its exit code, and `--version`.

It stands here because the bridge is the lowest of the three packages that have a command line, and on the standard
library alone.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from firmware_bridge import VERSION


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong and where to read on; exits with `usage_exit`, 64 (EX_USAGE) where not set.

    Argparse exits with 2 and prints the whole usage, under which what was wrong is easily missed.
    """

    usage_exit = os.EX_USAGE

    def error(self, message: str) -> NoReturn:
        """Leave with one line on stderr."""
        self.exit(self.usage_exit, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")

    def parse_known_args(self, args: Iterable[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse does, but what a command does not know is its own error and not that of the whole program."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


class Version(argparse.Action):
    """`--version`: program and version, this Python, and what `more` adds; it is asked only when it is wanted."""

    def __init__(self, option_strings: Sequence[str], dest: str, more: Callable[[], Sequence[str]] = tuple) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help="print the version and exit")
        self._more = more

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print the line and leave with 0."""
        about = (f"{parser.prog} {VERSION}", f"Python {platform.python_version()}", *self._more())
        print(", ".join(about))
        parser.exit()
