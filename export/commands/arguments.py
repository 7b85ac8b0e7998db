"""What numbers and lists on the command line may be, what all studies ask for, and how a command tells what it does."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path


def count(text: str) -> int:
    """A whole number from 1 on."""
    return _at_least(1, text)


def whole(text: str) -> int:
    """A whole number from 0 on."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    value = int(text) if text.strip().lstrip("+-").isdecimal() else None
    if value is None or value < least:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number from {least} on")
    return value


def processes(text: str) -> int:
    """A whole number from 1 on, or as many as there are cores for."""
    return len(os.sched_getaffinity(0)) if text == "auto" else count(text)


def sizes(text: str) -> tuple[int, ...]:
    """Counts with commas between them."""
    return tuple(count(part) for part in text.split(","))


def names(text: str) -> tuple[str, ...]:
    """Words with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def weight(text: str) -> float:
    """A number from 0 on."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be a number from 0 on")
    return value


def share(text: str) -> float:
    """A number between 0 and 1, without these."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must lie between 0 and 1, as 0.5 does")
    return value


def add_material(parser: argparse.ArgumentParser, *, machines: int, out: str, holds: str) -> None:
    """What a study trains and judges on, and where it keeps what is finished: by default below runs/`out`."""
    parser.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    parser.add_argument("--machines", type=int, default=machines, help="simulated machines (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("runs", out), help=f"{holds} (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")


def add_workers(parser: argparse.ArgumentParser, *names: str, of: str, default: int = 1) -> None:
    """How many processes make what a study consists `of`; `names` are more names of the option."""
    parser.add_argument(
        "--workers",
        *names,
        type=processes,
        default=default,
        metavar="N",
        help=f"processes that make {of}, one at a time each, or auto: one for each core (default: %(default)s)",
    )


def add_replace(parser: argparse.ArgumentParser) -> None:
    """Whether a command that fills a folder may write over something else that is finished there."""
    parser.add_argument(
        "--replace",
        action="store_true",
        help="write over what another command has made at --out; what this one has begun there goes on without it",
    )


def tell(line: str) -> None:
    """A line on standard error at once: standard output is for what a command found."""
    print(line, file=sys.stderr, flush=True)


def tell_next(*words: str | Path) -> None:
    """The command that a person gives next, as a shell takes it."""
    tell(f"next: python -m export {shlex.join(map(str, words))}")


def tell_replay(bundle: str | Path) -> None:
    """The command by which a person hears what a bundle says of a recording."""
    tell(f"next: textvib-agent replay RECORDING --bundle {shlex.quote(str(bundle))}")
