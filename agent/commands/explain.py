"""`explain TOPIC|PORT|FILE`: what arrives or stands there, what it would be taken for, and a config to paste."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import ConfigError, TextVibError
from agent.messages.words import LANGUAGES, Language

if TYPE_CHECKING:
    from agent.explain.finding import Finding
    from agent.explain.reading import Arrived
    from agent.sources.port import Port
    from agent.transport.mqtt import Broker

SECONDS = 5.0
TRY_S = 1.0  # at a baud that may be wrong
MOST_TOPICS = 64
MOST_BYTES = 4 << 20


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
        raise ConfigError(f"--seconds: {args.seconds:g} is not between 0 and 3600")
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
        raise ConfigError(f"{args.target}: is neither a file nor a serial port; name one, or a topic")
    if path.suffix.lower() in FORMATS or (path.is_absolute() or args.target.startswith(("./", "../", "~"))):
        raise ConfigError(f"{args.target}: there is no such file; name one, a port or a topic")
    return _topics(args)


# --------------------------------------------------------------------------------------------------------------- ports


def _port(args: argparse.Namespace) -> Finding:
    from agent.explain.ports import BAUDS, explain_port, is_understood
    from agent.sources.port import Port, PortConfig

    bauds = (args.baud,) if args.baud else BAUDS
    heard: dict[int, bytes] = {}
    for baud in bauds:
        port = Port(PortConfig(port=args.target, baud=baud))
        port.open()
        try:
            first = _hear(port, min(TRY_S, args.seconds))
            heard[baud] = first
            if len(bauds) == 1 or is_understood(first) or not first:
                more_s = max(0.0, args.seconds - TRY_S)
                return explain_port(args.target, first + _hear(port, more_s), seconds=args.seconds, baud=baud)
        finally:
            port.close()
    baud = max(heard, key=lambda b: len(heard[b]))
    return explain_port(args.target, heard[baud], seconds=TRY_S, baud=baud)


def _hear(port: Port, seconds: float) -> bytes:
    data, until_s = bytearray(), time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0 and len(data) < MOST_BYTES:
        data += port.read(min(left_s, 0.2))
    return bytes(data)


# -------------------------------------------------------------------------------------------------------------- topics


def _topics(args: argparse.Namespace) -> list[Finding]:
    from agent.explain.reading import Arrived
    from agent.explain.topics import explain_topic

    broker = _broker(args)
    found: dict[str, list[Arrived]] = {}

    def keep(topic: str, payload: bytes, retained: bool) -> None:
        if topic in found or len(found) < MOST_TOPICS:
            found.setdefault(topic, []).append(Arrived(payload, time.monotonic(), retained))

    _listen(broker, args.target, args.seconds, keep)
    if not found:
        hint = "is the topic right (try #), and does the sensor send now?"
        raise NothingHeardError(f"{args.target}: nothing came in {args.seconds:g} s from {broker.address}; {hint}")
    return [explain_topic(topic, messages) for topic, messages in sorted(found.items())]


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
        raise ConfigError(*problems)
    return broker


def _listen(broker: Broker, topic: str, seconds: float, keep: Callable[[str, bytes, bool], None]) -> None:
    """Hand every message on `topic` to `keep` for so long; TransportError where the broker is away or refuses."""
    from agent.errors import TransportError
    from agent.transport.mqtt import connect, disconnect, explain, make_client

    client = make_client(broker, role="listener")
    refused: list[str] = []
    client.on_message = lambda _client, _data, m: keep(m.topic, bytes(m.payload), m.retain)
    client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: refused.extend(
        explain(reason) for reason in reasons if reason.is_failure
    )
    try:
        connect(client, broker)
        client.subscribe(topic)
        time.sleep(seconds)
    except ValueError as error:
        raise ConfigError(f"{topic!r} is no topic: {error}") from error
    finally:
        disconnect(client)
    if refused:
        raise TransportError(f"mqtt {broker.address}: refused the subscription to {topic!r}: {refused[0]}")
