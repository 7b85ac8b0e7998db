"""Workers forked from the process that keeps and tells, before it has threads and files of its own.

What that has imported they share with it, page by page as long as neither writes there. One that is gone is made anew
by the nursery, which is not there until it is needed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.service.workers.nursery import leave_behind, life_of_worker, settle


@dataclass(slots=True)
class Forked:
    """A worker that waits for its first word, and our end of its socket."""

    pid: int
    connection: socket.socket
    code: int | None = None  # with which it ended, negative for a signal

    def has_ended(self) -> bool:
        """Whether it has, as `code` then says."""
        return self._wait(os.WNOHANG)

    def end(self) -> None:
        """Whatever it does, if it has not ended."""
        if not self.has_ended():
            os.kill(self.pid, signal.SIGKILL)
            self._wait(0)
        self.connection.close()

    def _wait(self, options: int) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, options)
            self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code is not None


def forked_workers(count: int, runtime: str) -> tuple[Forked, ...]:
    """So many that judge with `runtime`; none where this process has threads, of which a copy has only the locks."""
    return copies(count, life_of_worker(runtime))


def copies(count: int, live: Callable[[int], object]) -> tuple[Forked, ...]:
    """So many copies of this process, which live by `live`, told which descriptor their end of the socket is."""
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return ()
    settle()
    made: list[Forked] = []
    for _ in range(count):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            # Nothing of what the copied process would do at its end is for this one.
            with contextlib.ExitStack() as at_last:
                at_last.callback(os._exit, os.EX_SOFTWARE)
                for one in (ours, *(other.connection for other in made)):
                    one.close()
                leave_behind()
                if os.getppid() == parent:
                    live(theirs.fileno())
        theirs.close()
        ours.setblocking(False)
        made.append(Forked(pid, ours))
    return tuple(made)
