"""Fields as numbers and as stamps: decimal commas, groups of thousands, dates and times of day. Nothing is guessed.

Exponents may be Fortran's: `1.0D+03`, and `1.2-103` where three digits left no room for the letter.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from agent.tables.values import Decimal

_NUMBER = re.compile(r"[+-]?(?!0\d+[eE])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_FORTRAN = re.compile(
    r"([+-]?(?:\d+\.\d*|\.\d+|\d(?=[dDqQ][+-])))(?:[dDqQ]([+-]?\d{1,3})|(?<=[.\d])([+-]\d{3}))", re.ASCII
)
_GROUPS = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", re.ASCII),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?", re.ASCII),
}
"""Thousands in groups, by the decimal mark."""
_SPACED = re.compile(r"[+-]?[1-9]\d{0,2}(?:([ \u00a0\u2009\u202f'\u2019_])\d{3})(?:\1\d{3})*(?:[.,]\d*)?", re.ASCII)
_NOT_FINITE = {"nan", "-nan", "+nan", "inf", "+inf", "-inf", "infinity", "-infinity", "ovf"}
MISSING = {"", "na", "n/a", "null", "none", "-", "--", "?", "nan", "-nan", "#n/a", "#num!", "#value!"}
_DATE = r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
_DAY_FIRST = r"(\d{1,2})[./](\d{1,2})[./](\d{4})"
_TIME = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,:](\d{1,9}))?)?\s*(AM|PM|am|pm|오전|오후)?"
_ZONE = r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?"
_STAMP = re.compile(rf"(?:{_DATE}|{_DAY_FIRST})(?:T|\s+|_|,\s*){_TIME}{_ZONE}", re.ASCII)
_CLOCK = re.compile(_TIME + _ZONE, re.ASCII)


def number_of(field: str, decimal: Decimal = ".") -> float | None:
    """A field as a number, infinite and NaN included; None where it is none."""
    text = field.strip()
    if (marks := _SPACED.fullmatch(text)) is not None:
        text = text.replace(marks[1], "")
    if decimal == ",":
        if text.endswith(",") or ("." in text and not _GROUPS[","].fullmatch(text)):
            return None
        text = text.replace(".", "").replace(",", ".", 1)
    elif "," in text and _GROUPS["."].fullmatch(text):
        text = text.replace(",", "")
    if _NUMBER.fullmatch(text):
        return float(text)
    if (parts := _FORTRAN.fullmatch(text)) is not None:
        return float(f"{parts[1]}e{parts[2] or parts[3]}")
    return float(text.replace("ovf", "inf")) if text.lower() in _NOT_FINITE else None


def is_grouped(field: str, decimal: Decimal) -> bool:
    """Whether a field may be a number with thousands in groups, were `decimal` its decimal mark."""
    return _GROUPS[decimal].fullmatch(field.strip()) is not None


def is_missing(field: str) -> bool:
    """Whether a field stands for a value that was not measured."""
    return field.strip().lower() in MISSING


def seconds_of_stamp(field: str) -> float | None:
    """Seconds of a date and time (since 1970, as if UTC) or of a time of day (since midnight); None: it is none."""
    text = field.strip()
    if not 4 <= len(text) <= 48 or ":" not in text:
        return None
    if text[4:5] == "-" and (iso := _of_iso(text)) is not None:
        return iso
    match = _STAMP.fullmatch(text)
    if match is None:
        clock = _CLOCK.fullmatch(text)
        return None if clock is None else _of_day(clock.groups())
    of_day = _of_day(match.groups()[6:])
    year, month, day = match.groups()[:3] if match[1] else (match[6], match[5], match[4])
    try:
        midnight = datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        try:  # the month first, as in the United States
            midnight = datetime(int(year), int(day), int(month), tzinfo=UTC)
        except ValueError:
            return None
    return None if of_day is None else midnight.timestamp() + of_day


def _of_iso(text: str) -> float | None:
    """The usual form, quickly; the zone moves a whole recording alike, so it is left out."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _of_day(groups: tuple[str | None, ...]) -> float | None:
    hour, minute, second, fraction, half = groups
    hours = int(hour or 0) % 12 + 12 * (half.lower() in ("pm", "오후")) if half else int(hour or 0)
    minutes, seconds = int(minute or 0), int(second or 0)
    if hours > 24 or minutes > 59 or seconds > 60:
        return None
    return hours * 3600.0 + minutes * 60.0 + seconds + (float(f"0.{fraction}") if fraction else 0.0)
