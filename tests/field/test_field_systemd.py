"""The unit of deploy/: what it exposes, and the agent started, watched, killed and restarted by a real systemd."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from box import AGENT, Box, made_root, skip_where_none_can_be
from field_agent import Listener
from requirements import ROOT, skip_unless_required
from waiting import until

pytestmark = pytest.mark.timeout(900)  # the Debian is fetched and unpacked on its first use

UNIT = ROOT / "deploy" / "textvib-agent.service"
MOST_EXPOSED = 2.0
SERVICE = "textvib-agent.service"
FOLDER = Path(__file__).parent

CONFIG = """
[agent]
id = "gw"
[broker]
host = "{host}"
port = {port}
keepalive_s = 5
username = "agent"
password_file = "/run/credentials/textvib-agent.service/broker.password"
[[sources]]
name = "plant"
kind = "mqtt"
[machines.pump]
[sensors.pump_de]
source = "plant"
topic = "plant/pump"
machine = "pump"
"""
IMPATIENT = "[Service]\nRestartSec=1\nWatchdogSec=3\nLoadCredential=broker.password:/etc/textvib/broker.password\n"
HANGING = (
    "[Service]\nExecStart=\nExecStart={python} /opt/textvib/hanging_agent.py /etc/textvib/agent.toml worker {flag}\n"
)
FLAG = "/var/lib/textvib/hang"


def test_the_unit_exposes_little(tmp_path):
    """`systemd-analyze security` weighs what a service could do if it were taken over: 0 nothing, 10 anything."""
    skip_unless_required("systemd-analyze", available=shutil.which("systemd-analyze") is not None)
    copy = shutil.copy(UNIT, tmp_path)
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", copy]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout
    (exposure,) = re.findall(r"Overall exposure level for .*: ([\d.]+)", said)
    assert float(exposure) <= MOST_EXPOSED, said


def test_the_unit_sets_no_key_twice_that_is_read_once():
    """A second line of most keys silently replaces the first."""
    lists = {"DeviceAllow", "SystemCallFilter"}
    lines = [line for line in UNIT.read_text().splitlines() if re.match(r"[A-Z]\w*=", line)]
    keys = [line.partition("=")[0] for line in lines]
    assert {key for key in keys if keys.count(key) > 1} <= lists


@pytest.fixture(scope="module")
def root() -> Path:
    skip_where_none_can_be()
    return made_root()


@pytest.fixture
def listener(start_mosquitto) -> Iterator[Listener]:
    broker = start_mosquitto(password="secret")
    broker.password = "secret"
    made = Listener(broker)
    yield made
    made.close()


@pytest.fixture
def box(root, listener, tmp_path) -> Iterator[Box]:
    made = Box(root, tmp_path / "console")
    made.write("/etc/textvib/agent.toml", CONFIG.format(host=listener.broker.host, port=listener.broker.port))
    made.write("/etc/textvib/broker.password", "secret", mode="600")  # root's; systemd hands it to the agent
    made.write(f"/etc/systemd/system/{SERVICE}", UNIT.read_text())
    made.write(f"/etc/systemd/system/{SERVICE}.d/impatient.conf", IMPATIENT)
    made.write("/etc/sysusers.d/textvib.conf", (ROOT / "deploy" / "textvib.conf").read_text())
    made.does("systemd-sysusers")
    made.does("systemctl", "daemon-reload")
    yield made
    made.close()


def started(box: Box, listener: Listener) -> str:
    """Its process id, once it is ready and the broker has heard it."""
    ran = box.run("systemctl", "start", SERVICE)
    assert ran.returncode == 0, box.journal(SERVICE)
    until(lambda: listener.last("availability") == b"online", seconds=20)
    return box.shown(SERVICE, "MainPID")


def restarted(box: Box, listener: Listener, restarts: int) -> None:
    """Once systemd has started it anew, and the broker said "offline" in between."""
    until(lambda: box.shown(SERVICE, "NRestarts") == str(restarts), seconds=30)
    until(lambda: box.shown(SERVICE, "ActiveState") == "active", seconds=30)
    until(lambda: listener.last("availability") == b"online", seconds=20)
    heard = listener.heard("availability")
    assert heard == [b"online", b"offline"] * restarts + [b"online"], heard


@pytest.mark.long
def test_it_runs_sandboxed_and_is_killed_watched_and_restarted(box, listener):
    before = started(box, listener)
    status = Path("/proc/self/status")
    shown = dict(re.findall(r"(\w+):\s*(.*)", box.says("cat", str(status).replace("self", before))))
    assert int(shown["CapBnd"], 16) == int(shown["CapEff"], 16) == 0
    assert shown["NoNewPrivs"] == "1"
    assert shown["Seccomp"] == "2"
    assert shown["Uid"].split()[0] == box.says("id", "-u", "textvib")
    modes = set(box.says("find", "/var/lib/textvib", "-type", "f", "-printf", "%m\n").split())
    assert modes == {"600"}
    assert box.says("find", "/var/lib/textvib", "-maxdepth", "0", "-printf", "%m") == "700"
    assert "broker connected" in box.says(f"{AGENT}/textvib-agent", "status")

    box.does("systemctl", "kill", "--signal=KILL", SERVICE)  # a crash
    restarted(box, listener, 1)
    # A process that does not get to run: its own watch neither, so systemd's watchdog kills it, and the will is told.
    box.does("systemctl", "kill", "--signal=STOP", SERVICE)
    restarted(box, listener, 2)
    assert "Watchdog timeout" in box.journal(SERVICE)
    assert "Killing process" in box.journal(SERVICE)
    assert box.shown(SERVICE, "MainPID") != before

    box.does("systemctl", "stop", SERVICE)
    until(lambda: listener.last("availability") == b"offline", seconds=10)
    assert box.shown(SERVICE, "Result") == "success"


@pytest.mark.long
def test_a_loop_that_hangs_ends_it_with_70_and_it_is_restarted(box, listener):
    box.write("/opt/textvib/hanging_agent.py", (FOLDER / "hanging_agent.py").read_text())
    dropin = HANGING.format(python=f"{AGENT}/python", flag=FLAG)
    box.write(f"/etc/systemd/system/{SERVICE}.d/hanging.conf", dropin)
    box.does("systemctl", "daemon-reload")
    started(box, listener)
    box.does("touch", FLAG)
    for number in range(20):
        listener.shake(number)  # some windows, of which the worker does not come back
    until(lambda: "worker hangs: its turn is" in box.journal(SERVICE), seconds=20)
    box.does("rm", FLAG)
    restarted(box, listener, 1)
    assert "status=70" in box.journal(SERVICE)


@pytest.mark.long
@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ("echo '[nonsense]' >> /etc/textvib/agent.toml", os.EX_CONFIG),
        ("cd $({python} -c 'import agent.bundle.load as b; print(b.DEFAULT)') && echo >> scaling.npy", os.EX_DATAERR),
    ],
    ids=["config", "bundle"],
)
def test_what_a_person_must_mend_is_not_tried_again(box, listener, spoil, code):
    box.does("sh", "-c", spoil.format(python=f"{AGENT}/python"))
    assert box.run("systemctl", "start", SERVICE).returncode != 0
    assert box.shown(SERVICE, "ExecMainStatus") == str(code)
    until(lambda: box.shown(SERVICE, "ActiveState") == "failed", seconds=5)
    assert box.shown(SERVICE, "NRestarts") == "0"


NEEDED = """
state folder, temporary folder, /dev/shm, clock state, boot id, processor, names, ipv4, unix, child, threads, onnx,
litert, signatures, credential, pseudo terminal, serial port, other processes hidden
"""


@pytest.mark.long
def test_the_sandbox_lets_the_agent_do_its_work_and_nothing_else(box):
    box.write("/opt/textvib/probe.py", (FOLDER / "sandbox_probe.py").read_text())
    lines = [
        line
        for line in UNIT.read_text().splitlines()
        if not re.match("(Type|NotifyAccess|Watchdog|Restart|ExecStart)", line)
    ]
    probe = f"ExecStart={AGENT}/python /opt/textvib/probe.py /var/lib/textvib/probe.json\nType=oneshot"
    text = "\n".join(lines).replace("[Service]", f"[Service]\n{probe}").replace("#LoadCredential", "LoadCredential")
    box.write("/etc/systemd/system/probe.service", text)
    for name, major, minor in (("ttyS0", 4, 64), ("vcs", 7, 0)):
        box.does("mknod", "-m", "660", f"/dev/{name}", "c", str(major), str(minor))
        box.does("chgrp", "dialout", f"/dev/{name}")
    box.does("systemctl", "daemon-reload")
    assert box.run("systemctl", "start", "probe").returncode == 0, box.journal("probe")
    answers: dict[str, Any] = json.loads(box.says("cat", "/var/lib/textvib/probe.json"))
    needed = [name.strip() for name in NEEDED.split(",")]
    assert {name: answers[name] for name in needed if answers[name] != "yes"} == {}
    assert [name for name, answer in answers.items() if answer == "yes" and name not in needed] == []
