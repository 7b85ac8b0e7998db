"""An agent with a page, as processes: a motor that runs healthy, played fourfold fast over and over, until it is
damaged."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from real_mosquitto import free_port
from requirements import ROOT
from waiting import until

from agent.service.control import Reload, ask
from agent.service.watching.trend_file import Key, TrendFile
from simulator import demo_source

RATE_HZ, SECONDS, RPM = 8000.0, 8.0, 1797.0
CONFIG = """
[agent]
id = "gw"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 1
[decision]
raise_after = 2
[web]
listen = "127.0.0.1:{port}"
[[sources]]
name = "played"
kind = "replay"
files = ["{file}"]
speed = 4.0
loop = true
rate_hz = {rate_hz}
unit = "g"
axes = ["x"]
[machines.motor]
name = "Cooling pump"
speed = {{ rpm = {rpm}, tolerance = 0.01 }}
iso_group = 2
foundation = "rigid"
bearings.de = {{ geometry = "6205" }}
[sensors.pump_de]
source = "played"
machine = "motor"
position = "drive end"
"""


class Story:
    """Starts the agent; `damage` has it read a config whose recording is that of a damaged outer race."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        for name in ("healthy", "outer_race"):
            _record(folder / f"{name}.npy", name)
        self._write("healthy")
        command = [sys.executable, "-m", "agent", "run", str(folder / "agent.toml")]
        self.log = folder / "agent.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=log, stdout=log)

    def keep_days(self, count: int) -> None:
        """So many days of the sensor's velocity, as the agent itself would keep them."""
        file = TrendFile(self.folder / "state", years=10, max_bytes=10**9)
        for number in range(count):
            file.add({(Key("pump_de", "de", "velocity", 76), 20_000 + number): {10: 100}}, today=20_001 + number)
        file.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def wait(self) -> None:
        """Until the page answers."""
        until(lambda: f":{self.port} answers" in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def damage(self) -> None:
        self._write("outer_race")
        ask(self.folder / "state", Reload())

    def page_pids(self) -> Sequence[int]:
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        found = {int(pid) for file in children for pid in file.read_text().split()}
        return sorted(pid for pid in found if b"page" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def _write(self, name: str) -> None:
        text = CONFIG.format(port=self.port, file=f"{name}.npy", rate_hz=RATE_HZ, rpm=RPM)
        unready = self.folder / "agent.toml.new"
        unready.write_text(text)
        unready.replace(self.folder / "agent.toml")


def _record(path: Path, fault: str) -> None:
    motor = demo_source(fault, rate_hz=RATE_HZ, rpm=RPM, seed=7)
    np.save(path, motor.next(int(RATE_HZ * SECONDS))[:, :1])
