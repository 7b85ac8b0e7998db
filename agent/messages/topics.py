"""Where every message goes: topics built from ids that the config has validated, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE_MACHINE = "machine"
"""Stands where a bearing's id stands, in alerts that concern the machine as a whole; no bearing may have this id."""

ONLINE, OFFLINE = b"online", b"offline"
"""What stands on the availability topic."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one agent: `{base}/{agent}/...`."""

    base: str
    agent: str

    @property
    def root(self) -> str:
        return f"{self.base}/{self.agent}"

    @property
    def availability(self) -> str:
        return f"{self.root}/availability"

    @property
    def health(self) -> str:
        return f"{self.root}/health"

    @property
    def event(self) -> str:
        return f"{self.root}/event"

    @property
    def command(self) -> str:
        return f"{self.root}/command"

    @property
    def answer(self) -> str:
        """To what came on `command`."""
        return f"{self.root}/answer"

    @property
    def shown(self) -> tuple[str, ...]:
        """Filters of all topics that are retained and say what is or was: of alerts, sensors and the agent."""
        return f"{self.root}/alert/#", f"{self.root}/sensor/+/state", self.health

    def state(self, sensor: str) -> str:
        return f"{self.root}/sensor/{sensor}/state"

    def diagnosis(self, sensor: str) -> str:
        return f"{self.root}/sensor/{sensor}/diagnosis"

    def alert(self, sensor: str, bearing: str | None) -> str:
        return f"{self.root}/alert/{sensor}/{bearing or WHOLE_MACHINE}"
