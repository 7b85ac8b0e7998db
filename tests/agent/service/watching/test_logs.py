"""The log's forms, what they leave out, and how a burst is told as a number."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from agent.commands import run
from agent.service.watching import logs
from agent.service.watching.events import log_alert, log_state
from agent.service.watching.logs import BURST, OVER_S, JournalFormatter, JsonFormatter, Limit, TextFormatter, formatter
from agent.transport.retry import Outage
from agent.types import State, StateChange


class Log:
    """The root logger's one handler, what it wrote, and a clock for its limit."""

    def __init__(self, form: logging.Formatter) -> None:
        self.stream = io.StringIO()
        self.now_s = 0.0
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(form)
        self.handler.addFilter(Limit(clock=lambda: self.now_s))

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Log]:
    made, root = Log(JsonFormatter()), logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers[:] = [made.handler]
    root.setLevel(logging.DEBUG)
    yield made
    root.handlers[:] = before
    root.setLevel(level)


def warn(template: str = "%s: shakes", *arguments: object, **extra: object) -> None:
    logging.getLogger("agent.service.test").warning(template, *arguments, extra=extra)


# ------------------------------------------------------------------------------------------------------------- forms


def test_an_event_is_one_json_object_with_what_it_is_about(log: Log) -> None:
    from one_alert import ALERT

    log_alert(ALERT)
    log_state(StateChange("pump_de", State.INVALID, "clipped", 1.0, None))
    Outage("source plant").failed(OSError("gone"), now_s=0.0)
    warn("%s: its\ncable", "fan")
    alert, state, link, other = log.records
    assert (alert["event"], alert["alert"], alert["sensor"], alert["bearing"]) == (
        "alert_raised",
        ALERT.id,
        "pump_de",
        "de",
    )
    assert (state["event"], state["state"], state["reason"], state["level"]) == (
        "state",
        "invalid",
        "clipped",
        "warning",
    )
    assert (link["event"], link["link"]) == ("link_away", "source plant")
    assert (other["event"], other["about"], other["message"]) == ("its_cable", "fan", "fan: its\ncable")
    assert all(record["time"].endswith("+00:00") and record["logger"] for record in log.records)


def test_a_bug_bears_its_stack_on_the_same_line(log: Log) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("agent").critical("this is a bug", exc_info=True)
    (record,) = log.records
    assert "ValueError: broken" in record["stack"]
    assert record["level"] == "critical"


def test_every_line_for_the_journal_bears_its_priority(log: Log) -> None:
    log.handler.setFormatter(JournalFormatter())
    logging.getLogger("agent").critical("hangs; it is here:\n  file\n  line")
    assert log.lines == ["<2>hangs; it is here:", "<2>  file", "<2>  line"]


@pytest.mark.parametrize(
    ("chosen", "journal", "kind"),
    [
        ("auto", False, TextFormatter),
        ("auto", True, JournalFormatter),
        ("journal", False, JournalFormatter),
        ("text", True, TextFormatter),
        ("json", False, JsonFormatter),
        ("json", True, JsonFormatter),
    ],
)
def test_the_form_is_the_one_asked_for(monkeypatch, chosen: Any, journal: bool, kind: type) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    if journal:
        monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    made = formatter(chosen)
    assert isinstance(made, kind)
    line = made.format(logging.makeLogRecord({"levelno": logging.ERROR, "levelname": "ERROR", "msg": "x"}))
    assert line.startswith("<3>") == (kind is JournalFormatter or (chosen == "json" and journal))


@pytest.mark.parametrize("form", [TextFormatter(), JsonFormatter(), JournalFormatter()])
def test_what_an_address_says_of_its_user_is_left_out(log: Log, form: logging.Formatter) -> None:
    log.handler.setFormatter(form)
    warn("%s: cannot connect", "mqtts://kim:s3cret@plant:8883/x")
    assert "s3cret" not in log.stream.getvalue()
    assert "mqtts://***@plant:8883/x" in log.stream.getvalue()


# ------------------------------------------------------------------------------------------------------------- bursts


def test_a_burst_is_told_once_with_how_many_there_were(log: Log) -> None:
    for _ in range(BURST + 5):
        warn("%s: shakes", "pump")
    assert len(log.lines) == BURST
    log.now_s = OVER_S - 1
    logs.tell_suppressed()
    assert len(log.lines) == BURST
    log.now_s = OVER_S
    logs.tell_suppressed()
    logs.tell_suppressed()
    assert [record["suppressed"] for record in log.records[BURST:]] == [5]
    assert log.records[-1]["message"] == "pump: shakes (suppressed 5)"


def test_the_next_one_says_it_where_nobody_looked_meanwhile(log: Log) -> None:
    for _ in range(BURST + 5):
        warn("%s: shakes", "pump")
    log.now_s = OVER_S + 1
    warn("%s: shakes", "pump")
    warn("%s: shakes", "pump")
    assert [record.get("suppressed") for record in log.records[BURST:]] == [5, None]


def test_each_sensor_and_each_event_has_a_count_of_its_own(log: Log) -> None:
    for number in range(2 * BURST):
        warn("%s: shakes", "pump")
        warn("%s: shakes", "fan")
        warn("refused", event="input_refused", sensor="pump", kind="json")
        warn("alert %s", number, event="alert_raised", sensor="pump", alert=str(number))
    assert len(log.lines) == 3 * BURST + 2 * BURST  # no alert is suppressed: each has an id of its own


def test_what_ends_the_agent_is_never_suppressed(log: Log) -> None:
    for _ in range(2 * BURST):
        logging.getLogger("agent").critical("hangs")
    assert len(log.lines) == 2 * BURST


def test_counts_are_bounded_whatever_names_come(log: Log, monkeypatch) -> None:
    monkeypatch.setattr(logs, "MOST_COUNTS", 20)
    for number in range(100):
        warn("%s: shakes", f"sensor{number}")
    (limit,) = log.handler.filters
    assert len(limit._counts) == 21
    assert len(log.lines) == 20 + BURST


def test_run_takes_the_form_of_the_config(log: Log, tmp_path, monkeypatch) -> None:
    import argparse

    used: list[str] = []
    monkeypatch.setattr("agent.service.watching.logs.use", used.append)
    monkeypatch.setattr("agent.service.daemon.run", lambda config, path: 0)
    path = tmp_path / "agent.toml"
    path.write_text(
        '[agent]\nid = "a"\n[log]\nformat = "json"\n[[sources]]\nname = "p"\nkind = "mqtt"\n'
        '[machines.m]\n[sensors.s]\nsource = "p"\nmachine = "m"\ntopic = "t"\n'
    )
    assert run.main(argparse.Namespace(config=path)) == 0
    assert used == ["json"]
