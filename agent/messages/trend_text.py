"""What is said of a figure over days: at which speeds, how it moves in a month, and when its limit is reached."""

from __future__ import annotations

from datetime import date

from agent.messages.words import Language, say
from agent.trend.course import Course
from agent.trend.line import Line


def speeds_in_words(line: Line) -> str:
    """A dash where it is not known."""
    return "-" if line.rpm is None else "{:.0f}–{:.0f} rpm".format(*line.rpm)


def moves_in_words(course: Course | None, language: Language) -> str:
    """By how much a figure moves in a month, with its interval."""
    if course is None:
        return say("trend.too_few", language)
    if course.moves == "stays":
        return say("trend.stays", language)
    if course.is_ratio:
        return "{:+.0f} % ({:+.0f} .. {:+.0f})".format(
            *(100 * (rate - 1) for rate in (course.rate, course.rate_low, course.rate_high))
        )
    return f"{course.rate:+.2f} ({course.rate_low:+.2f} .. {course.rate_high:+.2f})"


def reached_in_words(line: Line, language: Language) -> str:
    """Between which dates the next limit is reached; a dash where nothing can be said."""
    found = next_limit(line)
    if found is None:
        return "-"
    name, first, last = found
    return say("trend.reached", language, limit=say(f"trend_limit.{name}", language), first=first, last=last)


def next_limit(line: Line) -> tuple[str, date, date] | None:
    """The name of the next limit, and between which dates it is reached; None where nothing can be said."""
    return next(((name, *span) for name, span in line.reached.items() if span is not None), None)
