"""The OPC UA sink without a server: its keys, and what becomes of a process that fails, hangs or hangs up."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time

import pytest
import told

from agent.errors import TransportError
from agent.sinks.framed import MAX_FRAME_BYTES, Framed, packed
from agent.sinks.opcua import OpcuaConfig, OpcuaSink


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"host": "0.0.0.0"}, "beyond this computer username, password_file, cert_file and key_file are needed"),
        ({"host": "10.0.0.7", "username": "a", "password_file": "p"}, "beyond this computer"),
        ({"host": "plant.lan", "cert_file": "a", "key_file": "p"}, "beyond this computer"),
        ({"username": "a"}, "username and password_file belong together"),
        ({"key_file": "a"}, "cert_file and key_file belong together"),
    ],
)
def test_a_server_beyond_this_computer_wants_all_that_protects_it(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OpcuaConfig(**keys)  # type: ignore[arg-type]


def test_this_computer_alone_is_served_as_it_is() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert OpcuaConfig(host=host).remarks == ()


def answering(*answers: bytes) -> Framed:
    """A peer that says `answers`, one for each question, and then hangs up."""
    ours, theirs = socket.socketpair()

    def run() -> None:
        with theirs:
            for answer in answers:
                theirs.recv(65536)
                theirs.sendall(answer)

    threading.Thread(target=run, daemon=True).start()
    return Framed(ours)


def test_an_answer_is_waited_for_and_no_longer() -> None:
    peer = answering(packed(None), packed("no"))
    assert [peer.ask(1, within_s=10), peer.ask(2, within_s=10)] == [None, "no"]
    with pytest.raises(OSError):  # noqa: PT011  (hung up, in one way or another)
        peer.ask(3, within_s=10)
    peer.close()
    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(TimeoutError):
        Framed(ours).ask(b"x" * (4 << 20), within_s=0.05)  # more than a socket holds, to one that reads nothing
    ours.close()


def test_a_peer_that_promises_too_much_is_left() -> None:
    peer = answering((MAX_FRAME_BYTES + 1).to_bytes(4, "little"))
    with pytest.raises(OSError, match="a message of"):
        peer.ask(1, within_s=10)
    peer.close()


def test_a_server_that_hangs_is_ended_and_the_message_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.sinks.opcua.GOODBYE_S", 0.01)
    monkeypatch.setattr("agent.sinks.opcua.ANSWER_S", 0.05)
    sink = OpcuaSink(OpcuaConfig(), availability=f"{told.ROOT}/availability")
    ours, theirs = socket.socketpair()
    sink._peer = Framed(ours)
    sink._process = process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert sink.connected
    began_s, heard = time.monotonic(), list[str | None]()
    assert not sink.publish(told.state(), heard.append)
    assert time.monotonic() - began_s < 10
    assert (heard, sink.connected, process.poll() is None) == ([], False, False)
    assert isinstance(sink.lost, TransportError)
    assert process.stdin is not None
    process.stdin.close()
    theirs.close()
