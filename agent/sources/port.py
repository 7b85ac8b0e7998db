"""One serial port, whatever is spoken on it: opened for us alone, read as bytes arrive, gone is a TransportError.

Nothing here knows a protocol. Everything that can go wrong with the port itself is one line for a person, naming the
process that holds the port where the system tells.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import re
import select
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import serial

from agent.errors import TransportError

MAX_READ_BYTES = 1 << 16
PSEUDO = "/dev/pts/"
GATHER_S = 0.01
GATHER_BYTES = 1024  # a terminal's buffer in the kernel holds 4096
KERNEL_BYTES = 4095  # of it that one read can find; what waits behind is moved there once it has been read
MOVED_MS = 2
Baud = Annotated[int, msgspec.Meta(ge=50, le=20_000_000)]
PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}

log = logging.getLogger(__name__)


class PortConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every kind on a serial port is told; `port` is best a /dev/serial/by-id/ name, which survives replugging."""

    port: str
    baud: Baud
    exclusive: bool = True  # two readers of one port each get half of the bytes
    low_latency: bool = True  # FTDI adapters otherwise hold bytes back for 16 ms; no harm where it is not supported


class Port:
    """The port of one source; counters live on through every re-open."""

    def __init__(
        self,
        config: PortConfig,
        *,
        parity: Literal["none", "even", "odd"] = "none",
        stop_bits: Literal[1, 2] = 1,
        gather: bool = False,
    ) -> None:
        """`gather` waits a moment for more once something comes: short lines then cost a tenth of the wake-ups."""
        self.name = config.port
        self.counts = {"bytes": 0, "opens": 0}
        self._config = config
        self._parity = PARITIES[parity]
        self._stop_bits = stop_bits
        self._gather_s = min(GATHER_S, 10 * GATHER_BYTES / config.baud) if gather else 0.0
        self._serial: serial.Serial | None = None

    def open(self) -> None:
        """Open the port; TransportError where it is missing, held by another process or not permitted."""
        self.close()
        config = self._config
        try:
            port = serial.Serial(
                config.port,
                config.baud,
                parity=self._parity,
                stopbits=self._stop_bits,
                timeout=0,
                write_timeout=1.0,
                exclusive=config.exclusive or None,
            )
        except (OSError, ValueError, OverflowError, termios.error) as error:
            raise TransportError(f"serial {self.name}: cannot open: {_reason(error, self.name)}") from error
        if config.exclusive:
            self._keep_others_out(port)
        if config.low_latency:
            # Not a serial chip of the kernel's own (a pty, USB CDC): there is no latency to lower.
            with contextlib.suppress(OSError, ValueError, NotImplementedError):
                port.set_low_latency_mode(True)
        self._serial = port
        self.counts["opens"] += 1

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, waiting up to `timeout_s` for a first byte; TransportError once the port is gone.

        With 0 it waits for nothing, and takes all that the kernel holds, up to MAX_READ_BYTES.
        """
        port = self._opened()
        try:
            if timeout_s <= 0:
                data = self._waiting(port.fileno())
                self.counts["bytes"] += len(data)
                return data
            if port.timeout != timeout_s:  # setting it talks to the driver
                port.timeout = timeout_s
            data = bytes(port.read(min(max(1, port.in_waiting), MAX_READ_BYTES)))
            if data and len(data) < GATHER_BYTES and self._gather_s:
                time.sleep(self._gather_s)
                data += bytes(port.read(min(port.in_waiting, MAX_READ_BYTES)))
        except (OSError, TypeError, ValueError, termios.error) as error:
            # pyserial trips over its own handle (TypeError), and poll over none (ValueError), when closed meanwhile
            raise TransportError(f"serial {self.name}: is gone: {_reason(error, self.name)}") from error
        self.counts["bytes"] += len(data)
        return data

    def fileno(self) -> int:
        """What becomes readable once something has arrived; TransportError where the port is not open."""
        return self._opened().fileno()

    def ask(self, data: bytes) -> None:
        """Throw away what nobody waited for, then send; TransportError once the port is gone."""
        port = self._opened()
        try:
            port.reset_input_buffer()
            port.write(data)
        except (OSError, TypeError, termios.error) as error:
            raise TransportError(f"serial {self.name}: is gone: {_reason(error, self.name)}") from error

    def close(self) -> None:
        port, self._serial = self._serial, None
        if port is None:
            return
        with contextlib.suppress(OSError):  # the device may have been unplugged
            port.close()

    def _waiting(self, end: int) -> bytes:
        """What the kernel holds of an open port; OSError where it says that there is something and gives nothing."""
        data = b""
        with contextlib.suppress(BlockingIOError):  # as of a terminal that another process set up its own way
            data = piece = os.read(end, MAX_READ_BYTES)
            if not data and _is_readable(end, 0):
                data = piece = os.read(end, MAX_READ_BYTES)  # what came between the two
                if not data:
                    raise OSError(errno.EIO, "readable, but empty")
            while len(piece) >= KERNEL_BYTES and len(data) < MAX_READ_BYTES and _is_readable(end, MOVED_MS):
                piece = os.read(end, MAX_READ_BYTES - len(data))
                data += piece
        return data

    def _opened(self) -> serial.Serial:
        if self._serial is None:
            raise TransportError(f"serial {self.name}: is not open")
        return self._serial

    def _keep_others_out(self, port: serial.Serial) -> None:
        """Lock out those who come later, too; those who came before and took no lock are named in the log.

        The kernel lifts its lock when the last process closes the port. A pseudo-terminal is held open by whoever made
        it, and would stay closed to us after a crash: it gets none.
        """
        if not os.path.realpath(self.name).startswith(PSEUDO):
            with contextlib.suppress(OSError):
                fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
        if others := holders_of(self.name):
            log.warning("serial %s: also open in %s; two readers each get half of the bytes", self.name, others)


def _is_readable(end: int, within_ms: int) -> bool:
    look = select.poll()
    look.register(end, select.POLLIN)
    return bool(look.poll(within_ms))


def holders_of(port: str) -> str | None:
    """Other processes that have `port` open, as "picocom (pid 4711)"; None: none, or /proc does not tell.

    Who made a pseudo-terminal holds both of its ends, and is no second reader. Processes of other users show their
    files to root alone.
    """
    found = []
    device = os.path.realpath(port)
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        # Processes end while they are looked at, and those of others hide their files.
        with contextlib.suppress(OSError):
            files = {file: _target(file) for file in (process / "fd").iterdir()}
            if device in files.values() and not _made(device, process, files):
                found.append(f"{(process / 'comm').read_text().strip()} (pid {process.name})")
    return ", ".join(found[:3]) or None


def _made(device: str, process: Path, files: Mapping[Path, str | None]) -> bool:
    """Whether a process holds the other end of a pseudo-terminal, which the kernel names by the same number."""
    if not device.startswith(PSEUDO):
        return False
    mine = re.compile(rf"^tty-index:\s*{re.escape(device.removeprefix(PSEUDO))}$", re.M)
    masters = [file.name for file, target in files.items() if target is not None and target.endswith("/ptmx")]
    return any(mine.search((process / "fdinfo" / name).read_text()) for name in masters)


def _target(file: Path) -> str | None:
    try:
        return str(file.readlink())
    except OSError:
        return None


def _reason(error: Exception, port: str) -> str:
    """What happened and what to do about it, without pyserial's nested quoting."""
    text = " ".join(str(error).split())
    nested = re.search(r"\((\d+), '|\[Errno (\d+)\]", text)
    code = int(nested[1] or nested[2]) if nested else getattr(error, "errno", None)
    match code:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return "there is no such port; is it plugged in? (ls /dev/serial/by-id)"
        case errno.EACCES | errno.EPERM:
            return "no permission; add the user to the group dialout"
        case errno.EBUSY | errno.EWOULDBLOCK:
            holders = holders_of(port)
            return f"another process holds it: {holders}; end it" if holders else "another process holds it"
        case errno.ENOTTY:
            return "is no serial port"
        case errno.EIO:
            return "the device was unplugged"
        case None:
            return text
        case _:
            return os.strerror(code)
