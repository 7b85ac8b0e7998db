"""The workstation's commands that say who made a bundle: `key` makes a pair of keys, `sign` signs with one."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from agent.errors import ConfigError


def add_signing(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    key = commands.add_parser("key", help="a new pair of keys to sign bundles with")
    key.add_argument("file", type=Path, metavar="FILE", help="for the private key; the public one is FILE.pub")
    _add_passphrase(key)
    key.set_defaults(command=_key)

    sign = commands.add_parser("sign", help="sign a finished bundle, so that agents can tell who made it")
    sign.add_argument("bundle", type=Path, metavar="BUNDLE", help="bundle folder; the signature is written into it")
    sign.add_argument("--key", type=Path, required=True, metavar="FILE", help="private key (PEM, Ed25519)")
    _add_passphrase(sign)
    sign.set_defaults(command=_sign)


def _add_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="its first line guards the private key")


def _passphrase(arguments: argparse.Namespace) -> bytes | None:
    if arguments.passphrase_file is None:
        return None
    line: bytes = arguments.passphrase_file.read_bytes().partition(b"\n")[0].removesuffix(b"\r")
    if not line:
        raise ConfigError(f"{arguments.passphrase_file}: its first line is empty; write the passphrase there")
    return line


def _key(arguments: argparse.Namespace) -> int:
    from export.bundling.sign import make_key

    public, name = make_key(arguments.file, passphrase=_passphrase(arguments))
    print(f"{arguments.file}: the private key; keep it where bundles are packed, and nowhere else")
    print(f"{public}: the public key {name}; put it into the agents' folder bundle.trusted_keys")
    return os.EX_OK


def _sign(arguments: argparse.Namespace) -> int:
    from export.bundling.sign import read_key, sign_bundle

    name = sign_bundle(arguments.bundle, read_key(arguments.key, passphrase=_passphrase(arguments)))
    print(f"{arguments.bundle}: signed with the key {name}")
    return os.EX_OK
