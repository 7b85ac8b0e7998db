"""What is added to a config that is there: its text stays as it is, comments and all, and more stands below it.

It is proven: read again, the text must say what the old tables and the new ones say together, or it is refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from agent.setup.tables import merged


class UnjoinableError(Exception):
    """The config is written in a way in which nothing can be added below it; `text` is to be added by hand."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def joined(before: str, added: Mapping[str, Any], text: str) -> str:
    """The config `before` with `text`, the TOML of `added`, below it. UnjoinableError where they do not add up."""
    whole = f"{before.rstrip()}\n\n{text}" if before.strip() else text
    try:
        is_sum = tomllib.loads(whole) == merged(tomllib.loads(before), added)
    except tomllib.TOMLDecodeError:
        is_sum = False
    if not is_sum:
        raise UnjoinableError(text)
    return whole
