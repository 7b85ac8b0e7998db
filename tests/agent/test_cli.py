"""The command line as people and systemd meet it: exit codes, one clear line, no traceback.

`agent` is a process of its own; `here` is the same in this one, where a process would tell nothing more.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from requirements import ROOT
from waiting import until

from agent.cli import main
from agent.commands import COMMANDS
from agent.commands.status import lines_of
from agent.messages.terminal import width
from agent.service.control import SOCKET_NAME, Status, ask
from firmware_bridge import VERSION

CONFIG = """
[agent]
id = "gw"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = {port}
[[sources]]
name = "plant"
kind = "mqtt"
[machines.pump]
speed = {{ rpm = 1500 }}
[machines.pump.bearings.de]
geometry = "6205"
[sensors.pump_de]
source = "plant"
topic = "{base}/pump"
machine = "pump"
"""


def agent(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


Here = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(capsys) -> Here:
    """What `agent` gives, without a process."""

    def ran(*arguments: object) -> subprocess.CompletedProcess[str]:
        argv = [str(argument) for argument in arguments]
        try:
            code = main(argv)
        except SystemExit as left:
            code = int(left.code or 0)
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(argv, code, printed.out, printed.err)

    return ran


@pytest.fixture
def config(mosquitto, tmp_path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(port=mosquitto.port, base=f"cli{os.getpid()}"))
    return path


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `run CONFIG` as a process of its own and waits until it answers."""
    running: list[subprocess.Popen[str]] = []

    def started(config: Path, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", str(config)],
            cwd=ROOT,
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        until(lambda: (tmp_path / "state" / SOCKET_NAME).exists() or process.poll() is not None)
        return process

    yield started
    for process in running:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


# ---------------------------------------------------------------------------------------------------------- words


def test_help_lists_every_command_with_what_it_does():
    shown = agent("--help")
    assert shown.returncode == 0
    for name, (_, summary) in COMMANDS.items():
        assert name in shown.stdout
        assert summary.split()[0] in shown.stdout
    assert "exit codes" in shown.stdout


@pytest.mark.parametrize("command", ["run", "check", "record", "commission", "forget", "status", "schemas"])
def test_every_command_explains_itself(here, command):
    shown = here(command, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "usage: textvib-agent" in shown.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["run"],
        ["commission", "a", "--windows", "many"],
        ["commission", "a", "--anyway", "--after-repair"],
        ["forget", "a", "--speed", "fast"],
    ],
)
def test_wrong_usage_is_exit_64_and_one_line_that_says_where_to_read_on(here, arguments):
    shown = here(*arguments)
    assert shown.returncode == os.EX_USAGE
    (line,) = shown.stderr.splitlines()
    command = f"textvib-agent {arguments[0]}" if arguments and arguments[0] in COMMANDS else "textvib-agent"
    assert line.startswith(f"{command}: ")
    assert line.endswith(f"; see {command} --help")


def test_the_version_names_python_runtime_and_bundle():
    shown = agent("--version")
    assert (shown.returncode, shown.stderr) == (0, "")
    (line,) = shown.stdout.splitlines()
    assert line.startswith(f"textvib-agent {VERSION}, Python {platform.python_version()}, ")
    assert "onnxruntime " in line
    assert line.endswith(", bundle default 4")


def test_a_bug_is_exit_70_and_shows_where_it_is(monkeypatch, caplog):
    monkeypatch.setattr("agent.commands.schemas.main", lambda args: 1 / 0)
    assert main(["schemas", "x"]) == os.EX_SOFTWARE


# ---------------------------------------------------------------------------------------------------------- check


def test_check_approves_a_good_config_and_opens_nothing(config, tmp_path):
    shown = agent("check", config)
    assert shown.returncode == 0, shown.stdout
    assert "good; 1 sensor, 1 source, bundle " in shown.stdout
    assert sorted(tmp_path.iterdir()) == [config]


def test_check_says_what_the_bundle_at_hand_cannot_hear(here, config):
    config.write_text(config.read_text().replace('machine = "pump"', 'machine = "pump"\nrate_hz = 2600'))
    shown = here("check", config)
    assert shown.returncode == 0, shown.stdout
    assert f"{config}: notice: sensors.pump_de.rate_hz: 2600 Hz is too slow for bearing work" in shown.stdout


