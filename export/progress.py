"""A progress bar where someone watches, nothing where nobody does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from multiprocessing import parent_process
from typing import TypeVar

from rich.console import Console
from rich.progress import track as rich_track

Element = TypeVar("Element")


def track(elements: Sequence[Element], what: str) -> Iterator[Element]:
    """The elements, one after the other, with a bar on standard error if that is a terminal.

    Only the process that somebody started draws one: its children would draw theirs over each other.
    """
    console = Console(stderr=True)
    watched = console.is_terminal and parent_process() is None
    yield from rich_track(elements, what, console=console, disable=not watched)
