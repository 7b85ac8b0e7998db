"""Why connections to a broker end: two clients of one id throw each other out, mostly without a word.

Who finds that out waits before the next try, longer each time that the broker says so: the quarrel has an end and a
sentence.
"""

from __future__ import annotations

from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import TransportError
from agent.transport.mqtt import Broker, explain

TAKEN_OVER = 0x8E  # reason code "session taken over"
UNSPECIFIED = 0x80  # what paho calls a connection that ended without a word
QUARREL_S = 90.0  # between two ends without a word that are no chance
QUARREL_PAUSE_S = 60.0  # in which the other client keeps the connection; twice as long each time
LONGEST_PAUSE_S = 3600.0
FORGOTTEN_S = 4 * 3600.0  # without a quarrel, after which the next one is the first


class Losses:
    """How the connections of one client have ended: brokers that throw a client out for another often say no reason."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._sudden_s: float | None = None  # when one last ended without a word
        self._taken_over = 0
        self._quarrel_s = 0.0  # when the last one was
        self.quarrel: str | None = None
        """Who else connects with this client's id, as a notice; None: nobody, as far as is known."""

    def ended(self, reason: ReasonCode, *, now_s: float) -> TransportError:
        """Why a connection that stood has ended; where another client took it, with a pause that ends the quarrel."""
        where, mine = f"mqtt {self._broker.address}", f"another client with the id {self._broker.client_id!r}"
        before_s = self._sudden_s
        self._sudden_s = now_s if reason.value == UNSPECIFIED else None
        if reason.value == TAKEN_OVER:
            return self._note(f"{where}: {mine} took this connection over", now_s, sure=True)
        if reason.value != UNSPECIFIED:
            return TransportError(f"{where}: connection lost: {explain(reason)}")
        if before_s is not None and now_s - before_s < QUARREL_S:
            seconds = f"again without a reason after {now_s - before_s:.0f} s"
            return self._note(f"{where}: connection lost, {seconds}: most likely {mine} connects, too", now_s)
        return TransportError(f"{where}: connection lost without a reason; should it repeat, look for {mine}")

    def look(self, now_s: float) -> str | None:
        """What is to be told of a quarrel as long as it is not forgotten."""
        return self.quarrel if now_s - self._quarrel_s < FORGOTTEN_S else None

    def _note(self, text: str, now_s: float, *, sure: bool = False) -> TransportError:
        """Only a broker's own word makes the pauses longer: one that hangs up now and then may merely be ill."""
        if now_s - self._quarrel_s >= FORGOTTEN_S:
            self._taken_over = 0
        self._taken_over += sure
        self._quarrel_s = now_s
        self.quarrel = f"{text}; give each agent an [agent] id of its own, or each [broker] a client_id"
        error = TransportError(self.quarrel)
        error.least_pause_s = min(QUARREL_PAUSE_S * 2 ** max(0, min(self._taken_over - 1, 10)), LONGEST_PAUSE_S)
        return error
