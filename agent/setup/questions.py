"""All questions of a setup, in their order, as values that a terminal and the page both render.

A question says when it is asked, what may be chosen, what is taken where nothing is said, and under which keys of the
config its answer lands: what `check` says of those is what is wrong with the answer. Its words stand in `[setup]` of
`words.toml`: `KEY` asks, `KEY_why` says why and what happens when it is left open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent.messages.words import LANGUAGES
from agent.setup.draft import (
    default_id,
    machine_of,
    machines_before,
    publishing_broker,
    sensors_before,
    sink_keys,
    speeds_of,
    telling_kinds,
)
from agent.setup.interview import NO, OPEN, UNKNOWN, YES, Spot

Kind: TypeAlias = Literal["choice", "text", "number", "secret"]


def _always(spot: Spot) -> bool:
    return True


def _none(spot: Spot) -> tuple[str, ...]:
    return ()


def _open(spot: Spot) -> str | None:
    return OPEN


@dataclass(frozen=True, slots=True)
class Question:
    """`default` None: there is none, and it must be answered; "" leaves it open."""

    key: str
    kind: Kind = "text"
    of_sensor: bool = True
    is_asked: Callable[[Spot], bool] = _always
    choices: Callable[[Spot], tuple[str, ...]] = _none  # of a text: what may be meant
    default: Callable[[Spot], str | None] = _open
    places: Callable[[Spot], tuple[str, ...]] = _none  # dotted keys of the config, which `check` names
    is_taken: Callable[[Spot, str], bool] = lambda spot, text: False  # whether this very answer is somebody else's

    def name(self, sensor: int) -> str:
        """The dotted key of its answer."""
        return f"sensors.{sensor}.{self.key}" if self.of_sensor else self.key


def _is(key: str, *wanted: str) -> Callable[[Spot], bool]:
    return lambda spot: spot.of(key) in wanted


def _just(*choices: str) -> Callable[[Spot], tuple[str, ...]]:
    return lambda spot: choices


def _first(*choices: str) -> Callable[[Spot], str | None]:
    return lambda spot: choices[0]


def _watchable(spot: Spot) -> tuple[str, ...]:
    return tuple(one.what for one in spot.left)


def _only_one(spot: Spot) -> str | None:
    """Where one thing alone sends samples, that."""
    samples = [one.what for one in spot.left if one.carries == "samples"]
    return samples[0] if len(samples) == 1 else None


def _measured_rate(spot: Spot) -> str | None:
    rate_hz = None if spot.found is None else spot.found.finding.rate_hz
    return None if rate_hz is None else f"{rate_hz:g}"


def _is_new_machine(spot: Spot) -> bool:
    return machine_of(spot) not in machines_before(spot)


def _sends_samples(spot: Spot) -> bool:
    return spot.found is not None and spot.found.carries == "samples"


def _is_new_bearing(spot: Spot) -> bool:
    known = machines_before(spot).get(machine_of(spot), {})
    return _sends_samples(spot) and spot.of("end") not in known.get("bearings", {})


def _sensor_place(spot: Spot) -> str:
    return f"sensors.{spot.of('sensor') or default_id(spot)}"


def _of_sensor(*keys: str) -> Callable[[Spot], tuple[str, ...]]:
    return lambda spot: tuple(f"{_sensor_place(spot)}{key}" for key in keys)


def _of_machine(key: str) -> Callable[[Spot], tuple[str, ...]]:
    return lambda spot: (f"machines.{machine_of(spot)}{key}",)


def _known_machines(spot: Spot) -> tuple[str, ...]:
    return tuple(str(machine.get("name") or name) for name, machine in machines_before(spot).items())


def _speeds(spot: Spot) -> tuple[str, ...]:
    return ("fixed", "range", *(["topic"] if [*speeds_of(spot.interview.found)] else []), UNKNOWN)


def _more_left(spot: Spot) -> bool:
    return bool([one for one in spot.left if one.what != spot.of("watch")])


def _is_new(spot: Spot) -> bool:
    return spot.interview.is_new


def _told(key: str, *wanted: str) -> Callable[[Spot], bool]:
    return lambda spot: spot.interview.is_new and spot.told(key) in wanted


def _sink_has(key: str) -> Callable[[Spot], bool]:
    return lambda spot: spot.interview.is_new and key in sink_keys(spot.told("alerts"))


def _publishes_elsewhere(spot: Spot) -> bool:
    heard = spot.interview.broker
    return spot.interview.is_new and (heard is None or publishing_broker(spot.interview) is not heard)


def _heard_broker(spot: Spot) -> str | None:
    return "localhost" if spot.interview.broker is None else spot.interview.broker.host


PEOPLE = ("sinks.people",)
QUESTIONS = (
    Question("watch", "choice", choices=_watchable, default=_only_one),
    Question(
        "quantity",
        "choice",
        is_asked=lambda spot: spot.found is not None and spot.found.wants_quantity,
        choices=_just("velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"),
        default=lambda spot: None,
    ),
    Question(
        "rate_hz",
        "number",
        is_asked=lambda spot: spot.found is not None and spot.found.wants_rate,
        default=_measured_rate,
        places=_of_sensor(".rate_hz"),
    ),
    Question(
        "unit",
        "choice",
        is_asked=lambda spot: spot.found is not None and spot.found.wants_unit,
        choices=_just("g", "m/s2", UNKNOWN),
        default=_first(UNKNOWN),
        places=_of_sensor(".unit"),
    ),
    Question("machine", choices=_known_machines, default=lambda spot: None, places=_of_machine(":")),
    Question("end", "choice", is_asked=_sends_samples, choices=_just("de", "nde"), default=_first("de")),
    Question(
        "sensor",
        default=default_id,
        places=_of_sensor(""),
        is_taken=lambda spot, text: text in sensors_before(spot),
    ),
    Question("speed", "choice", is_asked=_is_new_machine, choices=_speeds, default=_first(UNKNOWN)),
    Question("rpm", "number", is_asked=_is("speed", "fixed"), default=lambda spot: None, places=_of_machine(".speed")),
    Question(
        "rpm_low", "number", is_asked=_is("speed", "range"), default=lambda spot: None, places=_of_machine(".speed")
    ),
    Question(
        "rpm_high", "number", is_asked=_is("speed", "range"), default=lambda spot: None, places=_of_machine(".speed")
    ),
    Question(
        "which_speed_topic",
        "choice",
        is_asked=_is("speed", "topic"),
        choices=lambda spot: tuple(one.what for one in speeds_of(spot.interview.found)),
        default=lambda spot: next((one.what for one in speeds_of(spot.interview.found)), None),
        places=_of_machine(".speed"),
    ),
    Question("bearing", is_asked=_is_new_bearing, default=_first(UNKNOWN), places=_of_machine(".bearings")),
    Question(
        "iso_group", "choice", is_asked=_is_new_machine, choices=_just("2", "1", UNKNOWN), default=_first(UNKNOWN)
    ),
    Question(
        "foundation",
        "choice",
        is_asked=_is("iso_group", "1", "2"),
        choices=_just("rigid", "flexible", UNKNOWN),
        default=_first(UNKNOWN),
    ),
    Question("more", "choice", is_asked=_more_left, choices=_just(YES, NO), default=_first(NO)),
    Question(
        "agent_id",
        of_sensor=False,
        is_asked=_is_new,
        default=lambda spot: spot.interview.agent_id,
        places=_just("agent.id"),
    ),
    Question(
        "language",
        "choice",
        of_sensor=False,
        is_asked=_is_new,
        choices=_just(*LANGUAGES),
        default=lambda spot: spot.interview.language,
    ),
    Question(
        "publish_broker",
        of_sensor=False,
        is_asked=_is_new,
        default=_heard_broker,
        places=_just("broker.host", "broker.port"),
    ),
    Question("publish_username", of_sensor=False, is_asked=_publishes_elsewhere),
    Question(
        "publish_password",
        "secret",
        of_sensor=False,
        is_asked=lambda spot: _publishes_elsewhere(spot) and bool(spot.told("publish_username")),
    ),
    Question(
        "base_topic", of_sensor=False, is_asked=_is_new, default=_first("textvib"), places=_just("publish.base_topic")
    ),
    Question("home_assistant", "choice", of_sensor=False, is_asked=_is_new, choices=_just(YES, NO), default=_first(NO)),
    Question(
        "alerts",
        "choice",
        of_sensor=False,
        is_asked=_is_new,
        choices=lambda spot: ("broker", *telling_kinds()),
        default=_first("broker"),
    ),
    Question("sink_url", of_sensor=False, is_asked=_sink_has("url"), default=lambda spot: None, places=_just(*PEOPLE)),
    Question(
        "sink_form",
        "choice",
        of_sensor=False,
        is_asked=_sink_has("form"),
        choices=_just("chat", "text", "event"),
        default=_first("chat"),
        places=_just("sinks.people.form"),
    ),
    Question(
        "sink_host",
        of_sensor=False,
        is_asked=_sink_has("host"),
        default=lambda spot: None,
        places=_just("sinks.people.host"),
    ),
    Question(
        "sink_sender",
        of_sensor=False,
        is_asked=_sink_has("sender"),
        default=lambda spot: None,
        places=_just("sinks.people: sender"),
    ),
    Question(
        "sink_recipients",
        of_sensor=False,
        is_asked=_sink_has("recipients"),
        default=lambda spot: None,
        places=_just(*PEOPLE),
    ),
    Question("sink_username", of_sensor=False, is_asked=_sink_has("username")),
    Question(
        "sink_password",
        "secret",
        of_sensor=False,
        is_asked=lambda spot: _sink_has("username")(spot) and bool(spot.told("sink_username")),
        default=lambda spot: None,
        places=_just("sinks.people.password_file"),
    ),
    Question(
        "page",
        "choice",
        of_sensor=False,
        is_asked=_is_new,
        choices=_just("here", "network", NO),
        default=_first(NO),
        places=_just("web:"),
    ),
    Question(
        "page_password",
        "secret",
        of_sensor=False,
        is_asked=_told("page", "network"),
        default=lambda spot: None,
        places=_just("web.password_file"),
    ),
)
"""Those of a sensor are asked of each; then those of the agent, where there is no config yet."""
