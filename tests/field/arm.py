"""A small arm64 Debian under user-mode emulation, with the agent installed in it as on a Raspberry Pi.

Wheels are fetched outside, and everything is carried out inside by qemu. Times there mean nothing. The Debian stays in
`build/arm64`; `/proc` is bound into it, `/sys` is not: the runtimes would read what this computer's processor is.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from box import remove_tree
from requirements import ROOT, skip_unless_required
from tether import tethered

FOLDER = ROOT / "build" / "arm64"
DEBIAN = FOLDER / "root"
SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = "python3,ca-certificates"
NEEDED = ("debootstrap", "dpkg-deb", "qemu-aarch64-static", "aarch64-linux-gnu-gcc", "unshare", "setpriv")
PI_4, PI_5 = "cortex-a72", "cortex-a76"
"""Processors as qemu names them: Armv8.0 alone, where newer instructions end a program; and one that has them."""
FOR_TESTS = ("pytest", "pytest-timeout", "hypothesis", "jsonschema", "scipy")
MARKS = [
    pytest.mark.timeout(5400),
    pytest.mark.long,
    pytest.mark.skipif(os.environ.get("TEXTVIB_ARM64") != "1", reason="make arm64 runs it: it takes long"),
]
PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")


def skip_where_none_can_be() -> None:
    """Skip, with the reason, where no such Debian can be made."""
    skip_unless_required("root, to enter another system,", available=os.geteuid() == 0)
    for program in NEEDED:
        skip_unless_required(f"{program} (make arm64 installs it)", available=shutil.which(program) is not None)


def prepared() -> None:
    """The Debian with nothing of ours installed in it, and the wheels."""
    skip_where_none_can_be()
    made_debian()
    fetched_wheels()
    taken_away()


def register_emulator() -> None:
    """Lets the kernel start programs for arm64 by qemu."""
    formats = Path("/proc/sys/fs/binfmt_misc")
    if not (formats / "register").exists():
        _run("mount", "-t", "binfmt_misc", "binfmt_misc", formats)
    if not (formats / "qemu-aarch64").exists():
        _run("update-binfmts", "--enable", "qemu-aarch64")


def made_debian() -> None:
    """The Debian, made where it is not there yet: its packages unpacked by this processor, their scripts left out.

    What they would set up (users but for the basic ones, alternatives, time zones) Python and the agent do without, and
    under emulation they take a quarter of an hour.
    """
    register_emulator()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not (FOLDER / "ready").exists():
        remove_tree(DEBIAN)
        download = ("debootstrap", "--arch=arm64", "--download-only", "--variant=minbase", f"--include={PACKAGES}")
        _run(*download, SUITE, DEBIAN)
        for folder in ("bin", "lib", "sbin"):
            (DEBIAN / "usr" / folder).mkdir(parents=True, exist_ok=True)
            (DEBIAN / folder).symlink_to(f"usr/{folder}")
        for package in sorted((DEBIAN / "var" / "cache" / "apt" / "archives").glob("*.deb")):
            unpack = f"dpkg-deb --fsys-tarfile {package} | tar -x -C {DEBIAN} --keep-directory-symlink"
            _run("sh", "-c", unpack)
            _register(package)
        for name in ("passwd", "group"):
            shutil.copy(DEBIAN / "usr" / "share" / "base-passwd" / f"{name}.master", DEBIAN / "etc" / name)
        (FOLDER / "ready").touch()
    (DEBIAN / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    for name in ("src", "wheels", "tests-site"):
        (DEBIAN / name).mkdir(exist_ok=True)


def _register(package: Path) -> None:
    """Lets dpkg in there know that it is installed."""
    control = _run("dpkg-deb", "--field", package).strip()
    name = control.splitlines()[0].removeprefix("Package: ")
    dpkg = DEBIAN / "var" / "lib" / "dpkg"
    (dpkg / "info").mkdir(parents=True, exist_ok=True)
    (dpkg / "info" / f"{name}.list").touch()
    with (dpkg / "status").open("a") as status:
        status.write(f"{control}\nStatus: install ok installed\n\n")


def taken_away() -> None:
    """What an earlier run has left installed there; a Debian package goes whole, with its config."""
    if (DEBIAN / "var" / "lib" / "dpkg" / "info" / "textvib-edge.postinst").exists():
        checked(inside("dpkg", "--purge", "textvib-edge"))
    elif (DEBIAN / "opt" / "textvib").is_symlink():
        checked(inside("sh", "/src/deploy/install.sh", "--uninstall"))
    shutil.rmtree(DEBIAN / "var" / "lib" / "textvib", ignore_errors=True)


@cache
def fetched_wheels() -> None:
    """What is installed there, and beside it what runs the tests, unpacked since those are the tests' alone."""
    pip = f"{sys.executable} -m pip"
    environment = os.environ | {"PIP": pip}
    _run("sh", ROOT / "deploy" / "wheels.sh", DEBIAN / "wheels", "arm64", PYTHON, environment=environment)
    wanted = (ROOT / "constraints.txt").read_text() + " ".join(FOR_TESTS)
    stamp = FOLDER / "tests-site"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    chosen = [word for name in PLATFORMS for word in ("--platform", f"{name}_aarch64")]
    _run(
        *(sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--upgrade", "--target", DEBIAN / "tests-site"),
        *("--only-binary=:all:", "--python-version", PYTHON, "--implementation", "cp"),
        *("-c", ROOT / "constraints.txt", *chosen, "--platform", "any", *FOR_TESTS),
    )
    stamp.write_text(wanted)


def library_for_arm() -> Path:
    """The C of firmware_bridge as a shared library for arm64; the path that it has in there."""
    build = DEBIAN / "library"
    make = ("make", "-s", "-C", ROOT / "firmware_bridge" / "c", "library")
    _run(*make, f"BUILD={build}", "CC=aarch64-linux-gnu-gcc")
    return Path("/library/libvbp.so")


def inside(
    *words: str, processor: str = PI_4, environment: dict[str, str] | None = None, timeout_s: float = 3000
) -> subprocess.CompletedProcess[str]:
    """A command in the Debian, in the checkout (read-only), emulating `processor`."""
    command = entering(*words, processor=processor, environment=environment)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)


