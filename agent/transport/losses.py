"""Why connections to a broker end: two clients of one id throw each other out, mostly without a word.

Who finds that out waits long before the next try, so that the quarrel has an end and a sentence.
"""

from __future__ import annotations

from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import TransportError
from agent.transport.mqtt import Broker, explain

TAKEN_OVER = 0x8E  # reason code "session taken over"
UNSPECIFIED = 0x80  # what paho calls a connection that ended without a word
QUARREL_S = 90.0  # between two ends without a word that are no chance
QUARREL_PAUSE_S = 60.0  # in which the other client keeps the connection


class Losses:
    """How the connections of one client have ended: brokers that throw a client out for another often say no reason."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._sudden_s: float | None = None  # when one last ended without a word

    def ended(self, reason: ReasonCode, *, now_s: float) -> TransportError:
        """Why a connection that stood has ended; where another client took it, with a pause that ends the quarrel."""
        where, mine = f"mqtt {self._broker.address}", f"another client with the id {self._broker.client_id!r}"
        before_s = self._sudden_s
        self._sudden_s = now_s if reason.value == UNSPECIFIED else None
        if reason.value == TAKEN_OVER:
            return _quarrel(f"{where}: {mine} took this connection over")
        if reason.value != UNSPECIFIED:
            return TransportError(f"{where}: connection lost: {explain(reason)}")
        if before_s is not None and now_s - before_s < QUARREL_S:
            seconds = f"again without a reason after {now_s - before_s:.0f} s"
            return _quarrel(f"{where}: connection lost, {seconds}: most likely {mine} connects, too")
        return TransportError(f"{where}: connection lost without a reason; should it repeat, look for {mine}")


def _quarrel(text: str) -> TransportError:
    error = TransportError(f"{text}; give each agent an [agent] id of its own, or each [broker] a client_id")
    error.least_pause_s = QUARREL_PAUSE_S
    return error
