"""The whole agent in one process: real broker, port and store; what it says, survives and counts, and how it ends."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import msgspec
import numpy as np
import pytest
from line_bundle import BUNDLE, FAULTS, RATE, signal
from mqtt_clients import client_of, leave
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families
from requirements import ROOT
from scipy.io import wavfile
from serial_lines import Terminal
from waiting import until

from agent.bundle.load import Bundle
from agent.commands import COMMANDS
from agent.commands.replay_kept import judged_again
from agent.config.load import load_config
from agent.config.resolve import decisions, sensor_setups
from agent.errors import ConfigError, RecordingError
from agent.messages.compose import Speaker
from agent.messages.topics import Topics
from agent.ports import Heard, Message, Sink
from agent.recordings.kept import read_kept
from agent.recordings.read import read_recording
from agent.service.assembly import Parts, sinks_of, sources_of
from agent.service.control import Cancel, Commission, Forget, Record, Status, ask
from agent.service.daemon import EX_BUG, GOODBYES_S, ONE_WISH_S, Daemon, is_impatient
from agent.service.inbox import Inbox
from agent.service.keeping.state_file import FILE_NAME
from agent.service.watching.stopwatch import STAGES
from agent.sinks.memory import MemoryConfig, MemorySink
from agent.types import SampleBlock, SourceFault, Stream

SCHEMAS = ROOT / "docs" / "schemas"
HOP = RATE // 2

CONFIG = """
[agent]
id = "gw"
state_dir = "state"
[broker]
host = "{host}"
port = {port}
[publish]
base_topic = "{base}"
[decision]
raise_after = 3
clear_after = 3
[[sources]]
name = "plant"
kind = "mqtt"
[machines.pump]
name = "Cooling pump"
speed = {{ rpm = 1500, tolerance = 0 }}
[machines.pump.bearings.de]
geometry = "6205"
[sensors.pump_de]
source = "plant"
topic = "{base}-plant/pump"
machine = "pump"
position = "drive end"
"""


class ToldEncoder:
    """Names what the test tells it to; whether anything is wrong at all is found out from the samples."""

    def __init__(self) -> None:
        self.fault = "healthy"

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.array([127 if fault == self.fault else 0 for fault in FAULTS], np.int8)


def parts_of(path: Path, *, encoder: Any, bundle: Bundle = BUNDLE) -> Parts:
    """Phase one with a small bundle and an encoder of the test's own."""
    config = load_config(path)
    setups = sensor_setups(config)
    topics = Topics(config.publish.base_topic, config.agent.id)
    return Parts(
        config=config,
        bundle=bundle,
        runtime="test",
        encoder=encoder,
        setups=setups,
        decisions=decisions(config),
        sources=sources_of(config),
        sinks=sinks_of(config, topics),
        topics=topics,
        speaker=Speaker(
            agent=config.agent.id, site=None, language="en", descriptions=BUNDLE.descriptions, setups=setups
        ),
        notices=("seen with the bundle",),
    )


class Running:
    """A daemon in a thread of this process."""

    def __init__(
        self, path: Path, *, encoder: Any = None, sinks: Mapping[str, Sink] | None = None, bundle: Bundle = BUNDLE
    ) -> None:
        self.state_dir = path.parent / "state"
        self.encoder = encoder or ToldEncoder()
        parts = parts_of(path, encoder=self.encoder, bundle=bundle)
        self.sinks = parts.sinks | (sinks or {})
        self.daemon = Daemon(replace(parts, sinks=self.sinks), goodbyes_s=0.5 if sinks else GOODBYES_S)
        self.code: int | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.code = self.daemon.run()
        except BaseException as error:  # given to the test that waits for it
            self.error = error

    def status(self) -> dict[str, Any]:
        return ask(self.state_dir, Status())

    def wait(self) -> int | None:
        self.thread.join(20)
        assert not self.thread.is_alive()
        return self.code

    def end(self) -> int | None:
        self.daemon.stop()
        return self.wait()


