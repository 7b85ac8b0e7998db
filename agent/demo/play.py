"""The demo's play: it waits for what the agent publishes, and damages and repairs the motor."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.demo.waiting import TELL_AFTER_S, last_line, why_it_waits
from agent.errors import TextVibError, TransportError

if TYPE_CHECKING:
    from agent.demo.listener import Mailbox
    from agent.demo.screen import Screen

COMMISSION_WINDOWS = 16
PATIENCE_S = 120.0  # for each thing the play waits for: a busy computer takes a minute to start an agent
EVENTS = {
    "imbalance": ("the rotor loses its balance", "the rotor is balanced"),
    "misalignment": ("the coupling moves out of line", "the shafts are aligned"),
    "looseness": ("the motor's feet come loose", "the motor's feet are tightened"),
}
"""What happens to a motor of which no bearing is damaged, and what mends it."""


class Play:
    """The acts in order; each waits for what the agent publishes, none for the clock alone."""

    def __init__(
        self, mailbox: Mailbox, screen: Screen, agent: subprocess.Popen[bytes], *, folder: Path, log: Path, sensor: str
    ) -> None:
        self._folder, self._log, self._sensor = folder, log, sensor
        self._mailbox = mailbox
        self._screen = screen
        self._agent = agent
        self._act = "starting"

    def run(self, fault: str, change: Callable[[str], None]) -> dict[str, Any]:
        """Play it; the agent's own health document at the end."""
        from agent.service.control import Commission, Status, ask

        mailbox, say = self._mailbox, self._screen.say
        self.wait("a first diagnosis", lambda: bool(mailbox.diagnosis))
        say("the motor runs healthy; commissioning it")
        ask(self._folder, Commission(sensor=self._sensor, windows=COMMISSION_WINDOWS))
        self._act = "healthy, commissioning"
        self.wait("the state healthy", lambda: mailbox.state.get("state") == "healthy")
        say("commissioned: the agent knows this motor's healthy state", style="green")
        self._act = "healthy, watched"
        self._hold(5.0)
        damaged, repaired = events_of(fault)
        say(damaged, style="yellow")
        self._act = "damaged"
        change("damage")
        self.wait("an alert", lambda: bool(mailbox.events))
        say(_headline(mailbox.events[-1]), style="bold red")
        self._hold(5.0)
        say(repaired, style="yellow")
        self._act = "repaired"
        change("repair")
        self.wait("the alert's end", lambda: mailbox.events[-1]["event"] == "cleared")
        say(_headline(mailbox.events[-1]), style="bold green")
        self._hold(2.0)
        return ask(self._folder, Status())

    def wait(self, what: str, until: Callable[[], bool]) -> None:
        """Show the screen until it is so; TransportError once patience ends or the agent has gone unasked."""
        began_s, is_told = time.monotonic(), False
        while not until():
            waited_s = time.monotonic() - began_s
            if self._agent.poll() not in (None, 0):
                said = last_line(self._log)
                raise TransportError(f"the agent ended with exit code {self._agent.returncode}: {said or 'no word'}")
            if waited_s > PATIENCE_S:
                raise TransportError(f"waited {PATIENCE_S:g} s for {what}: {self._why()}")
            if waited_s > TELL_AFTER_S and not is_told:
                is_told = True
                self._screen.say(f"still waiting for {what}: {self._why()}", style="yellow")
            self._hold(0.2)

    def _why(self) -> str:
        from agent.service.control import Status, ask

        try:
            status = ask(self._folder, Status())
        except TextVibError:
            status = None
        return why_it_waits(status, self._sensor, log=self._log)

    def _hold(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        while True:
            self._screen.refresh(self._act)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return
            time.sleep(min(0.2, left_s))


def events_of(fault: str) -> tuple[str, str]:
    """What happens to the motor, and what mends it, as the play tells it."""
    return EVENTS.get(fault, ("the bearing is damaged", "the bearing is replaced"))


def _headline(event: dict[str, Any]) -> str:
    lines = (event.get("evidence") or {}).get("lines") or []
    seen = (
        f"; {lines[0]['name']} at {lines[0]['seen_hz']:.1f} Hz, +{lines[0]['above_floor_db']:.0f} dB" if lines else ""
    )
    return (
        f"ALERT {event['event']}: {event['text']['title']} ({event['probability']:.0%}), "
        f"{event['machine_name']}, bearing {event['bearing']}{seen}"
    )
