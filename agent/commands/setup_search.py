"""Listens to ports and to a broker for `setup`, says what it does meanwhile, and asks for what the broker wants."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from agent.commands.setup_terminal import BackError, Terminal
from agent.errors import ConfigError, CredentialsError, TextVibError
from agent.messages.notices import in_language
from agent.messages.words import Language, say
from agent.setup.found import Found, in_words
from agent.setup.searching import (
    NONE,
    as_user,
    broker_of,
    heard_on_broker,
    heard_on_port,
    most_useful_first,
    ports_here,
    unused,
)
from agent.transport.broker import Broker, problems_of

if TYPE_CHECKING:
    from agent.setup.given import Given
    from agent.setup.interview import Interview


MOST_SHOWN = 8
"""Of what cannot be used, each on a line."""


class NothingFoundError(TextVibError):
    """Nothing sends, so there is nothing to configure."""

    exit_code = os.EX_TEMPFAIL


def searched(interview: Interview, args: argparse.Namespace, given: Given, terminal: Terminal | None) -> Interview:
    """With what sends. NothingFoundError where nothing does and nobody is there to listen again."""
    while True:
        ports = _ports(interview, args)
        broker, topics = _topics(interview, args, given, terminal)
        interview = replace(interview, broker=broker)  # with what was typed for it: it is not asked for again
        found = most_useful_first([*ports, *topics])
        _tell_left_out([one for one in found if one.carries == "nothing"], args.language)
        if any(one.carries in ("samples", "figures") for one in found):
            return replace(interview, found=found)
        nothing = say("setup.found_nothing" if broker is not None else "setup.found_nothing_on_ports", args.language)
        if terminal is None:
            raise NothingFoundError(nothing)
        terminal.tell(nothing)
        if not _again(terminal):
            raise NothingFoundError(say("setup.not_written", args.language))


def _tell_left_out(left: Sequence[Found], language: Language) -> None:
    for one in left[:MOST_SHOWN]:
        _say(f"{say('setup.left_out', language)} {one.what}: {in_words(one, language)}")
    if len(left) > MOST_SHOWN:
        _say(f"{say('setup.left_out', language)} {say('explain.more', language, count=len(left) - MOST_SHOWN)}")


def _again(terminal: Terminal) -> bool:
    choices = [(one, say(f"setup.more_{one}", terminal.language)) for one in ("yes", "no")]
    try:
        return terminal.answer("again", choices=choices, default="yes") in ("", "yes")
    except BackError:
        return True


def _say(text: str) -> None:
    """How far it is: beside the answer, which may be read by a program."""
    print(text, file=sys.stderr, flush=True)


def _ports(interview: Interview, args: argparse.Namespace) -> list[Found]:
    wanted = unused(args.port or ports_here(), interview.existing)
    if not wanted:
        _say(say("setup.no_ports", args.language))
    found = []
    for port in wanted:
        _say(say("setup.hear_port", args.language, place=port))
        found.append(heard_on_port(port, seconds=args.seconds))
    return found


def _topics(
    interview: Interview, args: argparse.Namespace, given: Given, terminal: Terminal | None
) -> tuple[Broker | None, tuple[Found, ...]]:
    """The broker that was heard, and what is said there; (None, ()) where none is to be.

    Where it cannot be reached its address is asked for again; a user, only where it lets nobody in without one.
    """
    told = args.broker or given.answers.get("broker", "")
    user = given.answers.get("username", ""), given.answers.get("password", "")
    broker = interview.broker or broker_of(told, interview, user=user)
    if terminal is not None and not told:
        broker = _asked_broker(terminal, broker)
    while True:
        if broker is None:
            return None, ()
        try:
            return broker, _heard(broker, interview, args)
        except ConfigError:
            raise  # of the topic or of a file: no other broker mends it
        except TextVibError as error:
            reason = in_language(str(error), args.language)
            if terminal is None:
                if not told and not given.answers.get("username"):
                    _say(reason)  # nobody asked for this one
                    return None, ()
                raise
            terminal.tell(f"! {reason}", indent=2)
            broker = _another(terminal, broker, error, interview)


def _another(terminal: Terminal, broker: Broker, error: TextVibError, interview: Interview) -> Broker | None:
    """The broker to try after one that failed: with a user, where that is what it wants, else at another address."""
    if isinstance(error, CredentialsError):
        reason = in_language(str(error), terminal.language)
        with_user = _with_user(terminal, broker, reason, interview)
        if with_user.username is not None:
            return with_user
    return _asked_broker(terminal, None, known=broker)


def _heard(broker: Broker, interview: Interview, args: argparse.Namespace) -> tuple[Found, ...]:
    told = {"place": broker.address, "seconds": f"{args.seconds:g}"}
    if args.topic == "#":
        _say(say("setup.hear_broker", args.language, **told))
    else:
        _say(say("setup.hear_topic", args.language, topic=args.topic, **told))
    return heard_on_broker(broker, interview.existing, topic=args.topic, seconds=args.seconds)


def _asked_broker(terminal: Terminal, default: Broker | None, *, known: Broker | None = None) -> Broker | None:
    """At the address that is given; `known`: what is known of a broker, should it be named again."""
    known = known or default
    while True:
        try:
            address = terminal.answer("broker", default=NONE if default is None else default.host, none=NONE)
        except BackError:
            terminal.tell(say("setup.begin_again", terminal.language))
            continue
        if address == NONE or (not address and default is None):
            return None
        if not address or (known is not None and address == known.host):
            return known
        broker = Broker(host=address)
        if not (problems := problems_of(broker, "broker")):
            return broker
        terminal.tell(f"! {in_language(problems[0], terminal.language)}", indent=2)


def _with_user(terminal: Terminal, broker: Broker, reason: str, interview: Interview) -> Broker:
    """With a name and a password, where they are given."""
    try:
        username = terminal.answer("username", place=broker.address, why=reason)
        password = terminal.answer("password", is_secret=True) if username else ""
    except BackError:
        return msgspec.structs.replace(broker, username=None, password_file=None)
    return as_user(msgspec.structs.replace(broker, username=None, password_file=None), username, password, interview)
