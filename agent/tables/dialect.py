"""How a table's lines are written, from many of them: what separates fields, and whether a comma is a decimal mark.

A comma between digits may be either. Other lines decide: signs, leading zeros, lengths, the header's width; where
none of them does, it is a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.tables.lines import fields_of
from agent.tables.numbers import is_grouped, is_missing, number_of, seconds_of_stamp
from agent.tables.values import Decimal, Dialect, Question

SEPARATORS = ("\t", ";", "|", ",", " ", "")
MANY = 50  # rows over which what would be likely and was not seen is evidence
LEAST_SHARE = 0.3  # of the lines after the first row that must be rows
THOUSAND = 1000
AS_WELL = 0.02  # difference of score within which two marks read the rows as well
_DIGITS = re.compile(r"[+-]?\d+", re.ASCII)
_MARKED = re.compile(r"(?<![\d.])[1-9]\d{0,2}(?:\.\d{3})+(?![\d.])", re.ASCII)  # thousands with points, perhaps


@dataclass(frozen=True, slots=True)
class Writing:
    """A dialect, the fields per row, and where the first row stands."""

    dialect: Dialect
    width: int
    first: int


@dataclass(frozen=True, slots=True)
class _Fit:
    writing: Writing
    score: float


def writing_of(lines: Sequence[str]) -> Writing | Question | None:
    """How `lines` (bare, without units; empty where a line is blank or a remark) are written; None: no numbers."""
    quoted = any('"' in line for line in lines)
    commas = any("," in line or _MARKED.search(line) for line in lines)
    least = LEAST_SHARE * sum(1 for line in lines if line) / 2
    there = [s for s in SEPARATORS if (not s.strip() and s != "\t") or sum(s in line for line in lines) >= least]
    candidates = [Dialect(s, mark) for s in there for mark in _decimals(s, quoted=quoted) if commas or mark == "."]
    fits = [fit for dialect in candidates if (fit := _fit(lines, dialect)) is not None]
    if not fits:
        return None
    best = max(fits, key=lambda fit: (round(fit.score, 2), fit.writing.width > 1, fit.writing.dialect.separator == ""))
    if commas:
        best = _by_thousands(lines, best, fits)
    if best.writing.dialect.separator != ",":
        return best.writing
    return _comma(lines, best.writing)


def _by_thousands(lines: Sequence[str], best: _Fit, fits: Sequence[_Fit]) -> _Fit:
    """The fit whose mark is that of decimals, where another mark reads the rows as well: it groups thousands.

    `1,998` is a decimal unless its column shows otherwise: two groups, or whole numbers that are plainly of the size of
    thousands, as 985 between 1,998 and 2,012 is.
    """
    dialect, width = best.writing.dialect, best.writing.width
    same = [fit for fit in fits if fit.writing.dialect.separator == dialect.separator and fit.writing.width == width]
    if len(same) < 2 or abs(same[0].score - same[1].score) > AS_WELL:
        return best
    rows = [row for line in lines[best.writing.first :] if line and len(row := fields_of(line, dialect)) == width]
    columns = list(zip(*rows, strict=True))
    marks: tuple[tuple[Decimal, str], ...] = ((".", ","), (",", "."))
    for decimal, mark in marks:
        if any(_are_thousands(column, decimal, mark) for column in columns):
            return next((fit for fit in same if fit.writing.dialect.decimal == decimal), best)
    comma = next((fit for fit in same if fit.writing.dialect.decimal == ","), best)
    return comma if any("," in field for column in columns for field in column) else best


def _are_thousands(column: Sequence[str], decimal: Decimal, mark: str) -> bool:
    marked = [field for field in column if mark in field]
    if not marked or not all(is_grouped(field, decimal) for field in marked):
        return False
    if any(field.count(mark) > 1 for field in marked):
        return True
    heads = [abs(int(field.split(mark)[0])) for field in marked]
    whole = [abs(int(field)) for field in column if _DIGITS.fullmatch(field)]
    return bool(whole) and THOUSAND > max(whole) > 10 * max(heads)


def kinds_of(fields: Sequence[str], decimal: Decimal) -> str:
    """A letter per field: n a number, s a stamp, m missing, t text."""
    return "".join(
        "m"
        if is_missing(f)
        else "n"
        if number_of(f, decimal) is not None
        else "s"
        if seconds_of_stamp(f) is not None
        else "t"
        for f in fields
    )


def _decimals(separator: str, *, quoted: bool) -> tuple[Decimal, ...]:
    return (".",) if separator == "," and not quoted else (".", ",")


def _fit(lines: Sequence[str], dialect: Dialect) -> _Fit | None:
    """How well a dialect makes rows of the lines: rows among the lines, numbers among their fields."""
    rows = [(at, kinds_of(fields_of(line, dialect), dialect.decimal)) for at, line in enumerate(lines) if line]
    widths = Counter(len(kinds) for _, kinds in rows if "n" in kinds and 2 * kinds.count("t") <= len(kinds))
    if not widths:
        return None
    width = max(widths, key=lambda w: (widths[w], w))
    mine = [(at, kinds) for at, kinds in rows if len(kinds) == width and "n" in kinds]
    pattern, times = Counter(kinds.replace("m", "n") for _, kinds in mine).most_common(1)[0]
    first = next(at for at, kinds in mine if _same(kinds, pattern))
    after = sum(1 for at, _ in rows if at >= first)
    share = sum(1 for at, kinds in mine if at >= first and _same(kinds, pattern)) / after
    if share < LEAST_SHARE or times < 1:
        return None
    cells = sum(letter != "t" for letter in pattern) / width
    return _Fit(Writing(dialect, width, first), share * cells)


def _same(kinds: str, pattern: str) -> bool:
    """Whether a row is of the pattern, but for values that are missing."""
    return all(a == b or a == "m" or b == "m" for a, b in zip(kinds, pattern, strict=True))


def _digit_rows(lines: Sequence[str], writing: Writing) -> list[list[str]]:
    """The rows as fields of digits alone; empty where one is not. Lines of words between them show nothing."""
    rows = [fields_of(line, writing.dialect) for line in lines[writing.first :] if line]
    rows = [row for row in rows if len(row) == writing.width and kinds_of(row, ".").strip("t")]
    return rows if all(_DIGITS.fullmatch(field) for row in rows for field in row) else []


def _comma(lines: Sequence[str], writing: Writing) -> Writing | Question:
    """Digits and commas alone: columns of whole numbers, or decimal commas (which may be separated by commas, too)."""
    rows = _digit_rows(lines, writing)
    if writing.width % 2 or not rows:
        return writing
    half = writing.width // 2
    decimal = Writing(Dialect("", ",") if half == 1 else Dialect(",", ",", paired=True), half, writing.first)
    header = _header_width(lines, writing)
    if header in (writing.width, half):
        return writing if header == writing.width else decimal
    verdict = _is_decimal([field for row in rows for field in row[::2]], [field for row in rows for field in row[1::2]])
    if verdict is None:
        seen = ",".join(rows[-1])
        return Question(f"`{seen}` may be whole numbers or decimal commas, and no line shows which", "decimal", ())
    return decimal if verdict else writing


def _header_width(lines: Sequence[str], writing: Writing) -> int | None:
    above = next((line for line in reversed(lines[: writing.first]) if line), None)
    if above is None:
        return None
    fields = fields_of(above, writing.dialect)
    return None if any(number_of(field) is not None for field in fields) else len(fields)


def _is_decimal(before: Sequence[str], behind: Sequence[str]) -> bool | None:
    """Whether what stands before and behind commas are one number; None where nothing shows it."""
    if any(field[0] in "+-" for field in behind):
        return False
    if any(field in ("-0", "+0") for field in before) or any(len(field) > 1 and field[0] == "0" for field in behind):
        return True
    lengths = {len(field) for field in behind}
    if len(behind) < MANY:
        return None
    if len(lengths) > 1:  # zeros at the end are dropped, or these are counts
        return not any(len(field) > 1 and field.endswith("0") for field in behind)
    return False if lengths != {1} and len(set(before)) > 3 else None