class Plant:
    """The world around the agent: sends samples over MQTT and hears what is published."""

    def __init__(self, broker: Any, base: str) -> None:
        self.base = base
        self.messages: list[tuple[str, bytes]] = []
        self._seq = 0
        self._client = client_of(broker, f"{base}/#", self._hear)

    def _hear(self, message: Any) -> None:
        self.messages.append((message.topic.removeprefix(f"{self.base}/gw/"), message.payload))

    def shake(self, samples: NDArray[np.float32], *, skip: int = 0) -> None:
        """Send samples (n, 2), half a second a message; `skip` messages are lost before the first."""
        self._seq += skip
        for row in range(0, len(samples) - HOP + 1, HOP):
            x, y = samples[row : row + HOP].T.round(5).tolist()
            batch = {"seq": self._seq, "t0": self._seq * HOP / RATE, "rate_hz": RATE, "unit": "g", "x": x, "y": y}
            self._client.publish(f"{self.base}-plant/pump", json.dumps(batch), qos=1)
            self._seq += 1

    def send(self, payload: bytes) -> None:
        self._client.publish(f"{self.base}-plant/pump", payload, qos=1)

    def heard(self, topic: str) -> list[Any]:
        """The payloads on one topic, each checked against the published schema."""
        name = {"event": "alert"}.get(topic.split("/")[0], topic.split("/")[-1] if "sensor/" in topic else topic)
        name = "alert" if topic.startswith("alert/") else name
        documents = [
            json.loads(payload) if payload else None for heard, payload in list(self.messages) if heard == topic
        ]
        schema = json.loads((SCHEMAS / f"{name}.json").read_bytes())
        for document in documents:
            if document is not None:
                jsonschema.Draft202012Validator(schema).validate(document)
        return documents

    def states(self) -> list[str]:
        states = [document["state"] for document in self.heard("sensor/pump_de/state")]
        return [state for index, state in enumerate(states) if index == 0 or state != states[index - 1]]

    def close(self) -> None:
        leave(self._client)


@pytest.fixture
def plant(mosquitto, tmp_path) -> Iterator[Plant]:
    started = Plant(mosquitto, f"t{os.getpid()}-{tmp_path.name[-30:]}".replace("[", "").replace("]", ""))
    yield started
    started.close()


@pytest.fixture
def config(mosquitto, plant, tmp_path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(host=mosquitto.host, port=mosquitto.port, base=plant.base))
    return path


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def started(path: Path, **options: Any) -> Running:
        running.append(Running(path, **options))
        return running[-1]

    yield started
    for one in running:
        if one.thread.is_alive():
            one.end()


def connected(running: Running) -> bool:
    return running.status()["health"]["sources"]["plant"]["connected"]


def ready(start: Callable[..., Running], config: Path, **options: Any) -> Running:
    running = start(config, **options)
    until(lambda: (running.state_dir / "control.sock").exists())
    until(lambda: connected(running))
    return running


def broken_down(running: Running, plant: Plant) -> None:
    running.encoder.fault = "outer_race"
    plant.shake(signal(4.0, faulty=True))
    until(lambda: plant.heard("event"))


def commissioned(running: Running, plant: Plant) -> None:
    plant.shake(signal(2.0))
    ask(running.state_dir, Commission(sensor="pump_de", windows=8))
    plant.shake(signal(6.5, seed=2))
    until(lambda: plant.states()[-1:] == ["healthy"])


# -------------------------------------------------------------------------------------------------------- the main path


def test_healthy_faulty_repaired_is_learnt_raised_cleared_and_said_in_valid_payloads(start, config, plant):
    running = ready(start, config)
    commissioned(running, plant)
    broken_down(running, plant)
    raised = plant.heard("event")[0]
    assert (raised["event"], raised["fault"], raised["bearing"]) == ("raised", "outer_race", "de")
    assert (raised["machine"], raised["machine_name"], raised["position"]) == ("pump", "Cooling pump", "drive end")
    until(lambda: plant.heard("alert/pump_de/de"))
    assert plant.heard("alert/pump_de/de")[0]["id"] == raised["id"]
    assert raised["evidence"]["kurtosis"]["value"] > 3
    assert running.status()["health"]["open_alerts"] == [raised["id"]]
    until(lambda: running.status()["kept"] == {raised["id"]: str(running.state_dir / raised["recording"])})
    kept = read_kept(running.state_dir / raised["recording"], features=len(BUNDLE.manifest.deviation.typical_sd))
    again = judged_again(kept, BUNDLE, running.encoder)
    alike = [one.diagnoses == now for one, now in zip(kept.windows, again, strict=True)]
    assert all(alike[-5:])  # by the encoder as it is told now: the one that raised it, and four after it
    assert all(d.fault == raised["fault"] for (d,) in again[-5:])
    plant.shake(signal(5.0, seed=5))
    until(lambda: plant.heard("alert/pump_de/de")[-1] is None)
    assert [(e["event"], e["id"]) for e in plant.heard("event")] == [
        ("raised", raised["id"]),
        ("cleared", raised["id"]),
    ]
    until(lambda: running.status()["health"]["sensors"]["pump_de"]["losses"]["received"] == round(17.5 * RATE))
    assert running.end() == os.EX_OK
    until(lambda: [payload for topic, payload in plant.messages if topic == "availability"] == [b"online", b"offline"])
    assert [s for s in plant.states() if s not in ("lost", "learning")] == ["healthy", "fault", "healthy"]
    assert len(plant.heard("sensor/pump_de/diagnosis")) >= 30
    health = plant.heard("health")[-1]
    assert health["sensors"]["pump_de"]["losses"]["received"] == round(17.5 * RATE)
    assert health["publishing"]["dropped"] == 0


