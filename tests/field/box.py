"""A small Debian with a systemd of its own, in which the agent is installed and run by its unit as on a computer in the
plant: made once by debootstrap, started by systemd-nspawn, on the network of this machine.

What a test changes in it is gone with its end; the Debian itself and what pip fetched stay in `build/box`.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from requirements import ROOT, skip_unless_required
from tether import first_child, tethered
from waiting import until

SUITES = {(3, 11): "bookworm", (3, 13): "trixie"}
"""Debians by the Python that they have: ours builds what is installed there."""
PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,kmod"
NEEDED = ("debootstrap", "systemd-nspawn", "nsenter", "unshare", "setpriv")
BARE = "systemd,systemd-sysv,dbus,udev,kmod,python3,mosquitto,openssl"
"""What a box has before anything is installed, with a broker that nobody has set up; no pip and no ensurepip."""
FOLDER = ROOT / "build" / "box"
AGENT = "/opt/textvib/bin"
BOOT_S = 60.0
ALLOWED = ("--system-call-filter=@clock bpf", "--capability=CAP_BPF")
"""nspawn forbids these; a computer in the plant has them, and the unit is to forbid what must be."""


def skip_where_none_can_be() -> None:
    """Skip, with the reason, where no such Debian can be made or started."""
    skip_unless_required("root, to start a systemd,", available=os.geteuid() == 0)
    for program in NEEDED:
        skip_unless_required(f"{program} (make systemd installs it)", available=shutil.which(program) is not None)
    have = sys.version_info[:2] in SUITES
    skip_unless_required(f"a Python that a Debian has (not {platform.python_version()})", available=have)


def made_root(folder: Path = FOLDER) -> Path:
    """The Debian, with the checkout installed in it as in docs/integration.md."""
    root = _made_debian(folder / "root", folder / "ready", PACKAGES)
    if not (root / "opt" / "textvib").exists():
        _run("chroot", root, "python3", "-m", "venv", "/opt/textvib")
    wheels = root / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)  # modules of before would go into the wheel
    pip = [sys.executable, "-m", "pip"]
    _run(*pip, "wheel", "-q", "-w", wheels, "-c", ROOT / "constraints.txt", f"{ROOT}[litert,signatures]")
    install = ["install", "-q", "--no-index", "--find-links", "/wheels"]
    _run("chroot", root, f"{AGENT}/pip", *install, "--no-deps", "--force-reinstall", "textvib-edge")
    _run("chroot", root, f"{AGENT}/pip", *install, "textvib-edge[litert,signatures]")
    return root


def bare_root(folder: Path = FOLDER) -> Path:
    """The Debian with nothing of ours."""
    return _made_debian(folder / "bare", folder / "bare-ready", BARE)


def _made_debian(root: Path, ready: Path, packages: str) -> Path:
    root.parent.mkdir(parents=True, exist_ok=True)
    if not ready.exists():
        remove_tree(root)
        suite = SUITES[sys.version_info[:2]]
        _run("debootstrap", "--variant=minbase", f"--include={packages}", suite, root)
        ready.touch()
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (root / "etc" / "machine-id").write_text("")  # so that systemd gives it one
    return root


def remove_tree(root: Path) -> None:
    """A half-made Debian away, without entering /proc and /sys where an interrupted debootstrap left them mounted."""
    if root.exists():
        _run("rm", "-rf", "--one-file-system", root)


class Box:
    """One start of it, with further `options` of systemd-nspawn; `close` ends it."""

    def __init__(self, root: Path, log: Path, *options: str) -> None:
        kept = [] if Path("/run/systemd/system").exists() else ["--keep-unit"]  # no manager here that would give one
        nspawn = ["systemd-nspawn", "-D", root, "--boot", "--register=no", *kept, "--volatile=overlay"]
        self._log = log.open("wb")
        self._tether = subprocess.Popen(
            tethered(*nspawn, *ALLOWED, *options),
            env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},  # device rules need it
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        self._init: int | None = None
        try:
            until(self._is_up, seconds=BOOT_S)
        except BaseException:
            self.close()
            raise

    def _is_up(self) -> bool:
        assert self._tether.poll() is None, "systemd-nspawn has ended"
        nspawn = first_child(self._tether.pid)
        self._init = first_child(nspawn) if nspawn is not None else None
        return self._init is not None and self.says("systemctl", "is-system-running") in ("running", "degraded")

    def run(self, *words: str, given: str = "", timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """A command in the box, as root."""
        inside = ["nsenter", "-t", str(self._init), "-a", *words]
        return subprocess.run(inside, input=given, capture_output=True, text=True, check=False, timeout=timeout_s)

    def says(self, *words: str) -> str:
        """What a command prints."""
        return self.run(*words).stdout.strip()

    def does(self, *words: str) -> None:
        """A command that must succeed."""
        ran = self.run(*words)
        assert ran.returncode == 0, ran

    def write(self, path: str, content: str, *, mode: str = "644") -> None:
        """A file in the box."""
        shell = f"mkdir -p $(dirname {path}) && cat > {path} && chmod {mode} {path}"
        ran = self.run("sh", "-c", shell, given=content)
        assert ran.returncode == 0, ran

    def shown(self, unit: str, key: str) -> str:
        """A property of a unit."""
        return self.says("systemctl", "show", "--property", key, "--value", unit)

    def journal(self, unit: str) -> str:
        """What a unit has said, and systemd of it."""
        return self.says("journalctl", "--no-pager", "-o", "cat", "-u", unit)

    def close(self) -> None:
        """Shuts it down, in an orderly way where that comes to an end."""
        nspawn = first_child(self._tether.pid)
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if nspawn is not None:
                os.kill(nspawn, signal.SIGTERM)
            self._tether.wait(timeout=15)
        self._tether.kill()
        self._tether.wait()
        self._log.close()


def _run(*words: object) -> None:
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{words[0]}: {ran.stdout[-500:]} {ran.stderr[-2000:]}"
