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
        """Filters of all topics that are retained and say what is: of alerts, sensors, machines and the agent."""
        kept = ("alert/#", "sensor/+/state", "maintenance/+")
        return *(f"{self.root}/{topics}" for topics in kept), self.health

    def maintenance(self, machine: str | None = None) -> str:
        """Of one machine, retained while it lasts; without one the events of all."""
        return f"{self.root}/maintenance" if machine is None else f"{self.root}/maintenance/{machine}"

    def state(self, sensor: str) -> str:
        return f"{self.root}/sensor/{sensor}/state"

    def diagnosis(self, sensor: str) -> str:
        return f"{self.root}/sensor/{sensor}/diagnosis"

    def alert(self, sensor: str, bearing: str | None) -> str:
        return f"{self.root}/alert/{sensor}/{bearing or WHOLE_MACHINE}"