def test_what_is_scraped_agrees_with_the_status(start, config, plant):
    with config.open("a") as file:
        file.write("[metrics]\nenabled = true\nport = 0\n")
    running = ready(start, config)
    commissioned(running, plant)
    broken_down(running, plant)
    endpoint = running.daemon._office._house.endpoint
    until(lambda: endpoint.port and running.status()["health"]["sensors"]["pump_de"]["windows"] == 24)
    with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}/metrics", timeout=10) as page:
        families = list(text_string_to_metric_families(page.read().decode()))
    found = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    health = running.status()["health"]
    sensor = health["sensors"]["pump_de"]
    windows = {key[2]: value for key, value in found.items() if key[0] == "textvib_windows_total"}
    assert sum(windows.values()) == sensor["windows"]
    assert windows["fault"] >= 1
    assert found["textvib_sensor_samples_total", "received", "pump_de"] == sensor["losses"]["received"]
    assert found["textvib_sensor_measured_rate_hertz", "pump_de"] == sensor["rate"]["hz"]
    assert sum(found["textvib_alerts_open", "pump_de", severity] for severity in ("warning", "alarm")) == 1
    assert sum(found["textvib_alerts_raised_total", "pump_de", severity] for severity in ("warning", "alarm")) == 1
    assert 0 < found["textvib_published_messages_total", "broker"] <= health["publishing"]["published"]
    counted = {stage: found["textvib_stage_duration_seconds_count", stage] for stage in STAGES}
    assert counted["features"] == counted["encode"] == counted["decide"] == sensor["windows"]
    assert min(counted.values()) > 0
    (build,) = (s.labels for family in families for s in family.samples if s.name == "textvib_build_info")
    assert (build["bundle"], build["version"]) == (health["bundle"], health["version"])


def test_an_open_alert_and_the_baseline_outlive_the_agent(start, config, plant):
    first = ready(start, config)
    commissioned(first, plant)
    broken_down(first, plant)
    assert first.end() == os.EX_OK
    told = len(plant.heard("alert/pump_de/de"))
    second = ready(start, config)
    until(lambda: len(plant.heard("alert/pump_de/de")) > told)
    assert plant.heard("alert/pump_de/de")[-1]["id"] == plant.heard("event")[0]["id"]
    plant.shake(signal(5.0, seed=5))
    until(lambda: plant.heard("alert/pump_de/de")[-1] is None)
    assert [event["event"] for event in plant.heard("event")] == ["raised", "cleared"]
    assert len({event["id"] for event in plant.heard("event")}) == 1
    assert second.end() == os.EX_OK


def test_an_alert_of_a_bearing_that_is_no_longer_configured_is_cleared_from_the_broker(start, config, plant):
    first = ready(start, config)
    commissioned(first, plant)
    broken_down(first, plant)
    first.end()
    config.write_text(config.read_text().replace("bearings.de]", "bearings.other]"))
    ready(start, config)
    until(lambda: plant.heard("alert/pump_de/de")[-1] is None)


def test_lost_messages_appear_as_a_gap_and_in_the_balance(start, config, plant):
    running = ready(start, config)
    plant.shake(signal(2.0))
    plant.shake(signal(2.0), skip=3)
    until(lambda: running.status()["health"]["sensors"]["pump_de"]["losses"]["received"] == 4 * RATE)
    assert "seen with the bundle" in running.status()["health"]["notices"]
    health = running.status()["health"]["sensors"]["pump_de"]
    assert health["losses"]["lost_on_wire"] == 3 * HOP
    assert health["explained"]