def test_check_prints_every_problem_with_its_key_and_exits_78(here, config):
    config.write_text(config.read_text().replace('"6205"', '"6025"').replace("[broker]", "[broker]\npasword = 1"))
    shown = here("check", config)
    assert shown.returncode == os.EX_CONFIG
    lines = shown.stdout.splitlines()
    assert lines[0].startswith(f"{config}: broker.pasword: unknown key; did you mean ")
    assert lines[1].startswith(f"{config}: machines.pump.bearings.de.geometry: unknown bearing '6025'; did you mean")
    assert lines[2] == f"{config}: 2 problems"
    assert "Traceback" not in shown.stderr


def test_run_refuses_the_same_config_in_the_same_words(config):
    config.write_text(config.read_text().replace('"6205"', '"6025"'))
    shown = agent("run", config)
    assert shown.returncode == os.EX_CONFIG
    assert shown.stderr.startswith(f"textvib-agent: {config}: machines.pump.bearings.de.geometry: unknown bearing")
    assert len(shown.stderr.splitlines()) == 1


def test_a_truncated_model_is_exit_65_and_names_the_file(config, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    for file in (ROOT / "agent" / "bundles" / "default").iterdir():
        (bundle / file.name).write_bytes(file.read_bytes())
    model = bundle / "encoder.onnx"
    model.write_bytes(model.read_bytes()[:1000])
    config.write_text(config.read_text().replace("[agent]", '[agent]\nbundle = "bundle"'))
    for command in ("check", "run"):
        shown = agent(command, config)
        assert shown.returncode == os.EX_DATAERR
        assert len(shown.stderr.splitlines()) == 1
        assert "encoder.onnx" in shown.stderr


def test_a_missing_bundle_file_is_exit_65_and_names_the_file(here, config, tmp_path):
    (tmp_path / "empty").mkdir()
    config.write_text(config.read_text().replace("[agent]", '[agent]\nbundle = "empty"'))
    shown = here("check", config)
    assert shown.returncode == os.EX_DATAERR
    assert "manifest.json" in shown.stderr
    assert "Traceback" not in shown.stderr


# ---------------------------------------------------------------------------------------------------------- run


def test_status_of_a_running_agent_as_a_table_and_as_json(config, start, tmp_path):
    start(config)
    table = agent("status", "--config", config)
    assert table.returncode == 0, table.stderr
    assert "SENSOR" in table.stdout
    assert "pump_de" in table.stdout
    as_json = agent("status", "--json", TEXTVIB_STATE_DIR=str(tmp_path / "state"))
    assert json.loads(as_json.stdout)["health"]["agent"] == "gw"


def test_commission_and_record_reach_the_running_agent(here, config, start, tmp_path):
    start(config)
    commissioned = agent("commission", "pump_de", "--windows", 12, "--no-wait", "--state-dir", tmp_path / "state")
    assert (commissioned.returncode, "next 12 windows" in commissioned.stdout) == (0, True)
    assert "mind: 12 windows are 7.5 s of the machine" in commissioned.stdout
    assert ask(tmp_path / "state", Status())["to_learn"] == {"pump_de": 12}
    shown = here("status", "--state-dir", tmp_path / "state").stdout
    assert "commissioning pump_de: heard 0 of 12 windows\n" in shown
    assert "pump_de: no healthy state is known: commission it\n" in shown
    cancelled = here("commission", "pump_de", "--cancel", "--state-dir", tmp_path / "state")
    assert (cancelled.returncode, cancelled.stdout) == (0, "pump_de: commissioning is given up\n")
    forgotten = here("forget", "pump_de", "--state-dir", tmp_path / "state")
    assert forgotten.returncode == os.EX_CONFIG
    assert forgotten.stderr == "textvib-agent: pump_de: nothing was learnt; known: nothing\n"
    out = tmp_path / "pump.vbp"
    recorded = agent("record", "pump_de", "--seconds", 5, "--out", out, "--state-dir", tmp_path / "state")
    assert recorded.returncode == 0
    assert out.exists()
    refused = here("commission", "pump", "--state-dir", tmp_path / "state")
    assert refused.returncode == os.EX_USAGE
    assert refused.stderr == "textvib-agent: there is no sensor 'pump'; known: pump_de\n"


def test_without_a_running_agent_it_is_exit_75_and_says_how_to_start_one(tmp_path):
    shown = agent("status", "--state-dir", tmp_path)
    assert shown.returncode == os.EX_TEMPFAIL
    assert "start it with: textvib-agent run CONFIG" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_signal_drains_and_leaves_with_success(config, start, number):
    process = start(config)
    process.send_signal(number)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert "draining and leaving" in log
    assert "Traceback" not in log


def test_a_second_wish_to_leave_leaves_at_once(config, start):
    """timeout(1) signals the process and then its group, which is one wish; a broker that never answers holds us."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(60)
        text = config.read_text()
        silent = f"port = {mute.getsockname()[1]}\nconnect_timeout_s = 60\n"
        config.write_text(text[: text.index("port = ")] + silent + text[text.index("[[sources]]") :])
        process = start(config)
        connection, _ = mute.accept()
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        time.sleep(1.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
        connection.close()


def test_two_agents_never_share_a_state(config, start):
    start(config)
    second = agent("run", config)
    assert second.returncode == os.EX_CONFIG
    assert "another agent runs with this state_dir" in second.stderr


@pytest.mark.long
def test_a_killed_agent_leaves_nothing_that_hinders_the_next(config, start):
    first = start(config)
    first.kill()
    first.wait()
    second = start(config)
    until(lambda: agent("status", "--config", config).returncode == 0)
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=60) == 0


def test_systemd_is_told_ready_and_stopping(config, start, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        process = start(config, NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert manager.recv(100) == b"READY=1"
        process.send_signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        process.communicate(timeout=60)


def test_a_broker_that_is_away_is_said_once_and_the_agent_goes_on(config, start):
    text = config.read_text()
    broker = 'port = 1\nusername = "agent"\npassword_env = "TEXTVIB_SECRET"\n[log]\nformat = "json"\n'
    config.write_text(text[: text.index("port = ")] + broker + text[text.index("[[sources]]") :])
    process = start(config, TEXTVIB_SECRET="open-sesame")
    log = ""
    while "broker: " not in log:
        log += process.stderr.readline()
    time.sleep(1.5)  # tried again meanwhile, and not said again
    process.send_signal(signal.SIGTERM)
    log += process.stderr.read()
    assert process.wait(timeout=60) == 0
    assert log.count("broker: mqtt 127.0.0.1:1: cannot connect") == 1
    assert "Traceback" not in log
    assert "open-sesame" not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["event"] for line in lines if line.get("link") == "broker"] == ["link_away"]


def test_in_the_journal_a_line_starts_with_its_priority(config, start):
    process = start(config, JOURNAL_STREAM="8:1")
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert log
    assert all(line[:3] in ("<3>", "<4>", "<6>") for line in log.splitlines()), log


# ---------------------------------------------------------------------------------------------------------- status


def answer_in(language):
    """What a daemon answers whose sensors have something to say in every column."""
    nearest = [
        {"title": "베어링 볼(전동체) 결함", "similarity": 0.8123},
        {"title": "베어링 외륜 결함", "similarity": 0.4},
    ]
    return {
        "language": language,
        "health": {
            "agent": "gw",
            "version": "1",
            "bundle": "default 1",
            "runtime": "onnx",
            "uptime_s": 3725.0,
            "publishing": {"connected": False, "published": 5, "waiting": 2, "dropped": 1, "error": "gone"},
            "sensors": {
                "a": {
                    "rate": {"hz": 25631.2},
                    "losses": {**dict.fromkeys(LOSSES, 3), "dropped_before": 4},
                    "data_age_s": 0.2,
                },
                "long_name": {"rate": None, "losses": None, "data_age_s": None},
            },
            "sources": {
                "line1": {"ended": False, "connected": False, "outages": 2, "error": "is gone"},
                "line2": {"ended": False, "connected": True, "outages": 0, "faults": {"crc": 3, "newer_kind": 1}},
                "line3": {"ended": True},
            },
            "sinks": {
                "chat": {
                    **{"connected": False, "published": 4, "waiting": 3, "waiting_events": 1, "dropped": 0},
                    "error": "refused us",
                },
                "opc": {"connected": True, "published": 4, "waiting": 0, "dropped": 0, "error": None},
            },
            "open_alerts": ["0011", "0012", "0013"],
            "shelved": {"0012": "2026-03-01T12:00:00Z"},
            "notices": ["mind the gap"],
        },
        "states": {
            "a": {
                "state": "fault",
                "title": "결함",
                "reason": "outer_race",
                "reason_text": "베어링 외륜 결함",
                "nearest": nearest,
                "speed": {"rpm": 1797.4},
            },
            "long_name": {
                "state": "lost",
                "title": "데이터 없음",
                "reason": None,
                "reason_text": None,
                "nearest": [],
                "speed": None,
            },
        },
        "to_learn": {"a": 0, "long_name": 12},
        "healthy": {"a": "healthy at 1800 rpm", "long_name": "no healthy state is known: commission it"},
        "learning": {"long_name": "0 of 12 windows"},
        "alerts": {"a": [ALERT_SHOWN]},
    }


ALERT_SHOWN = {
    "id": "0013",
    "sensor": "a",
    "bearing": "de",
    "severity": "alarm",
    "text": {"title": "베어링 외륜 결함"},
    "opened": "2026-03-01T11:00:00Z",
    "acknowledged": True,
    "by": "Kim",
    "was": "씰마모",
}


def test_the_status_lines_up_in_korean_and_fits_100_columns():
    lines = lines_of(answer_in("ko"))
    assert max(map(width, lines)) <= 100
    assert lines == [
        "gw: 버전 1, 번들 default 1(onnx), 가동 1시간 02분, 브로커 끊김, 메시지 발행 5건, 대기 2건, 폐기 1건",
        "",
        "센서       상태                     유사도                         샘플링      회전수    유실  경과",
        "a          결함 (베어링 외륜 결함)  베어링 볼(전동체) 결함 0.81,   25631.2 Hz  1797 rpm  11    0.2초",
        "                                    베어링 외륜 결함 0.40",
        "long_name  데이터 없음              -                              -           -         -     -",
        "",
        "소스 line1: 끊김: is gone",
        "소스 line2: 연결됨, 지금까지 끊김 0회; 거부: CRC 오류 3건, newer kind 1건",
        "소스 line3: 끝까지 읽음",
        "브로커 끊김: gone",
        "싱크 chat: 끊김 (refused us), 메시지 발행 4건, 대기 3건(그중 경보·정비 이벤트 1건), 폐기 0건",
        "싱크 opc: 연결됨, 메시지 발행 4건, 대기 0건, 폐기 0건",
        "a: healthy at 1800 rpm",
        "long_name: no healthy state is known: commission it",
        "long_name 정상 상태 학습 중: 0 of 12 windows",
        "열린 경보: 0011",
        f"열린 경보: 0012, {datetime(2026, 3, 1, 12, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}까지 보류",
        "열린 경보: 0013(a/de): 경보: 베어링 외륜 결함; "
        f"{datetime(2026, 3, 1, 11, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M} 발생; Kim 확인; 현장 확인 결과:",
        "  씰마모",
        "알림: mind the gap",
    ]


@pytest.mark.parametrize("room", [60, 80, 100])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_status_fits_narrower_terminals_and_cuts_nothing(language, room):
    lines = lines_of(answer_in(language), room=room)
    assert max(map(width, lines)) <= room
    shown = "".join("".join(lines).split())
    for figure in ("25631.2", "1797", "0.81", "0.40", "11", "0011"):
        assert figure in shown


def test_an_alert_shows_what_people_said_of_it():
    answer = answer_in("en")
    for changes, shown in (
        ({"acknowledged": False, "by": None, "was": None}, ""),
        ({"by": None, "was": "healthy"}, "; acknowledged; Somebody has found: nothing (false alarm)"),
        ({"bearing": None, "was": "imbalance"}, "; acknowledged by Kim; Somebody has found: Rotor imbalance"),
        ({"by": "Lee", "acknowledged_by": "Kim", "was": None}, "; acknowledged by Kim"),
        ({"was": None, "shelved_until": "2026-03-01T11:00:00Z"}, "; acknowledged by Kim; shelved until 2026-03-01 "),
    ):
        answer["alerts"] = {"a": [ALERT_SHOWN | changes]}
        (line,) = (line for line in lines_of(answer, room=1000) if "0013" in line)
        place = "a/machine" if "bearing" in changes else "a/de"
        assert line.startswith(f"open alert: 0013 on {place}: Alarm: 베어링 외륜 결함; opened 2026-03-01 ")
        assert line[line.index("opened") + len("opened 2026-03-01 11:00") :].startswith(shown)


LOSSES = ("dropped_fifo", "dropped_queue", "lost_on_wire", "rejected", "dropped_agent")


@pytest.mark.parametrize("runtime", ["onnx", "litert"])
def test_check_loads_the_runtime_that_is_asked_for(here, config, runtime):
    config.write_text(config.read_text().replace("[agent]", f'[agent]\nruntime = "{runtime}"'))
    shown = here("check", config)
    assert shown.returncode == 0, shown.stderr
    assert f"runs on {runtime} and passes its self-test" in shown.stdout
