"""`page`: the page for a browser, a process of its own; `run` starts it where the config has [web]."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from agent.commands import running
from agent.errors import ConfigError

PLACES = ("listen", "password_file", "cert_file", "key_file", "setup_file")
"""Keys of [web] that have an option of their own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_arguments(parser)
    parser.add_argument("--listen", metavar="ADDRESS:PORT", help="default: what [web] says, else 127.0.0.1:8640")
    parser.add_argument("--password-file", metavar="FILE", help="with the password; needed beyond this computer")
    parser.add_argument("--host", action="append", default=[], metavar="NAME", help="under which browsers reach it")
    parser.add_argument("--cert-file", metavar="FILE", help="with --key-file: serve https")
    parser.add_argument("--key-file", metavar="FILE")
    parser.add_argument("--setup-file", metavar="FILE", help="the agent's config, to which the page may add sensors")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")


def main(args: argparse.Namespace) -> int:
    # Before numpy is loaded: its linear algebra would start a thread per core and never have use for one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from agent.config.watching_keys import WebConfig
    from agent.config.web import listening, problems_of

    agent, web = running.agent_of(args), WebConfig()
    if (config := agent.whole_config) is not None:
        web = config.web or web
    told = {key: value for key in PLACES if (value := getattr(args, key))}
    if args.host:
        told["hosts"] = tuple(args.host)
    import msgspec

    web = msgspec.structs.replace(web, **told)
    problems = list(problems_of(web))
    if problems:
        raise ConfigError(*problems)
    from agent.web.server import serve
    from agent.web.settings import Settings

    settings = Settings(
        state_dir=agent.state_dir,
        listening=listening(web.listen),
        password_file=web.password_file,
        hosts=web.hosts,
        cert_file=web.cert_file,
        key_file=web.key_file,
        language=agent.language(),
        setup_file=None if web.setup_file is None else Path(web.setup_file).resolve(),
    )
    return serve(settings, until_eof=args.until_eof)