def test_hostile_payloads_are_counted_told_once_and_hurt_nothing(start, config, plant, caplog):
    running = ready(start, config)
    for payload in (b"[" * 100_000, b'{"x": [NaN]}', b"\x80\x00rubbish", b"{" * 10, b'{"x": "y"}', b"\xff" * 1000):
        plant.send(payload)
    plant.shake(signal(2.0))
    until(lambda: plant.heard("sensor/pump_de/diagnosis"))
    faults = running.status()["health"]["sources"]["plant"]["faults"]
    assert sum(faults.values()) >= 6
    told = [record.message for record in caplog.records if "source plant refused input" in record.message]
    refusals = running.status()["health"]["sources"]["plant"]["refusals"]
    assert len(told) == len(refusals) >= len(faults)
    assert {refusal["where"] for refusal in refusals} == {f"{plant.base}-plant/pump"}
    assert all(line.isprintable() for line in told)


def test_a_signal_that_is_no_number_is_invalid_with_its_reason_and_never_healthy(
    start, config, plant, tmp_path, caplog
):
    broken = signal(10.0).copy()
    broken[20_000:20_010] = np.nan
    wavfile.write(tmp_path / "tape.wav", round(RATE), broken.astype(np.float32))  # of a table it would be a gap
    only_replay(config, "tape.wav")
    start(config).wait()
    until(lambda: ("availability", b"offline") in plant.messages)
    diagnoses = plant.heard("sensor/tape/diagnosis")
    assert {d["fault"] for d in diagnoses if d["quality"]} == {"invalid"}
    assert any(d["quality"] == "not_finite" for d in diagnoses)
    assert any("tape: invalid (not_finite); check the sensor" in record.message for record in caplog.records)


# ------------------------------------------------------------------------------------------------------- several sinks


class StuckSink(MemorySink):
    """Comes up and then hangs with its first message, until the test frees it."""

    def __init__(self) -> None:
        super().__init__(MemoryConfig(), availability="a")
        self.free = threading.Event()

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        self.free.wait(60)
        return False


def with_memory(config: Path) -> None:
    config.write_text(config.read_text() + '[[sinks]]\nname = "kept"\nkind = "memory"\n')


def test_every_sink_gets_every_message_and_health_says_how_each_is(start, config, plant):
    with_memory(config)
    running = ready(start, config)
    kept = running.sinks["kept"]
    assert isinstance(kept, MemorySink)
    commissioned(running, plant)
    broken_down(running, plant)
    until(lambda: plant.heard("alert/pump_de/de"))
    root = f"{plant.base}/gw"
    until(lambda: f"{root}/alert/pump_de/de" in kept.retained)
    assert [json.loads(m.payload) for m in kept.messages if m.kind == "event"] == plant.heard("event")
    assert json.loads(kept.retained[f"{root}/alert/pump_de/de"]) == plant.heard("alert/pump_de/de")[-1]
    assert {m.kind for m in kept.messages} >= {"diagnosis", "state", "event", "alert", "health"}
    health = running.status()["health"]
    assert (health["publishing"]["connected"], health["sinks"]["kept"]["connected"]) == (True, True)
    assert health["sinks"]["kept"]["dropped"] == 0
    assert running.end() == os.EX_OK
    assert kept.retained[f"{root}/availability"] == b"offline"
    until(lambda: ("availability", b"offline") in plant.messages)
    until(lambda: plant.heard("health")[-1]["sinks"]["kept"]["published"] > 0)  # and it keeps to the schema


def test_without_further_sinks_health_says_nothing_of_any(start, config, plant):
    ready(start, config)
    until(lambda: plant.heard("health"))
    assert "sinks" not in plant.heard("health")[0]


def test_a_sink_that_hangs_holds_up_no_other_and_not_the_end(start, config, plant, caplog):
    stuck = StuckSink()
    with_memory(config)
    running = ready(start, config, sinks={"stuck": stuck})
    try:
        commissioned(running, plant)
        broken_down(running, plant)
        kept = running.sinks["kept"]
        until(lambda: any(message.kind == "event" for message in kept.messages))
        health = running.status()["health"]
        assert health["sinks"]["stuck"]["published"] == 0
        assert health["sinks"]["stuck"]["waiting"] > 0
        assert running.end() == os.EX_OK
    finally:
        stuck.free.set()
    until(lambda: ("availability", b"offline") in plant.messages)
    assert kept.retained[f"{plant.base}/gw/availability"] == b"offline"
    left = [record.message for record in caplog.records if "leaving without its goodbye" in record.message]
    assert left == ["publisher stuck does not end: leaving without its goodbye"]


# ------------------------------------------------------------------------------------- healthy states: asked, forgotten


class Command:
    """`textvib-agent ARGUMENTS` against the running agent, in a thread of its own: it may have to wait for samples."""

    def __init__(self, running: Running, *arguments: str) -> None:
        self.code: int | None = None
        self._command = importlib.import_module(COMMANDS[arguments[0]].module)
        parser = argparse.ArgumentParser()
        self._command.add_arguments(parser)
        self._arguments = parser.parse_args([*arguments[1:], "--state-dir", str(running.state_dir)])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.code = self._command.main(self._arguments)

    def end(self) -> int | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.code


