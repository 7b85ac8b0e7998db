"""The OPC UA server as a process, asked by asyncua's own client; one server for all cases."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import told
from real_mosquitto import free_port
from waiting import until

from agent.errors import TransportError
from agent.sinks.opcua import OpcuaConfig, OpcuaSink

pytestmark = pytest.mark.long
client_of = pytest.importorskip("asyncua").Client
ua = pytest.importorskip("asyncua.ua")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[OpcuaSink, str]]:
    port = free_port()
    sink = OpcuaSink(OpcuaConfig(port=port, max_sessions=3), availability=f"{told.ROOT}/availability")
    sink.open()
    yield sink, f"opc.tcp://127.0.0.1:{port}/textvib"
    sink.close()


def ask(url: str, what: Callable[[Any, int], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with client_of(url) as client:
            return await what(client, await client.get_namespace_index("urn:textvib:edge"))

    return asyncio.run(run())


def say(sink: OpcuaSink, *messages: Any) -> list[str | None]:
    heard: list[str | None] = []
    for message in messages:
        assert sink.publish(message, heard.append)
    return heard


def values(url: str, *names: str) -> list[tuple[Any, str]]:
    async def read(client: Any, space: int) -> list[tuple[Any, str]]:
        found = []
        for name in names:
            node = client.get_node(ua.NodeId(name, space))
            value = await node.read_data_value(raise_on_bad_status=False)
            found.append((value.Value.Value if value.Value else None, value.StatusCode.name))
        return found

    return ask(url, read)  # type: ignore[no-any-return]


def test_figures_have_their_status_and_leave_with_their_sensor(served: tuple[OpcuaSink, str]) -> None:
    sink, url = served
    say(sink, told.health(), told.state(), told.window(), told.alert())
    names = ("p2/State", "p2/Deviation", "p2/Alert/Open", "p2/Velocity RMS", "p2/Event/Time", "Agent/Version")
    shown = values(url, *names)
    assert [value for value, _ in shown] == ["healthy", 0.4, True, 3.25, None, "0.1.0"]
    assert [status for _, status in shown] == ["Good"] * 4 + ["BadNoData", "Good"]
    ((text, _),) = values(url, "p2/State Text ko")
    assert (text.Locale, text.Text) == ("ko", "정상")
    for state, status in (("lost", "BadNoCommunication"), ("learning", "UncertainSubNormal"), ("healthy", "Good")):
        say(sink, told.state(state=state))
        assert values(url, "p2/Deviation")[0][1] == status
    say(sink, told.removed())
    assert values(url, "p2/State")[0][1] == "BadNodeIdUnknown"


def test_an_event_waits_for_who_subscribes(served: tuple[OpcuaSink, str]) -> None:
    sink, url = served
    say(sink, told.state())
    assert say(sink, told.event()) == ["no client subscribes to events; let one, or set events_wait = false"]

    async def listen(client: Any, space: int) -> Any:
        heard: asyncio.Queue[Any] = asyncio.Queue()

        class Handler:
            def event_notification(self, event: Any) -> None:
                heard.put_nowait(event)

            def status_change_notification(self, status: Any) -> None:
                pass

        subscription = await client.create_subscription(50, Handler())
        kind = await client.nodes.base_event_type.get_child([f"{space}:TextVibEventType"])
        await subscription.subscribe_events(client.nodes.server, kind)
        assert await asyncio.to_thread(say, sink, told.event(seq=9)) == [None]
        return await asyncio.wait_for(heard.get(), 20)

    event = ask(url, listen)
    assert (event.Number, event.Kind, event.SourceName, event.Severity) == (9, "raised", "p2", 800)
    assert event.Message.Text == "Outer race: Damaged."


def test_clients_may_look_and_change_nothing(served: tuple[OpcuaSink, str]) -> None:
    sink, url = served
    say(sink, told.state())

    async def meddle(client: Any, space: int) -> None:
        sensor = client.get_node(ua.NodeId("p2", space))
        state = client.get_node(ua.NodeId("p2/State", space))
        for change in (state.write_value("x"), client.delete_nodes([sensor]), sensor.add_folder(space, "x")):
            with pytest.raises(ua.UaStatusCodeError):
                await change

    ask(url, meddle)


def test_who_sends_without_an_end_or_nonsense_is_left(served: tuple[OpcuaSink, str]) -> None:
    sink, url = served
    port = int(url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.settimeout(20)
        peer.sendall(b"MSGF" + struct.pack("<II", 0x7FFFFFFF, 1))
        with pytest.raises(OSError):  # noqa: PT011, PT012  (reset or broken, as it happens)
            for _ in range(2000):
                peer.sendall(b"x" * 65536)
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"HELF\x08\x00\x00\x00", b""):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(nonsense)
            say(sink, told.state())
    until(lambda: say(sink, told.state()) == [None], seconds=10)


def test_a_port_that_is_taken_is_said(served: tuple[OpcuaSink, str]) -> None:
    _, url = served
    port = int(url.split(":")[2].split("/")[0])
    with pytest.raises(TransportError, match="in use"):
        OpcuaSink(OpcuaConfig(port=port), availability=f"{told.ROOT}/availability").try_out()


def test_a_server_that_was_killed_is_opened_anew(served: tuple[OpcuaSink, str]) -> None:
    sink, url = served
    assert sink._process is not None
    os.kill(sink._process.pid, signal.SIGKILL)
    sink._process.wait()
    assert not sink.publish(told.state())
    sink.open()
    say(sink, told.state())
    assert values(url, "p2/State") == [("healthy", "Good")]
