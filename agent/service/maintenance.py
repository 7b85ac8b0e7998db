"""Who has to mend something that is no fault of a machine hears of it: a speed that was to be told and is not.

Only a machine that runs is waited for: with the machine its tacho may be switched off.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.service.assembly import Parts
from agent.service.registrar import Registrar
from agent.service.sensor import SensorDesk


class Silences:
    """Machines whose speed comes from a topic; `look` is for the worker, every now and then."""

    def __init__(self, parts: Parts, desks: Mapping[str, SensorDesk], *, registrar: Registrar) -> None:
        self._after_s = {
            machine: one.speed.maintenance_after_min * 60
            for machine, one in parts.config.machines.items()
            if one.speed is not None and one.speed.topic is not None
        }
        self._desks = {
            machine: [desk for desk in desks.values() if desk.pipeline.setup.machine.id == machine]
            for machine in self._after_s
        }
        self._told: dict[str, float] = {}  # machine -> since when, monotonic
        self._registrar = registrar

    def look(self, now_s: float) -> None:
        """Say what is silent for long, once, and when it is told again."""
        for machine, after_s in self._after_s.items():
            desks = self._desks[machine]
            known = [since_s for desk in desks if (since_s := desk.doubts.silent_since_s) is not None]
            if machine in self._told and not known:
                self._registrar.say_silence(machine, silent_s=now_s - self._told.pop(machine), over=True)
            elif machine not in self._told and known and now_s - min(known) >= after_s and _runs(desks):
                self._told[machine] = min(known)
                self._registrar.say_silence(machine, silent_s=now_s - min(known), over=False)


def _runs(desks: list[SensorDesk]) -> bool:
    return any(desk.last is not None and desk.last.running for desk in desks)
