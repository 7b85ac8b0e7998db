"""What `explain` says of topics, ports and files, and that its config passes `check`."""

from __future__ import annotations

import json
import random
import struct
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from requirements import ROOT
from serial_lines import Terminal

from agent.cli import main
from agent.config.load import check_config
from agent.explain.files import explain_file
from agent.explain.finding import Finding, document, lines_of
from agent.explain.ports import explain_port
from agent.explain.reading import Arrived
from agent.explain.topics import explain_topic
from agent.recordings.vbp_writer import Framer
from agent.sources.ready_mappings import READY
from agent.types import SampleBlock, Stream
from firmware_bridge.frames import frame_bytes

CAPTURES = ROOT / "tests" / "cases" / "captures"


def gauss(count: int = 100, spread: float = 1.0) -> list[float]:
    generator = random.Random(count)
    return [round(generator.gauss(0, spread), 4) for _ in range(count)]


def topic(message: Any, *, count: int = 20, name: str = "plant/fan", every_s: float = 0.1) -> Finding:
    """What `count` messages of one kind are; a callable is given the number of each."""
    made = [message(n) if callable(message) else message for n in range(count)]
    data = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in made]
    return explain_topic(name, [Arrived(d, every_s * n) for n, d in enumerate(data)])


def checked(finding: Finding, tmp_path: Path) -> dict[str, Any]:
    """The finding's config, once it has passed `check` with a machine beside it."""
    path = tmp_path / "a.toml"
    machine = "" if "\n[machines.MACHINE]" in finding.config else "[machines.MACHINE]\n"
    sensor = (
        "" if "[sensors." in finding.config else '[sensors.s]\nsource = "plant"\nmachine = "MACHINE"\ntopic = "t"\n'
    )
    path.write_text(f'[agent]\nid = "a"\n{finding.config}\n{machine}{sensor}')
    config, problems = check_config(path)
    assert problems == []
    assert config is not None
    return tomllib.loads(finding.config)


# -------------------------------------------------------------------------------------------------------------- topics


def test_our_own_batches_need_no_mapping(tmp_path: Path) -> None:
    found = topic(lambda n: {"rate_hz": 1000, "unit": "g", "seq": n, "x": gauss(), "y": gauss(99 + 1)})
    assert (found.axes, found.rate_hz, found.unit, found.questions) == (("x", "y"), 1000.0, "g", ())
    assert "read so, 20 messages give 2000 samples an axis" in found.notes
    assert "mapping" not in checked(found, tmp_path)["sensors"]["plant_fan"]


def test_nested_fields_are_mapped_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    found = topic(
        lambda n: {
            "ts": 1_772_352_000_000 + 100 * n,
            "fs": "1 kHz",
            "acc": {"x": gauss(), "y": gauss()},
            "gyro": {"x": gauss(), "y": gauss()},
            "temp": 20 + n / 10,
        }
    )
    sensor = checked(found, tmp_path)["sensors"]["plant_fan"]
    assert sensor["mapping"] == {"x": "acc.x", "y": "acc.y", "time": "ts", "rate": "fs"}
    assert (found.rate_hz, found.questions) == (1000.0, ())
    assert any("gyro x is a rate of rotation" in text for text in found.left_out)
    assert any("temp is a temperature" in text for text in found.left_out)


def test_rows_say_their_rate_by_their_times(tmp_path: Path) -> None:
    spread = gauss(4000)
    rows = lambda n: [{"t": 1_772_352_000_000 + 100 * n + k, "az": spread[100 * n + k]} for k in range(100)]  # noqa: E731
    found = topic(lambda n: {"data": rows(n)})
    assert (found.rate_hz, found.rate_from) == (1000.0, "by the times of the samples")
    assert checked(found, tmp_path)["sensors"]["plant_fan"]["mapping"] == {"z": "data[*].az", "time": "data[*].t"}


def test_rows_without_names_and_units_in_names(tmp_path: Path) -> None:
    found = topic(lambda n: [[a, b] for a, b in zip(gauss(), gauss(100, 2.0), strict=True)])
    assert checked(found, tmp_path)["sensors"]["plant_fan"]["mapping"] == {"x": "[*][0]", "y": "[*][1]"}
    assert found.rate_hz == pytest.approx(1000, rel=0.01)
    found = topic(lambda n: {"acc_mg": gauss(100, 1000.0)})
    mapping = checked(found, tmp_path)["sensors"]["plant_fan"]["mapping"]
    assert mapping == {"x": "acc_mg", "scale": 0.001, "scaled_unit": "g"}


@pytest.mark.parametrize("name", sorted(set(READY) - {"esphome"}))
def test_what_a_ready_mapping_reads_is_called_by_its_name(name: str, tmp_path: Path) -> None:
    row = READY[name]
    found = topic(row.example, name=row.topic)
    assert f"as {name} sends it" in found.dialect
    (sensor,) = checked(found, tmp_path)["sensors"].values()
    assert sensor["mapping"] == name


