"""Several brokers in order, secrets that change, client certificates: against real Mosquittos, with a clock of ours."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from certificates import Authority
from real_mosquitto import free_port
from waiting import until

from agent.errors import ConfigError, RenewalError, TransportError
from agent.transport.broker import Broker, problems_of, remarks_on
from agent.transport.link import LOOK_S, REFUSED_S, Link
from agent.transport.mqtt import connect, disconnect, make_client
from agent.transport.retry import RENEWED_S, Outage
from agent.transport.secrets import problems_of_secrets, read_password


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def renewed(link: Link) -> RenewalError:
    """Why the link is to be made anew, once its probe has answered."""
    found: list[RenewalError] = []
    until(lambda: found.extend([why] if (why := link.renewal()) else []) or found)
    return found[0]


# ------------------------------------------------------------------------------------------------- brokers in order


def test_brokers_are_tried_in_order_and_the_first_is_taken_again_once_it_lets_us_in(
    start_mosquitto: Callable[..., Any], clock: Clock
) -> None:
    first, second = start_mosquitto(), start_mosquitto()
    broker = Broker(host=first.host, port=first.port, fallbacks=("127.0.0.1:1", f"mqtt://127.0.0.1:{second.port}"))
    link = Link(broker, role="test", clock=clock)
    first.stop()
    for _ in range(2):
        with pytest.raises(TransportError, match="cannot connect"):
            connect(make_client(link.opens(), role="test"), link.broker)
        link.failed()
    client = make_client(link.opens(), role="test")
    connect(client, link.broker)
    link.holds()
    address = f"127.0.0.1:{second.port}"
    assert link.notices(connected=True) == (f"{address} serves, since those before it are away",)
    clock.now_s += broker.return_after_s
    assert link.renewal() is None  # it is being asked
    until(lambda: link.renewal() is None and link._probe is None)  # away still
    first.start()
    assert link.renewal() is None  # asked too lately
    clock.now_s += broker.return_after_s
    assert "is back" in str(renewed(link))
    link.ended()
    assert link.opens().port == first.port
    assert link.notices(connected=True) == ()
    disconnect(client)


def test_what_is_left_on_purpose_is_no_outage() -> None:
    outage = Outage("broker")
    assert outage.failed(RenewalError("mqtt a: is back"), now_s=0.0) == RENEWED_S
    assert (outage.count, outage.error) == (0, None)


@pytest.mark.parametrize(
    ("broker", "key"),
    [
        (Broker(fallbacks=("ftp://a",)), "broker.fallbacks[0]"),
        (Broker(fallbacks=("a", "b:99999")), "broker.fallbacks[1]"),
        (Broker(fallbacks=tuple("abcdefghi")), "broker.fallbacks"),
    ],
)
def test_a_fallback_that_is_no_address_is_named(broker: Broker, key: str) -> None:
    (problem,) = problems_of(broker, "broker")
    assert problem.startswith(f"{key}: ")


@pytest.mark.parametrize(
    ("changes", "open_to"),
    [
        ({"host": "localhost"}, []),
        ({"host": "127.8.0.1"}, []),
        ({"host": "[::1]:1884"}, []),
        ({"host": "mqtts://plant.lan"}, []),
        ({"host": "plant.lan", "tls": True}, []),
        ({"host": "plant.lan"}, ["plant.lan:1883"]),
        ({"host": "ws://10.0.0.5:8080"}, ["ws://10.0.0.5:8080/mqtt"]),
        ({"host": "mqtts://a", "fallbacks": ("b", "mqtts://c")}, ["b:1883"]),
    ],
)
def test_a_password_that_would_travel_readable_is_told(changes: dict[str, Any], open_to: list[str]) -> None:
    broker = Broker(username="a", password_file="/dev/null", **changes)
    expected = [
        f"broker: the password travels readable to {where}; set tls = true, or use mqtts://" for where in open_to
    ]
    assert remarks_on(broker, "broker") == expected
    assert remarks_on(msgspec.structs.replace(broker, password_file=None, username=None), "broker") == []


# ----------------------------------------------------------------------------------------------------------- secrets


def test_a_password_that_changes_is_taken_up_only_once_it_serves(
    start_mosquitto: Callable[..., Any], tmp_path: Path, clock: Clock
) -> None:
    mosquitto, secret = start_mosquitto(password="right"), tmp_path / "secret"
    secret.write_text("right")
    broker = Broker(host=mosquitto.host, port=mosquitto.port, username="agent", password_file=str(secret))
    link = Link(broker, role="test", clock=clock)
    link.opens()
    link.holds()
    clock.now_s += LOOK_S
    assert (link.renewal(), link._probe) == (None, None)
    for wrong in ("wrong", None):
        secret.unlink() if wrong is None else secret.write_text(wrong)
        clock.now_s += LOOK_S
        until(lambda: link.renewal() is None and link.notices(connected=True) and link._probe is None)
        (notice,) = link.notices(connected=True)
        assert "the new ones do not serve" in notice
        assert ("Not authorized" if wrong else "password_file") in notice
    clock.now_s += LOOK_S
    assert (link.renewal(), link._probe) == (None, None)  # the same is not asked again so soon
    secret.write_text("right\n")
    clock.now_s += max(LOOK_S, REFUSED_S)
    assert "its secrets have changed" in str(renewed(link))


def test_a_secret_that_is_put_back_is_no_change(tmp_path: Path, clock: Clock) -> None:
    secret = tmp_path / "secret"
    secret.write_text("right")
    link = Link(Broker(port=free_port(), username="a", password_file=str(secret)), role="test", clock=clock)
    link.opens()
    link.holds()
    secret.write_text("other")
    clock.now_s += LOOK_S
    until(lambda: link.renewal() is None and link._probe is None)
    assert link.notices(connected=True)
    secret.write_text("right")
    clock.now_s += LOOK_S
    assert link.renewal() is None
    assert link.notices(connected=True) == ()


def test_a_credential_of_systemd_is_found_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    broker = Broker(username="a", password_file="$CREDENTIALS_DIRECTORY/broker.password")
    (problem,) = problems_of_secrets(broker, "broker")
    assert "the environment has no CREDENTIALS_DIRECTORY, which systemd sets for LoadCredential=" in problem
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY"):
        read_password(broker)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (problem,) = problems_of_secrets(broker, "broker")
    assert problem == f"broker.password_file: {tmp_path}/broker.password: is not a readable file"
    (tmp_path / "broker.password").write_text("of the plant\n")
    assert problems_of_secrets(broker, "broker") == []
    assert read_password(broker) == "of the plant"


# ------------------------------------------------------------------------------------------------ client certificates


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


def test_a_client_is_known_by_its_certificate_and_told_when_it_has_none(
    start_mosquitto: Callable[..., Any], authority: Authority
) -> None:
    port, (certificate, key) = free_port(), authority.sign("broker")
    lines = [f"listener {port} 127.0.0.1", f"cafile {authority.ca}", f"certfile {certificate}", f"keyfile {key}"]
    start_mosquitto(extra="\n".join([*lines, "require_certificate true", "use_identity_as_username true"]))
    mine, my_key = authority.sign("gateway-1")
    broker = Broker(host=f"mqtts://127.0.0.1:{port}", ca_file=str(authority.ca), connect_timeout_s=3.0)
    known = msgspec.structs.replace(broker, cert_file=str(mine), key_file=str(my_key))
    assert [*problems_of(known, "broker"), *problems_of_secrets(known, "broker")] == []
    client = make_client(known, role="test")
    connect(client, known)
    disconnect(client)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # paho leaves a failed handshake's socket to the collector
        with pytest.raises(TransportError, match=r"cert_file|TLS failed"):
            connect(make_client(broker, role="test"), broker)
        gc.collect()


def test_certificates_that_do_not_fit_are_named_before_anything_is_opened(authority: Authority, tmp_path: Path) -> None:
    certificate, _ = authority.sign("one")
    _, key = authority.sign("other")
    sealed = tmp_path / "sealed.key"
    os.system(f"openssl ec -in {key} -aes128 -passout pass:secret -out {sealed} 2>/dev/null")
    for changes, why in (
        ({"cert_file": str(certificate), "key_file": str(key)}, "mismatch"),
        ({"cert_file": str(certificate), "key_file": str(sealed)}, "the key is encrypted"),
        ({"ca_file": str(key)}, "check ca_file"),
    ):
        (problem,) = problems_of_secrets(Broker(tls=True, **changes), "broker")
        assert problem.startswith("broker.tls: ")
        assert why in problem.lower()
