"""A broker's address as people write it, and what is no address."""

from __future__ import annotations

import pytest

from agent.transport.broker import Broker, problems_of


@pytest.mark.parametrize(
    ("host", "port", "tls", "address"),
    [
        ("localhost", 0, False, "localhost:1883"),
        ("localhost", 0, True, "localhost:8883"),
        ("10.0.0.5:1884", 0, False, "10.0.0.5:1884"),
        ("mqtt://127.0.0.1", 0, False, "127.0.0.1:1883"),
        ("mqtt://127.0.0.1:1884/", 0, False, "127.0.0.1:1884"),
        ("MQTT://broker.lan", 1999, False, "broker.lan:1999"),
        ("mqtts://broker.lan", 0, False, "broker.lan:8883"),
        ("mqtt://broker.lan", 0, True, "broker.lan:8883"),
        ("ssl://broker.lan:8884", 0, False, "broker.lan:8884"),
        ("ws://broker.lan", 0, False, "ws://broker.lan:80/mqtt"),
        ("ws://broker.lan:9001/", 0, False, "ws://broker.lan:9001/mqtt"),
        ("ws://broker.lan", 9001, False, "ws://broker.lan:9001/mqtt"),
        ("wss://broker.lan/a/b", 0, False, "wss://broker.lan:443/a/b"),
        ("ws://broker.lan", 0, True, "wss://broker.lan:443/mqtt"),
        ("::1", 0, False, "::1:1883"),
        ("mqtt://[fe80::1]:1884", 0, False, "fe80::1:1884"),
    ],
)
def test_an_address_is_understood(host: str, port: int, tls: bool, address: str) -> None:
    broker = Broker(host=host, port=port, tls=tls)
    assert problems_of(broker, "broker") == []
    assert broker.address == address


@pytest.mark.parametrize(
    ("host", "port", "problem"),
    [
        ("", 0, "broker.host: is empty; name the broker's host"),
        ("mqtt://", 0, "broker.host: '' is no host"),
        ("mqtt://anna:geheim@broker.lan", 0, "set username and password_file"),
        ("anna@broker.lan", 0, "set username and password_file"),
        ("http://broker.lan", 0, "http:// is no way to a broker; use mqtt://, mqtts://, ws:// or wss://"),
        ("mqtt://broker.lan/plant", 0, "use ws:// or wss://, or remove it"),
        ("broker.lan:99999", 0, "99999 is no TCP port"),
        ("broker lan", 0, "is no host"),
        ("mqtt://broker.lan:1883", 1884, "broker.port: 1884 is not the 1883 of host; remove one of them"),
    ],
)
def test_what_is_no_address_is_refused_with_its_mend(host: str, port: int, problem: str) -> None:
    (said,) = problems_of(Broker(host=host, port=port), "broker")
    assert problem in said
    assert "geheim" not in said


def test_a_scheme_with_tls_may_have_certificates(tmp_path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("-")
    assert problems_of(Broker(host="mqtts://broker.lan", ca_file=str(authority)), "broker") == []
    (said,) = problems_of(Broker(host="broker.lan", ca_file=str(authority)), "broker")
    assert "set tls = true" in said