def test_single_samples_now_and_then_are_said_to_show_no_vibration() -> None:
    row = READY["zigbee2mqtt"]
    found = topic(row.example, name=row.topic, every_s=10.0)
    assert any("shows no vibration" in question for question in found.questions)


def test_bare_numbers_speeds_and_words(tmp_path: Path) -> None:
    found = topic(b"1797", name="plant/fan/rpm")
    assert checked(found, tmp_path)["machines"]["MACHINE"]["speed"] == {"topic": "plant/fan/rpm", "source": "plant"}
    found = topic(b"41.5", name="plant/fan/temperature")
    assert checked(found, tmp_path)["sensors"]["fan_temperature"]["quantity"] == "temperature_c"
    assert topic(b"41.5", name="plant/fan/a").questions != ()
    assert topic({"drive": {"rpm": 1480}}).notes[-1] == "a speed in rpm at drive.rpm"
    assert topic(b"online").dialect.startswith("words")
    assert topic(b"\xff\x00").dialect == "bytes that are neither JSON nor our frames (short)"


def test_what_cannot_be_told_is_asked() -> None:
    found = topic(lambda n: {f"ch{k}": gauss() for k in range(4)})
    assert any("cannot tell which" in question for question in found.questions)
    found = topic({"x": gauss()}, count=1)
    assert "at what rate was it sampled? set rate_hz" in found.questions
    found = topic(lambda n: {"v_mm_s": gauss()})
    assert any("velocity" in question for question in found.questions)


@pytest.mark.parametrize(
    "message", [b"{", b"[[[[", b'{"x": [[[1]]]}', b'{"a":{"b":{"c":{}}}}', b"[]", b"{}", b"null", b" "]
)
def test_odd_messages_are_findings_too(message: bytes) -> None:
    found = topic(message)
    assert list(lines_of(found))
    assert json.dumps(document(found))


# --------------------------------------------------------------------------------------------------------------- ports


def test_text_on_a_port_is_a_table(tmp_path: Path) -> None:
    data = (CAPTURES / "plotter.csv").read_bytes()
    found = explain_port("/dev/ttyUSB0", data, seconds=5.0, baud=115_200)
    assert found.kind == "serial_csv"
    assert found.dialect.startswith("a table of text")
    assert found.rate_hz is not None
    assert checked(found, tmp_path)["sources"][0]["kind"] == "serial_csv"


def test_witmotion_and_its_combined_frames_are_told_apart(tmp_path: Path) -> None:
    found = explain_port("/dev/ttyUSB0", (CAPTURES / "wt901.bin").read_bytes(), seconds=5.0, baud=9600)
    assert (found.kind, found.dialect) == ("witmotion", "WitMotion's frames")
    frame = b"\x55\x61" + struct.pack("<9h", 0, 0, 2048, 1, 2, 3, 4, 5, 6)
    found = explain_port("/dev/ttyUSB0", frame * 500, seconds=5.0, baud=9600)
    assert "(0x61)" in found.dialect
    assert found.rate_hz == pytest.approx(100, abs=1)
    assert checked(found, tmp_path)["sensors"]["sensor"]["rate_hz"] == found.rate_hz
    found = explain_port("/dev/ttyUSB0", (b"\x55\x61" + bytes(26)) * 50, seconds=5.0, baud=9600)
    assert "sends velocities and no samples" in found.questions[0]


def test_our_frames_say_all_themselves(tmp_path: Path) -> None:
    import numpy as np

    stream = Stream("s", 1600.0, ("x", "y"), "g", 16.0)
    framer = Framer("s")
    blocks = [SampleBlock(stream, 160 * k, np.zeros((160, 2), np.float32)) for k in range(10)]
    data = b"".join(frame_bytes(frame) for block in blocks for frame in framer.frames_of(block))
    found = explain_port("/dev/ttyUSB0", data, seconds=1.0, baud=3_000_000)
    assert (found.kind, found.axes, found.rate_hz, found.unit) == ("serial", ("x", "y"), 1600.0, "g")
    checked(found, tmp_path)


def test_silence_and_rubbish_are_asked_about() -> None:
    assert "powered" in explain_port("/dev/ttyUSB0", b"", seconds=5.0, baud=9600).questions[0]
    rubbish = random.Random(1).randbytes(2000)
    assert "baud rate" in explain_port("/dev/ttyUSB0", rubbish, seconds=5.0, baud=9600).questions[0]


# --------------------------------------------------------------------------------------------------------------- files


