"""What a column's name says: its role, how surely, its axis and its unit; in five languages, by whole words only.

A unit that is written out decides over the words, unless they name another quantity: `mass_g` is no acceleration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from agent.tables.units import UnitSense, plain, split_unit, split_word_unit, unit_sense
from agent.tables.values import Role
from agent.tables.words import AXIS_WORDS, DIRECTIONS, NEUTRAL, PHRASES, VIBRATION, WORDS

Strength = Literal["sure", "weak", "neutral", "none"]

_ROLE_OF = {word: role for role, words in reversed(WORDS) for word in words.split()}
_RANK = {role: rank for rank, (role, _) in enumerate(WORDS)}
_NEUTRAL = frozenset(NEUTRAL.split())
_VIBRATION = frozenset(VIBRATION.split())
_AXIS_WORDS = frozenset(AXIS_WORDS.split())
_PIECES = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[가-힣]+|\d+|[^\W\d_]+")
_COMPACT: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"(?:a|ac|acc|accel|acceleration|lin|linacc|la|gf|g_?f|x?imu_?a)[\s_.-]*([xyz])\d?"), "acceleration"),
    (re.compile(r"([xyz])[\s_.-]*(?:a|acc|accel|acceleration)"), "acceleration"),
    (re.compile(r"(?:g|gy|gyr|gyro|w|omega|rot)[\s_.-]*([xyz])\d?"), "gyro"),
    (re.compile(r"([xyz])[\s_.-]*(?:g|gyr|gyro)(?<!_g)"), "gyro"),
    (re.compile(r"(?:m|mag|b|h)[\s_.-]*([xyz])\d?"), "magnetic"),
    (re.compile(r"(?:v|vel)[\s_.-]*([xyz])\d?"), "velocity"),
    (re.compile(r"(?:d|disp|pos|p)[\s_.-]*([xyz])\d?"), "displacement"),
    (re.compile(r"(?:q|quat)[\s_.-]*([wxyz])\d?"), "angle"),
)
_HEAVY_UNITS = {
    "g",
    "s",
    "m",
    "c",
    "f",
    "k",
    "v",
    "a",
    "w",
    "h",
    "t",
    "n",
    "in",
    "min",
    "mm",
    "deg",
    "raw",
    "count",
    "counts",
    "adc",
    "nm",
    "gs",
}
"""Units that are also letters or words of their own: as the last word of a name they need its other words' consent."""


@dataclass(frozen=True, slots=True)
class NameSense:
    """What a name says. `strength` "weak" is a direction or vibration alone, "neutral" that something was measured."""

    role: Role
    strength: Strength
    axis: str | None = None
    unit: str | None = None  # as it was written
    sense: UnitSense | None = None


NOTHING = NameSense("unknown", "none")


def sense_of(name: str, unit: str | None = None) -> NameSense:
    """What a header or label says, with the unit of a line of units beneath it where there is one."""
    words, written = split_unit(name)
    if unit is not None and unit_sense(unit) is not None:
        written = unit
    if written is None:
        return _with_word_unit(words)
    return _with_unit(_words_sense(words), written)


def _with_word_unit(name: str) -> NameSense:
    whole = _words_sense(name)
    rest, unit = split_word_unit(name)
    if unit is None:
        own = unit_sense(name)  # a column called by its unit alone
        alone = own is not None and own.role not in ("time", "unknown") and whole.strength in ("none", "neutral")
        if alone and plain(name) not in _HEAVY_UNITS - {"g"}:
            return _with_unit(NOTHING, name)
        if (
            own is not None
            and own.role == "time"
            and whole.role in ("time", "unknown")
            and plain(name) not in ("h", "min")
        ):
            return NameSense("time", "sure", None, name, own)
        return whole
    sense, before = unit_sense(unit), _words_sense(rest)
    assert sense is not None
    agrees = before.role == sense.role or (sense.base == "raw" and before.role in ("acceleration", "unknown"))
    is_clear = plain(unit) not in _HEAVY_UNITS or (sense.base == "g" and before.strength in ("weak", "neutral"))
    return _with_unit(before, unit) if agrees or (is_clear and whole.strength != "sure") else whole


