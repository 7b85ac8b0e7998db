"""One line of text as fields: what dresses it is taken off, and labels or JSON keys beside the numbers become names.

Log prefixes, colours, brackets and units after numbers are dress. Pure, and any text gives a value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache

from agent.tables.names import sense_of
from agent.tables.units import plain, unit_sense
from agent.tables.values import Decimal, Dialect

MAX_FIELDS = 64

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PREFIXES = re.compile(
    r"^(?:"
    r"[EWIDVT] \(\d+\) [\w.-]+: "  # ESP-IDF
    r"|\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\s*(?:->|>)\s*"  # Arduino's serial monitor
    r"|\[(?:\d{4}-\d\d-\d\d[T ])?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?Z?\]\s*(?:->|[>:-](?=\s))?\s*"
    r"|\[\s*\d+\.\d+\]\s*(?!$)(?=[^,;\d+-])"  # a kernel's log
    r"|\[?(?:INFO|DEBUG|DATA|LOG|TRACE|NOTICE)\]?\s*[:|>-]*\s*(?:[\w.]+:\s+)?"
    r"|>\s*(?=[A-Za-z_])"  # Teleplot
    r")",
)
_CHECKSUM = re.compile(r"\*[0-9A-Fa-f]{2}$")
_BARE = r"(?:\d+(?:%s\d*)?|%s\d+)(?:[eEdD][+-]?\d+)?"
_NUMBERS = {
    mark: rf"(?:[+-]?{_BARE % (escaped, escaped)}|[+-]?(?:nan|inf)\b)" for mark, escaped in ((".", r"\."), (",", ","))
}
_UNIT = (
    r"(?:m/s\^?2|m/s²|m/s\*\*2|m/s/s|ms-2|mm/s|deg/s|rad/s|°/s|dps|mdps|rpm|mg|ug|µg|g|°C|℃|C|V|mV|mA|A|%|°|deg"
    r"|Hz|hPa|Pa|bar|us|µs|ms|s|LSB)"
)
_LABEL = r"[^\W\d][\w ./°²%^()\[\]-]*?"
_TOKENS = {
    mark: re.compile(
        rf"\s*(?:(?P<name>{_LABEL})\s*(?:[:=]|->)+\s*|(?P<number>{number})(?:\s*(?P<unit>{_UNIT})(?![\w/]))?(?![\w.])"
        rf"|(?P<mark>[,;|\t{{}}()\[\]\"'<>]))"
    )
    for mark, number in _NUMBERS.items()
}
_NUMBER_ALONE = {
    mark: re.compile(rf"(?<![\w.^])[+-]?{_BARE % (escaped, escaped)}") for mark, escaped in ((".", r"\."), (",", ","))
}
_RUN_ON = re.compile(r"\0(?:,?\d|[eE.+-]|\0)|\d\0")
_TAGGED = re.compile(r"^[$#!@]?(?P<tag>[^\W\d_][^\W\d]*)\s*(?:[,;\t|]|\s)\s*(?=[+\-.\d])")
_NUMBER_UNIT = re.compile(
    rf"(?<![\w.])({_NUMBERS['.'][:-1]}|[+-]?\d+,\d+))\s*(?:[\[(]\s*)?({_UNIT})(?:\s*[\])])?(?=$|[\s,;|\])}}])", re.ASCII
)
_BARE_LINE = frozenset("0123456789+-.,; \t|")  # most lines hold nothing else, and are told so quickly
_BRACKETS = {"{": "}", "[": "]", "(": ")", "<": ">"}


@dataclass(frozen=True, slots=True)
class Described:
    """A line that names its own numbers. `fields` are as they were written, decimal mark and all.

    `shares` where one label stands for several numbers.
    """

    names: tuple[str, ...]
    fields: tuple[str, ...]
    shares: bool = False


def bare(text: str) -> str:
    """A line without colours, log prefix, and brackets or checksum around it."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    text = text.strip(" \r\n\0\ufeff")
    if not text:
        return ""
    first = text[0]
    if first.isdigit() or first in "+-.":
        return text if ">" not in text[:16] else _PREFIXES.sub("", text, count=1)
    text = _PREFIXES.sub("", text, count=1)
    if text[:1] == "$":
        text = _CHECKSUM.sub("", text)
    if text[:1] in _BRACKETS and text[-1:] == _BRACKETS[text[:1]] and ":" not in text and '"' not in text:
        return text[1:-1].strip()
    return text


def is_comment(text: str) -> bool:
    """Whether a line is a remark by its first character."""
    return text[:1] in ("#", "%", "!") or (text[:2] in ("//", "--") and not text[2:3].isdigit())


def without_units(text: str) -> str:
    """A line of bare fields with the units after its numbers taken off: `0.12 g, 0.05 g` is `0.12, 0.05`."""
    return text if _BARE_LINE.issuperset(text) else _NUMBER_UNIT.sub(r"\1", text)


def units_in(text: str) -> tuple[str, ...]:
    """The units that `without_units` takes off, in order."""
    return tuple(match[2] for match in _NUMBER_UNIT.finditer(text))


def described(text: str, decimal: Decimal = ".") -> Described | None:
    """A bare line as names and fields where it is JSON, labels beside numbers, or a tag before them; else None."""
    if text[:1] == "{":
        return _from_json(text) or _labelled(text, decimal)
    if ":" in text or "=" in text or "->" in text:
        return _like_others(text, decimal)
    return _tagged(text, decimal)