def test_a_file_is_read_as_replay_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "pump.csv"
    path.write_text("t_ms;ax [g];temp_c\n" + "".join(f"{n};{v:.4f};2{n % 2}.5\n" for n, v in enumerate(gauss(2000))))
    found = explain_file(path)
    assert (found.rate_hz, found.unit, found.axes) == (1000.0, "g", ("x",))
    assert "temp_c is a temperature by its name" in found.left_out
    assert "2000 samples" in found.notes
    checked(found, tmp_path)


def test_a_file_of_another_kind_or_without_acceleration_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "pump.csv"
    path.write_text("temp_c,humidity\n" + "21.5,40\n22.5,41\n" * 50)
    assert "holds no acceleration" in explain_file(path).questions[0]
    path = tmp_path / "pump.dat"
    path.write_text("ax,ay\n" + "".join(f"{a},{a / 2}\n" for a in gauss(200)))
    found = explain_file(path)
    assert found.axes == ("x", "y")
    assert "rename it" in found.questions[-1]
    found = explain_file(ROOT / "configs" / "recordings" / "pump_healthy.wav")
    assert found.rate_hz is not None
    assert found.kind == "replay"


# ---------------------------------------------------------------------------------------------------- the command line


def test_a_topic_of_a_real_broker_is_explained(mosquitto, capsys) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, "speaker")
    client.connect(mosquitto.host, mosquitto.port)
    client.loop_start()
    done = threading.Event()

    def speak() -> None:
        while not done.is_set():
            client.publish("explain/fan", json.dumps({"rate_hz": 1000, "x": gauss()}))
            time.sleep(0.05)

    speaker = threading.Thread(target=speak)
    speaker.start()
    address = f"mqtt://{mosquitto.host}:{mosquitto.port}"
    assert main(["explain", "explain/#", "--broker", address, "--seconds", "1", "--json"]) == 0
    done.set()
    speaker.join()
    client.disconnect()
    client.loop_stop()
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["what"] == "explain/fan"
    assert json.loads(line)["rate_hz"] == 1000


def test_a_port_is_explained(terminal: Terminal, capsys) -> None:
    terminal.say((CAPTURES / "plotter.csv").read_bytes())
    assert main(["explain", terminal.path, "--seconds", "1", "--baud", "115200"]) == 0
    assert "a table of text" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["no/such.wav"], 64, "there is no such file"),
        (["explain/silent", "--seconds", "0.3"], 75, "nothing came in 0.3 s"),
        (["a/#/b", "--seconds", "0.3"], 64, "is no topic"),
        (["a", "--seconds", "0"], 64, "--seconds: 0 is not between"),
        (["/dev/ttyNONE"], 75, "there is no such port"),
    ],
)
def test_what_cannot_be_explained_is_a_sentence(mosquitto, capsys, arguments: list[str], code: int, said: str) -> None:
    broker = ["--broker", f"{mosquitto.host}:{mosquitto.port}"]
    assert main(["explain", *arguments, *broker]) == code
    assert said in capsys.readouterr().err


def test_a_broker_of_a_config_is_used(mosquitto, tmp_path: Path, capsys, start_mosquitto: Callable) -> None:
    path = tmp_path / "a.toml"
    head = f'[agent]\nid = "a"\n[broker]\nhost = "mqtt://{mosquitto.host}:{mosquitto.port}"\n'
    path.write_text(
        head + '[[sources]]\nname = "p"\nkind = "mqtt"\n[machines.m]\n[sensors.s]\nsource = "p"\nmachine = "m"\n'
    )
    assert main(["explain", "explain/silent", "--seconds", "0.3", "--config", str(path)]) == 75
    assert f"nothing came in 0.3 s from {mosquitto.host}:{mosquitto.port}" in capsys.readouterr().err


def test_rates_in_khz_and_intervals_become_the_config_that_reads_them(tmp_path: Path) -> None:
    by_khz = topic({"fs_khz": 1, "acc": {"x": gauss(), "y": gauss(), "z": gauss()}})
    assert (by_khz.rate_hz, by_khz.questions) == (1000.0, ())
    assert checked(by_khz, tmp_path)["sensors"].popitem()[1]["mapping"]["rate_scale"] == 1000
    by_interval = topic({"dt_ms": 1, "data": [list(row) for row in zip(gauss(), [*gauss(99), 0.1], strict=True)]})
    assert (by_interval.rate_hz, by_interval.questions) == (1000.0, ())
    assert checked(by_interval, tmp_path)["sensors"].popitem()[1]["rate_hz"] == 1000


def test_what_messages_say_is_no_acceleration_is_asked_about() -> None:
    assert "that is a velocity" in topic({"rate": 1000, "unit": "mm/s", "x": gauss()}).questions[0]
    slow = topic(lambda n: {"rate": 1000, "acc": gauss(), "aux": [41 + n / 9 + k * k / 1e5 for k in range(100)]})
    assert slow.axes == ("x",)
    assert "aux changes slowly" in slow.left_out[0]
