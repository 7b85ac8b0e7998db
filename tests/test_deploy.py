"""What installs the agent, as far as trying it changes no computer; `make systemd` and `make arm64` install it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from requirements import ROOT, skip_unless_required

DEPLOY = ROOT / "deploy"
COMMON = (DEPLOY / "common.sh").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
JETSON = 'ID=ubuntu\nVERSION_ID="22.04"\n'


def named(name: str) -> str:
    """A name's value in common.sh."""
    (value,) = re.findall(rf"^{name}=(.*)$", COMMON, re.M)
    return value.replace("$ETC", "/etc/textvib")


def install(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    script = ["sh", str(DEPLOY / "install.sh"), *words, "--dry-run"]
    path = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    return subprocess.run(script, env=path | environment, capture_output=True, text=True, check=False, timeout=30)


def interpreter(folder: Path, answer: str) -> Path:
    """What is no Python and answers as one."""
    path = folder / "python3.x"
    path.write_text(f"#!/bin/sh\necho {answer}\n")
    path.chmod(0o755)
    return path


@pytest.mark.long
def test_scripts_are_posix_shell_without_a_remark():
    skip_unless_required("shellcheck", available=shutil.which("shellcheck") is not None)
    for options, scripts in (("-x", DEPLOY.glob("*.sh")), ("-eSC1091", (DEPLOY / "debian").iterdir())):
        command = ["shellcheck", options, *sorted(scripts)]
        assert subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout == ""


def test_what_boxes_are_given_are_extras_of_the_package():
    assert set(named("EXTRAS").split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    assert named("PACKAGE") == PROJECT["project"]["name"]
    assert PROJECT["project"]["requires-python"] == f">={named('OLDEST_PYTHON')}"


def test_the_units_start_what_is_installed():
    agent, sensor = ((DEPLOY / named(name)).read_text() for name in ("SERVICE", "SENSOR_SERVICE"))
    assert f"ExecStart={named('PREFIX')}/bin/textvib-agent run {named('CONFIG')}" in agent
    assert f"StateDirectory={Path(named('STATE')).name}\n" in agent
    assert f"ExecStart={named('PREFIX')}/bin/textvib-bridge simulate" in sensor
    assert f"EnvironmentFile=-{named('SENSOR_ACCOUNT')}" in sensor
    assert set(named("COMMANDS").strip('"').split()) <= set(PROJECT["project"]["scripts"])


def test_the_virtual_sensor_says_what_its_config_hears():
    config = tomllib.loads((ROOT / "configs" / "virtual.toml").read_text())
    unit = (DEPLOY / named("SENSOR_SERVICE")).read_text()
    assert f"@localhost/{config['sensors']['virtual']['topic']} " in unit
    assert f"--rpm {config['machines']['motor']['speed']['rpm']} " in unit
    assert f"--bearing {config['machines']['motor']['bearings']['de']['geometry']}\n" in unit


def test_a_wheel_holds_every_config_and_every_file_of_deploy():
    held = {
        path
        for patterns in PROJECT["tool"]["setuptools"]["data-files"].values()
        for pattern in patterns
        for path in ROOT.glob(pattern)
    }
    wanted = {path for folder in ("configs", "deploy") for path in (ROOT / folder).rglob("*") if path.is_file()}
    assert wanted - held == set()


@pytest.fixture
def python(tmp_path: Path) -> str:
    """An interpreter that fits, whatever this computer has."""
    path = tmp_path / "fitting"
    path.write_text('#!/bin/sh\n[ "$1" = - ] && echo none || echo /usr/bin/python3\n')
    path.chmod(0o755)
    return str(path)


def test_a_dry_run_names_each_step_and_takes_none(python):
    before = {path: path.exists() for path in (Path(named("PREFIX")), Path(named("CONFIG")))}
    ran = install("--virtual", "--python", python)
    assert ran.returncode == 0, ran.stderr
    steps = ("check", "mv -T /opt/textvib.new /opt/textvib", "systemctl restart textvib-agent.service")
    assert [step for step in steps if f"+ {step}" not in ran.stdout] == []
    assert {path: path.exists() for path in before} == before


@pytest.mark.parametrize(
    ("answer", "release", "said"),
    [
        ("3.10", JETSON, ["here is Python 3.10", "deadsnakes", "--python python3.12"]),
        ("3.9", 'ID=debian\nVERSION_ID="11"\n', ["here is Python 3.9", "from 12 (Bookworm) on"]),
        ("3.10", "ID=arch\n", ["here is Python 3.10", "--python PATH"]),
        ("bits", JETSON, ["32-bit", "64-bit Raspberry Pi OS"]),
        ("home", JETSON, ["home folder", "UV_PYTHON_INSTALL_DIR"]),
    ],
)
def test_an_interpreter_that_does_not_fit_is_refused_with_the_mend(tmp_path, answer, release, said):
    (tmp_path / "os-release").write_text(release)
    ran = install("--python", str(interpreter(tmp_path, answer)), OS_RELEASE=str(tmp_path / "os-release"))
    assert ran.returncode == 1
    assert [words for words in said if words not in ran.stderr] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nonsense"], "--nonsense is no option"),
        (["--config"], "--config needs a value"),
        (["--config", "/nowhere.toml"], "there is no file /nowhere.toml"),
        (["--config", str(ROOT / "configs" / "mqtt.toml"), "--virtual"], "two configs"),
        (["--config", "--virtual"], "--config needs a value"),
        (["--wheels", "/nowhere"], "no folder of that name"),
        (["--wheels", str(DEPLOY)], "holds no wheel"),
        (["--python", "python9"], "here is no python9"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(words, said, python):
    ran = install("--python", python, *words)
    assert ran.returncode == 1
    assert said in ran.stderr
    assert ran.stdout == ""


def test_a_broker_wants_a_config_that_names_its_user(tmp_path, python):
    config = tmp_path / "agent.toml"
    config.write_text('[agent]\nid = "gw-7"\n[broker]\nhost = "localhost"\n')
    said = install("--broker", "--config", str(config), "--python", python).stderr
    assert 'username = "gw-7"' in said
    config.write_text('[agent]\nid = "no name"\n')
    assert "no name" in install("--broker", "--config", str(config), "--python", python).stderr


def with_page(config: Path) -> str:
    """The config that --page makes of another."""
    sources = " ".join(f". {DEPLOY / name}.sh;" for name in ("common", "config", "page"))
    script = ["sh", "-c", f'{sources} page=yes; with_page "$1" <"$1"', "sh", str(config)]
    return subprocess.run(script, capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.mark.parametrize("name", ["virtual.toml", "serial.toml"])
def test_a_page_for_the_network_has_a_password(name):
    before = (ROOT / "configs" / name).read_text()
    made = tomllib.loads(with_page(ROOT / "configs" / name))
    assert made.pop("web") == {"listen": "0.0.0.0:8640", "password_file": "/etc/textvib/page.password"}
    assert made == {key: value for key, value in tomllib.loads(before).items() if key != "web"}


def test_a_page_that_is_there_is_not_opened_without_a_password(tmp_path, python):
    config = tmp_path / "agent.toml"
    config.write_text('[agent]\nid = "gw"\n[web]\nlisten = "127.0.0.1:8640"\n')
    ran = install("--page", "--config", str(config), "--python", python)
    assert ran.returncode == 1
    assert "a [web] of its own, without a password" in ran.stderr
    config.write_text(own := config.read_text() + 'password_file = "/etc/mine"\n')
    assert with_page(config) == own
