"""A Cortex-M4 that exists only in qemu, running firmware_bridge/c/emulation/loop.c, its UART at the end of a pty."""

from __future__ import annotations

import os
import pty
import shutil
import struct
import subprocess
import tty
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from requirements import skip_unless_required

SCALE_G = 488e-6
NOMINAL_HZ = 26_667.0
FINE_STEP_HZ = 40.0
TOOLS = {"arm-none-eabi-gcc": "gcc-arm-none-eabi", "qemu-system-arm": "qemu-system-arm"}


def need_emulation() -> None:
    """Skip without the cross compiler, its C library or the emulator; fail where CI promises them."""
    for tool, package in TOOLS.items():
        skip_unless_required(f"{tool} (Debian package {package})", available=shutil.which(tool) is not None)
    command = ["arm-none-eabi-gcc", "-print-file-name=picolibc.specs"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    skip_unless_required("picolibc (Debian package picolibc-arm-none-eabi)", available=Path(found).is_file())


def counts_of(samples_g: NDArray[np.floating]) -> NDArray[np.int16]:
    """Samples in g as an IIS3DWB at +-16 g gives them."""
    return np.rint(samples_g / SCALE_G).clip(-32768, 32767).astype("<i2")


class EmulatedM4:
    """The firmware on its board; `path` is its serial port, there from the start, silent until `power_on`."""

    def __init__(
        self,
        firmware: Path,
        folder: Path,
        counts: NDArray[np.int16],
        *,
        freq_fine: int = 0,
        deaf_every: int = 0,
        held_blocks: int = 0,
        session: int = 1,
    ) -> None:
        """`counts` (n, 3) is what the chip measures; `freq_fine` how far its oscillator is off, in steps of 0.15 %.

        Every `deaf_every`-th interrupt comes five periods late, which the FIFO does not survive. The line takes no byte
        before the chip has measured `held_blocks` blocks; from then on the chip waits while the queue is full.
        """
        header = struct.pack("<bxHHHI", freq_fine, session, deaf_every, held_blocks, len(counts))
        (folder / "samples.bin").write_bytes(header + counts.astype("<i2").tobytes())
        self._folder, self._firmware = folder, firmware
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._board: subprocess.Popen[bytes] | None = None

    def power_on(self) -> None:
        command = [
            "qemu-system-arm",
            "-M",
            "mps2-an386",
            "-display",
            "none",
            "-monitor",
            "none",
            "-chardev",
            "stdio,id=uart,signal=off",
            "-serial",
            "chardev:uart",
            "-semihosting-config",
            "enable=on,target=native",
            "-kernel",
            str(self._firmware),
        ]
        self._board = subprocess.Popen(command, stdin=self._master, stdout=self._master, cwd=self._folder)

    @property
    def exit_code(self) -> int | None:
        """What the firmware's main returned; None while it runs."""
        return None if self._board is None else self._board.poll()

    def __enter__(self) -> EmulatedM4:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.kill()
            self._board.wait()
        os.close(self._slave)
        os.close(self._master)
