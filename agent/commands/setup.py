"""`setup`: a first configuration by asking; finds what sends, says what it is, writes a config that passes `check`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from agent.errors import ConfigError, WordError
from agent.messages.words import LANGUAGES, Language, as_language, say

if TYPE_CHECKING:
    from agent.commands.setup_terminal import Terminal
    from agent.setup.given import Given
    from agent.setup.interview import Interview
    from agent.setup.writing import Draft

CONFIG = Path("/etc/textvib/agent.toml")
SECONDS = 4.0
LEFT = 130
"""Exit code of who leaves in the middle, as a shell has it for Ctrl-C."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"the config to write or to add to (default: {CONFIG}, or ./agent.toml)",
    )
    parser.add_argument("--language", choices=LANGUAGES, help="of the questions (default: as the terminal's)")
    parser.add_argument(
        "--broker",
        metavar="ADDRESS",
        help="host, host:port, mqtt://, mqtts://, ws://, wss://, or none (default: localhost)",
    )
    parser.add_argument("--topic", default="#", metavar="TOPIC", help="of the broker, to listen to (default: all, #)")
    parser.add_argument(
        "--port", action="append", metavar="DEV", help="serial port to listen to; several are allowed (default: all)"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help="how long to listen to each (%(default)g)"
    )
    parser.add_argument(
        "--answers",
        type=Path,
        action="append",
        default=[],
        metavar="FILE.toml",
        help="answers to the questions; of several files later ones count; without a terminal the rest are defaults",
    )
    parser.add_argument("--page", action="store_true", help="ask in a browser instead, at an address with a password")
    parser.add_argument(
        "--listen",
        metavar="ADDRESS:PORT",
        default="127.0.0.1:8640",
        help="of --page (%(default)s; 0.0.0.0:8640: network)",
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document of what was found and written; asks nothing"
    )


def main(args: argparse.Namespace) -> int:
    from agent.setup.given import read_answers

    if not 0 < args.seconds <= 3600:
        raise WordError(f"--seconds: {args.seconds:g} is not between 0 and 3600")
    given = read_answers(args.answers)
    args.language = args.language or given.answers.get("language") or _of_the_terminal()
    path = args.out or (CONFIG if os.access(CONFIG.parent, os.W_OK) or os.geteuid() == 0 else Path("agent.toml"))
    # A connection that breaks leaves no more behind than Ctrl-C does.
    before = {number: signal.signal(number, _leave) for number in (signal.SIGHUP, signal.SIGTERM)}
    try:
        with tempfile.TemporaryDirectory(prefix="textvib-setup-") as secrets:
            if args.page:
                from agent.commands.setup_page import serve_setup

                return serve_setup(args, path, Path(secrets))
            return _run(args, path, given, Path(secrets))
    except (EOFError, KeyboardInterrupt):
        print(f"\n{say('setup.not_written', args.language)}", file=sys.stderr)
        return LEFT
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _of_the_terminal() -> Language:
    told = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return as_language(told[:2])


def _run(args: argparse.Namespace, path: Path, given: Given, secrets: Path) -> int:
    from agent.commands.setup_search import searched
    from agent.commands.setup_terminal import BackError, Terminal, converse
    from agent.setup.beginning import begun
    from agent.setup.filling import filled

    is_asked = sys.stdin.isatty() and sys.stdout.isatty() and not args.json
    terminal = Terminal(args.language) if is_asked else None
    if terminal is not None:
        terminal.tell(say("setup.begin", args.language))
    before, existing = _before(path, given, terminal, args.language)
    interview = begun(path, existing, language=args.language, secrets=secrets)
    new = given.without(_there_already(given, existing))
    if given.sensors and not new.sensors:
        return _told(args, say("setup.already", args.language, path=path), {"written": None, "already": True})
    interview = searched(interview, args, new, terminal)
    while terminal is not None:
        try:
            interview = converse(terminal, interview, new)
            break
        except BackError:  # before the first question is what was heard
            interview = searched(replace(interview, answers={}), args, new, terminal)
    else:
        interview = filled(interview, new)
    return _written(args, path, interview, before, terminal)


