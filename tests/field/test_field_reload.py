"""The agent as its operator reloads it: by SIGHUP as systemd sends it, and by the command, with a real bundle."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from field_agent import Manager
from line_bundle import RATE
from plant import CONFIG, SENSOR, SICK_MM_S, WELL_MM_S, Agent, Listener, Transmitters
from reloading import SHAKING, Machines
from reloading import Agent as Daemon
from waiting import until

from agent.bundle.load import DEFAULT


class Reloaded:
    """An agent whose config the test writes while it runs, under a service manager that listens."""

    def __init__(self, folder: Path, broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.manager = Manager(folder)
        monkeypatch.setenv("NOTIFY_SOCKET", str(self.manager.path))
        self.transmitters, self.listener = Transmitters(broker), Listener(broker)
        self.agent = Agent(folder, broker=broker, plant=broker)
        self.bundle = folder / "bundle"

    def write(self, *sensors: str, more: str = "") -> None:
        text = CONFIG.format(**self.agent._where) + "".join(SENSOR.format(name=name) for name in sensors) + more
        self.agent.config.write_text(text.replace('id = "gw"\n', f'id = "gw"\nbundle = "{self.bundle}"\n'))

    def hup(self) -> list[str]:
        """Reload as systemd does; what the manager hears until it has ended."""
        heard = len(self.manager.words)
        assert self.agent._process is not None
        self.agent._process.send_signal(signal.SIGHUP)
        until(lambda: any(word == "READY=1" for word in self.manager.words[heard:]))
        return self.manager.words[heard:]

    def sensors(self) -> set[str]:
        return set(self.agent.health["sensors"])

    def close(self) -> None:
        for one in (self.transmitters, self.agent, self.listener, self.manager):
            one.close()


@pytest.fixture
def reloaded(start_mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reloaded]:
    made = Reloaded(tmp_path, start_mosquitto(), monkeypatch)
    shutil.copytree(DEFAULT, made.bundle)
    yield made
    made.close()


def new_version(bundle: Path, version: str) -> None:
    """The same bundle as another one, moved into its place as a copy is."""
    manifest = msgspec.json.decode((bundle / "manifest.json").read_bytes())
    (bundle / "manifest.new").write_bytes(msgspec.json.encode(manifest | {"version": version}))
    (bundle / "manifest.new").replace(bundle / "manifest.json")


@pytest.mark.long
def test_a_config_and_a_bundle_are_reloaded_as_systemd_and_an_operator_do_it(reloaded: Reloaded) -> None:
    agent, transmitters = reloaded.agent, reloaded.transmitters
    agent.start("press", "fan")  # with the bundle that ships
    transmitters.say(press=SICK_MM_S, fan=SICK_MM_S)
    until(lambda: sorted(reloaded.listener.story) == [("fan", "raised", None), ("press", "raised", None)])

    reloaded.write("press", "pump")
    words = reloaded.hup()
    assert words[0].startswith("RELOADING=1\nMONOTONIC_USEC=")
    until(lambda: ("fan", "cleared", "removed") in reloaded.listener.story)
    assert reloaded.sensors() == {"press", "pump"}

    reloaded.write("press", "pump", more='[sensors.press]\nsource = "plant"\n')
    refused = agent.command("reload")
    assert refused.returncode == os.EX_CONFIG
    assert "not valid TOML" in refused.stderr
    assert "nothing is changed" in refused.stderr

    reloaded.write("press", "pump", more='[[sources]]\nname = "other"\nkind = "mqt"\n')
    new_version(reloaded.bundle, "damaged")
    (reloaded.bundle / "texts.json").write_text("{}")
    refused = agent.command("reload")
    assert refused.returncode == os.EX_CONFIG
    assert "sources.other.kind" in refused.stderr  # and both at once:
    assert "texts.json" in refused.stderr

    shutil.copy(DEFAULT / "texts.json", reloaded.bundle)
    reloaded.write("press", "pump")
    new_version(reloaded.bundle, "next")
    done = agent.command("reload")
    assert (done.returncode, done.stderr) == (os.EX_OK, "")
    assert "next instead of" in done.stdout
    assert agent.health["bundle"].endswith(" next")
    transmitters.say(press=WELL_MM_S, pump=SICK_MM_S)
    until(lambda: ("press", "cleared", "recovered") in reloaded.listener.story)
    until(lambda: ("pump", "raised", None) in reloaded.listener.story)
    assert agent.command("reload").stdout == "nothing has changed\n"
    assert agent.kill(signal.SIGTERM) == os.EX_OK


@pytest.fixture
def streaming(mosquitto, tmp_path: Path) -> Iterator[Daemon]:
    machines = Machines(mosquitto, "hundred")
    agent = Daemon(tmp_path, machines, mosquitto)
    yield agent
    agent.end()
    machines.close()


@pytest.mark.long
def test_a_hundred_reloads_at_random_cost_an_untouched_sensor_nothing(streaming: Daemon) -> None:
    agent, machines = streaming, streaming.machines
    random = np.random.default_rng(7)
    others = ["a", "b", "c", "fan"]
    agent.configure("kept", *others)
    agent.start()
    stop = threading.Event()

    def shake() -> None:
        while not stop.wait(0.3):  # three times as fast as they turn; more than the worker bears would be left out
            machines.shake("kept", "a")

    shaking = threading.Thread(target=shake)
    shaking.start()
    taken_s: list[float] = []
    for number in range(100):
        chosen = [name for name in others if random.random() < 0.6]
        changed = SHAKING.format(name="z", base=machines.base) + f'position = "{number}"\n'
        agent.configure("kept", *chosen, changed)
        began_s = time.monotonic()
        assert agent.reload()["code"] == 0
        taken_s.append(time.monotonic() - began_s)
    stop.set()
    shaking.join()
    until(lambda: agent.sensor("kept")["windows"] >= 2 * machines.sent["kept"] // RATE - 1)
    losses = agent.sensor("kept")["losses"]
    assert losses["produced"] == losses["received"] == machines.sent["kept"]
    assert losses["resets"] == losses["overlapping"] == losses["lost_on_wire"] == losses["dropped_agent"] == 0
    sent, median_s, most_s = machines.sent["kept"], np.median(taken_s), max(taken_s)
    print(
        f"\n100 reloads, {sent} samples of the untouched sensor, 0 lost; {median_s:.2f} s each, {most_s:.2f} s at most"
    )
