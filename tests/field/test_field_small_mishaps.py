"""Nothing small ends a running agent: full disks, vanished folders and secrets are told, retried and made good."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from field_agent import Agent, Listener, until_online, write_config
from hanging_agent import DEADLINES
from requirements import ROOT, skip_unless_required
from waiting import until

from agent.service.control import SOCKET_NAME
from agent.service.keeping.state_file import FILE_NAME
from agent.service.keeping.store import open_store

PASSWORD = "of the plant"


def commission(agent: Agent, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", "commission", "tape", "--state-dir", str(agent.state_dir), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def health(listener: Listener) -> dict:
    return json.loads(listener.last("health") or b"{}")


def state(listener: Listener) -> dict:
    return json.loads(listener.last("sensor/tape/state") or b"{}")


def tells(listener: Listener) -> bool:
    """Whether health and state both say that the state is not kept."""
    documents = [health(listener), state(listener)]
    return all(any(n.startswith("state_not_kept: ") for n in one.get("notices", ())) for one in documents)


@pytest.mark.long
def test_a_full_disk_is_told_commissioning_fails_and_all_is_kept_once_there_is_room(start_agent, listener):
    agent = start_agent(hangs="none")
    until_online(listener, agent)
    assert health(listener)["state_kept"]
    agent.fill_disk()
    learnt = commission(agent, "--windows", "8", "--anyway")
    assert learnt.returncode == os.EX_TEMPFAIL, learnt
    assert "learnt, and not kept: a restart forgets it" in learnt.stderr
    assert "state_not_kept: " in learnt.stderr
    until(lambda: tells(listener), seconds=15)
    assert not health(listener)["state_kept"]
    assert agent.log.count("state_not_kept") == 1
    agent.fill_disk(full=False)
    until(lambda: health(listener)["state_kept"], seconds=DEADLINES.disk_s + 15)
    assert not tells(listener)
    assert "the state is kept again" in agent.log
    agent.signal(signal.SIGTERM)
    assert agent.wait() == os.EX_OK
    store = open_store(agent.state_dir)
    (table,) = store.transactions.place.connection.execute(
        "select count(*) from baseline where sensor = 'tape'"
    ).fetchone()
    assert table == 1


@pytest.mark.parametrize("mishap", ["full", pytest.param("read_only", marks=pytest.mark.long)])
def test_an_agent_starts_on_a_disk_that_takes_nothing_with_what_it_knew(mishap, disk, start_agent, listener):
    first = start_agent(hangs="none")
    until_online(listener, first)
    assert commission(first, "--windows", "8", "--anyway").returncode == os.EX_OK
    first.signal(signal.SIGKILL)
    first.wait()
    listener.messages.clear()
    (disk.folder / "state.sqlite-shm").unlink()
    disk.fill() if mishap == "full" else disk.make_read_only()
    second = start_agent(hangs="none")
    until_online(listener, second)
    until(lambda: tells(listener), seconds=15)
    until(lambda: state(listener)["deviation"] is not None, seconds=15)  # from the healthy state that was learnt
    assert state(listener)["state"] != "learning"
    disk.empty() if mishap == "full" else disk.make_read_only(read_only=False)
    until(lambda: health(listener)["state_kept"], seconds=DEADLINES.disk_s + 15)
    until(lambda: second.health()["state_kept"], seconds=15)
    second.signal(signal.SIGTERM)
    assert second.wait() == os.EX_OK
    assert open_store(disk.folder).notices == ()


def test_a_state_folder_that_is_removed_is_made_again(start_agent, listener):
    agent = start_agent(hangs="none")
    until_online(listener, agent)
    for path in sorted(agent.state_dir.iterdir()):
        path.unlink()
    agent.state_dir.rmdir()
    until(lambda: (agent.state_dir / FILE_NAME).exists(), seconds=DEADLINES.disk_s + 10)
    until(lambda: (agent.state_dir / SOCKET_NAME).exists(), seconds=15)
    until(lambda: agent.status()["health"]["state_kept"], seconds=15)
    assert agent.process.poll() is None


def test_a_folder_in_which_nothing_can_be_written_is_no_reason_not_to_run(start_agent, listener, tmp_path):
    """/proc is a folder in which not even root may create a file."""
    write_config(tmp_path, listener.broker)
    config = tmp_path / "agent.toml"
    config.write_text(config.read_text().replace('state_dir = "state"', 'state_dir = "/proc/sys"'))
    agent = start_agent()
    until_online(listener, agent)
    until(lambda: tells(listener), seconds=15)
    assert "control: /proc/sys/control.sock cannot be made" in agent.log
    agent.signal(signal.SIGTERM)
    assert agent.wait() == os.EX_OK


@pytest.mark.parametrize("broker", [PASSWORD], indirect=True)
def test_a_secret_that_is_away_while_reconnecting_is_retried(start_agent, listener, broker, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    write_config(tmp_path, broker, keys='username = "agent"\npassword_file = "secret"')
    agent = start_agent()
    until_online(listener, agent)
    secret.unlink()
    broker.stop()
    broker.start()
    until(lambda: "password_file" in (agent.health()["sources"]["plant"]["error"] or ""))
    assert not agent.health()["publishing"]["connected"]
    secret.write_text(PASSWORD)
    until(lambda: agent.health()["publishing"]["connected"], seconds=45)
    until(lambda: agent.health()["sources"]["plant"]["connected"], seconds=45)
    assert agent.process.poll() is None


@pytest.mark.parametrize("broker", [PASSWORD], indirect=True)
def test_a_secret_that_is_away_when_the_config_is_read_ends_with_78(start_agent, broker, tmp_path: Path):
    write_config(tmp_path, broker, keys='username = "agent"\npassword_file = "secret"')
    agent = start_agent()
    assert agent.wait() == os.EX_CONFIG
    assert "broker.password_file" in agent.log


WITHOUT_OVERRIDE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
"""Starts a program for which permissions hold although root runs it."""


@pytest.mark.long
def test_what_a_permission_hid_at_the_start_is_taken_up_once_it_can_be_read(start_agent, listener):
    first = start_agent(hangs="none")
    until_online(listener, first)
    assert commission(first, "--windows", "8", "--anyway").returncode == os.EX_OK
    first.signal(signal.SIGTERM)
    first.wait()
    os.chown(first.state_dir, 65534, 65534)
    held = subprocess.run([*WITHOUT_OVERRIDE, "ls", first.state_dir], capture_output=True, check=False)
    skip_unless_required("root, setpriv and permissions that hold", available=held.returncode != 0)
    listener.messages.clear()
    second = start_agent(hangs="none", before=WITHOUT_OVERRIDE)
    until_online(listener, second)
    until(lambda: tells(listener), seconds=15)
    until(lambda: state(listener)["state"] == "learning", seconds=15)
    first.state_dir.chmod(0o777)
    for path in first.state_dir.iterdir():
        path.chmod(0o666)
    until(lambda: health(listener)["state_kept"], seconds=DEADLINES.disk_s + 15)
    until(lambda: state(listener)["deviation"] is not None, seconds=15)
    assert "tape: its healthy state can be read again" in second.log
    until((second.state_dir / SOCKET_NAME).exists, seconds=DEADLINES.disk_s + 5)
    assert second.health()["state_kept"]


@pytest.mark.long
def test_a_file_that_is_damaged_while_running_is_written_anew_from_what_the_agent_knows(start_agent, listener):
    agent = start_agent(hangs="none")
    until_online(listener, agent)
    assert commission(agent, "--windows", "8", "--anyway").returncode == os.EX_OK
    for path in agent.state_dir.glob(f"{FILE_NAME}*"):
        path.write_bytes(b"\xff" * path.stat().st_size)
    assert commission(agent, "--no-wait").returncode in (os.EX_OK, os.EX_TEMPFAIL)  # writes
    commission(agent, "--cancel")
    until(lambda: agent.log.count("the state is kept again") == 1, seconds=DEADLINES.disk_s + 15)
    agent.signal(signal.SIGKILL)
    agent.wait()
    store = open_store(agent.state_dir)
    assert store.notices == ()
    assert store.transactions.rows("select count(*) from baseline where sensor = 'tape'") == [(1,)]
