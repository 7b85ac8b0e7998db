"""The control socket: one line in, one line out, for its owner alone, and nothing a client does can hurt the daemon."""

from __future__ import annotations

import contextlib
import json
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import until

from agent.errors import ConfigError, TextVibError, TransportError, WordError
from agent.service.control import (
    MAX_REQUEST_BYTES,
    REQUEST_TIMEOUT_S,
    SOCKET_NAME,
    Answer,
    Cancel,
    Commission,
    Forget,
    Learnt,
    Record,
    Request,
    Status,
    answer_to,
    ask,
    refusal_of,
)
from agent.service.control_server import MAX_CLIENTS, ControlServer

LONG = 8 << 20


def handle(request: Request) -> Answer:
    match request:
        case Status():
            return {"health": {"agent": "gw"}}
        case Commission(sensor="absent"):
            raise ConfigError("there is no sensor 'absent'; known: pump_de")
        case Commission():
            return {"windows": request.windows}
        case Record(sensor="long"):
            return {"path": "x" * LONG}
        case Record():
            return {"path": request.path}
        case Learnt() | Cancel() | Forget():
            return msgspec.to_builtins(request)


@pytest.fixture
def serve() -> Iterator[Callable[..., ControlServer]]:
    """Starts servers; they end with the test and leave nothing behind."""
    started: list[tuple[ControlServer, threading.Event, threading.Thread]] = []

    def start(folder: Path, **options: float) -> ControlServer:
        stop = threading.Event()
        server = ControlServer(folder, handle, stop=stop, **options)  # type: ignore[arg-type]
        server.open()
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        started.append((server, stop, thread))
        return server

    yield start
    for server, stop, thread in started:
        stop.set()
        server.wake()
        thread.join(5)
        assert not thread.is_alive()
        assert not server.path.exists()


@pytest.fixture
def state_dir(serve: Callable[..., ControlServer], tmp_path: Path) -> Path:
    serve(tmp_path)
    return tmp_path


def raw(state_dir: Path, line: bytes, *, half_close: bool = True) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(str(state_dir / SOCKET_NAME))
        connection.sendall(line)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def test_each_request_gets_its_answer(state_dir):
    assert ask(state_dir, Status()) == {"health": {"agent": "gw"}}
    assert ask(state_dir, Commission(sensor="pump_de", windows=7)) == {"windows": 7}
    assert ask(state_dir, Record(sensor="pump_de", seconds=1.0, path="/x.vbp")) == {"path": "/x.vbp"}
    for request in (Learnt("pump_de"), Cancel("pump_de"), Forget("pump_de"), Forget("pump_de", rpm=1500.0)):
        assert ask(state_dir, request) == msgspec.to_builtins(request)


def test_a_refusal_arrives_as_its_one_line(state_dir):
    with pytest.raises(ConfigError, match="there is no sensor 'absent'"):
        ask(state_dir, Commission(sensor="absent", windows=7))


def test_bytes_that_are_no_letters_are_refused_before_they_are_sent(state_dir):
    with pytest.raises(ConfigError, match="no UTF-8; type the name again"):
        ask(state_dir, Learnt("pump\udcff"))


def test_only_the_owner_may_connect(state_dir):
    assert stat.S_IMODE((state_dir / SOCKET_NAME).stat().st_mode) == 0o600


def test_where_no_agent_runs_the_mend_is_named(tmp_path):
    with pytest.raises(TransportError, match="textvib-agent run CONFIG"):
        ask(tmp_path, Status())


def test_a_second_agent_on_the_same_state_is_refused(state_dir):
    with pytest.raises(ConfigError, match="another agent runs with this state_dir"):
        ControlServer(state_dir, handle, stop=threading.Event()).open()
    assert ask(state_dir, Status())


def test_a_socket_left_by_a_killed_agent_is_taken_over(tmp_path):
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    left.bind(str(tmp_path / SOCKET_NAME))
    left.close()
    stop = threading.Event()
    server = ControlServer(tmp_path, handle, stop=stop)
    server.open()
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ask(tmp_path, Status())
    stop.set()
    server.wake()
    thread.join(5)


def test_a_state_dir_too_deep_for_a_socket_is_the_operators_to_mend(tmp_path):
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(ConfigError, match=r"agent\.state_dir"):
        ControlServer(deep, handle, stop=threading.Event()).open()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"not json\n",
        b"[" * 60_000 + b"\n",
        b'{"command": "reboot"}\n',
        b'{"command": "commission"}\n',
        b'{"command": "forget", "sensor": "a", "rpm": "all"}\n',
        b'{"command": "commission", "sensor": "a", "windows": "many"}\n',
        b'{"command": "status", "extra": 1}\n',
        b"\xff\xfe\x00\n",
        b"x" * (MAX_REQUEST_BYTES + 10) + b"\n",
    ],
    ids=lambda line: repr(line[:24]),
)
def test_what_is_no_request_is_answered_and_hurts_nothing(state_dir, line):
    try:
        answer = json.loads(raw(state_dir, line))
        assert answer["ok"] is False
        assert "\n" not in answer["error"]
    except ConnectionError:
        assert len(line) > MAX_REQUEST_BYTES  # refused before it was read to its end
    assert ask(state_dir, Status())


