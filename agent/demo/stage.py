"""The demo's play: it waits for what the agent publishes, damages and repairs the motor, and checks what happened."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import ConfigError, TransportError
from agent.faults import parent_of
from firmware_bridge.installing import pip_line

if TYPE_CHECKING:
    from agent.demo.listener import Mailbox
    from agent.demo.screen import Screen

SENSOR, MACHINE, BEARING = "motor_de", "motor", "de"
CLOCK_ERROR = 0.021  # the virtual sensor's oscillator is this much too fast, as real ones are
COMMISSION_WINDOWS = 16
PATIENCE_S = 120.0  # for each thing the play waits for: a busy computer takes a minute to start an agent
TERMS = ("received", "dropped_fifo", "dropped_queue", "lost_on_wire", "rejected", "in_flight", "before_hello")

CONFIG = """\
[agent]
id = "demo"
state_dir = "{folder}"
language = "{language}"

[broker]
host = "127.0.0.1"
port = {port}
protocol = "3.1.1"

[decision]
raise_after = 3
clear_after = 5

[[sources]]
name = "line"
kind = "serial"
port = "{pty}"

[machines.{machine}]
name = "virtual motor"
speed = {{ rpm = 1797 }}
iso_group = 2
foundation = "rigid"
bearings.{bearing} = {{ geometry = "6205" }}

[sensors.{sensor}]
source = "line"
stream = 0
machine = "{machine}"
position = "drive end"
axes = {{ x = "horizontal", y = "vertical", z = "axial" }}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=7, help="of the virtual motor (default: 7)")
    from agent.types import FAULTS, HEALTHY

    faults = [fault for fault in FAULTS if fault != HEALTHY]
    parser.add_argument(
        "--fault", choices=faults, default="outer_race", help="what the motor develops (default: outer_race)"
    )
    parser.add_argument("--language", choices=("en", "ko"), default="en")


def main(args: argparse.Namespace) -> int:
    missing = [package for package in ("amqtt", "rich") if importlib.util.find_spec(package) is None]
    if missing:
        packages = " and ".join(missing)
        raise ConfigError(f"the demo needs {packages}; install it with: {pip_line('demo')}")
    from agent.demo.broker import start_broker

    with tempfile.TemporaryDirectory(prefix="textvib-demo-") as folder:
        broker, port = start_broker()
        try:
            return _perform(args, Path(folder), port)
        finally:
            broker.terminate()
            broker.wait(10)


def _perform(args: argparse.Namespace, folder: Path, port: int) -> int:
    from agent.demo.listener import subscribe
    from agent.demo.screen import Screen
    from agent.messages.topics import Topics
    from firmware_bridge.device import Profile, Troubles, VirtualSensor
    from firmware_bridge.pty_sensor import PtySensor
    from simulator import demo_source, typical_condition

    device = VirtualSensor(Profile(), Troubles(clock_error=CLOCK_ERROR), seed=args.seed)
    motor = demo_source("healthy", rate_hz=device.true_rate_hz, seed=args.seed)
    acts = {"damage": typical_condition(args.fault), "repair": typical_condition("healthy")}
    client, mailbox = subscribe("127.0.0.1", port, Topics("textvib", "demo"))
    pty = PtySensor([(device, motor)])
    with Screen(mailbox) as screen:
        config = folder / "demo.toml"
        config.write_text(
            CONFIG.format(
                folder=folder,
                port=port,
                pty=pty.path,
                machine=MACHINE,
                bearing=BEARING,
                sensor=SENSOR,
                language=args.language,
            ),
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "agent", "run", str(config), "--log-level", "error"]
        agent = subprocess.Popen(command)
        try:
            play = _Play(mailbox, screen, agent)
            play.wait("the agent to listen", lambda: bool(mailbox.state))
            screen.say("the agent listens; the motor starts")
            pty.start()
            health = play.run(folder, lambda act: motor.change(condition=acts[act]))
            agent.send_signal(signal.SIGTERM)
            code = agent.wait(20)
            play.wait("the agent's goodbye", lambda: mailbox.availability == "offline")
            screen.rest()
            good = _account(screen, mailbox, health, args.fault) and code == 0
        except TransportError as error:
            screen.say(str(error), style="red")
            good = False
        finally:
            pty.stop()
            if agent.poll() is None:
                agent.kill()
    client.disconnect()
    client.loop_stop()
    return os.EX_OK if good else 1


