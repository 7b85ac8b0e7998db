"""Modbus RTU, the little of it that reading registers takes: a request out, a reply in. Pure, and nothing is raised.

Source: MODBUS over Serial Line V1.02 (CRC, section 6.2.2) and MODBUS Application Protocol V1.1b3 (functions 03, 04).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

READ_HOLDING = 0x03
READ_INPUT = 0x04
MAX_WORDS = 125  # of one reply
MAX_REPLY = 5 + 2 * MAX_WORDS
CHARACTER_BITS = 11
SILENCE_CHARACTERS = 3.5  # that separate two messages
EXCEPTIONS = {
    1: "it does not know function {function:02d}; try function = {other}",
    2: "it has no such registers",
    3: "it refuses the number of registers",
    4: "it has failed",
    6: "it is busy",
    10: "the gateway has no path to it",
    11: "it does not answer the gateway",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A reply that is none, or that says no."""

    kind: str
    detail: str


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: reflected polynomial 0xA001, start 0xFFFF; sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def with_crc(message: bytes) -> bytes:
    return message + struct.pack("<H", crc16(message))


def request(address: int, *, first: int, count: int, function: int = READ_HOLDING) -> bytes:
    """Ask device `address` for `count` registers from `first` on, counted from 0: holding (03) or input (04) ones."""
    return with_crc(struct.pack(">BBHH", address, function, first, count))


def words_in(data: bytes, asked: bytes, *, is_all: bool) -> tuple[int, ...] | Refused | None:
    """The registers in the reply to `asked`; None: not there yet, which ends once `is_all` that will come has come.

    Noise before the reply and an adapter that echoes the request do no harm.
    """
    address, function, count = asked[0], asked[1], struct.unpack_from(">H", asked, 4)[0]
    reply = data.removeprefix(asked)
    size = 5 + 2 * count
    for at in range(max(0, len(reply) - 4)):
        if reply[at] != address:
            continue
        if reply[at + 1] == function and reply[at + 2] == 2 * count and _is_whole(reply[at : at + size], size):
            return struct.unpack_from(f">{count}H", reply, at + 3)
        if reply[at + 1] == function | 0x80 and _is_whole(reply[at : at + 5], 5):
            return Refused("modbus_exception", _exception(reply[at + 2], function))
    if not is_all:
        return None
    if not reply:
        return Refused("no_reply", "no reply; check its address, the baud, and that A and B are not swapped")
    return Refused("bad_reply", f"{len(reply)} bytes that are no reply ({reply[:8].hex(' ')}); wrong baud or parity?")


def silence_s(baud: int) -> float:
    """How long the line must be silent between two messages."""
    return SILENCE_CHARACTERS * CHARACTER_BITS / baud


def _exception(code: int, function: int) -> str:
    other = READ_INPUT if function == READ_HOLDING else READ_HOLDING
    return EXCEPTIONS.get(code, f"exception {code}").format(function=function, other=other)


def _is_whole(frame: bytes, size: int) -> bool:
    return len(frame) == size and struct.unpack("<H", frame[-2:])[0] == crc16(frame[:-2])