def entering(*words: str, processor: str = PI_4, environment: dict[str, str] | None = None) -> list[str]:
    """The same as words of this computer; what it starts ends with whoever runs them."""
    mounts = [f"mount --bind {ROOT} {DEBIAN}/src", f"mount -o remount,bind,ro {DEBIAN}/src"]
    mounts += [f"mount -t proc proc {DEBIAN}/proc", f"mount -t tmpfs tmpfs {DEBIAN}/tmp"]
    mounts += [f"mount --rbind /dev {DEBIAN}/dev"]
    given = {"QEMU_CPU": processor, "PATH": "/opt/textvib/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root"}
    given |= {"LC_ALL": "C.UTF-8", "PYTHONPYCACHEPREFIX": "/var/cache/pyc", "OMP_NUM_THREADS": "1"}
    given |= environment or {}
    pairs = [f"{name}={value}" for name, value in given.items()]
    entered = shlex.join(
        ["chroot", str(DEBIAN), "env", "-i", *pairs, "sh", "-c", f"cd /src && exec {shlex.join(words)}"]
    )
    script = " && ".join([*mounts, f"exec {entered}"])
    return ["nice", "-n", os.environ.get("TEXTVIB_NICE", "15"), *tethered("sh", "-c", script)]


def checked(ran: subprocess.CompletedProcess[str]) -> str:
    """What a command that went well has printed."""
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-3000:]
    return ran.stdout


def _run(*words: object, environment: dict[str, str] | None = None) -> str:
    command = [str(word) for word in words]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, f"{words[0]}: {ran.stdout[-500:]} {ran.stderr[-2000:]}"
    return ran.stdout
