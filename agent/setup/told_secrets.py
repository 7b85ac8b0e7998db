"""Passwords that were told: each in a file of its own, never among the answers, until the config is written."""

from __future__ import annotations

from pathlib import Path

from agent.setup.interview import Interview

PASSWORD_FILES = {
    "password": "broker.password",
    "publish_password": "publish.password",
    "sink_password": "people.password",
    "page_password": "page.password",
}
"""Secret that is asked for -> the file in which it is kept beside the config."""


def secret_path(interview: Interview, key: str) -> str:
    """The file of a secret: among those told, until the config is written."""
    return str((interview.secrets or interview.folder) / PASSWORD_FILES[key])


def write_secret(path: Path, text: str) -> None:
    """A file that its owner alone reads, with one line end."""
    path.unlink(missing_ok=True)
    path.touch(0o600, exist_ok=False)
    path.write_text(f"{text}\n", encoding="utf-8")