class _Play:
    """The acts in order; each waits for what the agent publishes, none for the clock alone."""

    def __init__(self, mailbox: Mailbox, screen: Screen, agent: subprocess.Popen[bytes]) -> None:
        self._mailbox = mailbox
        self._screen = screen
        self._agent = agent
        self._act = "starting"

    def run(self, folder: Path, change: Callable[[str], None]) -> dict[str, Any]:
        """Play it; the agent's own health document at the end."""
        from agent.service.control import Commission, Status, ask

        mailbox, say = self._mailbox, self._screen.say
        self.wait("a first diagnosis", lambda: bool(mailbox.diagnosis))
        say("the motor runs healthy; commissioning it")
        ask(folder, Commission(sensor=SENSOR, windows=COMMISSION_WINDOWS))
        self._act = "healthy, commissioning"
        self.wait("the state healthy", lambda: mailbox.state.get("state") == "healthy")
        say("commissioned: the agent knows this motor's healthy state", style="green")
        self._act = "healthy, watched"
        self._hold(5.0)
        say("the bearing is damaged", style="yellow")
        self._act = "damaged"
        change("damage")
        self.wait("an alert", lambda: bool(mailbox.events))
        say(_headline(mailbox.events[-1]), style="bold red")
        self._hold(5.0)
        say("the bearing is replaced", style="yellow")
        self._act = "repaired"
        change("repair")
        self.wait("the alert's end", lambda: mailbox.events[-1]["event"] == "cleared")
        say(_headline(mailbox.events[-1]), style="bold green")
        self._hold(2.0)
        return ask(folder, Status())

    def wait(self, what: str, until: Callable[[], bool]) -> None:
        """Show the screen until it is so; TransportError once patience ends or the agent has gone unasked."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not until():
            if time.monotonic() > deadline_s:
                raise TransportError(f"waited {PATIENCE_S:g} s for {what}")
            if self._agent.poll() not in (None, 0):
                raise TransportError(f"the agent ended with exit code {self._agent.returncode}")
            self._hold(0.2)

    def _hold(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        while True:
            self._screen.refresh(self._act)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return
            time.sleep(min(0.2, left_s))


def _headline(event: dict[str, Any]) -> str:
    lines = (event.get("evidence") or {}).get("lines") or []
    seen = (
        f"; {lines[0]['name']} at {lines[0]['seen_hz']:.1f} Hz, +{lines[0]['above_floor_db']:.0f} dB" if lines else ""
    )
    return (
        f"ALERT {event['event']}: {event['text']['title']} ({event['probability']:.0%}), "
        f"{event['machine_name']}, bearing {event['bearing']}{seen}"
    )


def _account(screen: Screen, mailbox: Mailbox, health: dict[str, Any], fault: str) -> bool:
    """The closing lines; whether everything was as it must be."""
    story = [(event["event"], event["fault"]) for event in mailbox.events]
    balance = health["health"]["sensors"][SENSOR]["losses"]
    terms = " + ".join(
        f"{balance[term]} {term.replace('_', ' ')}" for term in TERMS if balance[term] or term == TERMS[0]
    )
    adds_up = balance["produced"] == sum(balance[term] for term in TERMS) and not balance["unexplained"]
    # A computer that is busy may hear the bearing first and its element once there are more windows.
    raised = story[:1] in ([("raised", fault)], [("raised", parent_of(fault))])
    cleared = bool(story) and story[-1] == ("cleared", fault)
    ids = len({event["id"] for event in mailbox.events})
    for good, line in (
        (raised, f"alert raised   {mailbox.events[0]['text']['title'] if mailbox.events else 'none'}"),
        (cleared and ids == 1, f"alert cleared  {ids} alert in all, retained topic empty"),
        (adds_up, f"samples        {balance['produced']} produced = {terms}"),
        (mailbox.availability == "offline", f"goodbye        {mailbox.messages} messages heard over MQTT"),
    ):
        screen.say(f"{'ok  ' if good else 'FAIL'} {line}", style="green" if good else "red")
    return raised and cleared and ids == 1 and adds_up and not any(mailbox.retained_alerts.values())
