"""The Debian package for arm64, under emulation: it installs without a network, and its agent hears a virtual sensor.

No systemd runs there, so what the units do is done by hand: the agent is started as its user, with its config.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from arm import DEBIAN, MARKS, checked, entering, inside, prepared
from requirements import ROOT
from tether import first_child, tethered
from waiting import until

from agent.errors import TransportError
from agent.service.control import Status, ask

pytestmark = MARKS
CONFIG = DEBIAN / "etc" / "textvib" / "agent.toml"
STATE = DEBIAN / "var" / "lib" / "textvib"
SENSOR = ("--fault", "outer_race", "--rpm", "1797", "--bearing", "6205")
LONGEST_S = 400.0
"""For what takes seconds on a processor of its own."""


def test_the_package_installs_diagnoses_upgrades_and_goes(start_mosquitto, tmp_path):
    prepared()
    folder = DEBIAN / "packages"
    script = ["sh", str(ROOT / "deploy" / "deb.sh"), str(DEBIAN / "wheels"), "arm64", str(folder)]
    subprocess.run(script, check=True)
    (package,) = folder.iterdir()
    install = ("dpkg", "--install", f"/packages/{package.name}")
    checked(inside(*install))
    slot = (DEBIAN / "opt" / "textvib").readlink()
    assert "Architecture: arm64" in checked(inside("dpkg", "--status", "textvib-edge"))

    broker = start_mosquitto()
    config = CONFIG.read_text().replace('host = "localhost"', f'host = "localhost"\nport = {broker.port}')
    CONFIG.write_text(config)
    checked(inside("install", "-d", "-m", "700", "-o", "textvib", "-g", "textvib", "/var/lib/textvib"))
    topic = f"mqtt://localhost:{broker.port}/plant/virtual"
    sensor = tethered(sys.executable, "-m", "firmware_bridge", "simulate", "--mqtt", topic, *SENSOR)
    with ended(subprocess.Popen(sensor, cwd=ROOT)), running_agent(tmp_path / "log") as agent:
        until(lambda: alerts_of(agent), seconds=LONGEST_S)
        alerts = alerts_of(agent)
        assert "outer_race" in str(ask(STATE, Status()))

    checked(inside(*install))
    assert (DEBIAN / "opt" / "textvib").readlink() != slot
    assert CONFIG.read_text() == config
    with running_agent(tmp_path / "log") as agent:
        until(lambda: alerts_of(agent) == alerts, seconds=LONGEST_S)

    checked(inside("dpkg", "--remove", "textvib-edge"))
    assert not list((DEBIAN / "opt").glob("textvib*"))
    assert CONFIG.read_text() == config
    assert "what was learnt is left in /var/lib/textvib" in checked(inside("dpkg", "--purge", "textvib-edge"))
    assert not CONFIG.exists()
    assert STATE.stat().st_uid == 0
    assert list(STATE.iterdir())


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """A tethered process, gone at the end."""
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_agent(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The agent as its unit would run it, but for the sandbox; it ends well when it is told to."""
    run = ("setpriv", "--reuid=textvib", "--regid=textvib", "--clear-groups", "textvib-agent", "run")
    with log.open("ab") as said:
        process = subprocess.Popen(entering(*run, "/etc/textvib/agent.toml"), stdout=said, stderr=said)
        with ended(process):
            yield process
            agent = first_child(process.pid)
            assert agent is not None, log.read_text()
            os.kill(agent, signal.SIGTERM)
            assert process.wait(LONGEST_S) == os.EX_OK, log.read_text()


def alerts_of(agent: subprocess.Popen[bytes]) -> Any:
    """The ids of its open alerts; none while it does not answer yet."""
    assert agent.poll() is None, "the agent has ended"
    try:
        return ask(STATE, Status())["health"]["open_alerts"]
    except TransportError:
        return []
