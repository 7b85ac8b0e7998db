"""The demo's stage: broker, virtual motor and agent are set up for the play, and what happened is checked."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.demo.play import Play
from agent.errors import ConfigError, TransportError
from agent.faults import parent_of
from firmware_bridge.installing import pip_line

if TYPE_CHECKING:
    from agent.demo.listener import Mailbox
    from agent.demo.screen import Screen

SENSOR, MACHINE, BEARING = "motor_de", "motor", "de"
CLOCK_ERROR = 0.021  # the virtual sensor's oscillator is this much too fast, as real ones are
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
        log = folder / "agent.log"
        with log.open("wb") as heard:
            agent = subprocess.Popen(command, stderr=heard)
        try:
            play = Play(mailbox, screen, agent, folder=folder, log=log, sensor=SENSOR)
            play.wait("the agent to listen", lambda: bool(mailbox.state))
            screen.say("the agent listens; the motor starts")
            pty.start()
            health = play.run(args.fault, lambda act: motor.change(condition=acts[act]))
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
