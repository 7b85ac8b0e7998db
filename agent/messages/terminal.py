"""Text on a terminal: how wide it is, lines that end between words, and tables that fit.

A letter of Korean, Chinese or Japanese takes two columns (Unicode Standard Annex 11), a combining mark none.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterable, Sequence

WIDEST = 100
"""Columns of any text: more is hard to read, however wide the terminal."""
NARROWEST = 40
GAP = 2  # columns between those of a table


def columns() -> int:
    """Of this terminal, within what is readable; WIDEST where there is none."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def width(text: str) -> int:
    """Columns that a text takes."""
    return sum(map(_width_of, text))


def _width_of(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def padded(text: str, columns: int) -> str:
    """The text with spaces after it, up to so many columns."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns that end between words; a word wider than a line is cut. Never empty."""
    lines, line = [], ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= columns:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _cut(word, columns)
        lines += full
    return [*lines, line]


def _cut(word: str, columns: int) -> list[str]:
    """Pieces of a word, each as wide as a line holds."""
    pieces, piece = [], ""
    for letter in word:
        if piece and width(piece) + _width_of(letter) > columns:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]


def labelled(rows: Iterable[tuple[str, str]], *, columns: int, indent: int = 2) -> list[str]:
    """Labels in a column of their own, and beside each its text, wrapped."""
    told = list(rows)
    room = max((width(label) for label, _ in told), default=0)
    lines = []
    for label, text in told:
        first, *rest = wrapped(text, columns - indent - room - GAP)
        lines.append(" " * indent + padded(label, room + GAP) + first)
        lines += [" " * (indent + room + GAP) + more for more in rest]
    return lines


def hanging(text: str, *, columns: int, indent: int = 2) -> list[str]:
    """A paragraph whose lines after the first stand further in."""
    first, *rest = wrapped(text, columns)
    if not rest:
        return [first]
    return [first, *(" " * indent + line for line in wrapped(" ".join(rest), columns - indent))]


def tabulated(rows: Sequence[Sequence[str]], *, columns: int) -> list[str]:
    """Rows of cells below each other; where they are wider than `columns`, cells of the widest columns are wrapped."""
    return [line for lines in _laid_out(rows, columns) for line in lines]


def with_names(rows: Sequence[Sequence[str]], names: Sequence[str], *, columns: int) -> list[str]:
    """As `tabulated`, with a name for each row that is never broken, as it is to be copied: behind it where all fit,
    else below it."""
    across = sum(max(width(row[at]) for row in rows) + GAP for at in range(len(rows[0])))
    if across + max(map(width, names)) <= columns:
        return tabulated([[*row, name] for row, name in zip(rows, names, strict=True)], columns=columns)
    laid_out = zip(_laid_out(rows, columns), names, strict=True)
    return [line for lines, name in laid_out for line in (*lines, " " * GAP + name)]


def _laid_out(rows: Sequence[Sequence[str]], columns: int) -> list[list[str]]:
    """The lines of each row."""
    widths = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    while sum(widths) + GAP * (len(widths) - 1) > columns and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    found = []
    for row in rows:
        cells = [wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
        lines = []
        for at in range(max(map(len, cells))):
            parts = [cell[at] if at < len(cell) else "" for cell in cells]
            line = (" " * GAP).join(padded(part, room) for part, room in zip(parts, widths, strict=True))
            lines.append(line.rstrip())
        found.append(lines)
    return found
