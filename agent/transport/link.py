"""One client's way to its brokers: which is tried next, and when a connection that works is to be made anew.

Brokers are tried in the order of the config. While a later one serves, those before it are asked now and then, and
while any serves its secrets are looked at: where an earlier broker or the new secrets would let us in, and only then,
the connection is left. So neither a half-written certificate nor a broker that merely pings costs one that works.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import ConfigError, RenewalError
from agent.transport.losses import Losses
from agent.transport.mqtt import Broker, explain, make_client
from agent.transport.secrets import fingerprint

LOOK_S = 2.0  # between two looks at the secrets: what is being written has the time to be complete
REFUSED_S = 30.0  # before secrets that were refused are tried again

log = logging.getLogger(__name__)


class Probe:
    """Asks one broker whether it lets us in, beside the connection that works, and without waiting.

    paho's own thread does the asking; `answer` is None until it is known, then "" or why not.
    """

    def __init__(self, broker: Broker, *, role: str, now_s: float) -> None:
        self.broker = broker
        self.answer: str | None = None
        self._until_s = now_s + 2 * broker.connect_timeout_s
        self._client: paho.Client | None = None
        try:
            client = make_client(broker, role=f"{role}-probe")
        except ConfigError as error:
            self.answer = str(error)
            return
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = lambda *_: self._say("the broker hung up")
        end = broker.endpoint
        client.connect_async(end.host, end.port or 0, keepalive=broker.keepalive_s)
        client.loop_start()
        self._client = client

    def look(self, now_s: float) -> str | None:
        """The answer, once there is one; the probe is over then."""
        if self.answer is None and now_s >= self._until_s:
            self.answer = "no answer"
        if self.answer is not None:
            self.close()
        return self.answer

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _say(self, answer: str) -> None:
        if self.answer is None:
            self.answer = answer

    def _on_connect(self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _p: object) -> None:
        self._say(explain(reason) if reason.is_failure else "")
        client.disconnect()

    def _on_connect_fail(self, client: paho.Client, _data: object) -> None:
        self._say("cannot connect")
        client.disconnect()  # or paho tries for ever


class Link:
    """The brokers of one client. `role` completes its client id."""

    def __init__(self, broker: Broker, *, role: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._role = role
        self._clock = clock
        self._broker = broker
        self._places = broker.places
        self._next = 0
        self._looked_s = self._asked_s = 0.0
        self._used = self._refused = ""  # fingerprints: of the secrets in use, and of those that were refused
        self._refused_s = 0.0
        self._probe: Probe | None = None
        self._is_for_secrets = False  # what the probe asks
        self._notice: str | None = None  # of secrets that do not serve
        self.losses = Losses(broker)

    @property
    def broker(self) -> Broker:
        """Where to connect now, or where we are connected."""
        return self._places[self._next]

    def notices(self, *, connected: bool) -> tuple[str, ...]:
        """What a person should mend of a connection that works, or that another client takes."""
        elsewhere = None
        if connected and self._next:
            elsewhere = f"{self.broker.address} serves, since those before it are away"
        found = (self._notice, elsewhere, self.losses.look(self._clock()))
        return tuple(notice for notice in found if notice is not None)

    @property
    def has_fallbacks(self) -> bool:
        return len(self._places) > 1

    def opens(self) -> Broker:
        """The broker to connect to now; its secrets are about to be read."""
        self._end_probe()
        self._used, self._notice = fingerprint(self._broker), None
        return self.broker

    def failed(self) -> None:
        """It did not let us in: the next one is tried next."""
        self._next = (self._next + 1) % len(self._places)

    def holds(self) -> None:
        """We are connected."""
        self._looked_s = self._asked_s = self._clock()
        if self._next:
            log.warning("mqtt %s: serves, since those before it are away", self.broker.address)

    def ended(self) -> None:
        """The connection is over: the next one begins with the first broker."""
        self._next = 0
        self._end_probe()

    def renewal(self) -> RenewalError | None:
        """Why a connection that works is to be made anew now; to be asked often, does not wait."""
        now_s = self._clock()
        if self._probe is not None:
            answer = self._probe.look(now_s)
            return None if answer is None else self._answered(self._probe, answer, now_s)
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._look_at_secrets(now_s)
        if self._probe is None and self._next and now_s - self._asked_s >= self._broker.return_after_s:
            self._asked_s = now_s
            self._is_for_secrets = False
            self._probe = Probe(self._places[0], role=self._role, now_s=now_s)
        return None

    def _look_at_secrets(self, now_s: float) -> None:
        seen = fingerprint(self._broker)
        if seen == self._used:
            self._notice = None
        elif seen != self._refused or now_s - self._refused_s >= REFUSED_S:
            self._refused, self._refused_s = seen, now_s
            self._is_for_secrets = True
            self._probe = Probe(self.broker, role=self._role, now_s=now_s)

    def _answered(self, probe: Probe, answer: str, now_s: float) -> RenewalError | None:
        self._probe = None
        where = f"mqtt {probe.broker.address}"
        if not self._is_for_secrets:
            return RenewalError(f"{where}: is back") if not answer else None
        if not answer:
            return RenewalError(f"{where}: its secrets have changed")
        notice = f"its secrets have changed, and the new ones do not serve ({answer}); the old connection is kept"
        if self._notice != notice:
            log.warning("%s: %s", where, notice)
        self._notice, self._refused_s = notice, now_s
        return None

    def _end_probe(self) -> None:
        probe, self._probe = self._probe, None
        if probe is not None:
            with contextlib.suppress(OSError):
                probe.close()
