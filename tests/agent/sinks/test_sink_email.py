"""Events by e-mail, against a real mail server."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from certificates import Authority
from real_mosquitto import free_port
from receivers import MailReceiver, saying
from test_telling import message

from agent.errors import ConfigError, TransportError
from agent.sinks.email import EmailConfig, EmailSink

Start = Callable[..., MailReceiver]
TO = ("kim@example.com", "lee@example.com")


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[MailReceiver] = []

    def begin(**how: object) -> MailReceiver:
        made.append(MailReceiver(**how))  # type: ignore[arg-type]
        return made[-1]

    yield begin
    for receiver in made:
        receiver.close()


def sink_to(port: int, **keys: object) -> EmailSink:
    given = {"host": "localhost", "security": "none", "sender": "box@plant.example", "recipients": TO} | keys
    return EmailSink(EmailConfig(port=port, **given), availability="textvib/gw/availability")  # type: ignore[arg-type]


def opened(port: int, **keys: object) -> EmailSink:
    sink = sink_to(port, **keys)
    sink.open()
    return sink


def fate(sink: EmailSink, **changes: object) -> str | None:
    fates: list[str | None] = []
    assert sink.publish(message(**changes), fates.append)
    (told,) = fates
    return told


def test_an_event_is_a_mail_and_an_alert_a_thread(start: Start) -> None:
    receiver = start()
    sink = opened(receiver.port, language="ko")
    assert fate(sink) is None
    assert fate(sink, event="cleared", reason="recovered") is None
    raised, cleared = receiver.mails
    assert raised["Subject"] == "[경보] Ulsan · Pump 2 · drive end · de: Outer race fault"
    assert (raised["From"], raised["To"]) == ("TextVib <box@plant.example>", ", ".join(TO))
    assert raised["Message-ID"] == "<gw.7-abc.3@plant.example>"
    assert raised["References"] == cleared["References"] == "<gw.7-abc@plant.example>"
    assert raised["Auto-Submitted"] == "auto-generated"
    assert "Bearing outer race fault, 93 %." in raised.get_content()
    assert "정상 대비 편차: 한계의 4.2배" in raised.get_content()


def test_a_refused_mail_is_kept_and_one_of_two_recipients_is_enough(start: Start) -> None:
    receiver = start()
    sink = opened(receiver.port)
    receiver.unknown = {TO[0]}
    assert fate(sink) is None
    assert sink.notices == ("kim@example.com is refused (550 no such mailbox) and was not told; correct recipients",)
    receiver.unknown = set(TO)
    refusal = fate(sink)
    assert refusal is not None
    assert refusal.startswith("kim@example.com: 550 no such mailbox")
    receiver.unknown, receiver.refuses = set(), "452 mailbox is full"
    assert fate(sink) == "452 mailbox is full"
    assert (sink.refused, sink.connected, len(receiver.mails)) == (2, True, 1)


def test_over_tls_and_with_a_password(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("mail"))
    receiver = start(password="opensesame", tls=context)
    (tmp_path / "good").write_text("opensesame\n")
    (tmp_path / "bad").write_text("sesame\n")
    keys = {"security": "starttls", "ca_file": str(authority.ca), "username": "box"}
    assert fate(opened(receiver.port, password_file=str(tmp_path / "good"), **keys)) is None
    assert len(receiver.mails) == 1
    with pytest.raises(TransportError, match=r"535 .*; check username and password_file"):
        opened(receiver.port, password_file=str(tmp_path / "bad"), **keys)
    with pytest.raises(ConfigError, match=r"password_file: .*gone"):
        opened(receiver.port, password_file=str(tmp_path / "gone"), **keys)
    with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
        opened(receiver.port, security="starttls")


def test_no_password_is_sent_where_the_server_offers_no_tls(start: Start, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x")
    receiver = start()
    with pytest.raises(TransportError, match="STARTTLS"):
        opened(receiver.port, security="starttls", username="box", password_file=str(tmp_path / "password"))


def test_nobody_there_or_somebody_else() -> None:
    with pytest.raises(TransportError, match="refused"):
        opened(free_port())
    for answer in (b"HTTP/1.1 400 Bad Request\r\n", b"421 too busy\r\n", b""):
        with saying(answer) as port, pytest.raises(TransportError, match=f"localhost:{port}: "):
            opened(port, timeout_s=0.2)


def test_a_server_that_goes_away_is_a_lost_connection(start: Start) -> None:
    receiver = start()
    sink = opened(receiver.port)
    receiver.close()
    assert not sink.publish(message())
    assert (sink.connected, isinstance(sink.lost, TransportError)) == (False, True)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"sender": "box"}, "sender: 'box' is no e-mail address"),
        ({"recipients": ("a@b.c", "x\r\nBcc: y@z.de")}, "recipients: .* is no e-mail address"),
        ({"username": "box"}, "username and password_file belong together"),
    ],
)
def test_what_cannot_work_is_refused(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sink_to(25, **keys)


def test_a_readable_password_is_remarked() -> None:
    keys = {"sender": "a@b.c", "recipients": TO, "username": "box", "password_file": "/x"}
    assert EmailConfig(host="mail.example.com", security="none", **keys).remarks  # type: ignore[arg-type]
    assert not EmailConfig(host="127.0.0.1", security="none", **keys).remarks  # type: ignore[arg-type]
    assert not EmailConfig(host="mail.example.com", **keys).remarks  # type: ignore[arg-type]