def _with_unit(words: NameSense, unit: str) -> NameSense:
    sense = unit_sense(unit)
    assert sense is not None
    named = replace(words, unit=unit.strip(), sense=sense)
    if sense.base == "raw":
        return named if words.strength != "none" else replace(named, strength="neutral")
    if words.role == sense.role:
        return replace(named, strength="sure")
    turns = words.role == "velocity" and sense.role == "speed"  # a velocity in rpm is the shaft's
    if turns or words.role in ("acceleration", "time", "speed") or words.strength != "sure":
        if words.role == "derived":
            return named
        return replace(named, role=sense.role, strength="sure")
    return named


def _words_sense(name: str) -> NameSense:
    text = plain(name)
    for pattern, role in _COMPACT:
        if match := pattern.fullmatch(text):
            axis = match[1] if match[1] in "xyz" else None
            return NameSense(role, "sure", axis)
    joined = text
    for phrase, word in PHRASES:
        joined = re.sub(phrase, f" {word} ", joined)
    pieces = _pieces(name) if joined == text else [*joined.replace("_", " ").split()]
    axis = _axis_of(pieces)
    roles = [_ROLE_OF[piece] for piece in pieces if piece in _ROLE_OF]
    if text in _ROLE_OF:
        roles.append(_ROLE_OF[text])
    if len(pieces) > 1:  # a lone letter t is time only where it stands alone
        roles = [role for piece, role in ((p, _ROLE_OF[p]) for p in pieces if p in _ROLE_OF) if piece != "t"] or []
    if roles:
        role = min(roles, key=_RANK.__getitem__)
        return NameSense(role, "sure", axis if role == "acceleration" else None)
    if _VIBRATION & {*pieces, text}:
        return NameSense("acceleration", "weak", axis)
    if axis is not None or any(piece in DIRECTIONS for piece in pieces):
        return NameSense("acceleration", "weak", axis)
    if pieces and all(
        piece in _NEUTRAL or piece in _AXIS_WORDS or piece.isdigit() or len(piece) == 1 for piece in pieces
    ):
        return NameSense("unknown", "neutral")
    return NOTHING


def _pieces(name: str) -> list[str]:
    """Words of a name: at spaces, marks, capitals and digits."""
    whole = [plain(word) for word in re.findall(r"[^\W_]+", name)]
    pieces = [plain(piece) for word in re.findall(r"[^\W_]+", name) for piece in _split(word)]
    return pieces if pieces else whole


def _split(word: str) -> list[str]:
    """A word as its parts; whole where the whole is known (`dht11`, `가속도`), a Korean word by its known beginning."""
    if plain(word) in _ROLE_OF or plain(word) in _NEUTRAL or plain(word) in _VIBRATION:
        return [word]
    parts = _PIECES.findall(word)
    return [piece for part in parts for piece in _korean(part)]


def _korean(part: str) -> list[str]:
    if not "가" <= part[:1] <= "힣" or part in _ROLE_OF:
        return [part]
    for cut in range(len(part) - 1, 0, -1):
        for known, rest in ((part[:cut], part[cut:]), (part[-cut:], part[:-cut])):
            if known in _ROLE_OF or known in _NEUTRAL or known in _VIBRATION or known in _AXIS_WORDS:
                return [known, *_korean(rest)]
    return [part]


def _axis_of(pieces: list[str]) -> str | None:
    letters = [DIRECTIONS[piece] for piece in pieces if DIRECTIONS.get(piece)]
    letters += [piece[-1] for piece in pieces if re.fullmatch(r"(?:acc|accel|vib)[xyz]", piece)]
    return letters[0] if len(letters) == 1 else None
