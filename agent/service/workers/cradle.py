"""Where the crew's workers come from: those that were forked at the start, and behind them the nursery.

That is made when a worker is to be started and none waits, and made anew where it is gone.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import subprocess
import time
from collections.abc import Sequence

from agent.service.process import shared_out_mb
from agent.service.workers.forked import Forked
from agent.service.workers.member import Member
from agent.service.workers.nursery import MOST_WORDS, fork_worker, start_nursery

WORDS = 64
"""Dealt with at a time."""

log = logging.getLogger(__name__)


class Cradle:
    """Used by the crew's thread alone."""

    def __init__(
        self, members: Sequence[Member], *, selector: selectors.BaseSelector, forked: Sequence[Forked] = ()
    ) -> None:
        """`forked`: workers that wait for their first word, and are this one's to end from now on."""
        self._members, self._selector = members, selector
        self._waiting, self._own = list(forked), list(forked)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def is_heard_by(self, source: object) -> bool:
        """Whether that is the nursery's socket."""
        return source is self._socket

    def spawn(self, member: Member) -> None:
        """Begin another life of a worker."""
        if self._waiting:
            one = self._waiting.pop(0)
            self._selector.register(one.connection, selectors.EVENT_READ, member)
            member.begin(one.connection, time.monotonic())
            member.has_started(one.pid)
            return
        if self._socket is None:
            self._process, self._socket = start_nursery(member.terms.runtime)
            self._selector.register(self._socket, selectors.EVENT_READ)
        try:
            connection = fork_worker(self._socket, member.number)
        except OSError as error:  # it is gone, which its socket tells in a moment
            log.warning("%s cannot be started: %s", member.name, error)
            return
        self._selector.register(connection, selectors.EVENT_READ, member)
        member.begin(connection, time.monotonic())

    def hear(self) -> None:
        """Which process a worker is, and how one ended."""
        for _ in range(WORDS if self._socket is not None else 0):
            assert self._socket is not None
            try:
                words = self._socket.recv(MOST_WORDS).decode().split()
            except BlockingIOError:
                return
            except OSError:
                words = []
            if not words:  # its workers end with it
                log.critical("the process that workers are forked from is gone; it is started anew")
                self._selector.unregister(self._socket)
                self._close_nursery()
                return
            if words[0] == "started":
                self._members[int(words[1])].has_started(int(words[2]))
            else:
                _tell_end(words[1], words[2])

    def reap(self) -> None:
        """Tell which of those that were forked at the start have ended."""
        for one in list(self._own):
            if one.has_ended():
                self._own.remove(one)
                _tell_end(str(one.pid), str(one.code))

    @property
    def memory_mb(self) -> float | None:
        """What it takes, beside what its workers share with it."""
        return None if self._process is None else shared_out_mb(self._process.pid)

    def close(self) -> None:
        """End all of them, with whatever they have."""
        self.reap()
        for one in self._own:
            one.end()
        self._own, self._waiting = [], []
        self._close_nursery()

    def _close_nursery(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
            self._process = None


def _tell_end(pid: str, code: str) -> None:
    log.log(logging.INFO if code == "0" else logging.WARNING, "worker process %s ended with %s", pid, code)
