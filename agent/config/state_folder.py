"""The folder of an agent's state where nothing names it: one rule for whoever runs an agent and whoever asks it."""

from __future__ import annotations

import os
from pathlib import Path

DEFAULT_STATE_DIR = "/var/lib/textvib"
VARIABLE = "TEXTVIB_STATE_DIR"


def told_state_folder() -> str | None:
    """What the environment says, as a whole path; None where it says nothing."""
    told = os.environ.get(VARIABLE)
    return str(Path(told).absolute()) if told else None


def state_folder() -> str:
    """That of an agent whose config names none, and of a command that names neither config nor folder."""
    return told_state_folder() or DEFAULT_STATE_DIR