def asked_to_learn(running: Running, *arguments: str) -> Command:
    before = running.status()["health"]["sensors"]["pump_de"]["healthy_state"]["learning"]
    assert before is None
    command = Command(running, "commission", "pump_de", *arguments)
    until(lambda: running.status()["to_learn"]["pump_de"])
    return command


class Stored(NamedTuple):
    """What a state file holds of pump_de, bearing -> value."""

    kept: dict[str, bytes]
    aside: dict[str, bytes]


def stored(running: Running) -> Stored:
    file = sqlite3.connect(running.state_dir / FILE_NAME)
    rows = (file.execute(f"select bearing, value from {table}") for table in ("baseline", "baseline_bak"))
    found = Stored(*map(dict, rows))
    file.close()
    return found


def healthy_state(running: Running) -> dict[str, Any]:
    return running.status()["health"]["sensors"]["pump_de"]["healthy_state"]


def test_a_damaged_machine_is_refused_with_its_lines_and_believed_where_somebody_insists(start, config, plant, capfd):
    running = ready(start, config)
    command = asked_to_learn(running)
    plant.shake(signal(20.0, faulty=True))
    assert command.end() == 1
    shown = capfd.readouterr().err
    assert re.search(
        r"bearing de at 15\d\d rpm: lines of the outer race in 20 of 20 windows: BPFO \d\d\.\d Hz \+\d\d dB", shown
    )
    assert "if this is its healthy state all the same: --anyway" in shown
    assert healthy_state(running)["speeds"] == []
    until(lambda: any("commissioning was refused" in notice for notice in plant.heard("health")[-1]["notices"]))
    assert plant.states()[-1] == "learning"

    command = asked_to_learn(running, "--anyway", "--windows", "20")
    plant.shake(signal(12.0, faulty=True, seed=3))
    assert command.end() == 0
    assert "believed anyway, against: bearing de" in capfd.readouterr().out
    until(lambda: plant.states()[-1] == "healthy")
    until(lambda: plant.heard("sensor/pump_de/state")[-1]["commissioned_anyway"])
    assert running.end() == os.EX_OK

    again = ready(start, config)
    doubts = healthy_state(again)["commissioned_anyway"]
    assert {doubt["kind"] for doubt in doubts} >= {"bearing_lines", "impacts"}
    assert doubts[0]["lines"][0]["name"] == "BPFO"
    assert any("commissioned anyway at 15" in notice for notice in again.status()["health"]["notices"])


def test_a_machine_in_zone_d_is_refused(start, config, plant, capfd):
    config.write_text(
        config.read_text().replace("[machines.pump.b", 'iso_group = 2\nfoundation = "rigid"\n[machines.pump.b')
    )
    running = ready(start, config)
    command = asked_to_learn(running, "--windows", "20")
    t = np.arange(12 * RATE) / RATE
    shaken = signal(12.0, level=0.02) + 0.3 * np.sin(2 * np.pi * 25 * t)[:, None].astype(np.float32)
    plant.shake(shaken)
    assert command.end() == 1
    assert re.search(
        r"the machine at 15\d\d rpm: ISO 20816-3 zone D in 20 of 20 windows, 13\.\d mm/s", capfd.readouterr().err
    )


def test_a_machine_unlike_what_it_was_is_refused(start, config, plant, capfd):
    scale = msgspec.structs.replace(BUNDLE.manifest.deviation, limits={"comb": 1.0, "level": 6.0})
    strict = replace(BUNDLE, manifest=msgspec.structs.replace(BUNDLE.manifest, deviation=scale))
    running = ready(start, config, bundle=strict)
    commissioned(running, plant)
    command = asked_to_learn(running, "--windows", "20")
    plant.shake(signal(12.0, faulty=True, seed=4))
    assert command.end() == 1
    shown = capfd.readouterr().err
    assert re.search(r"bearing de at 1500 rpm: away from its own healthy state of before by \d\.\d limits", shown)
    assert "if it was repaired since: --after-repair" in shown
    assert [speed["windows"] for speed in healthy_state(running)["speeds"]] == [8]


