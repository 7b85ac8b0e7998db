"""What numbers and lists on the command line may be, and how a command tells of what it does."""

from __future__ import annotations

import argparse
import sys


def count(text: str) -> int:
    """A whole number from 1 on."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return value


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


def tell(line: str) -> None:
    """A line on standard error at once: standard output is for what a command found."""
    print(line, file=sys.stderr, flush=True)
