"""How the log is written: as text, as JSON or for the journal, one line for each event, and bursts told as a number.

A record may bear `extra` keys, of which KEYS are shown in JSON: what it is about (`sensor`, `source`, ...) and `event`,
a stable id. Of an event about one thing a few pass in a minute; how many more there were is said with the next one, or
once that minute is over.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.config.watching_keys import LogFormat

SYSLOG = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
KEYS = ("sensor", "bearing", "alert", "source", "sink", "link", "loop", "kind", "state", "reason")
SAME = ("sensor", "alert", "source", "sink", "link", "loop", "kind")
"""Keys that tell what an event is about: each has a count of its own."""
NAMES_FIRST = "%s: "
"""So begin the templates of records that say what they are about in words alone."""
BURST = 10
OVER_S = 60.0
MOST_COUNTS = 512

_FIELD = re.compile(r"%[-#0-9.]*[a-z]")
_USER = re.compile(r"(\w://)[^/\s@]+@")


def event_of(record: logging.LogRecord) -> str:
    """The id of what a record is about: as it says, else made of the words of its template."""
    told: str | None = getattr(record, "event", None)
    if told is not None:
        return told
    words = re.findall(r"[a-z]+", _FIELD.sub(" ", str(record.msg)).lower())
    return "_".join(words[:6]) or record.name.rpartition(".")[2]


def subject_of(record: logging.LogRecord) -> dict[str, str]:
    """What a record is about, by KEYS; `about` is the name that its template begins with, where it bears no keys."""
    told = {key: str(value) for key in KEYS if (value := getattr(record, key, None)) is not None}
    if not told and isinstance(record.args, tuple) and record.args and str(record.msg).startswith(NAMES_FIRST):
        return {"about": str(record.args[0])}
    return told


def text_of(record: logging.LogRecord) -> str:
    """The message, with what was suppressed before it."""
    text = record.getMessage()
    suppressed = getattr(record, "suppressed", 0)
    return f"{text} (suppressed {suppressed})" if suppressed else text


def without_users(text: str) -> str:
    """Without what addresses in it say of their user: no secret belongs in a log, however it came into a message."""
    return _USER.sub(r"\1***@", text)


class TextFormatter(logging.Formatter):
    """For a terminal or a file."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%Y-%m-%d %H:%M:%S")
        return without_users(f"{at} {record.levelname:<7} {_with_stack(self, record)}")


class JournalFormatter(logging.Formatter):
    """`<6>text` on every line: the form in which journald reads a priority (sd-daemon(3)); it adds the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        lines = without_users(_with_stack(self, record)).splitlines()
        return "\n".join(f"{_priority(record)}{line}" for line in lines)


class JsonFormatter(logging.Formatter):
    """One JSON object on one line; with `priority` behind the prefix of `JournalFormatter`."""

    def __init__(self, *, priority: bool = False) -> None:
        super().__init__()
        self._priority = priority

    def format(self, record: logging.LogRecord) -> str:
        shown: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": event_of(record),
            **subject_of(record),
            "message": text_of(record),
            "logger": record.name,
        }
        if suppressed := getattr(record, "suppressed", 0):
            shown["suppressed"] = suppressed
        if record.exc_info:
            shown["stack"] = self.formatException(record.exc_info)
        line = without_users(json.dumps(shown, ensure_ascii=False, default=str))
        return f"{_priority(record)}{line}" if self._priority else line


def formatter(chosen: LogFormat) -> logging.Formatter:
    """By name; "auto" is "journal" where systemd reads, else "text"."""
    is_read_by_journal = "JOURNAL_STREAM" in os.environ
    if chosen == "json":
        return JsonFormatter(priority=is_read_by_journal)
    is_for_journal = chosen == "journal" or (chosen == "auto" and is_read_by_journal)
    return JournalFormatter() if is_for_journal else TextFormatter()


@dataclass(slots=True)
class _Count:
    since_s: float
    passed: int = 0
    last: logging.LogRecord | None = None  # of those that did not pass
    suppressed: int = 0


class Limit(logging.Filter):
    """Lets `burst` records of an event about one thing pass in `over_s`; what ends the agent always passes."""

    def __init__(
        self, *, burst: int = BURST, over_s: float = OVER_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._burst = burst
        self._over_s = over_s
        self._clock = clock
        self._counts: dict[tuple[str, ...], _Count] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.CRITICAL or getattr(record, "suppressed", 0) > 0:
            return True
        with self._lock:
            count = self._count(record)
            if self._clock() - count.since_s >= self._over_s:
                record.suppressed = count.suppressed
                count.since_s, count.passed, count.suppressed, count.last = self._clock(), 0, 0, None
            if count.passed >= self._burst:
                count.suppressed += 1
                count.last = record
                return False
            count.passed += 1
            return True

    def overdue(self) -> list[logging.LogRecord]:
        """Of each burst that is over the last record that did not pass, which says how many there were."""
        now_s = self._clock()
        with self._lock:
            over = {key: count for key, count in self._counts.items() if now_s - count.since_s >= self._over_s}
            for key in over:
                del self._counts[key]
        told = []
        for count in over.values():
            if count.last is not None:
                count.last.suppressed = count.suppressed
                told.append(count.last)
        return told

    def _count(self, record: logging.LogRecord) -> _Count:
        told = subject_of(record)
        key = (event_of(record), *(told.get(name, "") for name in (*SAME, "about")))
        if key not in self._counts and len(self._counts) >= MOST_COUNTS:
            key = ("",)
        return self._counts.setdefault(key, _Count(self._clock()))


def log_to_stderr(*, level: str) -> None:
    """Before any config is read: every record, in the form that fits who reads."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter("auto"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def use(chosen: LogFormat) -> None:
    """From now on in this form, and bursts as a number; to be called once."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter(chosen))
        handler.addFilter(Limit())


def tell_suppressed() -> None:
    """Say what was suppressed in bursts that are over; to be called now and then."""
    for handler in logging.getLogger().handlers:
        for limit in handler.filters:
            if isinstance(limit, Limit):
                for record in limit.overdue():
                    handler.handle(record)


def _with_stack(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = text_of(record)
    return f"{text}\n{formatter.formatException(record.exc_info)}" if record.exc_info else text


def _priority(record: logging.LogRecord) -> str:
    return f"<{SYSLOG.get(record.levelno, 6)}>"