def fields_of(text: str, dialect: Dialect) -> list[str]:
    """The fields of a bare line, quotes and spaces around them taken off; a separator at the end makes no field."""
    if not dialect.separator:
        return [_unquoted(text)]
    if dialect.separator == " ":
        return [_unquoted(field) for field in text.split()]
    fields = _quoted_fields(text, dialect.separator) if '"' in text else text.split(dialect.separator)
    fields = [_unquoted(field) for field in fields]
    if len(fields) > 1 and not fields[-1] and text.rstrip().endswith(dialect.separator):
        fields.pop()
    if dialect.paired and len(fields) % 2 == 0:
        return [",".join(pair) for pair in zip(fields[::2], fields[1::2], strict=True)]
    return fields


def _unquoted(field: str) -> str:
    field = field.strip()
    return field[1:-1].strip() if len(field) > 1 and field[0] == field[-1] and field[0] in "\"'" else field


def _quoted_fields(text: str, separator: str) -> list[str]:
    """Fields at separators that stand outside of quotes."""
    fields, current, quoted = list[str](), list[str](), False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character == separator and not quoted:
            fields.append("".join(current))
            current = []
        else:
            current.append(character)
    fields.append("".join(current))
    return fields


def _from_json(text: str) -> Described | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found: list[tuple[str, str]] = []
    _flatten("", value, found)
    if not 0 < len(found) <= MAX_FIELDS:
        return None
    return Described(tuple(name for name, _ in found), tuple(field for _, field in found))


def _flatten(path: str, value: object, found: list[tuple[str, str]]) -> None:
    """Leaves by dotted path; arrays of up to three under one name are its axes."""
    if len(found) > MAX_FIELDS:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{path}.{key}" if path else str(key), inner, found)
    elif isinstance(value, list):
        keys = "xyz" if len(value) <= 3 else [str(k + 1) for k in range(min(len(value), MAX_FIELDS + 1))]
        for key, inner in zip(keys, value, strict=False):
            _flatten(f"{path}.{key}", inner, found)
    elif isinstance(value, bool) or value is None:
        found.append((path, "" if value is None else str(int(value))))
    else:
        found.append((path, str(value)))


def _like_others(text: str, decimal: Decimal) -> Described | None:
    """A labelled line by its form, its numbers aside: a source prints the same form thousands of times a second."""
    numbers = _NUMBER_ALONE[decimal].findall(text)
    form = _of_form(_NUMBER_ALONE[decimal].sub("\0", text), decimal)
    if form is None or len(form.names) != len(numbers):
        return _labelled(text, decimal)
    return Described(form.names, tuple(numbers), form.shares)


@lru_cache(maxsize=256)
def _of_form(form: str, decimal: Decimal) -> Described | None:
    """A line whose numbers are replaced by zero bytes; None where labels hold numbers, or digits run on behind one."""
    if _RUN_ON.search(form):
        return None
    found = _labelled(form.replace("\0", "1"), decimal)
    return found if found is not None and found.fields == ("1",) * form.count("\0") else None


def _labelled(text: str, decimal: Decimal) -> Described | None:
    """Labels beside numbers: `ax:0.1 ay:0.2`, `Accel X: 0.1 Y: 0.2 m/s^2`, `acc = (0.1, 0.2, 0.3)`."""
    at, token = 0, _TOKENS[decimal]
    group, label, names, fields, units = "", "", list[str](), list[str](), list[str]()
    pending = list[str]()  # numbers that share a label
    shares = False
    while at < len(text):
        match = token.match(text, at)
        if match is None:
            if any(character.isdigit() for character in text[at:]):
                return None
            break  # words after the last number
        at = match.end()
        if match["name"] is not None:
            _take(label, pending, names)
            if label and not pending:
                group = label
            own = match["name"].strip().strip("\"'")
            head, _, last = own.rpartition(" ")
            if head and plain(last) in ("x", "y", "z"):
                group, own = head, last
            label = f"{group} {own}" if group and plain(own) in ("x", "y", "z") else own
            pending = []
        elif match["number"] is not None:
            pending.append(match["number"])
            shares |= len(pending) > 1
            fields.append(match["number"])
            units.append(match["unit"] or "")
    _take(label, pending, names)
    if not fields or len(names) != len(fields) or len(fields) > MAX_FIELDS or not all(names):
        return None
    return Described(_with_units(names, units), tuple(fields), shares)


def _take(label: str, numbers: list[str], names: list[str]) -> None:
    """Name the numbers after one label: it alone, its axes where they are three, else by number."""
    if len(numbers) == 1:
        names.append(label)
    elif len(numbers) == 3:
        names += [f"{label} {axis}" if label else "" for axis in "xyz"]
    else:
        names += [f"{label} {k + 1}" if label else "" for k in range(len(numbers))]


def _with_units(names: list[str], units: list[str]) -> tuple[str, ...]:
    """Names with the units that stood after their numbers; one at the line's end alone is that of all."""
    if units[-1] and not any(units[:-1]):
        units = [units[-1] if len(units) <= 3 else "" for _ in units[:-1]] + [units[-1]]
    return tuple(f"{name} [{unit}]" if unit else name for name, unit in zip(names, units, strict=True))


def _tagged(text: str, decimal: Decimal) -> Described | None:
    """A line after the word that says what it holds: `ACC 0.1 0.2 0.3`, `$GYRO,1,2,3`."""
    match = _TAGGED.match(text)
    if match is None or sense_of(match["tag"]).strength != "sure" or unit_sense(match["tag"]) is not None:
        return None
    return _labelled(f"{match['tag']}: {text[match.end() :]}", decimal)
