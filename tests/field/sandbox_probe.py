"""Tries what the unit forbids and what the agent needs, from within the unit: `python sandbox_probe.py OUT.json`.

Answers "yes", or the error, for each.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

CLONE_NEWUSER, PTRACE_ATTACH = 0x10000000, 16
LIBC = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    """A function of the C library that answers -1 where it may not."""
    if getattr(LIBC, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def writes(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("x")


def opens(path: str) -> Callable[[], object]:
    return lambda: os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))


def speaks(family: int, kind: int) -> Callable[[], object]:
    return lambda: socket.socket(family, kind).close()


def encodes(runtime: str) -> Callable[[], object]:
    def first_use() -> None:
        from agent.bundle.encoder import tried_encoder
        from agent.bundle.load import load_bundle

        tried_encoder(load_bundle("default"), runtime)

    return first_use


def signs() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    Ed25519PrivateKey.generate().sign(b"x")


def own_processes_only() -> None:
    others = [one.name for one in Path("/proc").glob("[0-9]*") if int(one.name) != os.getpid()]
    if others:
        raise OSError(0, f"sees {others}")


def threads() -> None:
    started = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(50)]
    for thread in started:
        thread.start()


TRIES: dict[str, Callable[[], object]] = {
    "state folder": writes("/var/lib/textvib/probe"),
    "temporary folder": lambda: tempfile.TemporaryFile().close(),
    "/dev/shm": writes("/dev/shm/probe"),
    "clock state": lambda: call("adjtimex", ctypes.create_string_buffer(512)),
    "boot id": lambda: Path("/proc/sys/kernel/random/boot_id").read_text(),
    "processor": lambda: Path("/proc/cpuinfo").read_text(),
    "names": lambda: socket.getaddrinfo("localhost", 1883),
    "ipv4": speaks(socket.AF_INET, socket.SOCK_STREAM),
    "unix": speaks(socket.AF_UNIX, socket.SOCK_STREAM),
    "child": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "threads": threads,
    "onnx": encodes("onnx"),
    "litert": encodes("litert"),
    "signatures": signs,
    "credential": lambda: Path(os.environ["CREDENTIALS_DIRECTORY"], "broker.password").read_text(),
    "pseudo terminal": lambda: os.openpty(),
    "serial port": opens("/dev/ttyS0"),
    "other processes hidden": own_processes_only,
    "write /etc": writes("/etc/probe"),
    "write /usr": writes("/usr/probe"),
    "write the agent": writes("/opt/textvib/probe"),
    "write /sys": writes("/sys/kernel/mm/probe"),
    "write /proc/sys": writes("/proc/sys/kernel/hostname"),
    "read /root": lambda: list(Path("/root").iterdir()),
    "read /home": lambda: list(Path("/home").iterdir()),
    "another device": opens("/dev/vcs"),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "memory that is written and run": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "packets": speaks(socket.AF_PACKET, socket.SOCK_RAW),
    "netlink": speaks(socket.AF_NETLINK, socket.SOCK_RAW),
    "namespace": lambda: call("unshare", CLONE_NEWUSER),
    "trace": lambda: call("ptrace", PTRACE_ATTACH, 1, 0, 0),
    "signal another": lambda: os.kill(1, 0),
    "make a device": lambda: os.mknod("/var/lib/textvib/node", 0o20600, os.makedev(1, 3)),
    "set-uid": lambda: Path("/var/lib/textvib/probe").chmod(0o4755),
    "higher priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
}


def main(out: str) -> None:
    answers = {}
    for name, attempt in TRIES.items():
        try:
            attempt()
            answers[name] = "yes"
        except BaseException as error:
            answers[name] = f"{type(error).__name__}: {error}"
    Path(out).write_text(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1])
