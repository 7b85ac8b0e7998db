"""The process that workers are forked from: it has imported all that they need, has no thread, and does nothing else.

A worker that is gone is back after a fork instead of after a second of imports, and what all of them have in memory
they share. The process that keeps and tells has threads, of which a fork would copy the locks and not the threads:
from that come the first workers alone (`forked.py`), and a nursery is there once one of them is gone.
"""

from __future__ import annotations

import ctypes
import gc
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Linear algebra starts its threads when it is imported, and a fork would not have them."""
MOST_WORDS = 64  # bytes of a message
UNASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Meant for the agent, which tells workers in order."""


def start_nursery(runtime: str) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The process, and the socket over which `fork_worker` asks it; by a fresh interpreter."""
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
    return process, ours


def fork_worker(nursery: socket.socket, tag: int) -> socket.socket:
    """Ask for a worker; our end of its socket. The nursery says `started TAG PID`, and `ended PID CODE` in the end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        socket.send_fds(nursery, [str(tag).encode()], [theirs.fileno()])
    ours.setblocking(False)
    return ours


def main(descriptor: int, runtime: str) -> None:
    """The life of the nursery, whose end of the socket is `descriptor`."""
    leave_behind()
    live = life_of_worker(runtime)
    settle()
    asked = socket.socket(fileno=descriptor)

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


def life_of_worker(runtime: str) -> Callable[[int], object]:
    """What a worker does, told which descriptor its end of the socket is; all that it needs is imported with it."""
    from agent import ports
    from agent.bundle.runtimes import RUNTIMES
    from agent.service.workers import entry

    if runtime in RUNTIMES:
        ports.load(RUNTIMES, runtime)
    return entry.main


def settle() -> None:
    """Before the first fork: what is here stays, and no collection shall write to its pages."""
    gc.collect()
    gc.freeze()


def leave_behind() -> None:
    """End with the parent, and have nothing of what it is to its own parent and to the service manager."""
    ends_with_its_parent()
    for number in UNASKED:
        signal.signal(number, signal.SIG_IGN)
    os.environ.pop("NOTIFY_SOCKET", None)


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
