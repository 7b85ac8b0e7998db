"""Reading the config again while the agent runs: all of it is checked beside what runs, then taken over, or nothing.

It has a thread of its own, since trying a bundle takes seconds and nothing else may wait for it. What it starts and
stops is what changed; the worker does its part between two items.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent.bundle.load import load_bundle
from agent.config.load import check_config
from agent.config.resolve import trust_of
from agent.errors import BundleError, ConfigError, TextVibError
from agent.service.assembly import Elsewhere, Parts, assemble
from agent.service.beats import Beat
from agent.service.control import Answer
from agent.service.process import tell_systemd
from agent.service.reloading.changes import Changes, changes_between, needs_restart
from agent.service.reloading.kept_bundles import KeptBundles

WAIT_S = 0.5
LONGEST_S = 600.0
"""For one reload: the trial of a runtime, and a source that does not let go."""

Reassemble = Callable[[Parts], Parts]
"""What the config says now, built beside what runs; TextVibError where it is no good."""

log = logging.getLogger(__name__)


class Applied(NamedTuple):
    """What runs now; what was done beyond what the changes say, and what was lost with it, for who asked."""

    parts: Parts
    done: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


Apply = Callable[[Parts, Parts, Changes], Applied]
"""From the running parts to others; TextVibError where nothing was changed."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """How a reload ended; `code` is the exit code of the command that asked for it."""

    code: int = os.EX_OK
    done: tuple[str, ...] = ()
    told: tuple[str, ...] = ()  # what is lost by it
    problems: tuple[str, ...] = ()


class Reloader:
    """`run` is its thread's body; `ask` and `answer` may be called from any thread."""

    def __init__(
        self,
        parts: Parts,
        *,
        reassemble: Reassemble,
        apply: Apply,
        stop: threading.Event,
        beat: Beat | None = None,
    ) -> None:
        self._parts = parts  # as the config says, whichever bundle runs
        self._reassemble = reassemble
        self._apply = apply
        self._stop, self._beat = stop, beat or Beat("reload")
        self._asked: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._count = 0
        self._lock = threading.Lock()
        self._ended: dict[int, Reloaded] = {}

    def ask(self) -> int:
        """Have the config read again, after what was asked for before; the number of this reload."""
        with self._lock:
            self._count += 1
            self._asked.put(self._count)
            return self._count

    def answer(self, number: int) -> Answer:
        """How a reload ended, in the words of the code, or that it has not yet; ConfigError where there was none."""
        with self._lock:
            ended, was_asked = self._ended.get(number), 0 < number <= self._count
        if ended is None and not was_asked:
            raise ConfigError(f"reload: there was none of number {number}; the agent was started anew meanwhile")
        told = None if ended is None else msgspec.to_builtins(ended)
        return {"ended": told, "language": self._parts.config.agent.language}

    def run(self) -> None:
        while not self._stop.is_set():
            self._beat.bump()
            try:
                number = self._asked.get(timeout=WAIT_S)
            except queue.Empty:
                continue
            self._beat.bump(within_s=LONGEST_S)
            tell_systemd(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            ended = self._reload()
            tell_systemd("READY=1")
            with self._lock:
                self._ended = {number: ended, **{n: one for n, one in self._ended.items() if n > number - 10}}
        self._beat.end()

    def _reload(self) -> Reloaded:
        try:
            after = self._reassemble(self._parts)
        except TextVibError as error:
            return _refused(error)
        changes = changes_between(self._parts, after)
        lines = tuple(changes.lines(self._parts, after))
        try:
            applied = self._apply(self._parts, after, changes)
        except TextVibError as error:
            return _refused(error)
        self._parts, done, told = applied.parts, applied.done, applied.told
        done = (*lines, *done) or ("nothing has changed",)
        for line in done:
            log.info("reload: %s", line)
        for line in told:
            log.warning("reload: %s", line)
        return Reloaded(done=done, told=told)


def _refused(error: TextVibError) -> Reloaded:
    problems = tuple(str(error).splitlines())
    for problem in problems:
        log.error("reload: refused, nothing is changed: %s", problem)
    return Reloaded(error.exit_code, problems=problems)


def reassembly_of(path: Path, kept: KeptBundles) -> Reassemble:
    """Reading the config file at `path` again; every problem in it, and in the bundle, is told at once.

    A bundle that was taken back is not tried again, and one that is new is kept beside the one that runs.
    """

    def reassemble(running: Parts) -> Parts:
        config, found = check_config(path)
        problems = [f"{path}: {problem}" for problem in found]
        if config is not None:
            problems += needs_restart(running.config, config)
        if not problems and config is not None:
            judges = not isinstance(running.encoder, Elsewhere)
            judges = not isinstance(running.encoder, Elsewhere)
            parts = assemble(kept.standing_in(config), running=running, judges=judges)
            kept.keep(parts.bundle, parts.config)
            return parts
        if config is not None:
            try:
                load_bundle(config.agent.bundle, trust=trust_of(config))
            except (BundleError, ConfigError) as error:
                problems.append(str(error))
        raise ConfigError(*problems)

    return reassemble


def unchangeable(_running: Parts) -> Parts:
    """For an agent that was started without a file."""
    raise ConfigError("this agent was started without a config file; there is nothing to read again")
