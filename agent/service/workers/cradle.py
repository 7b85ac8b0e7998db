"""The nursery as the crew has it: given, or made when the first worker is to be started; made anew where it is gone."""

from __future__ import annotations

import logging
import selectors
import time
from collections.abc import Sequence

from agent.service.process import shared_out_mb
from agent.service.workers.member import Member
from agent.service.workers.nursery import MOST_WORDS, Nursery, fork_worker, start_nursery

WORDS = 64
"""Dealt with at a time."""

log = logging.getLogger(__name__)


class Cradle:
    """Used by the crew's thread alone."""

    def __init__(
        self, members: Sequence[Member], *, selector: selectors.BaseSelector, nursery: Nursery | None = None
    ) -> None:
        """`nursery`: one that is there, and which from now on is this one's to end."""
        self._members, self._selector = members, selector
        self._nursery = nursery
        if nursery is not None:
            selector.register(nursery.socket, selectors.EVENT_READ)

    def is_heard_by(self, source: object) -> bool:
        """Whether that is the nursery's socket."""
        return self._nursery is not None and source is self._nursery.socket

    def spawn(self, member: Member) -> None:
        """Begin another life of a worker."""
        if self._nursery is None:
            self._nursery = start_nursery(member.terms.runtime)
            self._selector.register(self._nursery.socket, selectors.EVENT_READ)
        try:
            connection = fork_worker(self._nursery.socket, member.number)
        except OSError as error:  # it is gone, which its socket tells in a moment
            log.warning("%s cannot be started: %s", member.name, error)
            return
        self._selector.register(connection, selectors.EVENT_READ, member)
        member.begin(connection, time.monotonic())

    def hear(self) -> None:
        """Which process a worker is, and how one ended."""
        nursery = self._nursery
        for _ in range(WORDS if nursery is not None else 0):
            assert nursery is not None
            try:
                words = nursery.socket.recv(MOST_WORDS).decode().split()
            except BlockingIOError:
                return
            except OSError:
                words = []
            if not words:  # its workers end with it
                log.critical("the process that workers are forked from is gone; it is started anew")
                self._selector.unregister(nursery.socket)
                self.close()
                return
            if words[0] == "started":
                self._members[int(words[1])].has_started(int(words[2]))
            else:
                level = logging.INFO if words[2] == "0" else logging.WARNING
                log.log(level, "worker process %s ended with %s", words[1], words[2])

    @property
    def memory_mb(self) -> float | None:
        """What it takes, beside what its workers share with it."""
        return None if self._nursery is None else shared_out_mb(self._nursery.pid)

    def close(self) -> None:
        """End it, with whatever it has."""
        if self._nursery is not None:
            self._nursery.end()
            self._nursery = None
