"""An interview before its first question: what is there already, and what is taken where nothing is said."""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.config.load import check_table
from agent.config.state_folder import DEFAULT_STATE_DIR, told_state_folder
from agent.errors import ConfigError
from agent.messages.notices import in_language
from agent.messages.words import Language, say
from agent.setup.interview import Interview
from agent.setup.tables import id_of

BESIDE = "textvib-state"
"""The state folder beside the config, where the service's own is out of reach."""


def begun(path: Path, existing: Mapping[str, Any], *, language: Language, secrets: Path | None) -> Interview:
    """An interview for the config at `path`, which has these tables; none: it is written anew."""
    state = Path(DEFAULT_STATE_DIR)
    beside = None if state.exists() or os.access(state.parent, os.W_OK) else BESIDE
    return Interview(
        folder=path.resolve().parent,
        language=language,
        existing=existing,
        agent_id=id_of(socket.gethostname()) or "gateway",
        state_dir=told_state_folder() or beside,  # the service is not told by whoever sets it up
        secrets=secrets,
    )


def added_to(text: str, path: Path, language: Language) -> dict[str, Any]:
    """The tables of a config that is added to. ConfigError where it has problems of its own."""
    _, problems = check_table(tomllib.loads(text), path.resolve().parent)
    if problems:
        mend = say("setup.is_broken", language, path=path, option='existing = "replace"')
        raise ConfigError(*(f"{path}: {in_language(one, language)}" for one in problems), mend)
    return tomllib.loads(text)
