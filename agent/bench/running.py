"""What a running agent costs: its memory with eight sensors, and the time to its first window; part of `bench`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agent.bench.signal import RATE_HZ, noise_and_harmonics
from agent.errors import TextVibError
from agent.service.control import Status, ask
from agent.service.process import memory_mb
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import frame_bytes

SENSORS = 8
SETTLE_S = 12.0


def measure_run(bundle: str, runtime: str) -> dict[str, Any]:
    """Resident memory of `run` with eight three-axis sensors in real time, and its time to the first window."""
    with tempfile.TemporaryDirectory(prefix="textvib-bench-") as folder:
        recording = Path(folder) / "noise.vbp"
        device = VirtualSensor(Profile(rate_hz=RATE_HZ))
        sent = device.produce(noise_and_harmonics(SETTLE_S + 3))
        recording.write_bytes(b"".join(frame_bytes(frame) for frame in sent if not isinstance(frame, bytes)))
        config = Path(folder) / "bench.toml"
        config.write_text(_config(folder, recording, bundle, runtime), encoding="utf-8")
        command = [sys.executable, "-m", "agent", "run", str(config), "--log-level", "error"]
        started_s = time.monotonic()
        with subprocess.Popen(command) as agent:
            first_s = None
            while time.monotonic() - started_s < SETTLE_S and agent.poll() is None:
                time.sleep(0.05)
                try:
                    health = ask(Path(folder), Status())["health"] if first_s is None else None
                except TextVibError:  # not there yet, or busy
                    continue
                if health and any(sensor["windows"] for sensor in health["sensors"].values()):
                    first_s = time.monotonic() - started_s
            rss_mb = memory_mb(agent.pid)
            agent.terminate()
    return {
        "rss_mb": None if rss_mb is None else round(rss_mb, 1),
        "rss_sensors": SENSORS,
        "first_window_s": None if first_s is None else round(first_s, 2),
    }


def _config(folder: str, recording: Path, bundle: str, runtime: str) -> str:
    """Eight sensors on one machine, each replaying noise in real time; nobody listens at the broker's port."""
    where = bundle if bundle == "default" else str(Path(bundle).resolve())
    parts = [
        f'[agent]\nid = "bench"\nstate_dir = "{folder}"\nbundle = "{where}"\nruntime = "{runtime}"',
        '[broker]\nhost = "127.0.0.1"\nport = 9',
        '[machines.m]\nspeed = { rpm = 1797 }\nbearings.de = { geometry = "6205" }',
    ]
    parts.extend(
        f'[[sources]]\nname = "s{number}"\nkind = "replay"\nfiles = ["{recording}"]\n\n'
        f'[sensors.s{number}]\nsource = "s{number}"\nmachine = "m"'
        for number in range(SENSORS)
    )
    return "\n\n".join(parts) + "\n"