def test_after_a_repair_the_alert_is_closed_and_the_old_state_kept_until_the_new_one_is_complete(start, config, plant):
    running = ready(start, config)
    commissioned(running, plant)
    old = stored(running)
    broken_down(running, plant)
    remarks = ask(running.state_dir, Commission(sensor="pump_de", windows=8, after_repair=True))["remarks"]
    assert any("set aside" in remark for remark in remarks)
    assert any("is closed (outer_race, repaired)" in remark for remark in remarks)
    until(lambda: plant.heard("alert/pump_de/de")[-1] is None)
    assert (plant.heard("event")[-1]["event"], plant.heard("event")[-1]["reason"]) == ("cleared", "repaired")
    assert stored(running) == Stored({}, old.kept)
    assert running.status()["health"]["open_alerts"] == []
    running.end()

    again = ready(start, config)
    assert healthy_state(again)["set_aside"]
    assert any("set aside" in notice for notice in again.status()["health"]["notices"])
    ask(again.state_dir, Commission(sensor="pump_de", windows=8, after_repair=True))
    plant.shake(signal(6.5, seed=9))
    until(lambda: plant.states()[-1] == "healthy")
    until(lambda: stored(again).kept)
    assert stored(again).aside == {}
    assert stored(again).kept != old.kept
    assert [event["event"] for event in plant.heard("event")] == ["raised", "cleared"]


def test_commissioning_goes_on_where_a_restart_interrupted_it(start, config, plant):
    running = ready(start, config)
    ask(running.state_dir, Commission(sensor="pump_de", windows=12))
    plant.shake(signal(4.0))
    until(lambda: healthy_state(running)["learning"]["windows"] == 7)
    running.end()
    again = ready(start, config)
    assert healthy_state(again)["learning"]["windows"] == 7
    plant.shake(signal(6.0, seed=2))
    until(lambda: healthy_state(again)["speeds"])
    assert healthy_state(again)["speeds"][0]["windows"] == 12
    again.end()
    assert healthy_state(ready(start, config))["learning"] is None


def test_what_was_set_aside_can_be_taken_back(start, config, plant):
    running = ready(start, config)
    commissioned(running, plant)
    old = stored(running)
    ask(running.state_dir, Commission(sensor="pump_de", windows=8, after_repair=True))
    assert Command(running, "commission", "pump_de", "--cancel").end() == 0
    assert stored(running) == old
    with pytest.raises(ConfigError, match="no commissioning is under way"):
        ask(running.state_dir, Cancel(sensor="pump_de"))


def test_what_is_forgotten_stays_forgotten_and_closes_what_rested_on_it(start, config, plant, capfd):
    running = ready(start, config)
    commissioned(running, plant)
    broken_down(running, plant)
    with pytest.raises(ConfigError, match="nothing was learnt at 900 rpm; known: 1500 rpm"):
        ask(running.state_dir, Forget(sensor="pump_de", rpm=900.0))
    assert Command(running, "forget", "pump_de", "--speed", "1480").end() == 0
    shown = capfd.readouterr().out
    assert "pump_de: forgotten: 1500 rpm" in shown
    assert "is closed (outer_race, forgotten)" in shown
    until(lambda: plant.heard("event")[-1]["reason"] == "forgotten")
    until(lambda: plant.states()[-1] == "learning")
    assert stored(running) == Stored({}, {})
    running.end()
    again = ready(start, config)
    assert healthy_state(again)["speeds"] == []
    assert again.status()["health"]["open_alerts"] == []
    with pytest.raises(ConfigError, match="nothing was learnt; known: nothing"):
        ask(again.state_dir, Forget(sensor="pump_de"))


# -------------------------------------------------------------------------------------------------- what is asked of it


def test_commissioning_answers_for_what_cannot_be_done(start, config):
    running = ready(start, config)
    with pytest.raises(ConfigError, match="there is no sensor 'pumpde'; known: pump_de"):
        ask(running.state_dir, Commission(sensor="pumpde", windows=10))
    with pytest.raises(ConfigError, match="windows: 1 is not between"):
        ask(running.state_dir, Commission(sensor="pump_de", windows=1))


def test_an_open_alert_stands_against_commissioning_until_somebody_says_otherwise(start, config, plant):
    running = ready(start, config)
    commissioned(running, plant)
    broken_down(running, plant)
    with pytest.raises(
        ConfigError, match=r"refused: bearing de at 1500 rpm: an alert is open \(outer race\)"
    ) as refused:
        ask(running.state_dir, Commission(sensor="pump_de", windows=30))
    assert "--after-repair" in refused.value.problems[0]
    assert refused.value.exit_code == 1  # as where windows speak against it: nothing is wrong with the config
    assert running.status()["to_learn"] == {"pump_de": 0}
    assert ask(running.state_dir, Commission(sensor="pump_de", windows=8, anyway=True))["remarks"]
    plant.shake(signal(6.5, faulty=True, seed=7))
    until(lambda: plant.heard("event")[-1]["event"] == "cleared")
    kept = running.status()["health"]["sensors"]["pump_de"]["healthy_state"]["commissioned_anyway"]
    assert {"open_alert", "bearing_lines"} <= {doubt["kind"] for doubt in kept}


