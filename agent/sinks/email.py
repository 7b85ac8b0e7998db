"""Tells people of events by e-mail, over a mail server that takes it from us; a connection for each.

Of one alert all mails are one thread. A repeated delivery has the same Message-ID, so that mail programs show it once.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Annotated, Literal

import msgspec

from agent.errors import TransportError
from agent.ports import Message
from agent.sinks.notes import NoteSink
from agent.sinks.telling import Note, Telling
from agent.transport.broker import is_here
from agent.transport.secrets import read_secret, trusting

PORTS = {"starttls": 587, "tls": 465, "none": 25}
MAX_RECIPIENTS = 50

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class EmailConfig(Telling, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The mail server, who we are to it, and whom to tell."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0  # 0: 587, with security "tls" 465, with "none" 25
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None  # None: the system's certificate authorities
    sender: str
    recipients: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MAX_RECIPIENTS)]
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=10)] = 10.0  # of each step

    def __post_init__(self) -> None:
        for key, address in (("sender", self.sender), *(("recipients", one) for one in self.recipients)):
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"{key}: {address!r} is no e-mail address; write name@example.com")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together; give both, or neither")

    @property
    def files(self) -> dict[str, str | None]:
        return {"password_file": self.password_file, "ca_file": self.ca_file}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What works and should not stay so."""
        if self.security != "none" or self.username is None or is_here(self.host):
            return ()
        return ('the password travels readable; set security = "starttls" or "tls"',)


class EmailSink(NoteSink):
    """Events to people's mailboxes."""

    def __init__(self, config: EmailConfig, *, availability: str) -> None:
        super().__init__(config, MailServer(config))


class MailServer:
    """A mail server that lets us in."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config
        self._port = config.port or PORTS[config.security]
        self._unreached: dict[str, str] = {}  # recipients of the last mail that others got -> why

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(
            f"{who} is refused ({why}) and was not told; correct recipients" for who, why in self._unreached.items()
        )

    def visit(self) -> None:
        """Greet and log in."""
        with self._session():
            pass

    def deliver(self, note: Note, message: Message) -> str | None:
        """None also where some of the recipients are refused, which is a notice: the others were told."""
        with self._session() as session:
            try:
                refused = session.send_message(self._mail(note, message))
                self._unreached = {who: _words(*why) for who, why in refused.items()}
            except smtplib.SMTPRecipientsRefused as error:
                return "; ".join(f"{who}: {_words(*why)}" for who, why in error.recipients.items())
            except smtplib.SMTPResponseException as error:
                return _words(error.smtp_code, error.smtp_error)
            except OSError as error:  # smtplib's own among them
                raise self._lost(error) from error
        return None

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        try:
            session = self._connected()
        except OSError as error:
            raise self._lost(error) from error
        try:
            self._log_in(session)
            yield session
        finally:
            with contextlib.suppress(OSError):  # what was acknowledged is there, however we part
                session.quit()
            session.close()

    def _log_in(self, session: smtplib.SMTP) -> None:
        config = self._config
        try:
            if config.security == "starttls":
                session.starttls(context=trusting(config.ca_file))
            if config.username is not None and config.password_file is not None:
                session.login(config.username, read_secret(config.password_file, "password_file"))
        except smtplib.SMTPAuthenticationError as error:
            raise self._lost(
                f"{_words(error.smtp_code, error.smtp_error)}; check username and password_file"
            ) from error
        except (OSError, ValueError) as error:
            raise self._lost(error) from error

    def _connected(self) -> smtplib.SMTP:
        config, me = self._config, socket.gethostname()  # its full name would ask a name server
        if config.security == "tls":
            return smtplib.SMTP_SSL(
                config.host, self._port, me, timeout=config.timeout_s, context=trusting(config.ca_file)
            )
        return smtplib.SMTP(config.host, self._port, me, timeout=config.timeout_s)

    def _lost(self, why: Exception | str) -> TransportError:
        if isinstance(why, smtplib.SMTPResponseException):
            why = _words(why.smtp_code, why.smtp_error)
        return TransportError(f"{self._config.host}:{self._port}: {str(why) or type(why).__name__}")

    def _mail(self, note: Note, message: Message) -> EmailMessage:
        mail, domain = EmailMessage(), self._config.sender.rpartition("@")[2]
        agent, alert = _UNFIT.sub("-", note.event.agent), _UNFIT.sub("-", note.event.id or "maintenance")
        mail["Subject"] = note.headline
        mail["From"] = Address("TextVib", addr_spec=self._config.sender)
        mail["To"] = ", ".join(self._config.recipients)
        mail["Date"] = format_datetime(note.event.time or localtime())
        mail["Message-ID"] = f"<{agent}.{alert}.{message.seq}@{domain}>"
        mail["References"] = f"<{agent}.{alert}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(note.body)
        return mail


def _words(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())[:200]}"
