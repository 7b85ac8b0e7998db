"""Workers forked from the process that keeps: before it has threads, each with its own socket, and gone with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

from requirements import ROOT

from agent.service.workers.forked import copies

KEEPING = """
import os, select, signal, threading, time
from agent.service.workers.forked import copies

def live(descriptor):
    word = os.read(descriptor, 8)
    os.write(descriptor, word + b"%d" % sum("socket:" in os.readlink(f"/proc/self/fd/{fd}")
                                            for fd in os.listdir("/proc/self/fd") if int(fd) > 2 and
                                            os.path.exists(f"/proc/self/fd/{fd}")))
    os._exit(len(os.read(descriptor, 8)))

signal.signal(signal.SIGTERM, lambda *_: None)
one, other, third = copies(3, live)
threading.Thread(target=threading.Event().wait, daemon=True).start()  # which is no hindrance any more
for worker in (one, other):
    os.kill(worker.pid, signal.SIGTERM)  # meant for the agent: no worker heeds it
    worker.connection.send(b"sockets ")
    assert select.select([worker.connection], [], [], 20)[0]
    print(worker.connection.recv(64).decode())
print(one.has_ended(), one.code)
one.connection.close()
while not one.has_ended():
    time.sleep(0.005)
other.end()
other.end()
print(one.code, other.code, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_forked_workers_hear_their_socket_alone_and_end_with_it_and_with_who_forked_them() -> None:
    # It returns when nobody holds the pipe any more, the third worker neither.
    ran = subprocess.run(
        [sys.executable, "-c", KEEPING], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert ran.stdout.splitlines() == ["sockets 1", "sockets 1", "False None", f"0 {-signal.SIGKILL}"]


def test_a_process_with_threads_is_not_copied() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert copies(1, lambda descriptor: None) == ()
    finally:
        done.set()
        thread.join()
