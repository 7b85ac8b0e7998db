"""What a broker sends, cut into packets: messages that ask for no answer (PUBLISH, QoS 0) are told from all else. Pure.

MQTT 3.1.1, sections 2.2 and 3.3; MQTT 5 puts properties between topic and payload (section 3.3.2.3).
"""

from __future__ import annotations

from typing import NamedTuple

PUBLISH_QOS_0 = frozenset({0x30, 0x31})  # first bytes of such packets; bit 0: retained
RETAINED = 0x01
LENGTH_BYTES = 4  # of a variable-length number, at most


class Published(NamedTuple):
    """One message as it was sent."""

    topic: bytes
    payload: bytes
    retained: bool


def number_at(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A variable-length number and where it ends; None where its end has not come, ValueError where it has none."""
    value = 0
    for place in range(LENGTH_BYTES):
        if at + place >= len(data):
            return None
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a length of more than four bytes")


def packet_at(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """Where the content of a packet that begins at `at` begins and ends; None, ValueError as above."""
    length = number_at(data, at + 1)
    return None if length is None else (length[1], length[1] + length[0])


def published_in(
    data: bytes | bytearray, first: int, begin: int, end: int, *, has_properties: bool
) -> Published | None:
    """The message of a packet with QoS 0, whose first byte is `first`; None where it keeps to no protocol."""
    topic_at = begin + 2
    payload_at = topic_at + int.from_bytes(data[begin:topic_at], "big")
    if not topic_at < payload_at <= end:
        return None
    topic = bytes(data[topic_at:payload_at])
    if has_properties:
        try:
            properties = number_at(data, payload_at)
        except ValueError:
            return None
        if properties is None or properties[1] + properties[0] > end:
            return None
        payload_at = properties[1] + properties[0]
    return Published(topic, bytes(data[payload_at:end]), bool(first & RETAINED))
