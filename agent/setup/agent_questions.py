"""What is asked once, where there is no config yet: who the agent is, where it publishes, whom it tells, its page."""

from __future__ import annotations

from collections.abc import Callable

from agent.messages.words import LANGUAGES
from agent.setup.agent_part import publishing_broker, sink_keys, telling_kinds
from agent.setup.interview import NO, YES, Spot
from agent.setup.question import Question, first, just, nothing


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
OF_THE_AGENT = (
    Question(
        "agent_id",
        of_sensor=False,
        is_asked=_is_new,
        default=lambda spot: spot.interview.agent_id,
        places=just("agent.id"),
    ),
    Question(
        "language",
        "choice",
        of_sensor=False,
        is_asked=_is_new,
        choices=just(*LANGUAGES),
        default=lambda spot: spot.interview.language,
    ),
    Question(
        "publish_broker",
        of_sensor=False,
        is_asked=_is_new,
        default=_heard_broker,
        places=just("broker.host", "broker.port"),
    ),
    Question("publish_username", of_sensor=False, is_asked=_publishes_elsewhere),
    Question(
        "publish_password",
        "secret",
        of_sensor=False,
        is_asked=lambda spot: _publishes_elsewhere(spot) and bool(spot.told("publish_username")),
    ),
    Question(
        "base_topic", of_sensor=False, is_asked=_is_new, default=first("textvib"), places=just("publish.base_topic")
    ),
    Question("home_assistant", "choice", of_sensor=False, is_asked=_is_new, choices=just(YES, NO), default=first(NO)),
    Question(
        "alerts",
        "choice",
        of_sensor=False,
        is_asked=_is_new,
        choices=lambda spot: ("broker", *telling_kinds()),
        default=first("broker"),
    ),
    Question("sink_url", of_sensor=False, is_asked=_sink_has("url"), default=nothing, places=just(*PEOPLE)),
    Question(
        "sink_form",
        "choice",
        of_sensor=False,
        is_asked=_sink_has("form"),
        choices=just("chat", "text", "event"),
        default=first("chat"),
        places=just("sinks.people.form"),
    ),
    Question(
        "sink_host",
        of_sensor=False,
        is_asked=_sink_has("host"),
        default=nothing,
        places=just("sinks.people.host"),
    ),
    Question(
        "sink_sender",
        of_sensor=False,
        is_asked=_sink_has("sender"),
        default=nothing,
        places=just("sinks.people: sender"),
    ),
    Question(
        "sink_recipients",
        of_sensor=False,
        is_asked=_sink_has("recipients"),
        default=nothing,
        places=just(*PEOPLE),
    ),
    Question("sink_username", of_sensor=False, is_asked=_sink_has("username")),
    Question(
        "sink_password",
        "secret",
        of_sensor=False,
        is_asked=lambda spot: _sink_has("username")(spot) and bool(spot.told("sink_username")),
        default=nothing,
        places=just("sinks.people.password_file"),
    ),
    Question(
        "page",
        "choice",
        of_sensor=False,
        is_asked=_is_new,
        choices=just("here", "network", NO),
        default=first(NO),
        places=just("web:"),
    ),
    Question(
        "page_password",
        "secret",
        of_sensor=False,
        is_asked=_told("page", "network"),
        default=nothing,
        places=just("web.password_file"),
    ),
)
