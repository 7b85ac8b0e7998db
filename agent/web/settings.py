"""What the page's process is told when it is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.config.web import Listening


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the agent is found, where to listen, and for whom."""

    state_dir: Path
    listening: Listening
    password_file: str | None = None
    hosts: tuple[str, ...] = ()
    cert_file: str | None = None
    key_file: str | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.cert_file is not None
