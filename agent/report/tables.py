"""Tables of a report as markup: rows of words, of which the first may be the row's heading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.report.markup import Markup, element, joined


def table(rows: Iterable[Sequence[str]], *, heads: Sequence[str] = (), class_: str | None = None) -> Markup:
    """Rows whose first cell says what the row is about; `heads` stand above the columns."""
    return wide(element("table", head(heads) if heads else "", body(rows), class_=class_))


def head(heads: Iterable[str]) -> Markup:
    """What stands above the columns."""
    return element("thead", element("tr", *(element("th", one, scope="col") for one in heads)))


def body(rows: Iterable[Sequence[str]]) -> Markup:
    """The rows alone, as one of several groups of a table."""
    return element("tbody", *(_row(first, rest) for first, *rest in rows))


def group(words: str, *, columns: int) -> Markup:
    """A row over all columns that says what the rows below it are of."""
    return element("tbody", element("tr", element("th", words, scope="rowgroup", colspan=columns)), class_="group")


def listed(parts: Iterable[str]) -> Markup:
    """Parts below each other within a cell."""
    return joined(*(element("div", part) for part in parts))


def wide(part: Markup) -> Markup:
    """What is pushed sideways on a screen that is too narrow for it."""
    return element("div", part, class_="wide")


def foreign(words: str) -> Markup:
    """A name that comes from elsewhere, whichever way it is written."""
    return element("bdi", words)


def _row(first: str, rest: Sequence[str]) -> Markup:
    return element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in rest))