def test_a_recording_holds_the_samples_that_came(start, config, plant, tmp_path):
    running = ready(start, config)
    plant.shake(signal(0.5))
    until(lambda: running.status()["health"]["sensors"]["pump_de"]["data_age_s"] is not None)
    path = tmp_path / "pump.vbp"
    assert ask(running.state_dir, Record(sensor="pump_de", seconds=60.0, path=str(path)))["path"] == str(path)
    with pytest.raises(ConfigError, match="already being recorded"):
        ask(running.state_dir, Record(sensor="pump_de", seconds=1.0))
    plant.shake(signal(2.0, seed=9))
    until(lambda: running.status()["health"]["sensors"]["pump_de"]["losses"]["received"] == round(2.5 * RATE))
    running.end()
    recording = read_recording(path)
    assert recording.samples == pytest.approx(signal(2.0, seed=9).round(5), abs=2e-7)
    assert recording.rate_hz == RATE


def test_a_sensor_without_a_unit_is_not_recorded_and_leaves_no_file(start, config, plant, tmp_path):
    running = ready(start, config)
    path = tmp_path / "pump.vbp"
    assert ask(running.state_dir, Record(sensor="pump_de", seconds=0.5, path=str(path)))["path"] == str(path)
    until(lambda: not path.exists())  # nothing came
    plant.send(json.dumps({"rate_hz": RATE, "x": [0.5, 1.5], "unit": "raw"}).encode())
    until(lambda: running.status()["health"]["sensors"]["pump_de"]["data_age_s"] is not None)
    with pytest.raises(ConfigError, match=r'set sensors.pump_de.unit = "g" or "m/s2" to record them'):
        ask(running.state_dir, Record(sensor="pump_de", seconds=1.0, path=str(path)))
    assert not path.exists()
    plant.send(json.dumps({"rate_hz": RATE, "x": [100, 150], "unit": "raw"}).encode())
    until(lambda: running.status()["health"]["sensors"]["pump_de"]["losses"]["received"] == 4)
    ask(running.state_dir, Record(sensor="pump_de", seconds=60.0, path=str(path)))  # counts can be
    running.end()


def test_a_recording_is_never_written_over_another_file(start, config, tmp_path):
    running = ready(start, config)
    path = tmp_path / "kept.vbp"
    path.write_bytes(b"precious")
    with pytest.raises(ConfigError, match="there already"):
        ask(running.state_dir, Record(sensor="pump_de", seconds=1.0, path=str(path)))
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("name", ["a\0b.vbp", "x" * 300])
def test_a_path_that_is_none_is_refused_and_hurts_nothing(start, config, tmp_path, name):
    running = ready(start, config)
    with pytest.raises(ConfigError, match="choose another"):
        ask(running.state_dir, Record(sensor="pump_de", seconds=1.0, path=f"{tmp_path}/{name}"))
    assert running.status()
    assert running.end() == os.EX_OK


# ---------------------------------------------------------------------------------------------------------- how it ends


class BrokenEncoder:
    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        raise ArithmeticError("a bug")


def test_a_bug_in_the_data_path_ends_the_process_so_that_it_is_started_anew(start, config, plant, caplog):
    running = ready(start, config, encoder=BrokenEncoder())
    plant.shake(signal(3.0))
    assert running.wait() == EX_BUG
    assert any("worker failed, which is a bug" in record.message for record in caplog.records)
    until(lambda: [payload for topic, payload in plant.messages if topic == "availability"][-1] == b"offline")


REPLAY = """
[[sources]]
name = "tape"
kind = "replay"
files = ["tape.npy"]
speed = 0
rate_hz = 12800
unit = "g"
axes = ["x", "y"]
[sensors.tape]
source = "tape"
machine = "pump"
"""


def only_replay(config: Path, file: str = "tape.npy") -> None:
    text = config.read_text()
    before, after = text.index("[[sources]]"), text.index("[machines.pump]")
    machine = text[after : text.index("[sensors.pump_de]")]
    config.write_text(text[:before] + machine + REPLAY.replace("tape.npy", file))


