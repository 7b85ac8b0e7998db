"""A client of a broker that takes messages many at a time: what has come within a moment is received at once.

paho asks the kernel several times a message and waits for the next one before it looks for more. Here messages with
QoS 0, nearly all of what sensors send, are cut out of what was received, and paho sees everything else: answers, pings
and messages that want an answer. Where paho comes to differ from what is overridden here, it receives as it always did.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from agent.transport.publishes import PUBLISH_QOS_0, Published, packet_at, published_in
from agent.transport.resting import Speakers, rests

RECEIVE_BYTES = 1 << 18
GATHER_BYTES = 1 << 20
LARGEST_BYTES = 1 << 20
"""A message that is larger is received in paho's own way, since it would be held twice while it comes."""

NOTHING_THERE = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Inflow:
    """A socket of which messages are taken out before paho sees the rest; what it lacks is the socket's own."""

    def __init__(self, socket: Any, *, has_properties: bool) -> None:
        self._socket = socket
        self._has_properties = has_properties
        self._data = bytearray()
        self._left = 0  # bytes of the present packet that are paho's
        self._end: OSError | None = None
        self._has_ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def fileno(self) -> int:
        end: int = self._socket.fileno()
        return end

    def pending(self) -> int:
        """Bytes that TLS has decrypted and nobody has taken, of which the kernel knows nothing."""
        held: int = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        return held

    def fill(self) -> None:
        """Receive what is there, and wait for nothing."""
        is_tls = isinstance(self._socket, ssl.SSLSocket)
        try:
            while len(self._data) < GATHER_BYTES or self._left:
                piece = self._socket.recv(RECEIVE_BYTES)
                self._data += piece
                self._has_ended = not piece
                if not piece or self._left or (len(piece) < RECEIVE_BYTES and not is_tls):
                    return
        except NOTHING_THERE:
            return
        except OSError as error:
            self._end = error

    def published(self) -> list[Published]:
        """The messages that lie before the next packet which is paho's."""
        found: list[Published] = []
        at = 0
        while not self._left and (place := self._message_at(at)) is not None:
            begin, end = place
            message = published_in(self._data, self._data[at], begin, end, has_properties=self._has_properties)
            if message is None:
                self._left = end - at  # paho says what is wrong with it
                break
            found.append(message)
            at = end
        del self._data[:at]
        return found

    def recv(self, size: int) -> bytes:
        """For paho: bytes of a packet that is its own."""
        if not self._left:
            self._left = self._next_packet()
        given = bytes(self._data[: min(size, self._left)])
        if given:
            del self._data[: len(given)]
            self._left -= len(given)
            return given
        if self._end is not None:
            raise self._end
        if self._has_ended:
            return b""
        raise BlockingIOError

    @property
    def has_more(self) -> bool:
        """Whether there is something for paho: part of a packet, or that the connection is over."""
        return bool(self._data and (self._left or self._next_packet())) or self._has_ended or self._end is not None

    def _message_at(self, at: int) -> tuple[int, int] | None:
        """Where the content of a whole message with QoS 0 lies; None where something else follows, or not all of it."""
        if at >= len(self._data) or self._data[at] not in PUBLISH_QOS_0:
            return None
        try:
            place = packet_at(self._data, at)
        except ValueError:
            return None
        return place if place is not None and place[1] <= len(self._data) else None

    def _next_packet(self) -> int:
        """Bytes of the packet that begins here, where it is paho's and its length has come; else 0."""
        if not self._data:
            return 0
        try:
            place = packet_at(self._data, 0)
        except ValueError:
            return len(self._data)  # a broken stream, which paho ends
        if place is None:
            return 0
        is_ours = self._data[0] in PUBLISH_QOS_0 and place[1] <= LARGEST_BYTES
        return 0 if is_ours else place[1]


class GatheringClient(paho.Client):
    """`on_published` hears the messages with QoS 0 that came within a moment, in their order, from paho's thread."""

    on_published: Callable[[list[Published]], None] | None = None
    _inflow: Inflow | None = None

    def _create_socket(self) -> Any:
        made = super()._create_socket()
        self._inflow = None
        if self._transport != "websockets":  # whose frames paho takes apart itself
            self._rests, self._speakers = rests(), Speakers()
            self._inflow = Inflow(made, has_properties=self._protocol == MQTTProtocolVersion.MQTTv5)
        return made if self._inflow is None else self._inflow

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Called by paho's thread where something can be read."""
        inflow, hear = self._inflow, self.on_published
        if inflow is None or hear is None:
            return super().loop_read(max_packets)
        inflow.fill()
        found = False
        while True:
            if messages := inflow.published():
                found = True
                self._speakers.feed((message.topic for message in messages), time.monotonic())
                hear(messages)
            if not inflow.has_more:
                break
            code = super().loop_read(max_packets)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self.socket() is None:
                return code
        if found:
            time.sleep(self._speakers.rest(next(self._rests), time.monotonic()))  # in which more comes
        return MQTTErrorCode.MQTT_ERR_SUCCESS
