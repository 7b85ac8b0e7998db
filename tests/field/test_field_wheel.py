"""The sdist and its wheel, installed in a clean environment and used far from any checkout."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest
from requirements import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
BUILT = ("agent", "export", "firmware_bridge", "simulator", "configs", "deploy", "docs")
BESIDE = ("README.md", "CHANGELOG.md", "LICENSE", "Makefile", "constraints.txt", "pyproject.toml", "MANIFEST.in")
NOWHERE = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"}


def ran(*words: object, folder: Path, environment: dict[str, str] | None = None) -> str:
    command = [str(word) for word in words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-3000:]} {done.stderr[-3000:]}"
    return done.stdout


def committed(*paths: str) -> set[str]:
    return set(ran("git", "ls-files", *paths, folder=ROOT).splitlines())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what is committed, without what builds have left in the checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    copy = folder / "copy"
    for name in committed(*BUILT, *BESIDE):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    build = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    ran(sys.executable, "-c", build, folder, folder=copy)
    (made,) = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def environment(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that knows nothing but the wheel of the sdist, and its packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    ran(folder / "bin/pip", "wheel", "-q", "--no-deps", "-w", folder / "wheel", sdist, folder=folder)
    (wheel,) = (folder / "wheel").iterdir()
    pip = (folder / "bin/pip", "install", "-q", "-c", ROOT / "constraints.txt", f"{wheel}[demo,litert,web]")
    ran(*pip, folder=folder)
    return folder


def test_the_sdist_holds_all_that_is_committed(sdist):
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert committed(*BUILT, *BESIDE) - held == set()


def test_every_config_is_good_where_the_wheel_has_put_it(environment, tmp_path):
    configs = sorted((environment / "share/textvib/configs").glob("*.toml"))
    assert [path.name for path in configs] == sorted(path.name for path in (ROOT / "configs").glob("*.toml"))
    for config in configs:
        ran(environment / "bin/textvib-agent", "check", config, folder=tmp_path, environment=NOWHERE)


def test_a_recording_is_judged_and_the_installer_knows_its_steps(environment, tmp_path):
    share = environment / "share/textvib"
    recording = share / "configs/recordings/pump_healthy.wav"
    replay = ("replay", recording, "--rpm", "1480", "--bearing", "6205", "--report", "page.html")
    ran(environment / "bin/textvib-agent", *replay, folder=tmp_path, environment=NOWHERE)
    assert "</html>" in (tmp_path / "page.html").read_text()
    fitting = tmp_path / "fitting"  # an interpreter that fits, whatever this computer has
    fitting.write_text('#!/bin/sh\n[ "$1" = - ] && echo none || echo /usr/bin/python3\n')
    fitting.chmod(0o755)
    install = ("sh", share / "deploy/install.sh", "--dry-run", "--virtual", "--python", fitting)
    assert "+ systemctl restart textvib-agent.service" in ran(*install, folder=tmp_path, environment=NOWHERE)


def test_the_demo_runs(environment, tmp_path):
    said = ran(
        environment / "bin/textvib-agent", "demo", folder=tmp_path, environment=NOWHERE | {"HOME": str(tmp_path)}
    )
    assert "FAIL" not in said
    assert list(tmp_path.iterdir()) == []