@pytest.mark.long
def test_a_recording_is_played_whole_however_fast_and_then_the_agent_leaves(start, config, plant, tmp_path):
    seconds = 300  # more than the inbox holds
    np.save(tmp_path / "tape.npy", np.tile(signal(10.0), (seconds // 10, 1)))
    only_replay(config)
    running = start(config)
    assert running.wait() == os.EX_OK
    until(lambda: ("availability", b"offline") in plant.messages)
    health = plant.heard("health")[-1]
    assert health["sources"]["tape"]["dropped_items"] == 0
    assert health["sensors"]["tape"]["windows"] == 2 * seconds - 1
    assert health["sensors"]["tape"]["losses"]["received"] == seconds * RATE


def test_a_recording_that_cannot_be_read_is_the_operators_to_mend_and_is_not_retried(start, config, tmp_path):
    (tmp_path / "tape.npy").write_bytes(b"no numbers")
    only_replay(config)
    running = start(config)
    running.wait()
    assert isinstance(running.error, RecordingError)
    assert str(tmp_path / "tape.npy") in str(running.error)


SERIAL = """
[[sources]]
name = "line1"
kind = "serial"
port = "{port}"
[sensors.line]
source = "line1"
machine = "pump"
"""


def test_a_port_that_vanishes_stops_nothing_else(start, config, plant, caplog, tmp_path):
    terminal = Terminal(tmp_path / "port")
    terminal.appear()
    config.write_text(config.read_text() + SERIAL.format(port=terminal.path))
    running = ready(start, config)
    until(lambda: running.status()["health"]["sources"]["line1"]["connected"])
    terminal.vanish()
    until(lambda: not running.status()["health"]["sources"]["line1"]["connected"])
    plant.shake(signal(2.0))
    until(lambda: plant.heard("sensor/pump_de/diagnosis"))
    until(lambda: running.status()["health"]["sources"]["line1"]["outages"] == 1)
    time.sleep(1.5)  # tried again meanwhile, and not said again
    assert len([record for record in caplog.records if record.message.startswith("source line1: serial")]) == 1
    assert running.end() == os.EX_OK


@pytest.mark.parametrize(
    ("seconds", "leaves"),
    [([], False), ([5.0], False), ([5.0, 5.0], False), ([5.0, 5.0 + ONE_WISH_S], False), ([5.0, 5.1, 6.2], True)],
)
def test_signals_within_a_second_are_one_wish(seconds: list[float], leaves: bool) -> None:
    assert is_impatient([(15, at_s) for at_s in seconds]) is leaves


# ---------------------------------------------------------------------------------------------------------------- inbox

STREAM = Stream("a", 1000.0)


def block(number: int, *, sensor: str = "a", samples: int = 100) -> SampleBlock:
    return SampleBlock(replace(STREAM, sensor=sensor), number * samples, np.zeros((samples, 1), np.float32))


def starts(taken: Sequence[tuple[str, Any]]) -> list[int]:
    return [item.start for _, item in taken]


def test_a_full_lane_drops_its_own_oldest_and_counts_every_sample():
    inbox = Inbox(["loud", "quiet"], max_items=5)
    inbox.put("quiet", [block(0, sensor="b")])
    inbox.put("loud", [block(number) for number in range(8)])
    assert (inbox.dropped("loud"), inbox.dropped("quiet")) == (3, 0)
    assert starts(inbox.take(0.0)) == [300, 400, 500, 600, 700, 0]
    balance = inbox.balance("a")
    assert balance is not None
    assert (balance.received, balance.dropped_agent, balance.explained) == (800, 300, True)
    quiet = inbox.balance("b")
    assert quiet is not None
    assert quiet.dropped_agent == 0


def test_a_lane_is_bounded_in_bytes_too_and_keeps_at_least_the_newest():
    inbox = Inbox(["loud"], max_bytes=100_000)
    inbox.put("loud", [block(number, samples=10_000) for number in range(6)])
    assert starts(inbox.take(0.0)) == [40_000, 50_000]
    inbox.put("loud", [block(9, samples=50_000)])
    assert starts(inbox.take(0.0)) == [450_000]


def test_sources_take_turns_so_that_a_flood_does_not_starve_the_others():
    inbox = Inbox(["loud", "quiet"])
    inbox.put("loud", [SourceFault("noise", "")] * 1000)
    inbox.put("quiet", [SourceFault("one", "")])
    assert ("quiet", SourceFault("one", "")) in inbox.take(0.0)


def test_an_empty_inbox_gives_nothing_and_does_not_wait_longer_than_told():
    began_s = time.monotonic()
    assert Inbox(["a"]).take(0.05) == []
    assert time.monotonic() - began_s < 1.0
