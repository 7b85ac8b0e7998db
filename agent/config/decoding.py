"""Plain data (TOML, JSON) into msgspec structs, collecting every problem with its dotted key, not just the first.

A problem is one line for the person who mends the file: `key: what is wrong; what to do`. A value that cannot be used
falls back to its default, so that one mistake never hides another.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

UNUSABLE: Final = object()
"""What `decode` returns where neither the value nor a default can be used."""

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
Id = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]

NAMES = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "text in quotes",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    "`null`": "nothing",
}
SECRETS = ("password", "passwd", "secret", "token")


def decode(kind: Any, value: Any, *, where: str, problems: list[str]) -> Any:
    """`value` as a `kind` (struct, dict, tuple, union or scalar type), or UNUSABLE; complaints go to `problems`."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _decode_struct(kind, value, where=where, problems=problems)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(arguments, value, where=where, problems=problems)
    if origin is dict and isinstance(value, dict):
        return _decode_dict(arguments, value, where=where, problems=problems)
    if origin is tuple and arguments[-1] is Ellipsis and isinstance(value, list):
        parts = [decode(arguments[0], v, where=f"{where}[{i}]", problems=problems) for i, v in enumerate(value)]
        return tuple(part for part in parts if part is not UNUSABLE)
    if origin is Literal and value not in arguments:
        problems.append(f"{where}: {value!r} is not one of {', '.join(map(repr, arguments))}")
        return UNUSABLE
    return _convert(kind, value, where=where, problems=problems)


def near(name: str, known: Iterable[str]) -> str:
    """The mend for a name that does not exist: the nearest known one, else all of them."""
    names = sorted(set(known))
    meant = meant_by(name, names)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"known: {', '.join(names)}" if names else "none is defined"


def meant_by(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `name` most likely meant."""
    return next(iter(difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)), None)


def in_plain_words(message: str, value: object) -> str:
    """A msgspec complaint in the words of somebody who edits a file."""
    if ID_PATTERN in message:
        return f"{value!r} is not an id; use 1 to 64 of A-Z a-z 0-9 _ -"
    for technical, plain in NAMES.items():
        message = message.replace(technical, plain)
    message = re.sub(r" - at `.*`$", "", message)
    return f"{message[:1].lower()}{message[1:]}; it is {value!r}"


def _decode_struct(kind: type[msgspec.Struct], value: Any, *, where: str, problems: list[str]) -> Any:
    if not isinstance(value, Mapping):
        problems.append(f"{where}: expected a table, got {value!r}; write [{where}] and its keys below")
        return UNUSABLE
    fields = _fields_of(kind)
    prefix = f"{where}." if where else ""
    known_problems = len(problems)
    unknown = [key for key in value if key not in fields]
    meant = {meant_by(key, fields) for key in unknown}
    problems.extend(f"{prefix}{key}: {_unknown(key, fields)}" for key in unknown)
    arguments = {}
    usable = True
    for key, field in fields.items():
        if key in value:
            part = decode(field.type, value[key], where=f"{prefix}{key}", problems=problems)
            if part is not UNUSABLE:
                arguments[field.name] = part
            else:
                usable = usable and not field.required
        elif field.required:
            usable = False
            if key not in meant:
                problems.append(f"{prefix}{key}: missing; add it")
    if not usable:
        return UNUSABLE
    try:
        return kind(**arguments)
    except ValueError as error:  # a struct's own rule over several keys, said in its __post_init__
        if len(problems) == known_problems:  # else it may be broken only for want of a key that was complained about
            problems.append(f"{where}: {error}")
        return UNUSABLE


@cache
def _fields_of(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Key -> field; to find the types out takes longer than all else, and a setup checks a config at each answer."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _unknown(key: str, fields: Iterable[str]) -> str:
    files = [f for f in fields if f in ("password_file", "password_env")]
    if files and key.lower() in SECRETS:
        return "a password does not belong in this file; put it into a file of its own and name that in password_file"
    return f"unknown key; {near(key, fields)}"


def _decode_union(arguments: tuple[Any, ...], value: Any, *, where: str, problems: list[str]) -> Any:
    structs = [a for a in arguments if isinstance(a, type) and issubclass(a, msgspec.Struct)]
    tables = [a for a in arguments if get_origin(a) is dict]
    others = [a for a in arguments if a not in structs and a not in tables and a is not types.NoneType]
    if isinstance(value, Mapping) and structs + tables:
        return decode((structs + tables)[0], value, where=where, problems=problems)
    if not others:
        return decode(structs[0] if structs else tables[0], value, where=where, problems=problems)
    if len(others) == 1:
        return decode(others[0], value, where=where, problems=problems)
    kind: Any = Union[tuple(others)]  # noqa: UP007 - built at run time
    return _convert(kind, value, where=where, problems=problems)


def _convert(kind: Any, value: Any, *, where: str, problems: list[str]) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        problems.append(f"{where}: {in_plain_words(str(error), value)}")
        return UNUSABLE


def _decode_dict(
    arguments: tuple[Any, ...], value: dict[str, Any], *, where: str, problems: list[str]
) -> dict[str, Any]:
    decoded = {}
    for key, item in value.items():
        name = decode(arguments[0], key, where=f"{where}.{key}", problems=problems)
        part = decode(arguments[1], item, where=f"{where}.{key}", problems=problems)
        if name is not UNUSABLE and part is not UNUSABLE:
            decoded[name] = part
    return decoded
