"""Whatever a broker sends, and however it is cut: messages with QoS 0 are taken out, and all else is paho's to see."""

from __future__ import annotations

import itertools
import socket
import uuid
from collections.abc import Sequence

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_clients import client_of, leave
from waiting import until

from agent.transport.gathering import LARGEST_BYTES, GatheringClient, Inflow
from agent.transport.mqtt import Broker, connect, disconnect, make_client_of
from agent.transport.publishes import Published


def length_of(size: int) -> bytes:
    found = bytearray()
    while True:
        size, low = divmod(size, 128)
        found.append(low | (0x80 if size else 0))
        if not size:
            return bytes(found)


def packet(first: int, content: bytes) -> bytes:
    return bytes((first,)) + length_of(len(content)) + content


def publish(message: Published, *, properties: bytes | None) -> bytes:
    told = b"" if properties is None else length_of(len(properties)) + properties
    return packet(
        0x30 | message.retained, len(message.topic).to_bytes(2, "big") + message.topic + told + message.payload
    )


class Wire:
    """A socket that receives what is put on it."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.is_over = False

    def fileno(self) -> int:
        return 7

    def recv(self, size: int) -> bytes:
        if not self.waiting and not self.is_over:
            raise BlockingIOError
        given = bytes(self.waiting[:size])
        del self.waiting[:size]
        return given


def taken(pieces: Sequence[bytes], *, has_properties: bool, size: int = 3) -> tuple[list[Published], bytes]:
    """The messages that came of pieces of a stream, and the bytes that paho saw of it, `size` at a time."""
    wire = Wire()
    inflow = Inflow(wire, has_properties=has_properties)
    messages: list[Published] = []
    seen = bytearray()
    for piece in pieces:
        wire.waiting += piece
        inflow.fill()
        messages += inflow.published()
        while inflow.has_more:
            try:
                seen += inflow.recv(size)
            except BlockingIOError:
                break
            messages += inflow.published()
    return messages, bytes(seen)


texts = st.binary(min_size=1, max_size=9)
published = st.builds(Published, texts, st.binary(max_size=300), st.booleans())
others = st.builds(packet, st.sampled_from([0x20, 0x32, 0x33, 0x3A, 0x40, 0x90, 0xD0]), st.binary(max_size=200))
properties = st.sampled_from([None, b"", b"\x01\x01", b"\x26\x00\x01k\x00\x01v" * 30])


@given(said=st.lists(st.one_of(published, others), max_size=12), told=properties, cuts=st.lists(st.integers(0, 4000)))
def test_any_stream_cut_anywhere_gives_its_messages_in_order_and_leaves_the_rest_to_paho(said, told, cuts) -> None:
    wire = [publish(one, properties=told) if isinstance(one, Published) else one for one in said]
    whole = b"".join(wire)
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    pieces = [whole[first:last] for first, last in itertools.pairwise(places)]
    messages, seen = taken(pieces, has_properties=told is not None)
    assert messages == [one for one in said if isinstance(one, Published)]
    assert seen == b"".join(one for one in said if isinstance(one, bytes))


@pytest.mark.parametrize(
    "broken",
    [
        packet(0x30, b"\x00\x00payload"),  # no topic; before MQTT 5 that is forbidden, in MQTT 5 it needs an alias
        packet(0x30, b"\x00\x99t"),  # a topic beyond the end
        packet(0x30, b"\x00\x01t\xff\xff\xff\xff\xff"),  # properties without an end
        packet(0x30, b"\x00\x01t\x7fx"),  # properties beyond the end
        b"\x30\xff\xff\xff\xff\xff\xff",  # a length of too many bytes
    ],
)
def test_what_keeps_to_no_protocol_is_shown_to_paho_which_ends_the_connection(broken: bytes) -> None:
    good = Published(b"t", b"1", retained=False)
    messages, seen = taken([publish(good, properties=b"") + broken], has_properties=True)
    assert messages == [good]
    assert seen == broken


def test_a_large_message_is_paho_s_from_its_first_byte() -> None:
    large = Published(b"t", bytes(LARGEST_BYTES), retained=False)
    wire = publish(large, properties=None)
    messages, seen = taken(
        [wire[k : k + 200_000] for k in range(0, len(wire), 200_000)], has_properties=False, size=9999
    )
    assert messages == []
    assert seen == wire


def test_the_end_of_a_connection_comes_behind_all_that_was_received() -> None:
    wire = Wire()
    inflow = Inflow(wire, has_properties=False)
    last = Published(b"t", b"last", retained=True)
    wire.waiting += publish(last, properties=None) + b"\x30\x20half"
    inflow.fill()
    wire.is_over = True
    inflow.fill()
    assert inflow.published() == [last]
    assert inflow.has_more
    assert inflow.recv(1) == b""


def test_a_connection_that_broke_says_so_to_paho() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        inflow = Inflow(ours, has_properties=False)
        theirs.close()
        ours.close()
        inflow.fill()
        with pytest.raises(OSError, match="Bad file descriptor"):
            inflow.recv(1)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_of_a_real_broker_every_message_is_heard_and_those_with_qos_0_many_at_a_time(mosquitto, protocol: str) -> None:
    """Also the proof that this paho calls what is overridden: without that, no message would come many at a time."""
    topic = uuid.uuid4().hex
    broker = Broker(host=mosquitto.host, port=mosquitto.port, protocol=protocol, keepalive_s=5)
    client = make_client_of(GatheringClient, broker, role=topic)
    together: list[list[Published]] = []
    alone: list[paho.MQTTMessage] = []
    client.on_published = together.append
    client.on_message = lambda _client, _data, message: alone.append(message)
    connect(client, broker)
    client.subscribe(f"{topic}/#", qos=1)
    speaker = client_of(mosquitto)
    speaker.publish(f"{topic}/known", b"", qos=1).wait_for_publish(10)
    until(lambda: alone or speaker.publish(f"{topic}/known", b"", qos=1).wait_for_publish(10))
    for number in range(400):
        speaker.publish(f"{topic}/many", b"%d" % number, qos=0)
    speaker.publish(f"{topic}/last", b"asked for", qos=1).wait_for_publish(10)
    until(lambda: alone[-1].topic.endswith("last"))
    heard = [message for messages in together for message in messages]
    assert [message.payload for message in heard] == [b"%d" % number for number in range(400)]
    assert {message.topic for message in heard} == {f"{topic}/many".encode()}
    assert len(together) < 200
    leave(speaker)
    disconnect(client)
