"""`setup --page`: the setup in a browser before there is an agent, or beside one; its password is made for this time.

It writes with the rights of who started it, so it asks even users of this computer for the password.
"""

from __future__ import annotations

import argparse
import secrets
import socket
import tomllib
from pathlib import Path

from agent.config.state_folder import state_folder
from agent.config.web import Listening, listening, problems_of_packages
from agent.errors import ConfigError, WordError
from agent.messages.words import say

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, OF_A_GROUP = 3, 4


def serve_setup(args: argparse.Namespace, path: Path, folder: Path) -> int:
    """Serve it until somebody ends it; `folder` is nobody else's and goes with this process."""
    from agent.setup.told_secrets import write_secret

    if problems := [*problems_of_packages()]:
        raise ConfigError(*problems)
    try:
        where = listening(args.listen)
    except ValueError as error:
        raise WordError(f"--listen: {error}") from error
    password = new_password()
    write_secret(folder / "page.password", password)
    from agent.web.server import serve
    from agent.web.settings import Settings

    print(say("setup.page_open", args.language, url=f"http://{_reached_at(where)}:{where.port}/"))
    print(say("setup.page_code", args.language, password=password))
    if not where.is_loopback:
        print(say("setup.page_plain", args.language), flush=True)
    settings = Settings(
        state_dir=_state_dir(path),
        listening=where,
        password_file=str(folder / "page.password"),
        language=args.language,
        setup_file=path.resolve(),
        listen_s=args.seconds,
        is_setup_alone=True,
    )
    return serve(settings, until_eof=False)


def new_password() -> str:
    """Easy to read off a screen and to type on a phone: 59 bits."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(OF_A_GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def _reached_at(where: Listening) -> str:
    """The address in the plant's network, where it listens on all."""
    if where.address not in ("0.0.0.0", "::"):
        return where.host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # sends nothing; asks which way packets would go
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()


def _state_dir(path: Path) -> Path:
    """Where the agent of this config answers, if one runs."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")).get("agent", {})
        return path.resolve().parent / str(told["state_dir"])
    except (OSError, ValueError, KeyError, AttributeError):
        return Path(state_folder())
