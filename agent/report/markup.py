"""HTML and SVG as text, in which nothing that was not written here is ever markup.

Every string is escaped where it is put in; only what `element` made passes as it is. Names of files and notes come from
elsewhere: what XML cannot hold, and marks that turn the direction of writing, stand as U+FFFD.
"""

from __future__ import annotations

import re
from html import escape

_VOID = {"br", "meta", "rect", "line", "circle", "polyline", "polygon", "path"}
"""Elements without an end tag in HTML, or without content in SVG."""
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(words: str) -> Markup:
    """Words as they are to be read."""
    return words if isinstance(words, Markup) else Markup(escape(_UNWRITABLE.sub("\ufffd", words)))


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """An element; attributes of None are left out, and `_` in their names stands for `-` (a last one for nothing)."""
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(_written(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID and not children:
        return Markup(f"<{tag}{told}/>")
    return Markup(f"<{tag}{told}>{joined(*children)}</{tag}>")


def joined(*parts: str) -> Markup:
    """The parts one after another."""
    return Markup("".join(map(text, parts)))


def _written(value: object) -> str:
    """A length in pixels to a tenth, all else as it is."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
