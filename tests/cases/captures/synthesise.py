"""Writes the captures beside it from published tables and patterns; seeded, so that it writes the same bytes again.

Sources. Sketches: `ax,ay,az` and its kin, `timestamp_us,...,dropped` with ESP-IDF log lines between, Arduino's serial
plotter labels. WT901: WITMOTION/WitStandardProtocol_JY901, wit_c_sdk.c (2024-08-29). WTVB01-485: WitMotion's manual
v2.5-05-06. QM42VT1: the reply printed in Banner distributors' notes.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROWS = 400


def shaking(rows: int, *, axes: int = 3, seed: int = 0) -> np.ndarray:
    """Gravity on z, 25 Hz at 0.3 g, and noise, at 1 kHz, in g."""
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * 25 * np.arange(rows)[:, None] / 1000
    return 0.3 * np.sin(turn + np.arange(axes)) + rng.normal(0, 0.01, (rows, axes)) + np.eye(1, axes, 2)


def plain() -> str:
    """Opened in the middle of a line, cut in the middle of another, CR LF."""
    lines = [",".join(f"{v:.3f}" for v in row) for row in shaking(ROWS)]
    return "\r\n".join(["21,1.004", *lines, "0.01,-0."])


def nine_semicolons() -> str:
    """Acceleration in m/s2, gyroscope, compass; header first, as after a reset."""
    rows = shaking(ROWS, axes=9, seed=1)
    rows[:, :3] *= 9.80665
    head = "accX (m/s2); accY (m/s2); accZ (m/s2); gyroX; gyroY; gyroZ; magX; magY; magZ"
    return "\r\n".join([head, *("; ".join(f"{v:.4f}" for v in row) for row in rows)]) + "\r\n"


def six_tabs() -> str:
    """Sixteen-bit counts, tabs, no header, a sketch's greeting and an unreadable line."""
    rows = (shaking(ROWS, axes=6, seed=2) * 16384).round().astype(int)
    lines = ["\t".join(map(str, row)) for row in rows]
    lines[200] = "12\t-3\tnan\t1\t1\t1"
    lines[300] = "-37\t16\x8f72\t1\t\x17\t1"
    return "\n".join(["Initializing I2C devices...", "MPU6050 connection successful", *lines]) + "\n"


def esp_idf() -> str:
    """Boot text, a header, microseconds, log lines between rows, three rows lost, one line cut by a log line."""
    rows = shaking(ROWS, axes=6, seed=3)
    lines = [
        ",".join([str(1_000_000 + 1000 * n), *(f"{v:.4f}" for v in row), "31.2", "0"])
        for n, row in enumerate(rows)
        if n not in (340, 341, 342)
    ]
    lines.insert(100, "\x1b[0;32mI (1234) mpu: fifo at 37 %\x1b[0m")
    lines.insert(250, "\x1b[0;31mE (1390) mpu: i2c timeout\x1b[0m")
    lines[320] = lines[320][:12] + "W (1402) wifi: beacon"
    boot = ["ets Jul 29 2019 12:21:46", "rst:0x1 (POWERON_RESET),boot:0x13", "load:0x3fff0030,len:1184"]
    head = "timestamp_us,ax_g,ay_g,az_g,gx,gy,gz,temp_c,dropped"
    return "\r\n".join([*boot, head, *lines]) + "\r\n"


def plotter() -> str:
    """Labels beside the numbers, milliseconds."""
    rows = shaking(ROWS, seed=4)
    return "".join(f"millis:{5000 + n} ax:{x:.3f} ay:{y:.3f} az:{z:.3f}\r\n" for n, (x, y, z) in enumerate(rows))


def wt901(*, seed: int = 5, rounds: int = 400) -> bytes:
    """Acceleration, gyroscope, angle in turn, opened within a frame, one byte flipped and one frame's middle lost."""
    rows = (shaking(rounds, seed=seed) * 2048).round().astype(int)
    rng = np.random.default_rng(seed)
    frames = []
    for n, row in enumerate(rows):
        frames.append(wit_frame(0x51, [*row, 2534 + n // 100]))
        frames.append(wit_frame(0x52, [*rng.integers(-50, 50, 3), 0]))
        frames.append(wit_frame(0x53, [*rng.integers(-200, 200, 3), 12]))
    frames[300] = frames[300][:4] + bytes([frames[300][4] ^ 0x10]) + frames[300][5:]  # an acceleration
    frames[601] = frames[601][:3] + frames[601][8:]  # a gyroscope frame
    return b"".join(frames)[17:]


def wit_frame(kind: int, words: list[int]) -> bytes:
    body = struct.pack("<BB4h", 0x55, kind, *map(int, words))
    return body + bytes([sum(body) & 0xFF])


MODBUS = """\
# request, reply (hex). WTVB01-485 at 0x50: registers 0x3a..0x40 are VX VY VZ, three reserved, TEMP.
50 03 00 3a 00 07 29 84 | 50 03 0e 00 03 00 05 00 02 00 00 00 00 00 00 09 e6 {wtvb}
# QM42VT1 behind a DX80 gateway, as printed by a distributor: Z in/s, Z mm/s, F, C, X in/s, X mm/s.
01 03 00 10 00 06 c4 0d | 01 03 0c 00 2e 00 6c 06 25 02 06 00 47 00 b6 bd f3
"""


def crc(message: bytes) -> bytes:
    """Bit by bit as in the standard's appendix; a slow twin of the agent's own."""
    register = 0xFFFF
    for byte in message:
        register ^= byte
        for _ in range(8):
            carry = register & 1
            register >>= 1
            if carry:
                register ^= 0xA001
    return bytes([register & 0xFF, register >> 8])


def modbus() -> str:
    reply = bytes.fromhex(MODBUS.splitlines()[1].split("|")[1].replace("{wtvb}", ""))
    return MODBUS.replace("{wtvb}", crc(reply).hex(" "))


CAPTURES = {
    "plain.csv": lambda: plain().encode(),
    "nine_semicolons.csv": lambda: nine_semicolons().encode(),
    "six_tabs.csv": lambda: six_tabs().encode("latin-1"),
    "esp_idf.csv": lambda: esp_idf().encode(),
    "plotter.csv": lambda: plotter().encode(),
    "wt901.bin": wt901,
    "modbus.txt": lambda: modbus().encode(),
}

if __name__ == "__main__":
    for name, make in CAPTURES.items():
        (HERE / name).write_bytes(make())
