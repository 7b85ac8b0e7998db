"""On a bare Debian with a systemd of its own and no network: install.sh and the .deb, upgraded and taken away."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from box import Box, bare_root, skip_where_none_can_be
from requirements import ROOT, skip_unless_required
from waiting import until

pytestmark = [pytest.mark.timeout(1800), pytest.mark.long]  # wheels are fetched and a Debian unpacked on the first use

DEBIAN_ARCHITECTURE = "amd64"
SERVICE, SENSOR = "textvib-agent.service", "textvib-virtual-sensor.service"
MOST_S = 120.0
"""Of one processor, from the bare box to diagnosis and page: how long it takes is for whoever waits, and is shown."""
KEPT = "/var/lib/textvib/uninstalled"
PAGE = "http://127.0.0.1:8640"
INSTALL = ("sh", "/handed/deploy/install.sh")
OF_THE_SYSTEM = (
    "/var/log/",
    "/var/lib/systemd/",
    "/var/cache/",
    "/var/lib/mosquitto/",
    "/var/lib/dpkg/",
    "/var/tmp/",
    "/tmp/",
)
"""Where a system that runs writes of itself."""


@pytest.fixture(scope="module")
def wheels() -> Path:
    """What install.sh needs without a network; TEXTVIB_WHEELS names a folder that was made before."""
    skip_where_none_can_be()
    if "TEXTVIB_WHEELS" in os.environ:
        return Path(os.environ["TEXTVIB_WHEELS"])
    folder = ROOT / "build" / "wheels" / DEBIAN_ARCHITECTURE
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    script = ["sh", str(ROOT / "deploy" / "wheels.sh"), str(folder), DEBIAN_ARCHITECTURE, python]
    subprocess.run(script, env=os.environ | {"PIP": f"{sys.executable} -m pip"}, check=True)
    return folder


def with_other_member(wheels: Path, folder: Path, name: str, content: bytes) -> None:
    """The same wheels, with another content of one file of the package."""
    folder.mkdir()
    for wheel in wheels.iterdir():
        if not wheel.name.startswith("textvib_edge"):
            (folder / wheel.name).hardlink_to(wheel)
            continue
        with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(folder / wheel.name, "w", zipfile.ZIP_DEFLATED) as new:
            for item in old.namelist():
                new.writestr(item, content if item == name else old.read(item))


@pytest.fixture(scope="module")
def handed(wheels: Path) -> Iterator[Path]:
    """What is carried to the box: scripts, examples, wheels that are good, fail the self-test, do not start."""
    folder = ROOT / "build" / "handed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("deploy", "configs"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(Path(__file__).parent / "page_visitor.py", folder)
    shutil.copytree(wheels, folder / "wheels", copy_function=os.link)
    with_other_member(wheels, folder / "damaged", "agent/bundles/default/scaling.npy", b"no scaling")
    with_other_member(wheels, folder / "mute", "agent/commands/run.py", b"raise SystemExit(3)\n")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def box(handed: Path, tmp_path: Path) -> Iterator[Box]:
    made = Box(bare_root(), tmp_path / "console", f"--bind-ro={handed}:/handed", "--private-network")
    yield made
    made.close()


def files_of(box: Box) -> set[str]:
    """Everything on its disk, but for what a system writes of itself."""
    paths = box.says("find", "/", "-xdev", "-path", "/handed", "-prune", "-o", "-print")
    return {path for path in paths.splitlines() if not path.startswith(OF_THE_SYSTEM)}


def status_of(box: Box) -> dict[str, Any]:
    """What the agent says of itself; nothing where none runs."""
    ran = box.run("textvib-agent", "status", "--json")
    status: dict[str, Any] = json.loads(ran.stdout) if ran.returncode == 0 else {}
    return status


def alerts_of(box: Box) -> list[str]:
    """The open alerts' ids."""
    alerts: list[str] = status_of(box).get("health", {}).get("open_alerts", [])
    return alerts


def installed(box: Box, *words: str, good: bool = True) -> str:
    """What install.sh says, and the processor's time that it took."""
    ran = box.run("sh", "-c", '"$@"; code=$?; times; exit $code', "sh", *INSTALL, *words, timeout_s=900)
    said = ran.stderr + ran.stdout
    assert (ran.returncode == 0) == good, said + box.journal(SERVICE) + box.journal(SENSOR) + box.journal("mosquitto")
    return said


def busy_s_of(said: str) -> float:
    """User and system time of all that was started, as `times` prints them."""
    return sum(int(minutes) * 60 + float(seconds) for minutes, seconds in re.findall(r"(\d+)m([\d.]+)s", said)[-2:])


def page_of(box: Box, path: str, *password: str) -> str:
    """The status of the page's answer, and what it tells."""
    return box.says("/opt/textvib/bin/python", "-I", "/handed/page_visitor.py", path, *password)


def slot_of(box: Box) -> str:
    return box.says("readlink", "/opt/textvib")


