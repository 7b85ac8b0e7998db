"""`explain TOPIC|PORT|FILE`: what arrives or stands there, what it would be taken for, and a config to paste."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import ConfigError, TextVibError, WordError
from agent.messages.words import LANGUAGES, Language

if TYPE_CHECKING:
    from agent.explain.finding import Finding
    from agent.transport.mqtt import Broker

SECONDS = 5.0


class NothingHeardError(TextVibError):
    """Nothing came, so there is nothing to explain."""

    exit_code = os.EX_TEMPFAIL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target", metavar="TOPIC|PORT|FILE", help="an MQTT topic (+ and # allowed), a serial port, or a recording"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, metavar="S", help="how long to listen (%(default)g)")
    parser.add_argument(
        "--broker", metavar="ADDRESS", help="host, host:port, mqtt://, mqtts://, ws:// or wss:// (default: localhost)"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="take the broker, its user and TLS from this config"
    )
    parser.add_argument("--baud", type=int, metavar="N", help="of a port; without it the usual ones are tried")
    parser.add_argument("--json", action="store_true", help="one JSON document per topic, port or file")
    parser.add_argument(
        "--language", choices=LANGUAGES, help="of the answer (default: that of --config, or else English)"
    )


def main(args: argparse.Namespace) -> int:
    from agent.explain.finding import document, lines_of

    if not 0 < args.seconds <= 3600:
        raise WordError(f"--seconds: {args.seconds:g} is not between 0 and 3600")
    language = _language(args)
    for finding in _findings(args):
        shown = (
            json.dumps(document(finding), ensure_ascii=False) if args.json else "\n".join(lines_of(finding, language))
        )
        print(shown)
    return os.EX_OK


def _language(args: argparse.Namespace) -> Language:
    """That asked for, of this answer and of what is refused."""
    if args.language is None and args.config is not None:
        from agent.config.load import check_config

        config, _ = check_config(args.config)
        args.language = None if config is None else config.agent.language
    language: Language = args.language or "en"
    return language


def _findings(args: argparse.Namespace) -> list[Finding]:
    from agent.recordings import FORMATS

    path = Path(args.target)
    if path.is_file():
        from agent.explain.files import explain_file

        return [explain_file(path)]
    if path.is_char_device() or args.target.startswith("/dev/"):
        return [_port(args)]
    if path.exists():
        raise WordError(f"{args.target}: is neither a file nor a serial port; name one, or a topic")
    if path.suffix.lower() in FORMATS or (path.is_absolute() or args.target.startswith(("./", "../", "~"))):
        raise WordError(f"{args.target}: there is no such file; name one, a port or a topic")
    return _topics(args)


def _port(args: argparse.Namespace) -> Finding:
    from agent.explain.listening import hear_port

    return hear_port(args.target, seconds=args.seconds, baud=args.baud)


def _topics(args: argparse.Namespace) -> list[Finding]:
    from agent.explain.listening import hear_topics

    broker = _broker(args)
    found = hear_topics(broker, args.target, seconds=args.seconds)
    if not found:
        hint = "is the topic right (try #), and does the sensor send now?"
        raise NothingHeardError(f"{args.target}: nothing came in {args.seconds:g} s from {broker.address}; {hint}")
    return found


def _broker(args: argparse.Namespace) -> Broker:
    """The broker of the arguments: an address, a config's (that of its first source that has one), or localhost."""
    import msgspec

    from agent.transport.broker import Broker, problems_of
    from agent.transport.secrets import problems_of_secrets

    broker = Broker()
    if args.config is not None:
        from agent.config.load import check_config

        config, problems = check_config(args.config)
        if config is None:
            raise ConfigError(*(f"{args.config}: {problem}" for problem in problems))
        own = (getattr(source.settings, "broker", None) for source in config.sources)
        broker = next((one for one in own if one is not None), config.broker)
    if args.broker is not None:
        broker = msgspec.structs.replace(broker, host=args.broker, port=0)
    broker = msgspec.structs.replace(broker, client_id=f"textvib-explain-{os.getpid()}")
    if problems := [*problems_of(broker, "--broker"), *problems_of_secrets(broker, "--broker")]:
        raise (ConfigError if args.broker is None else WordError)(*problems)
    return broker
