"""Passwords and certificates of a broker: where they lie, read anew at every connection, and whether they have changed.

A file's name may begin with a variable of the environment, as `$CREDENTIALS_DIRECTORY/broker.password` does, which
systemd sets for a service with LoadCredential=. What lies there may be missing for a moment while somebody renews it.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Mapping
from pathlib import Path

from agent.errors import ConfigError
from agent.transport.broker import FILE_KEYS, Broker

MAX_PASSWORD_BYTES = 4096
MAX_FILE_BYTES = 1 << 20

_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


def path_of(name: str) -> Path:
    """A file as the config names it, its variables filled in; ValueError where the environment lacks one."""
    for found in _VARIABLE.finditer(name):
        variable = found[1].strip("{}")
        if variable not in os.environ:
            unit = ", which systemd sets for LoadCredential=" if variable == "CREDENTIALS_DIRECTORY" else ""
            raise ValueError(f"the environment has no {variable}{unit}")
    return Path(os.path.expandvars(name))


def problems_of_files(named: Mapping[str, str | None], where: str) -> list[str]:
    """Which files, by their keys, cannot be read now, one line each, keys dotted under `where`."""
    problems = []
    for key, name in named.items():
        if name is None:
            continue
        try:
            path = path_of(name)
        except ValueError as error:
            problems.append(f"{where}.{key}: {name}: {error}")
            continue
        if not (path.is_file() or path.is_char_device()) or not os.access(path, os.R_OK):
            problems.append(f"{where}.{key}: {path}: is not a readable file")
    return problems


def problems_of_secrets(broker: Broker, where: str) -> list[str]:
    """What of a broker's files and variables cannot be used now, one line each, keys dotted under `where`."""
    problems = problems_of_files({key: getattr(broker, key) for key in FILE_KEYS}, where)
    if broker.password_env and broker.password_env not in os.environ:
        problems.append(f"{where}.password_env: the environment has no {broker.password_env}")
    certificates = (f"{where}.{key}:" for key in FILE_KEYS if key != "password_file")
    if _has_tls(broker) and not any(problem.startswith(place) for place in certificates for problem in problems):
        try:
            tls_context(broker)
        except ConfigError as error:
            problems.append(f"{where}.{error}")
    return problems


def read_password(broker: Broker) -> str | None:
    """The password from its file (less one trailing newline) or the environment; ConfigError where it is missing."""
    if broker.password_env:
        try:
            return os.environ[broker.password_env]
        except KeyError:
            raise ConfigError(f"password_env: the environment has no {broker.password_env}") from None
    return None if broker.password_file is None else read_secret(broker.password_file, "password_file")


def read_secret(name: str, key: str) -> str:
    """What stands in the file that the config names under `key`, less one line end; ConfigError where it is missing."""
    try:
        with path_of(name).open("rb") as file:
            text = file.read(MAX_PASSWORD_BYTES).decode()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}: {name}: cannot be read ({error})") from error
    return text.removesuffix("\n").removesuffix("\r")


def tls_context(broker: Broker) -> ssl.SSLContext:
    """Of the broker's certificates; ConfigError where one is missing or is none."""
    try:
        ca_file, cert_file, key_file = (None if name is None else path_of(name) for name in _certificates(broker))
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file, password=_no_passphrase)
    except (OSError, ValueError) as error:
        files = ", ".join(name for name in _certificates(broker) if name)
        raise ConfigError(f"tls: {files}: cannot be used ({error}); check ca_file, cert_file and key_file") from error
    return context


def trusting(ca_file: str | None) -> ssl.SSLContext:
    """TLS of who shows no certificate itself; None: the system's authorities. ConfigError where the file is none."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else path_of(ca_file))
    except (OSError, ValueError) as error:
        raise ConfigError(f"ca_file: {ca_file}: cannot be used ({error})") from error


def fingerprint(broker: Broker) -> str:
    """Of all that is read at a connection: another one where a file or its content is another. Never raises."""
    digest = hashlib.sha256()
    for key in FILE_KEYS:
        name = getattr(broker, key)
        if name is None:
            continue
        try:
            with path_of(name).open("rb") as file:
                digest.update(hashlib.sha256(file.read(MAX_FILE_BYTES)).digest())
        except (OSError, ValueError):
            digest.update(b"missing")
    return digest.hexdigest()


def _certificates(broker: Broker) -> tuple[str | None, str | None, str | None]:
    return broker.ca_file, broker.cert_file, broker.key_file


def _has_tls(broker: Broker) -> bool:
    try:
        return any(place.endpoint.tls for place in broker.places)
    except ValueError:
        return False  # an address that is none, which is said elsewhere


def _no_passphrase() -> str:
    """Instead of asking for one at the terminal, which a service has not."""
    raise ValueError("the key is encrypted; give one without a passphrase, readable by the agent alone")
