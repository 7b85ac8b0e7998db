"""Events to a web address, against a real HTTP server and against ports that answer badly."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from real_mosquitto import free_port
from receivers import WebReceiver, saying
from test_telling import message

from agent.errors import ConfigError, TransportError
from agent.sinks.webhook import WebhookConfig, WebhookSink


@pytest.fixture
def receiver() -> Iterator[WebReceiver]:
    made = WebReceiver()
    yield made
    made.close()


def opened(url: str, **keys: object) -> WebhookSink:
    sink = WebhookSink(WebhookConfig(url=url, **keys), availability="textvib/gw/availability")  # type: ignore[arg-type]
    sink.open()
    return sink


def fate(sink: WebhookSink) -> str | None:
    fates: list[str | None] = []
    assert sink.publish(message(), fates.append)
    (told,) = fates
    return told


def test_an_event_arrives_as_it_is_with_what_makes_a_repeat_known(receiver: WebReceiver) -> None:
    assert fate(opened(receiver.url)) is None
    ((path, headers, body),) = receiver.posts
    assert (path, body) == ("/hook?of=plant", message().payload)
    assert headers["Idempotency-Key"] == "gw/3"
    assert headers["Content-Type"] == "application/json"
    assert "Authorization" not in headers


def test_a_chat_is_told_in_words(receiver: WebReceiver) -> None:
    assert fate(opened(receiver.url, form="chat")) is None
    assert msgspec.json.decode(receiver.posts[0][2])["text"].startswith("[ALARM] Ulsan · Pump 2")
    assert fate(opened(receiver.url, form="text", language="ko")) is None
    assert receiver.posts[1][2].decode().startswith("[경보] Ulsan")


def test_who_receives_it_can_prove_whose_it_is(receiver: WebReceiver, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    (tmp_path / "token").write_text("abc.def\n")
    sink = opened(receiver.url, token_file=str(tmp_path / "token"), signing_key_file=str(tmp_path / "key"))
    assert fate(sink) is None
    _, headers, body = receiver.posts[0]
    assert headers["Authorization"] == "Bearer abc.def"
    assert headers["X-TextVib-Signature"] == f"sha256={hmac.new(b's3cret', body, hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (302, "HTTP 302; it has moved: correct url"),
        (401, "HTTP 401; check token_file"),
        (404, "HTTP 404; check url"),
        (429, "HTTP 429"),
        (503, "HTTP 503"),
    ],
)
def test_what_is_not_taken_is_refused_and_no_redirect_followed(receiver: WebReceiver, status: int, said: str) -> None:
    receiver.statuses = [status]
    sink = opened(receiver.url)
    assert fate(sink) == said
    assert (sink.refused, sink.connected, len(receiver.posts)) == (1, True, 1)


def test_nobody_there() -> None:
    with pytest.raises(TransportError, match=r"127\.0\.0\.1: .*refused"):
        opened(f"http://127.0.0.1:{free_port()}/")


def test_a_receiver_that_goes_away_is_a_lost_connection(receiver: WebReceiver) -> None:
    sink = opened(receiver.url)
    receiver.close()
    assert not sink.publish(message())
    assert not sink.connected
    assert isinstance(sink.lost, TransportError)


@pytest.mark.parametrize(
    ("answer", "pause_s"),
    [
        (b"", 0.0),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 0.0),
        (b"HTTP/1.1 2000 OK\r\n", 0.0),
        (b"HTTP/1.1 204 No Content", 0.05),  # one byte after the other, for longer than the time given
        (b"HTTP/1.1 100 Continue\r\n\r\n", 0.0),
        (b"x" * 100_000, 0.0),
    ],
)
def test_an_answer_that_is_none_takes_no_longer_than_the_time_given(answer: bytes, pause_s: float) -> None:
    with saying(answer, pause_s=pause_s) as port:
        sink = opened(f"http://127.0.0.1:{port}/", timeout_s=0.3)
        began_s = time.monotonic()
        assert not sink.publish(message())
        assert time.monotonic() - began_s < 3
        assert isinstance(sink.lost, TransportError)


def test_an_informational_answer_is_passed_over() -> None:
    with saying(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n") as port:
        assert fate(opened(f"http://127.0.0.1:{port}/")) is None


def test_a_secret_that_is_away_is_named(receiver: WebReceiver, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"token_file: .*none"):
        opened(receiver.url, token_file=str(tmp_path / "none"))
    (tmp_path / "two").write_text("a\nb\n")
    with pytest.raises(ConfigError, match="more than one line"):
        opened(receiver.url, token_file=str(tmp_path / "two"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/x",
        "ftp://example.com",
        "https://",
        "https://u:p@example.com/",
        "http://h:99999/",
        "http://h/a b",
        "http://h/\n",
        "https://ex\u00e4mple.com/",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url: "):
        WebhookConfig(url=url)


def test_a_readable_token_is_remarked(tmp_path: Path) -> None:
    token = str(tmp_path / "token")
    assert WebhookConfig(url="http://example.com/", token_file=token).remarks
    assert not WebhookConfig(url="https://example.com/", token_file=token).remarks
    assert not WebhookConfig(url="http://example.com/").remarks