def test_a_client_that_leaves_without_a_word_hurts_nothing(state_dir):
    for _ in range(3):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(state_dir / SOCKET_NAME))
        connection.send(b'{"command": "sta')
        connection.close()
    assert ask(state_dir, Status())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_noise_never_ends_the_server(state_dir, noise):
    json.loads(raw(state_dir, noise + b"\n"))
    assert ask(state_dir, Status())


def connected(state_dir: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(10)
    connection.connect(str(state_dir / SOCKET_NAME))
    return connection


def is_dropped(connection: socket.socket) -> bool:
    """Whether the other end has hung up."""
    with contextlib.suppress(TimeoutError):
        connection.settimeout(5)
        try:
            return connection.recv(1) == b""
        except ConnectionError:
            return True
    return False


def test_clients_that_drip_keep_nobody_waiting(state_dir):
    """However often a byte of theirs comes."""
    stop = threading.Event()
    slow = [connected(state_dir) for _ in range(MAX_CLIENTS - 1)]

    def drip() -> None:
        while not stop.wait(0.05):
            for one in slow:
                with contextlib.suppress(OSError):
                    one.send(b" ")

    dripping = threading.Thread(target=drip)
    dripping.start()
    began_s = time.monotonic()
    for _ in range(20):
        assert ask(state_dir, Status(), timeout_s=30.0)
    assert time.monotonic() - began_s < REQUEST_TIMEOUT_S
    stop.set()
    dripping.join()
    for one in slow:
        one.close()


def test_clients_that_do_not_listen_keep_nobody_waiting(state_dir):
    """Their answers are larger than what the system keeps for them."""
    deaf = [connected(state_dir) for _ in range(3)]
    for one in deaf:
        one.sendall(msgspec.json.encode(Record("long", seconds=1.0)) + b"\n")
    began_s = time.monotonic()
    assert ask(state_dir, Status())
    assert time.monotonic() - began_s < REQUEST_TIMEOUT_S
    heard = ask(state_dir, Record("long", seconds=1.0))  # and who listens gets all of it
    assert len(heard["path"]) == LONG
    for one in deaf:
        one.close()


def test_who_asks_for_too_long_or_does_not_take_the_answer_is_dropped(serve, tmp_path):
    serve(tmp_path, request_s=0.2)
    silent, deaf = connected(tmp_path), connected(tmp_path)
    deaf.sendall(msgspec.json.encode(Record("long", seconds=1.0)) + b"\n")
    assert is_dropped(silent)
    time.sleep(0.5)
    heard = 0
    with contextlib.suppress(ConnectionError):
        while chunk := deaf.recv(1 << 20):
            heard += len(chunk)
    assert heard < LONG
    silent.close()
    deaf.close()


def test_beyond_a_number_of_clients_the_oldest_gives_way(state_dir):
    waiting = [connected(state_dir) for _ in range(MAX_CLIENTS + 4)]
    assert all(is_dropped(one) for one in waiting[:4])
    waiting[-1].sendall(b'{"command": "status"}\n')
    assert json.loads(waiting[-1].recv(4096))["ok"]
    assert ask(state_dir, Status())
    for one in waiting:
        one.close()


def test_a_thousand_requests_at_once_are_all_answered_or_dropped_and_memory_is_bounded(state_dir):
    def ask_often() -> None:
        for _ in range(50):
            with contextlib.suppress(TransportError):  # it had to give way
                ask(state_dir, Status())

    asking = [threading.Thread(target=ask_often) for _ in range(20)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(30)
    assert not any(thread.is_alive() for thread in asking)
    assert ask(state_dir, Status())


def test_a_socket_that_cannot_be_made_is_tried_again(tmp_path):
    folder, stop = tmp_path / "state", threading.Event()
    server = ControlServer(folder, handle, stop=stop, retry_s=0.2)
    server.open()  # there is no folder
    assert server.closed is not None
    thread = threading.Thread(target=server.run)
    thread.start()
    folder.mkdir()
    until((folder / SOCKET_NAME).exists)
    assert ask(folder, Status())
    assert server.closed is None
    stop.set()
    server.wake()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("error", "code"), [(WordError("no such sensor"), 64), (ConfigError("refused"), 78), (TransportError("busy"), 75)]
)
def test_a_refusal_carries_the_exit_code_of_what_it_is(error: TextVibError, code: int) -> None:
    def refuse(_: Request) -> Answer:
        raise error

    answer = answer_to(b'{"command": "status"}', refuse)
    assert refusal_of(answer).exit_code == code
    assert refusal_of({**answer, "code": 0}).exit_code == 78  # no refusal ends well, whatever an agent says
    del answer["code"]
    assert refusal_of(answer).exit_code == 78  # of an older agent