def _before(
    path: Path, given: Given, terminal: Terminal | None, language: Language
) -> tuple[str | None, dict[str, object]]:
    """What stands at `path`, and of it what is added to. ConfigError where that has problems of its own."""
    from agent.commands.setup_terminal import BackError
    from agent.setup.beginning import added_to
    from agent.setup.writing import text_of

    before = text_of(path)
    if before is None:
        return None, {}
    chosen = given.answers.get("existing", "")
    choices = [(one, say(f"setup.existing_{one}", language)) for one in ("add", "replace")]
    while terminal is not None and chosen not in ("add", "replace"):
        try:
            chosen = terminal.answer("existing", choices=choices, default="add", path=path) or "add"
        except BackError:
            terminal.tell(say("setup.begin_again", language))
    if chosen not in ("", "add", "replace"):
        raise ConfigError(f"existing: {say('setup.not_a_choice', language, choices='add, replace')}")
    if chosen == "replace":
        return before, {}
    return before, added_to(before, path, language)


def _there_already(given: Given, existing: dict[str, object]) -> list[int]:
    """Sensors of the answers that the config has: its topic or its port is named there."""
    from agent.setup.tables import places_in

    there = places_in(existing)
    return [n for n in range(given.sensors) if os.path.realpath(given.watched(n)) in there or given.watched(n) in there]


def _written(
    args: argparse.Namespace, path: Path, interview: Interview, before: str | None, terminal: Terminal | None
) -> int:
    """Shown, checked, asked about, and put in its place."""
    from agent.setup.joining import UnjoinableError
    from agent.setup.wording import next_steps
    from agent.setup.writing import draft_of, verdict_of, write

    language: Language = args.language
    try:
        draft = draft_of(interview, path, before)
    except UnjoinableError as error:
        words = say("setup.by_hand", language, path=path, command=f"textvib-agent check {path}")
        raise ConfigError(words, *error.text.splitlines()) from error
    if terminal is not None:
        terminal.tell(say("setup.shown" if interview.is_new else "setup.added", language, path=path))
        terminal.write("\n" + "\n".join(f"    {line}" for line in draft.added.splitlines()) + "\n")
    verdict = verdict_of(draft, interview.folder, language)
    if verdict.parts is None:
        raise ConfigError(*(f"{path}: {line}" for line in verdict.lines))
    for line in () if args.json else verdict.lines:
        if terminal is None:
            print(line)
        else:
            terminal.tell(line)
    if terminal is not None and not _agreed(terminal):
        return _told(args, say("setup.not_written", language), {})
    try:
        write(draft, path)
    except OSError as error:
        raise ConfigError(say("setup.cannot_write", language, path=path, why=error.strerror or error)) from error
    steps = next_steps(path, draft.sensors, is_new=draft.before is None, language=language)
    if draft.before is not None:
        steps.insert(1, say("setup.kept_before", language, path=f"{path}.before"))
    return _told(args, "\n".join(steps), _document(path, interview, draft, verdict.lines))


def _agreed(terminal: Terminal) -> bool:
    from agent.commands.setup_terminal import BackError

    choices = [(one, say(f"setup.more_{one}", terminal.language)) for one in ("yes", "no")]
    try:
        return terminal.answer("write", choices=choices, default="yes") in ("", "yes")
    except BackError:
        return False


def _document(path: Path, interview: Interview, draft: Draft, lines: tuple[str, ...]) -> dict[str, object]:
    from agent.explain.finding import document

    found = [document(one.finding) for one in interview.found]
    written = {"path": str(path), "added": draft.added, "sensors": list(draft.sensors)}
    return {"found": found, "written": written, "verdict": list(lines), "already": False}


def _told(args: argparse.Namespace, text: str, told: dict[str, object]) -> int:
    print(json.dumps(told, ensure_ascii=False) if args.json else text)
    return os.EX_OK
