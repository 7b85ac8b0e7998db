"""Errors by who must act; anything else that is raised is a bug and may crash the process.

Bad input (a broken frame, a NaN block, a hostile payload) is never an exception: it is a value and a counter.
"""

from __future__ import annotations

import os


class TextVibError(Exception):
    """A failure whose message is one line for a person; `exit_code` is what the process ends with."""

    exit_code = 1


class ConfigError(TextVibError):
    """The operator mends a file, or what it is about; never retried. `problems` holds one line per mistake found."""

    exit_code = os.EX_CONFIG  # 78

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class WordError(ConfigError):
    """The person at the keyboard names what there is none of (a sensor, an alert, a sink), or what cannot be (a time, a
    name); says it otherwise, and mends no file."""

    exit_code = os.EX_USAGE  # 64


class DoubtedError(ConfigError):
    """What the machine shows stands against what is asked; who knows better says so and asks again."""

    exit_code = 1


class BundleError(TextVibError):
    """The exporter rebuilds the bundle; never retried."""

    exit_code = os.EX_DATAERR  # 65


class RecordingError(TextVibError):
    """The person at the keyboard names another file, variable or column."""

    exit_code = os.EX_DATAERR


class TransportError(TextVibError):
    """A port, broker or network went away; nobody acts, the daemon retries with back-off and jitter.

    `least_pause_s` before the next try, where trying sooner does harm.
    """

    exit_code = os.EX_TEMPFAIL  # 75
    least_pause_s = 0.0


class CredentialsError(TransportError):
    """A broker answers, and lets nobody in, or lets nobody listen, with this user and password."""


class RenewalError(TransportError):
    """A link that works is left on purpose, to be made anew at once; no outage."""


class EndOfStream(Exception):  # noqa: N818 - not an error: a replayed recording has been read to its end
    """A source that ends (a recording) has nothing more to give."""
