"""Whether the page can be served as configured, and to whom: beyond this computer not without a password."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.config.watching_keys import WebConfig
from agent.errors import ConfigError
from agent.transport.secrets import MAX_PASSWORD_BYTES, path_of
from firmware_bridge.installing import pip_line

PACKAGES = ("starlette", "uvicorn")
LEAST_PASSWORD = 8
"""Letters of a password: what is shorter is guessed."""


class Listening(NamedTuple):
    """Where a page listens."""

    address: str
    port: int

    @property
    def host(self) -> str:
        """The address as it stands in an URL."""
        return f"[{self.address}]" if ":" in self.address else self.address

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback


def listening(text: str) -> Listening:
    """`127.0.0.1:8640` or `[::1]:8640`, apart; ValueError where it is neither."""
    address, colon, port = text.rpartition(":")
    try:
        ip = ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
        number = int(port) if port.isascii() and port.isdigit() else -1
    except ValueError:
        number = -1
    if not colon or not 0 <= number <= 65535 or (":" in address) != address.startswith("["):
        raise ValueError(f"{text!r} is no ADDRESS:PORT of this computer, like 127.0.0.1:8640 or [::1]:8640")
    return Listening(str(ip), number)


def problems_of(web: WebConfig | None) -> Iterator[str]:
    """What keeps the page from being served, or must not be."""
    if web is None:
        return
    yield from problems_of_packages()
    try:
        where = listening(web.listen)
    except ValueError as error:
        yield f"web.listen: {error}"
        return
    if web.password_file is None:
        if not where.is_loopback:
            yield f"web.listen: {web.listen} is open to all who reach this computer; give password_file, or 127.0.0.1"
        if web.setup_file is not None:
            yield "web.setup_file: who may add sensors is asked for a password; give password_file, too"
        if web.hosts:
            yield "web.hosts: a page that is reached under other names is reached by others; give password_file, too"
    else:
        try:
            read_password(web.password_file)
        except ConfigError as error:
            yield f"web.{error}"
    if web.setup_file is not None and not path_of(web.setup_file).is_file():
        yield f"web.setup_file: there is no file {web.setup_file}; name this config itself"
    if web.cert_file is not None and web.key_file is not None:
        try:
            certificates(web.cert_file, web.key_file)
        except ConfigError as error:
            yield f"web.{error}"


def problems_of_packages() -> Iterator[str]:
    """What must be installed before any page is served."""
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        yield f"web: needs {' and '.join(missing)}; install the extra: {pip_line('web')}"


def remarks_on(web: WebConfig | None) -> Iterator[str]:
    """Who can read along."""
    try:
        is_open = web is not None and web.cert_file is None and not listening(web.listen).is_loopback
    except ValueError:
        return
    if is_open and web is not None:
        yield f"web.listen: {web.listen} is not encrypted, and the password can be read on its way; give cert_file"


def read_password(name: str) -> str:
    """The page's password from its file (less one trailing newline); ConfigError where it is missing or too short."""
    try:
        with path_of(name).open("rb") as file:
            text = file.read(MAX_PASSWORD_BYTES).decode()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"password_file: {name}: cannot be read ({why}); name a file with the password") from error
    password = text.removesuffix("\n").removesuffix("\r")
    if len(password) < LEAST_PASSWORD:
        raise ConfigError(f"password_file: {name}: holds less than {LEAST_PASSWORD} letters; choose a longer password")
    return password


def certificates(cert_file: str, key_file: str) -> tuple[Path, Path]:
    """The files of a certificate and its key; ConfigError where they cannot be used."""
    try:
        cert, key = path_of(cert_file), path_of(key_file)
        if not os.access(key, os.R_OK):
            raise OSError(0, "the key cannot be read")
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=_no_passphrase)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cert_file: {cert_file}, {key_file}: cannot be used ({error}); check both files") from error
    return cert, key


def _no_passphrase() -> str:
    """Instead of asking for one at the terminal, which a service has not."""
    raise ValueError("the key is encrypted; give one without a passphrase, readable by the agent alone")
