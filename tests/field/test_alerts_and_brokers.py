"""Alerts while broker, agent, config and state file come and go: raised once, cleared once, nothing left behind.

Each test is a case of what goes wrong in the field, with the agent as a process of its own and real brokers.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mute_proxy import MuteProxy
from one_field import Field, raised, retained
from plant import SICK_MM_S, WELL_MM_S, Agent, Listener, Transmitters, settle
from waiting import until

from agent.service.keeping.state_file import FILE_NAME

KEEPALIVE_S = 5


def test_what_happened_while_broker_and_agent_were_away_is_said_once_and_in_order(field: Field) -> None:
    field.agent.start("press", "fan")
    field.broker_away()
    for mm_s, opened in ((SICK_MM_S, 2), (WELL_MM_S, 0)):
        field.transmitters.say(press=mm_s, fan=mm_s)
        until(lambda opened=opened: len(field.agent.health["open_alerts"]) == opened)
    waiting = field.agent.health["publishing"]
    assert waiting["waiting_bytes"] > 0
    assert field.agent.kill() == -signal.SIGKILL
    field.broker.start()
    listener = field.listen()
    field.agent.start("press", "fan")
    until(lambda: len(listener.story) == 4)
    assert [event["seq"] for event in listener.events] == [1, 2, 3, 4]
    assert sorted(listener.story) == [
        (sensor, event, reason)
        for sensor in ("fan", "press")
        for event, reason in (("cleared", "recovered"), ("raised", None))
    ]
    until(lambda: field.agent.health["publishing"]["waiting_bytes"] == 0)
    assert field.agent.health["publishing"]["dropped"] == 0


@pytest.mark.parametrize("end", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_an_alert_that_clears_while_the_broker_is_away_leaves_no_ghost(field: Field, end: signal.Signals) -> None:
    listener = field.listen()
    field.agent.start("press")
    raised(field, listener, "press")
    field.broker_away()
    field.transmitters.say(press=WELL_MM_S)
    until(lambda: field.agent.health["open_alerts"] == [])
    field.agent.kill(end)
    field.broker.start()
    assert "alert/press/machine" in retained(field)
    again = field.listen()
    field.agent.start("press")
    until(lambda: ("press", "cleared", "recovered") in again.story)
    until(lambda: "alert/press/machine" not in retained(field))
    settle()
    assert again.story.count(("press", "cleared", "recovered")) == 1


def test_events_wait_for_their_sink_whatever_broker_it_is_by_then(field: Field) -> None:
    field.agent.start("press")
    field.broker_away()
    field.transmitters.say(press=SICK_MM_S)
    until(lambda: len(field.agent.health["open_alerts"]) == 1)
    field.agent.kill()
    field.broker = field.start_broker()
    field.agent.uses(field.broker)
    listener = field.listen()
    field.agent.start("press")
    until(lambda: listener.story == [("press", "raised", None)])
    until(lambda: set(retained(field)) == {"alert/press/machine", "sensor/press/state"})


def test_what_comes_again_after_lost_acknowledgements_is_the_same_and_turns_no_order_round(field: Field) -> None:
    proxy = MuteProxy(field.broker)
    listener = field.listen()
    field.agent.uses(proxy)
    try:
        field.agent.start("press", "fan")
        until(lambda: listener.last("sensor/fan/state"))
        proxy.muted.set()
        field.transmitters.say(press=SICK_MM_S, fan=SICK_MM_S)
        until(lambda: len(field.agent.health["open_alerts"]) == 2)
        until(lambda: listener.events)
        field.transmitters.say(press=WELL_MM_S, fan=WELL_MM_S)
        until(lambda: field.agent.health["open_alerts"] == [])
        assert len(listener.events) == 1  # the others wait for its acknowledgement
        proxy.muted.clear()
        proxy.cut()
        until(lambda: len(listener.story) == 4)
        until(lambda: field.agent.health["publishing"]["waiting_bytes"] == 0)
        assert [event["seq"] for event in listener.events] == [1, 1, 2, 3, 4]
        assert listener.events[0] == listener.events[1]
    finally:
        proxy.close()


def test_a_sensor_that_leaves_the_config_takes_its_alert_and_its_topics_along(field: Field) -> None:
    listener = field.listen()
    field.agent.start("press", "fan")
    raised(field, listener, "press", "fan")
    field.agent.kill(signal.SIGTERM)
    field.agent.start("fan")
    until(lambda: ("press", "cleared", "not_configured") in listener.story)
    until(lambda: set(retained(field)) == {"alert/fan/machine", "sensor/fan/state"})
    cleared = next(event for event in listener.events if event["event"] == "cleared")
    assert cleared["id"] == next(event for event in listener.events if event["sensor"] == "press")["id"]
    assert cleared["machine"] == "press"


def test_with_the_state_lost_what_the_broker_still_shows_is_cleared_and_said_to_be_lost(field: Field) -> None:
    listener = field.listen()
    field.agent.start("press", "fan")
    raised(field, listener, "press", "fan")
    before = {event["sensor"]: event for event in listener.events}
    field.agent.kill()
    shutil.rmtree(field.agent.state)
    field.transmitters.say(press=WELL_MM_S, fan=None)
    field.agent.start("press")
    until(lambda: {("press", "cleared", "state_lost"), ("fan", "cleared", "state_lost")} <= set(listener.story))
    until(lambda: set(retained(field)) == {"sensor/press/state"})
    for event in listener.events[2:]:
        assert event["id"] == before[event["sensor"]]["id"]
        assert event["seq"] > max(one["seq"] for one in before.values())
    field.agent.kill(signal.SIGTERM)
    field.agent.start("press")
    settle()
    assert len(listener.events) == 4


def test_what_the_broker_refuses_is_kept_said_and_published_once_it_may_be(
    start_mosquitto: Callable[..., Any], tmp_path: Path
) -> None:
    rules, plant = tmp_path / "acl", start_mosquitto()
    rules.write_text("topic readwrite textvib/gw/#\ntopic deny textvib/gw/event\n")
    rules.chmod(0o644)
    broker = start_mosquitto(extra=f"acl_file {rules}")
    transmitters, agent = Transmitters(plant), Agent(tmp_path, broker=broker, plant=plant)
    try:
        agent.start("press")
        transmitters.say(press=SICK_MM_S)
        until(lambda: any("textvib/gw/event is refused" in notice for notice in agent.health["notices"]))
        transmitters.say(press=WELL_MM_S)
        until(lambda: agent.health["open_alerts"] == [])
        assert agent.health["publishing"]["refused"] > 0
        agent.kill()
        agent.start("press")
        until(lambda: any("textvib/gw/event is refused" in notice for notice in agent.health["notices"]))
        rules.write_text("topic readwrite textvib/#\n")
        broker._process.send_signal(signal.SIGHUP)
        listener = Listener(broker)
        until(lambda: len(listener.events) == 2)
        assert [event["event"] for event in listener.events] == ["raised", "cleared"]
        until(lambda: not any("refused" in notice for notice in agent.health["notices"]))
        assert agent.health["publishing"]["dropped"] == 0
        listener.close()
    finally:
        agent.close()
        transmitters.close()


def test_a_broker_that_does_not_let_us_read_is_named(start_mosquitto: Callable[..., Any], tmp_path: Path) -> None:
    rules, plant = tmp_path / "acl", start_mosquitto()
    rules.write_text("topic write textvib/gw/#\n")
    rules.chmod(0o644)
    agent = Agent(tmp_path, broker=start_mosquitto(extra=f"acl_file {rules}"), plant=plant)
    try:
        agent.start("press")
        until(lambda: any("let it read textvib/gw/#" in notice for notice in agent.health["notices"]))
    finally:
        agent.close()


def test_a_protocol_that_cannot_say_that_it_refuses_is_said(
    start_mosquitto: Callable[..., Any], tmp_path: Path
) -> None:
    agent = Agent(tmp_path, broker=start_mosquitto(), plant=start_mosquitto(), more='protocol = "3.1.1"')
    try:
        agent.start("press")
        assert any("MQTT 3.1.1 cannot say that a message is refused" in notice for notice in agent.health["notices"])
    finally:
        agent.close()


# ------------------------------------------------------------------------------------------------------------ by hand


def test_an_alert_of_a_sensor_that_vanished_stays_until_somebody_closes_it(field: Field) -> None:
    listener = field.listen()
    field.agent.start("press")
    raised(field, listener, "press")
    alert = listener.events[0]["id"]
    field.transmitters.say(press=None)
    until(lambda: b'"lost"' in (listener.last("sensor/press/state") or b""))
    assert field.agent.health["open_alerts"] == [alert]
    done = field.agent.command("acknowledge", "press/machine", "--by", "Kim")
    assert (done.returncode, done.stdout) == (os.EX_OK, f"{alert}: acknowledged\n")
    until(lambda: ("press", "updated", "acknowledged") in listener.story)
    field.agent.kill()
    field.agent.start("press")
    done = field.agent.command("acknowledge", alert)
    assert done.returncode == os.EX_OK
    done = field.agent.command("close", "nonsense")
    assert done.returncode == os.EX_USAGE
    assert f"'nonsense' is not an open alert; open: {alert} (press/machine)" in done.stderr
    done = field.agent.command("close", alert[:8], "--by", "Kim", "--was", "misalignment")
    assert done.returncode == os.EX_OK
    assert done.stdout.startswith(f"{alert}: closed\n{alert}: noted as misalignment; no windows of it are kept")
    until(lambda: listener.last("alert/press/machine") == b"")
    assert listener.story[1:] == [("press", "updated", "acknowledged"), ("press", "cleared", "closed")]
    assert [event["by"] for event in listener.events] == [None, "Kim", "Kim"]
    assert [event["acknowledged"] for event in listener.events] == [False, True, True]
    assert [event["was"] for event in listener.events] == [None, None, "misalignment"]
    done = field.agent.command("acknowledge", alert[:8], "--was", "씰마모")
    assert f"{alert}: was said to be misalignment before; 씰마모 stands in its place" in done.stdout
    until(lambda: listener.story[-1] == ("press", "cleared", "judged"))
    assert listener.events[-1] == {**listener.events[-2], "reason": "judged", "was": "씰마모", "by": None} | {
        key: listener.events[-1][key] for key in ("seq", "time")
    }
    assert listener.last("alert/press/machine") == b""


def test_alerts_are_acknowledged_and_closed_over_mqtt_and_nothing_else_is(field: Field) -> None:
    listener = field.listen()
    field.agent.start("press")
    raised(field, listener, "press")
    for command in (
        b"{",
        b'{"command": "commission", "sensor": "press", "windows": 30}',
        b'{"command": "close", "alert": ""}',
        b"x" * 10_000,
        json.dumps({"command": "acknowledge", "alert": "press/machine", "by": "HMI"}).encode(),
        json.dumps({"command": "close", "alert": listener.events[0]["id"]}).encode(),
    ):
        listener.client.publish("textvib/gw/command", command, qos=1)

    def answers() -> list[Any]:
        return [json.loads(payload) for topic, payload in list(listener.heard) if topic == "textvib/gw/answer"]

    until(lambda: len(answers()) == 6)
    told = answers()  # one for which alerts of before are looked through may come after later ones
    assert sum(answer["ok"] for answer in told) == 2
    assert {answer["alert"] for answer in told if answer["ok"]} == {listener.events[0]["id"]}
    until(lambda: ("press", "cleared", "closed") in listener.story)
    until(lambda: listener.story.count(("press", "raised", None)) == 2)  # it is still sick: another alert
    assert len({event["id"] for event in listener.events}) == 2


def test_a_shelved_alert_survives_a_kill_shows_itself_and_comes_back_where_the_machine_is_worse(field: Field) -> None:
    listener = field.listen()
    field.agent.start("press")
    raised(field, listener, "press")
    alert = listener.events[0]["id"]
    refused = field.agent.command("shelve", "press/machine", "--for", "8")
    assert (refused.returncode, "8h" in refused.stderr) == (os.EX_USAGE, True)
    done = field.agent.command("shelve", "press/machine", "--for", "8h", "--by", "Kim")
    assert (done.returncode, done.stdout[: len(alert) + 16]) == (os.EX_OK, f"{alert}: shelved until ")
    until(lambda: ("press", "updated", "shelved") in listener.story)
    field.agent.kill()
    field.agent.start("press")
    (shelved,) = field.agent.health["shelved"].items()
    assert (shelved[0], shelved[1][:16]) == (alert, listener.events[-1]["shelved_until"][:16])
    said = " ".join(field.agent.command("status").stdout.split())
    assert "shelved until " in said.partition(alert)[2]
    assert json.loads(listener.last("alert/press/machine") or b"")["shelved_until"] is not None
    field.transmitters.say(press=2 * SICK_MM_S)
    until(lambda: ("press", "updated", "worse") in listener.story)
    assert field.agent.health["shelved"] == {}
    for word in ("shelve", "unshelve"):
        command = {"command": word, "alert": alert, **({"for": "30m"} if word == "shelve" else {})}
        listener.client.publish("textvib/gw/command", json.dumps(command), qos=1)
    until(lambda: ("press", "updated", "unshelved") in listener.story)
    told = [(event["reason"], event["shelved_until"] is not None) for event in listener.events]
    assert told == [(None, False), ("shelved", True), ("worse", False), ("shelved", True), ("unshelved", False)]


# ------------------------------------------------------------------------------------------- what no file can know of


@pytest.mark.long
def test_after_a_life_in_memory_alone_numbers_go_on_and_no_alert_is_left(field: Field) -> None:
    listener = field.listen()
    field.agent.start("press")
    field.agent.kill(signal.SIGTERM)
    (field.agent.state / FILE_NAME).rename(field.folder / "hidden")
    (field.agent.state / FILE_NAME).mkdir()  # a file that cannot be opened, for root as well
    field.agent.start("press", "fan")
    raised(field, listener, "press", "fan")
    field.transmitters.say(fan=WELL_MM_S)
    until(lambda: ("fan", "cleared", "recovered") in listener.story)
    before = listener.events
    until(lambda: json.loads(listener.last("health") or b"{}").get("seq") == before[-1]["seq"], seconds=15)
    assert not field.agent.health["state_kept"]
    field.agent.kill()
    field.transmitters.say(press=WELL_MM_S)
    (field.agent.state / FILE_NAME).rmdir()
    (field.folder / "hidden").rename(field.agent.state / FILE_NAME)
    field.agent.start("press", "fan")
    until(lambda: ("press", "cleared", "state_lost") in listener.story)
    until(lambda: set(retained(field)) == {"sensor/press/state", "sensor/fan/state"})
    seqs = [event["seq"] for event in listener.events]
    assert seqs == sorted(set(seqs))


@pytest.mark.parametrize("seconds", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_way_that_swallows_everything_is_noticed_and_what_happened_meanwhile_arrives_once(
    field: Field, seconds: int
) -> None:
    """As a firewall that forgot the connection: for longer than the keepalive the agent ends it itself."""
    proxy = MuteProxy(field.broker)
    field.agent.uses(proxy, keys=f"keepalive_s = {KEEPALIVE_S}")
    listener = field.listen()
    try:
        field.agent.start("press")
        until(lambda: listener.last("sensor/press/state"))
        proxy.open.clear()
        for mm_s, opened in ((SICK_MM_S, 1), (WELL_MM_S, 0)):
            field.transmitters.say(press=mm_s)
            until(lambda opened=opened: len(field.agent.health["open_alerts"]) == opened)
        time.sleep(seconds)
        if seconds > KEEPALIVE_S:
            assert field.agent.health["publishing"]["outages"] > 0
        assert listener.events == []
        proxy.open.set()
        until(lambda: len(listener.story) == 2, seconds=40)
        assert listener.story == [("press", "raised", None), ("press", "cleared", "recovered")]
    finally:
        proxy.close()
