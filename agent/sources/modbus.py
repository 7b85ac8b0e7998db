"""Vibration transmitters on an RS-485 line, asked in turn by Modbus RTU: RMS figures, no samples.

One request is under way at a time and every read makes one attempt, so a device that is silent delays the others by its
timeout alone. What is not answered after its retries is a counted fault, and the next round asks again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec

from agent.sources.port import Baud, Port, PortConfig
from agent.sources.rtu import MAX_REPLY, Refused, request, silence_s, words_in
from agent.sources.transmitters import PROFILES, Register, is_possible, spans
from agent.transport.routes import Route
from agent.types import Counters, Item, Reading, SourceFault


class ModbusConfig(PortConfig, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A line of transmitters of one model: `profile` names it, or `registers` describes it."""

    baud: Baud = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    profile: Literal["wtvb01_485", "banner_qm42vt2"] | None = None
    registers: tuple[Register, ...] = ()
    poll_s: Annotated[float, msgspec.Meta(ge=0.1, le=10)] = 1.0
    timeout_s: Annotated[float, msgspec.Meta(ge=0.02, le=2)] = 0.3
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 2

    def __post_init__(self) -> None:
        if (self.profile is None) == (not self.registers):
            raise ValueError(f"give either profile (one of {', '.join(PROFILES)}) or registers")

    @property
    def remarks(self) -> tuple[str, ...]:
        """What `check` says of these keys: a profile is only as good as the paper it was taken from."""
        if self.profile is None:
            return ()
        profile = PROFILES[self.profile]
        doubt = f"; {profile.doubt}" if profile.doubt else ""
        return (
            f"profile: not verified on hardware (from: {profile.source}){doubt}; "
            "compare its figures with the maker's own software once",
        )

    @property
    def figures(self) -> tuple[Register, ...]:
        return PROFILES[self.profile].registers if self.profile else self.registers

    def address_of(self, route: Route) -> int:
        """A sensor's address: its own, else the one its model leaves the factory with."""
        if route.address is not None:
            return route.address
        return PROFILES[self.profile].address if self.profile else 1


@dataclass(frozen=True, slots=True)
class _Question:
    """One request of a round."""

    address: int
    function: int
    first: int
    count: int
    attempt: int = 0


class ModbusSource:
    """Asks every address that a sensor names, once per `poll_s`."""

    def __init__(self, config: ModbusConfig, routes: Sequence[Route], *, name: str = "modbus") -> None:
        self.name = name
        self._config = config
        self._port = Port(config, parity=config.parity, stop_bits=config.stop_bits)
        self._routes: dict[int, list[Route]] = {}
        self.reroute(routes)
        self._questions: deque[_Question] = deque()
        self._round_s = 0.0  # when the next round is due
        self._counts = {"requests": 0, "replies": 0, "retries": 0, "faults": 0}

    def reroute(self, routes: Sequence[Route]) -> None:
        """Whom to ask from the next round on."""
        self._routes = {}
        for route in routes:
            self._routes.setdefault(self._config.address_of(route), []).append(route)

    def open(self) -> None:
        """Open the port; TransportError where it is missing, held by another process or not permitted."""
        self._port.open()
        self._questions.clear()
        self._round_s = time.monotonic()

    def read(self, timeout_s: float) -> list[Item]:
        """The figures of one reply, or nothing where no question is due yet; TransportError once the port is gone.

        A question that is due is asked whatever `timeout_s` is; its reply is waited for as long as configured.
        """
        if not self._questions:
            wait_s = self._round_s - time.monotonic()
            if wait_s > 0:
                self._port.read(min(wait_s, timeout_s))  # nobody speaks unasked: this notices a port that is gone
                if wait_s > timeout_s:
                    return []
                time.sleep(max(0.0, min(self._round_s - time.monotonic(), timeout_s)))
            self._begin_round()
            if not self._questions:
                return []
        return self._ask(self._questions.popleft())

    def close(self) -> None:
        self._port.close()

    def counters(self) -> Counters:
        """Bytes, opens, requests, replies, retries, questions that stayed unanswered."""
        return self._port.counts | self._counts

    def _begin_round(self) -> None:
        """Rounds keep to their beat, unless one took longer than that."""
        self._round_s = max(self._round_s + self._config.poll_s, time.monotonic())
        for address in self._routes:
            self._questions += [_Question(address, *span) for span in spans(self._config.figures)]

    def _ask(self, question: _Question) -> list[Item]:
        asked = request(question.address, first=question.first, count=question.count, function=question.function)
        time.sleep(silence_s(self._config.baud))
        self._port.ask(asked)
        self._counts["requests"] += 1
        reply = self._reply(asked)
        if isinstance(reply, Refused):
            return self._unanswered(question, reply)
        self._counts["replies"] += 1
        return self._items(question, reply)

    def _reply(self, asked: bytes) -> tuple[int, ...] | Refused:
        deadline_s = time.monotonic() + self._config.timeout_s
        received = b""
        while True:
            left_s = deadline_s - time.monotonic()
            if left_s > 0 and len(received) <= len(asked) + MAX_REPLY:
                received += self._port.read(left_s)
            reply = words_in(received, asked, is_all=left_s <= 0 or len(received) > len(asked) + MAX_REPLY)
            if reply is not None:
                return reply

    def _unanswered(self, question: _Question, why: Refused) -> list[Item]:
        if question.attempt < self._config.retries and why.kind != "modbus_exception":
            self._counts["retries"] += 1
            self._questions.appendleft(replace(question, attempt=question.attempt + 1))
            return []
        detail = f"address {question.address}, register {question.first}: {why.detail}"
        return [self._fault(why.kind, detail, route.sensor) for route in self._routes[question.address]]

    def _items(self, question: _Question, words: tuple[int, ...]) -> list[Item]:
        """Of several axes the first by name comes last: it is the one on which a round is judged."""
        arrival_s, wall_s = time.monotonic(), time.time()
        here = [r for r in self._config.figures if _is_in(r, question)]
        items: list[Item] = []
        for register in sorted(here, key=lambda r: r.axis or "", reverse=True):
            at = register.register - question.first
            figure = register.figure(*words[at : at + register.width])
            where = f"address {question.address}, register {register.register}"
            for route in self._routes[question.address]:
                if route.quantity not in (None, register.quantity) or route.axis not in (None, register.axis):
                    continue
                if figure is None:
                    contents = " ".join(f"{word:04x}" for word in words[at : at + register.width])
                    items.append(self._fault("no_reading", f"{where}: {contents} is no reading", route.sensor))
                elif not is_possible(register.quantity, figure):
                    items.append(self._fault("implausible", f"{where}: {figure:g} cannot be", route.sensor))
                else:
                    quantity, axis = register.quantity, register.axis
                    items.append(Reading(route.sensor, quantity, figure, arrival_s, wall_s, axis))
        return items

    def _fault(self, kind: str, detail: str, sensor: str) -> SourceFault:
        self._counts["faults"] += 1
        return SourceFault(kind, detail, sensor)


def _is_in(register: Register, question: _Question) -> bool:
    """Whether the reply to this question holds all of a figure; a long table may be asked in several."""
    at = register.register - question.first
    return register.function == question.function and 0 <= at <= question.count - register.width
