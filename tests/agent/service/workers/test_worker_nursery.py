"""The nursery forked from the process that keeps: with it, before there are threads, and gone with whoever had it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

from requirements import ROOT

from agent.service.workers.nursery import copied, start_nursery

KEEPING = """
import os, select, signal, threading
from agent.service.workers.nursery import copied, fork_worker

def live(descriptor):
    os._exit(len(os.read(descriptor, 1)))  # once its socket is closed

signal.signal(signal.SIGTERM, lambda *_: None)
other, nursery = copied(live), copied(live)
other.end()
print(os.path.exists(f"/proc/{other.pid}"))
threading.Thread(target=threading.Event().wait, daemon=True).start()  # which is no hindrance any more
worker = fork_worker(nursery.socket, 7)

def word():
    assert select.select([nursery.socket], [], [], 20)[0]
    return nursery.socket.recv(64).decode().split()

said, tag, pid = word()
print(said, tag)
os.kill(nursery.pid, signal.SIGTERM)  # meant for the agent: neither heeds it
os.kill(int(pid), signal.SIGTERM)
worker.close()
print(*word()[::2], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_forked_nursery_gives_workers_and_ends_with_who_has_it() -> None:
    # It returns when nobody holds the pipe any more, the nursery neither, whose process was killed in no order.
    ran = subprocess.run(
        [sys.executable, "-c", KEEPING], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    is_left, started, ended = ran.stdout.splitlines()
    assert is_left == "False"
    assert started == "started 7"
    assert ended == "ended 0"


def test_a_process_with_threads_is_not_forked() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert copied(lambda descriptor: None) is None
    finally:
        done.set()
        thread.join()


def test_a_fresh_interpreter_serves_where_there_is_no_nursery_yet() -> None:
    nursery = start_nursery("none")
    assert nursery.process is not None
    nursery.end()
    assert nursery.process.returncode == -signal.SIGKILL
