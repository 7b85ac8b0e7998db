"""What the page's process is told when it is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.config.web import Listening
from agent.messages.words import Language


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the agent is found, where to listen, and for whom."""

    state_dir: Path
    listening: Listening
    password_file: str | None = None
    hosts: tuple[str, ...] = ()
    cert_file: str | None = None
    key_file: str | None = None
    language: Language = "en"
    """The agent's, in which a browser is answered that asks for none of ours."""
    setup_file: Path | None = None
    """The config to which the page may add sensors; None: it may not."""
    listen_s: float = 4.0
    """For which a setup listens to each port and broker."""
    is_setup_alone: bool = False
    """No agent is there yet: the page begins with the setup, and the config may be written anew."""

    @property
    def is_encrypted(self) -> bool:
        return self.cert_file is not None
