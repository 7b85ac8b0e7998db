"""The C code on emulated Cortex-M cores, and a whole emulated firmware on the agent's serial port."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_library import CORES, SOURCE, make
from emulated_m4 import FINE_STEP_HZ, NOMINAL_HZ, SCALE_G, EmulatedM4, counts_of, need_emulation

import simulator
from agent.demo.listener import subscribe
from agent.messages.topics import Topics
from agent.sources.serial import SerialConfig, SerialSource
from agent.transport.routes import Route
from agent.types import DeviceStatus, SampleBlock, SourceFault

SLOW = -10  # steps of the chip's oscillator: 1.5 % slower than nominal
SLOW_HZ = NOMINAL_HZ + SLOW * FINE_STEP_HZ
DEAF_EVERY = 20  # interrupts
LATE_EVERY = (DEAF_EVERY - 1 + 5) * 128  # samples from one late interrupt to the next
LOST_LATE = 5 * 128 - 512  # samples that a FIFO loses in five periods
SLOTS = 27  # blocks that the firmware has room for
HELD_BLOCKS = 4 * SLOTS


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_emulation()
    return tmp_path_factory.mktemp("emulated")


@pytest.fixture(scope="session")
def firmware(build: Path) -> Path:
    make("firmware", f"BUILD={build}")
    return build / "loop.elf"


@pytest.mark.parametrize("core", CORES)
def test_all_c_tests_hold_on_an_emulated_core(build, core) -> None:
    said = make(f"emulate-{core}", f"BUILD={build}")
    assert f"{core} on " in said
    assert said.rstrip().endswith("checks, 0 failed"), said


def test_what_is_missing_is_named_with_the_line_that_installs_it(tmp_path) -> None:
    """With nothing but the shell's own tools on the path."""
    for tool in ("sh", "make"):
        (tmp_path / tool).symlink_to(Path("/usr/bin") / tool)
    command = ["/usr/bin/make", "-C", str(SOURCE.parent), "emulate"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "apt-get install gcc-arm-none-eabi qemu-system-arm picolibc-arm-none-eabi" in done.stderr


class Account:
    """What arrived through the agent's serial source, until the firmware has said its last STATUS."""

    def __init__(self, board: EmulatedM4) -> None:
        self.blocks: list[SampleBlock] = []
        self.statuses: list[DeviceStatus] = []
        self.faults: list[SourceFault] = []
        port = SerialSource(SerialConfig(port=board.path), (Route("pump"),))
        port.open()
        board.power_on()
        deadline_s = time.monotonic() + 110
        heard_bytes = -1
        while board.exit_code is None or heard_bytes != port.counters()["bytes"]:
            heard_bytes = port.counters()["bytes"]
            items = port.read(0.2)
            self.blocks += [item for item in items if isinstance(item, SampleBlock)]
            self.statuses += [item for item in items if isinstance(item, DeviceStatus)]
            self.faults += [item for item in items if isinstance(item, SourceFault)]
            assert time.monotonic() < deadline_s, "the firmware did not end"
        port.close()
        assert board.exit_code == 0

    @property
    def received(self) -> int:
        return sum(len(block.samples) for block in self.blocks)


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-3000, 3000, (n, 3)).astype("<i2")


def check_samples(account: Account, counts: np.ndarray) -> None:
    for block in account.blocks:
        expected = counts[block.start : block.end].astype(np.float32) * np.float32(SCALE_G)
        np.testing.assert_array_equal(block.samples, expected)


def test_every_sample_arrives_where_nothing_goes_wrong(firmware, tmp_path) -> None:
    counts = noise(60_000)  # neither whole watermarks nor whole blocks
    with EmulatedM4(firmware, tmp_path, counts, freq_fine=SLOW, session=77) as board:
        account = Account(board)
    assert account.faults == []
    assert account.received == len(counts)
    assert [block.start for block in account.blocks] == list(range(0, len(counts), 256))
    check_samples(account, counts)
    last = account.blocks[-1]
    assert last.device_us is not None
    assert last.device_us == pytest.approx((last.start + 1) / SLOW_HZ * 1e6, abs=2)
    assert account.statuses[-1].produced == len(counts)


