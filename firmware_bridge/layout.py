"""Where each field lies, as SPEC.md draws it: the struct of every frame, and the values that mean "none".

All little-endian. Nothing here decides anything; packing and parsing share these lines so that they cannot disagree.
"""

from __future__ import annotations

import struct

VERSION = 0xA1
"""First byte of every frame: high nibble the protocol's mark, low nibble its major version."""
NO_TIME = 2**64 - 1
NO_TEMPERATURE = -(2**15)

HEADER = struct.Struct("<BBHHBB")
DATA = struct.Struct("<BBHHBBQQHBBHH")  # the header included: one call on the path that carries the samples
HELLO = struct.Struct("<16sQ24s16sBBHHH")
DESCRIPTION = struct.Struct("<IIIIIHHBBBB8s12s")
STATUS = struct.Struct("<QQQQIIIIhHB3s")
LOG = struct.Struct("<QB")
CRC = struct.Struct("<I")

HELLO_END = HEADER.size + HELLO.size
STATUS_END = HEADER.size + STATUS.size
LOG_END = HEADER.size + LOG.size

FIRMWARE_BYTES = 24
BOARD_BYTES = 16
AXES_BYTES = 8
SENSOR_BYTES = 12


def text_of(raw: bytes) -> str | None:
    """A fixed text field: printable ASCII, then 0x00 to its end; None for anything else."""
    text = raw.rstrip(b"\0")
    return text.decode() if all(0x20 <= byte <= 0x7E for byte in text) else None


def time_of(ticks: int) -> int | None:
    """A device time as it is stored, None where the device gave none."""
    return None if ticks == NO_TIME else ticks