def test_from_a_bare_box_to_a_diagnosis_an_upgrade_and_away(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    before = files_of(box)
    began_s = time.monotonic()
    said = installed(box, "--virtual")
    took_s, busy_s = time.monotonic() - began_s, busy_s_of(said)
    with capsys.disabled():
        what = "installed, configured, diagnosing and shown on the page"
        print(f"\n{what} after {took_s:.0f} s, of which {busy_s:.0f} s of one processor")
    assert busy_s < MOST_S
    assert "open alert" in said
    alerts = alerts_of(box)
    assert len(alerts) == 1
    assert "raised: virtual/de outer_race" in box.journal(SERVICE)  # later a starved sensor may belie its rate
    assert box.shown(SERVICE, "User") == "textvib"
    assert box.says("stat", "-c", "%a %U:%G", "/etc/textvib/broker.password") == "640 root:textvib"
    anonymous = box.run("textvib-bridge", "simulate", "--mqtt", "mqtt://localhost/plant/virtual", "--seconds", "1")
    assert anonymous.returncode != 0, "the broker lets nobody in without a name"
    assert f"the page: {PAGE} on this computer" in said
    assert page_of(box, "/").startswith("200 <!doctype html>")
    assert "Bearing outer race fault" in page_of(box, "/events")

    # What runs stays what it is where an upgrade is none.
    slot, process = slot_of(box), box.shown(SERVICE, "MainPID")
    said = installed(box, "--wheels", "/handed/damaged", good=False)
    assert "nothing was changed" in said
    assert (slot_of(box), box.shown(SERVICE, "MainPID")) == (slot, process)
    said = installed(box, "--wheels", "/handed/mute", good=False)
    assert "the one before is in place again" in said
    until(lambda: box.shown(SERVICE, "ActiveState") == "active", seconds=30)
    assert slot_of(box) == slot

    # An upgrade keeps the config, also one that a person has changed, and the open alert.
    box.does("sh", "-c", "echo '# mine' >> /etc/textvib/agent.toml")
    seq = status_of(box)["health"]["seq"]
    installed(box)
    assert slot_of(box) != slot
    assert box.says("tail", "-n", "1", "/etc/textvib/agent.toml") == "# mine"
    until(lambda: alerts_of(box) == alerts, seconds=60)
    assert status_of(box)["health"]["seq"] >= seq
    assert len(box.says("sh", "-c", "ls -d /opt/textvib*").splitlines()) == 2, "the link, and one environment"

    secrets = "cd /etc && sha256sum textvib/broker.password mosquitto/textvib/*.key mosquitto/textvib/users"
    kept = box.says("sh", "-c", secrets)
    said = box.run(*INSTALL, "--uninstall", timeout_s=120).stdout
    assert "/var/lib/textvib" in said
    left = {path for path in files_of(box) - before if not path.startswith("/var/lib/textvib")}
    assert left == set()
    assert box.says("find", "/var/lib/textvib", "-maxdepth", "0", "-printf", "%U:%G %m") == "0:0 700"
    assert box.run("getent", "passwd", "textvib").returncode != 0
    assert "# mine" in box.says("cat", f"{KEPT}/config/agent.toml")

    # The next installation takes up the state and what was put away: config, passwords, certificates; now with a page
    # for the network.
    began_s = time.monotonic()
    said = installed(box, "--broker", "--page")
    with capsys.disabled():
        print(f"installed again after {time.monotonic() - began_s:.0f} s")
    until(lambda: alerts_of(box) == alerts, seconds=60)
    assert status_of(box)["health"]["seq"] >= seq
    assert box.says("sh", "-c", secrets) == kept
    assert "# mine" in box.says("cat", "/etc/textvib/agent.toml")
    assert box.run("test", "-e", KEPT).returncode != 0
    assert "its password: sudo cat /etc/textvib/page.password" in said
    assert page_of(box, "/events").startswith("401")
    password = box.says("cat", "/etc/textvib/page.password")
    assert page_of(box, "/events", password[1:]).startswith("401")
    assert "Bearing outer race fault" in page_of(box, "/events", password)


def test_the_package_installs_upgrades_and_goes(box: Box, handed: Path) -> None:
    skip_unless_required("dpkg-deb", available=shutil.which("dpkg-deb") is not None)
    script = ["sh", str(ROOT / "deploy" / "deb.sh"), str(handed / "wheels"), DEBIAN_ARCHITECTURE, str(handed)]
    subprocess.run(script, check=True)
    (package,) = (f"/handed/{path.name}" for path in handed.glob("*.deb"))
    box.does("systemctl", "restart", "mosquitto")
    before = files_of(box)
    assert installs(box, package).returncode == 0
    started = box.run("systemctl", "enable", "--now", SENSOR, SERVICE)
    assert started.returncode == 0, box.journal(SERVICE)
    until(lambda: bool(alerts_of(box)), seconds=60)
    assert page_of(box, "/").startswith("200 <!doctype html>")
    alerts, slot = alerts_of(box), slot_of(box)
    assert "package" in installed(box, good=False)

    box.does("sh", "-c", "echo '# mine' >> /etc/textvib/agent.toml")
    assert installs(box, package).returncode == 0
    assert slot_of(box) != slot
    assert box.says("tail", "-n", "1", "/etc/textvib/agent.toml") == "# mine"
    until(lambda: alerts_of(box) == alerts, seconds=60)

    box.does("dpkg", "--remove", "textvib-edge")
    assert not box.says("sh", "-c", "ls -d /opt/textvib*")
    assert box.says("tail", "-n", "1", "/etc/textvib/agent.toml") == "# mine"
    assert "/var/lib/textvib" in box.run("dpkg", "--purge", "textvib-edge").stdout
    left = {path for path in files_of(box) - before if not path.startswith("/var/lib/textvib")}
    assert left == set()
    assert box.run("getent", "passwd", "textvib").returncode != 0


def installs(box: Box, package: str) -> subprocess.CompletedProcess[str]:
    ran = box.run("dpkg", "--install", package, timeout_s=900)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran
