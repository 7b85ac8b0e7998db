"""A bearing as somebody gives it on one line: by part number, by measures, by fault orders or by a count of balls."""

from __future__ import annotations

import re

from agent.bearings.catalogue import Own, find
from agent.bearings.orders import FEWEST, MOST, geometry_from, given_orders
from agent.bearings.part_numbers import SeveralBearingsError
from agent.machine import BallCount, Geometry, Inside

FORMS = "balls/ball/pitch/angle (9/7.94/39.04/0), bpfo=3.585,bpfi=5.415 or 9balls"
_COUNT = re.compile(r"(?:balls?\s*=\s*)?(\d+)\s*(?:balls?|rollers?)|balls?\s*=\s*(\d+)", re.IGNORECASE)


def inside_of(text: str, own: Own | None = None) -> Inside | None:
    """What is known of the bearing that `text` gives; None for an empty one.

    A name is sought in `own` first, then in the catalogue. ValueError says what is wrong and what to give instead.
    """
    if not text.strip():
        return None
    try:
        return _inside(text, own)
    except ValueError as error:
        why = str(error)
        named = why if why.startswith(repr(text)) else f"{text!r}: {why}"
        raise type(error)(f"bearing {named}") from None


def is_name(text: str) -> bool:
    """Whether `text` gives a bearing by its name, and not by figures."""
    plain = text.strip()
    return "=" not in plain and not _COUNT.fullmatch(plain) and not _are_measures(plain)


def _inside(text: str, own: Own | None) -> Inside:
    if own and text in own:
        return own[text].inside
    if count := _COUNT.fullmatch(text.strip()):
        return ball_count(int(count[1] or count[2]))
    if "=" in text:
        return given_orders(text)
    if _are_measures(text):
        return _by_measures(_parts(text))
    try:
        return find(text, own).inside
    except SeveralBearingsError:
        raise
    except ValueError as error:
        raise ValueError(f"{error}; or give {FORMS}") from None


def ball_count(balls: int) -> BallCount:
    """A count alone; ValueError where no bearing has so many."""
    if not FEWEST <= balls <= MOST:
        raise ValueError(f"needs {FEWEST} to {MOST} balls, not {balls}")
    return BallCount(balls)


def _by_measures(parts: list[str]) -> Geometry:
    ball, pitch = float(parts[1]), float(parts[2])
    count = float(parts[0])
    if not count.is_integer():
        raise ValueError(f"{parts[0]!r} balls are no whole number")
    return geometry_from(int(count), ball, pitch, float(parts[3]) if len(parts) == 4 else 0.0)


def _parts(text: str) -> list[str]:
    """Measures as they stand between slashes or semicolons, with a decimal comma as with a point."""
    return text.replace(",", ".").replace(";", "/").split("/")


def _are_measures(text: str) -> bool:
    parts = _parts(text)
    return len(parts) in (3, 4) and all(map(_is_number, parts))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
