"""A sink over one connection to a broker, made anew by every `open`: its client, and how the connection ended.

The connection never mends itself: when it is gone, `connected` says so and the publisher opens it again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import RenewalError, TransportError
from agent.transport.link import Link
from agent.transport.mqtt import Broker, disconnect, make_client


class BrokerSink:
    """What sinks over a broker share."""

    def __init__(self, broker: Broker) -> None:
        self._link = Link(broker, role="sink")
        self._client: paho.Client | None = None
        self._up = False
        self.refused = 0
        self.lost: TransportError | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is there and paho's own thread lives: a dead thread still calls itself connected."""
        client = self._client
        return self._up and client is not None and client.is_connected() and _has_live_thread(client)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should mend of a connection that works, or that another client takes."""
        return self._link.notices(connected=self.connected)

    @property
    def place(self) -> str:
        """The broker in use, or tried next."""
        return self._link.broker.address

    @property
    def may_move(self) -> bool:
        """Whether the broker may be another at the next connection."""
        return self._link.has_fallbacks

    def renewal(self) -> RenewalError | None:
        """Why this connection is to be made anew, though it works."""
        return self._link.renewal()

    @contextlib.contextmanager
    def _connecting(self) -> Iterator[tuple[paho.Client, Broker]]:
        """A client that is to be prepared and connected; where that fails it is dropped."""
        self._drop_client()
        try:
            broker = self._link.opens()
            client = make_client(broker, role="sink")
            client.on_disconnect = self._on_disconnect
            self._client = client
            self.lost = None
            self._up = True
            yield client, broker
        except BaseException:
            self._drop_client()
            self._link.failed()
            raise
        self._link.holds()

    def _drop_client(self) -> None:
        self._up = False
        client, self._client = self._client, None
        if client is not None:
            disconnect(client)

    def _on_disconnect(
        self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if client is self._client:
            if self._up and reason.is_failure:
                self.lost = self._link.losses.ended(reason, now_s=time.monotonic())
            self._up = False


def _has_live_thread(client: paho.Client) -> bool:
    thread = client._thread  # paho has no public way to ask
    return thread is not None and thread.is_alive()
