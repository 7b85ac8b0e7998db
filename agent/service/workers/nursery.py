"""The process that workers are forked from: it has imported all that they need, has no thread, and does nothing else.

A worker that is gone is back after a fork instead of after a second of imports, and what all of them have in memory
they share. The process that keeps and tells has threads, of which a fork would copy the locks and not the threads: it
is forked itself, and shares its memory, before it has any (`forked_nursery`), and by a fresh interpreter later.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Linear algebra starts its threads when it is imported, and a fork would not have them."""
MOST_WORDS = 64  # bytes of a message
UNASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Meant for the agent, which tells workers in order."""


@dataclass(frozen=True, slots=True)
class Nursery:
    """The process, and the socket over which `fork_worker` asks it."""

    pid: int
    socket: socket.socket
    process: subprocess.Popen[bytes] | None = None  # where it is a fresh interpreter

    def end(self) -> None:
        """With whatever it has; once."""
        self.socket.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def forked_nursery(runtime: str) -> Nursery | None:
    """A copy of this process, of workers that judge with `runtime`; None where this process has threads."""
    return copied(_imported(runtime))


def copied(live: Callable[[int], object]) -> Nursery | None:
    """A copy of this process, which goes on; None where it has threads, of which a copy would have only the locks.

    `live` is the life of a worker, by its end of the socket.
    """
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return None
    _settle()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            ends_with_its_parent()
            if os.getppid() == parent:
                _serve(theirs, live)
        finally:  # nothing of what the copied process does at its end is for this one
            os._exit(os.EX_SOFTWARE)
    theirs.close()
    ours.setblocking(False)
    return Nursery(pid, ours)


def start_nursery(runtime: str) -> Nursery:
    """One by a fresh interpreter."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; from agent.service.workers.nursery import main; "
        f"main({theirs.fileno()}, {runtime!r})"
    )
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | ONE_THREAD,
        )
    ours.setblocking(False)
    return Nursery(process.pid, ours, process)


def fork_worker(nursery: socket.socket, tag: int) -> socket.socket:
    """Ask for a worker; our end of its socket. The nursery says `started TAG PID`, and `ended PID CODE` in the end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        socket.send_fds(nursery, [str(tag).encode()], [theirs.fileno()])
    ours.setblocking(False)
    return ours


def main(descriptor: int, runtime: str) -> None:
    """The life of a fresh interpreter as the nursery, whose end of the socket is `descriptor`."""
    ends_with_its_parent()
    for number in UNASKED:
        signal.signal(number, signal.SIG_IGN)
    live = _imported(runtime)
    _settle()
    _serve(socket.socket(fileno=descriptor), live)


def _imported(runtime: str) -> Callable[[int], object]:
    """The life of a worker, with all that it needs."""
    from agent import ports
    from agent.bundle.runtimes import RUNTIMES
    from agent.service.workers import entry

    if runtime in RUNTIMES:
        ports.load(RUNTIMES, runtime)
    return entry.main


def _settle() -> None:
    """What is here stays, and no collection shall write to its pages."""
    gc.collect()
    gc.freeze()


def _serve(asked: socket.socket, live: Callable[[int], object]) -> None:
    """Fork a worker for each that is asked for, until nobody can ask any more."""
    for number in UNASKED:
        signal.signal(number, signal.SIG_IGN)
    os.environ.pop("NOTIFY_SOCKET", None)

    def reap(_number: int, _frame: FrameType | None) -> None:
        for pid, status in iter(_gone, (0, 0)):
            asked.send(f"ended {pid} {os.waitstatus_to_exitcode(status)}".encode())

    signal.signal(signal.SIGCHLD, reap)
    while True:
        word, descriptors, _, _ = socket.recv_fds(asked, MOST_WORDS, 1)
        if not word:
            os._exit(os.EX_OK)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            random.seed()
            ends_with_its_parent()
            live(descriptors[0])
        os.close(descriptors[0])
        asked.send(f"started {word.decode()} {pid}".encode())


def ends_with_its_parent() -> None:
    """Have the kernel end this process with the thread that started it, where it can."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _gone() -> tuple[int, int]:
    """A child that has ended, and how; (0, 0) where there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0