def test_every_sample_is_accounted_for_where_both_losses_happen(firmware, tmp_path) -> None:
    """A line that takes nothing at first, and interrupts that come too late: what is lost is lost where it is counted.

    Both are counted in samples, so that they do not depend on how fast the host is.
    """
    counts = noise(80_000)
    troubles = {"deaf_every": DEAF_EVERY, "held_blocks": HELD_BLOCKS}
    with EmulatedM4(firmware, tmp_path, counts, freq_fine=SLOW, **troubles) as board:
        account = Account(board)
    assert account.faults == []
    check_samples(account, counts)
    last = account.statuses[-1]
    assert last.dropped_fifo == len(counts) // LATE_EVERY * LOST_LATE
    assert last.dropped_queue >= (HELD_BLOCKS - SLOTS) * 256 - last.dropped_fifo
    assert last.produced == len(counts) == account.received + last.dropped_fifo + last.dropped_queue + last.queued


CONFIG = """
[agent]
id = "m4"
state_dir = "{folder}"
[broker]
host = "{host}"
port = {port}
[publish]
base_topic = "{base}"
[[sources]]
name = "line"
kind = "serial"
port = "{pty}"
[machines.motor]
speed = {{ rpm = 1797 }}
bearings.de = {{ geometry = "6205" }}
[sensors.motor_de]
source = "line"
machine = "motor"
axes = {{ x = "horizontal", y = "vertical", z = "axial" }}
"""


def judged_late(diagnosis: Mapping[str, Any], named: list[dict[str, Any]]) -> bool:
    """Whether a window after the third second was judged; it is added to `named`."""
    if diagnosis.get("window_start", 0) > 3 * SLOW_HZ and diagnosis["fault"] != "invalid":
        named.append(dict(diagnosis))
    return bool(named)


def until(condition: Callable[[], object], agent: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 100
    while not condition():
        assert agent.poll() is None, "the agent has gone"
        assert time.monotonic() < deadline_s, "did not happen in time"
        time.sleep(0.05)


@pytest.mark.long  # starved of a core, the emulator falls behind its own clock, and every window is refused for it
def test_an_emulated_firmware_is_diagnosed_by_the_real_agent(firmware, tmp_path, mosquitto) -> None:
    samples = simulator.signal("outer_race", seconds=6, rate_hz=SLOW_HZ, rpm=1797, seed=3)
    topics = Topics(f"emulated-{tmp_path.name}", "m4")
    client, heard = subscribe(mosquitto.host, mosquitto.port, topics)
    with EmulatedM4(firmware, tmp_path, counts_of(samples), freq_fine=SLOW) as board:
        path = tmp_path / "agent.toml"
        base = f"emulated-{tmp_path.name}"
        path.write_text(
            CONFIG.format(folder=tmp_path, host=mosquitto.host, port=mosquitto.port, base=base, pty=board.path)
        )
        agent = subprocess.Popen([sys.executable, "-m", "agent", "run", str(path), "--log-level", "error"])
        named: list[dict[str, Any]] = []
        try:
            until(lambda: heard.availability == "online", agent)
            board.power_on()
            # On a busy machine the emulator may fall behind its own clock, which windows are refused for.
            until(lambda: judged_late(heard.diagnosis, named), agent)
            until(lambda: board.exit_code is not None, agent)
        finally:
            agent.send_signal(signal.SIGTERM)
            code = agent.wait(20)
            client.disconnect()
            client.loop_stop()
    diagnosis = named[-1]
    assert code == 0
    assert board.exit_code == 0
    assert (diagnosis["fault"], diagnosis["bearing"]) == ("outer_race", "de")
    assert diagnosis["rate"]["origin"] == "device_time"
    assert diagnosis["rate"]["hz"] == pytest.approx(SLOW_HZ, rel=1e-3)
    assert any("BPFO" in line["name"] for line in diagnosis["evidence"]["lines"])
