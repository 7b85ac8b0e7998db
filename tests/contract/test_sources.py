"""What every source promises, checked on each kind with the real thing behind it: a pty, a Mosquitto, a file."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import paho.mqtt.client as paho
import pytest
from foreign_rigs import CsvRig, ModbusRig, WitRig
from paho.mqtt.enums import CallbackAPIVersion
from serial_lines import Terminal

from agent.errors import EndOfStream, RecordingError, TransportError
from agent.ports import Polled, Source, load, load_settings
from agent.sources import KINDS
from agent.sources.mqtt import MqttConfig, MqttSource
from agent.sources.replay import ReplayConfig, ReplaySource
from agent.sources.serial import SerialConfig, SerialSource
from agent.sources.serial_csv import SerialCsvSource
from agent.sources.witmotion import WitmotionSource
from agent.transport.mqtt import Broker
from agent.transport.routes import Route
from agent.types import DeviceStatus, Item, Reading, SampleBlock, SourceFault
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import Frame, encode, frame_bytes

PROFILE = Profile(rate_hz=3200.0, block_samples=64, hello_s=0.2)
FRAMED = ("serial", "mqtt", "replay")
FOREIGN = {"serial_csv": CsvRig, "witmotion": WitRig, "modbus": ModbusRig}
RIGS = (*FRAMED, *FOREIGN)


class Speech:
    """A device that goes on where it stopped: frames of `count` blocks at a time."""

    def __init__(self) -> None:
        self._device = VirtualSensor(PROFILE, seed=1)
        self._rng = np.random.default_rng(2)

    def frames(self, count: int) -> list[Frame]:
        said = self._device.produce(self._rng.normal(0, 0.5, (count * PROFILE.block_samples, 3)))
        return [frame for frame in said if not isinstance(frame, bytes)]


class Enough:
    """What a rig that speaks frames says when it is asked about itself."""

    resumes_after: int | None = 0  # samples lost for good when the link comes back; None: it is another session

    def settle(self) -> None:
        """Nothing is under way on a line that is quiet."""

    def enough(self, items: list[Item], frames: int) -> bool:
        return sum(isinstance(item, SampleBlock) for item in items) >= frames


class SerialRig(Enough):
    """A pseudo-terminal that speaks frames."""

    lost = TransportError
    missing = TransportError

    def __init__(self, folder: Path) -> None:
        self._terminal = Terminal(folder / "port")
        self.source: Source = SerialSource(SerialConfig(port=self._terminal.path), (Route("pump"),), name="rig")
        self.appear, self.vanish = self._terminal.appear, self._terminal.vanish

    def say(self, frames: list[Frame]) -> None:
        self._terminal.say(b"".join(map(frame_bytes, frames)))

    def babble(self) -> None:
        os.write(self._terminal.our_end, b"\0\x05boot: 1.2\r\n\0" + bytes(range(256)) * 4 + b"\0")

    def tidy(self) -> None:
        self._terminal.vanish()


class MqttRig(Enough):
    """A Mosquitto of its own, and a publisher that speaks one topic."""

    lost = TransportError
    missing = TransportError

    def __init__(self, start: Callable[..., object], protocol: str = "5") -> None:
        self._broker = start()
        self._speaker: paho.Client | None = None
        broker = Broker(host="127.0.0.1", port=self._broker.port, protocol=protocol, connect_timeout_s=5.0)
        self.source: Source = MqttSource(MqttConfig(broker=broker), (Route("pump", topic="plant/+/acc"),), name="rig")
        self._broker.stop()

    def appear(self) -> None:
        self._broker.start()
        self._speaker = paho.Client(CallbackAPIVersion.VERSION2, "speaker")
        self._speaker.connect("127.0.0.1", self._broker.port)
        self._speaker.loop_start()

    def say(self, frames: list[Frame]) -> None:
        for frame in frames:
            self.send(encode(frame))

    def send(self, payload: bytes) -> None:
        assert self._speaker is not None
        self._speaker.publish("plant/a/acc", payload, qos=1).wait_for_publish(5)

    def babble(self) -> None:
        for payload in (b"\xa1\x01nonsense", b"\x80", b"{" * 50, bytes(range(256)), b"NaN", b"\0" * 9000):
            self.send(payload)

    def vanish(self) -> None:
        self._hush()
        self._broker.stop()

    def tidy(self) -> None:
        self._hush()

    def _hush(self) -> None:
        if self._speaker is not None:
            self._speaker.disconnect()
            self._speaker.loop_stop()
            self._speaker = None


class ReplayRig(Enough):
    """A file, in real time: what is said before `open` is what it holds."""

    resumes_after = None
    lost = EndOfStream
    missing = RecordingError

    def __init__(self, folder: Path) -> None:
        self._path = folder / "a.vbp"
        self.source: Source = ReplaySource(ReplayConfig(files=(str(self._path),)), (Route("pump"),), name="rig")

    def appear(self) -> None:
        self._path.write_bytes(b"".join(map(frame_bytes, Speech().frames(50))))

    def say(self, frames: list[Frame]) -> None:
        pass

    def babble(self) -> None:
        with self._path.open("ab") as file:
            file.write(b"\0\x05boot: 1.2\r\n\0" + bytes(range(256)) * 4)

    def dawdle(self) -> None:
        """From now on the second block is hours away."""
        self.source = ReplaySource(ReplayConfig(files=(str(self._path),), speed=1e-6), (Route("pump"),), name="rig")

    def vanish(self) -> None:
        self._path.unlink(missing_ok=True)

    tidy = vanish


Rig = SerialRig | MqttRig | ReplayRig | CsvRig


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    yield from build(request, tmp_path)


@pytest.fixture(params=FRAMED)
def framed_rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    yield from build(request, tmp_path)


def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made: Rig
    if request.param == "mqtt":
        made = MqttRig(request.getfixturevalue("start_mosquitto"))
    else:
        made = {"serial": SerialRig, "replay": ReplayRig, **FOREIGN}[request.param](tmp_path)
    yield made
    made.source.close()
    made.tidy()


def hear(rig: Rig, frames: int) -> list[Item]:
    """Read until what so many frames say has come."""
    found: list[Item] = []
    deadline = time.monotonic() + 20
    while not rig.enough(found, frames):
        assert time.monotonic() < deadline, f"only {found}"
        found += rig.source.read(0.2)
    return found


def listen(source: Source, *, blocks: int, seconds: float = 20.0) -> list[Item]:
    """Read until so many blocks came."""
    found: list[Item] = []
    deadline = time.monotonic() + seconds
    while sum(isinstance(item, SampleBlock) for item in found) < blocks:
        assert time.monotonic() < deadline, f"only {found}"
        found += source.read(0.2)
    return found


def read_on(source: Source) -> None:
    """Read until it raises, or long enough."""
    for _ in range(50):
        source.read(0.2)


def test_every_kind_is_found_by_its_name_and_has_a_config_struct() -> None:
    assert set(KINDS) == set(RIGS)
    for kind in KINDS:
        assert issubclass(load_settings(KINDS, kind), msgspec.Struct)
        assert load(KINDS, kind).__name__ == f"{kind.title().replace('_', '')}Source"


def test_it_is_a_source_and_was_built_without_touching_anything(rig: Rig) -> None:
    assert isinstance(rig.source, Source)
    assert rig.source.name == "rig"
    assert all(count == 0 for count in rig.source.counters().values())


def test_open_says_in_one_line_that_nothing_is_there(rig: Rig) -> None:
    with pytest.raises(rig.missing) as caught:
        rig.source.open()
    assert "\n" not in str(caught.value)
    rig.appear()
    rig.source.open()


def test_what_is_said_arrives(framed_rig: Rig) -> None:
    rig = framed_rig
    rig.appear()
    rig.source.open()
    rig.say(Speech().frames(50))
    before = time.monotonic()
    found = listen(rig.source, blocks=50)
    blocks = [item for item in found if isinstance(item, SampleBlock)]
    assert {block.stream.sensor for block in blocks} == {"pump"}
    assert [block.start for block in blocks] == list(range(0, 3200, 64))
    assert all(block.samples.shape == (64, 3) and block.samples.dtype == np.float32 for block in blocks)
    assert all(block.device_us is not None for block in blocks)
    assert all(before - 1 <= block.arrival_s <= time.monotonic() for block in blocks)
    assert all(block.wall_s is not None and abs(block.wall_s - time.time()) < 10 for block in blocks)
    assert any(isinstance(item, DeviceStatus) and item.sensor == "pump" for item in found)
    assert not any(isinstance(item, SourceFault) for item in found)


def test_a_quiet_line_is_waited_for_and_no_longer(rig: Rig) -> None:
    rig.appear()
    if isinstance(rig, ReplayRig):
        rig.dawdle()
    rig.source.open()
    rig.source.read(0.0)
    rig.settle()
    started, spent = time.monotonic(), time.process_time()
    found = rig.source.read(0.3)
    waited = time.monotonic() - started
    assert found == []
    assert 0.25 < waited < 2.0
    assert time.process_time() - spent < 0.1


def test_nonsense_is_counted_and_what_follows_is_heard(rig: Rig) -> None:
    rig.appear()
    rig.babble()
    rig.source.open()
    if not isinstance(rig, ReplayRig):
        rig.babble()
    rig.say(Speech().frames(50))
    found = hear(rig, 50)
    with contextlib.suppress(EndOfStream):
        found += rig.source.read(0.2)
    assert any(isinstance(item, SourceFault) for item in found)
    assert all(isinstance(item, SampleBlock | Reading | DeviceStatus | SourceFault) for item in found)


def test_close_may_come_at_any_time_and_twice(rig: Rig) -> None:
    rig.source.close()
    rig.appear()
    rig.source.open()
    rig.source.close()
    rig.source.close()
    with pytest.raises(rig.lost):
        rig.source.read(0.1)


def test_a_link_that_goes_away_is_noticed_and_comes_back(rig: Rig) -> None:
    rig.appear()
    speech = Speech()
    rig.source.open()
    rig.say(speech.frames(30))
    first = [item for item in hear(rig, 30) if isinstance(item, SampleBlock)]
    rig.vanish()
    with pytest.raises(rig.lost) as caught:
        read_on(rig.source)
    assert "\n" not in str(caught.value)
    rig.source.close()
    counted = dict(rig.source.counters())
    speech.frames(20)  # said while nobody could hear
    rig.appear()
    rig.source.open()
    rig.say(speech.frames(30))
    again = [item for item in hear(rig, 10) if isinstance(item, SampleBlock)]
    assert all(rig.source.counters()[key] >= count for key, count in counted.items())
    assert sum(rig.source.counters().values()) > sum(counted.values())
    if rig.resumes_after is not None:
        assert again[0].stream == first[-1].stream
        assert again[0].start - first[-1].end == 20 * 64 + rig.resumes_after
    elif again:
        assert again[0].stream.session != first[-1].stream.session or isinstance(rig, ReplayRig)


def test_one_that_need_not_wait_is_heard_by_who_polls_it_and_says_so_that_its_link_is_gone(rig: Rig) -> None:
    is_listening = isinstance(rig.source, SerialSource | SerialCsvSource | WitmotionSource)
    assert isinstance(rig.source, Polled) == is_listening, "what hears a port is polled, and nothing else"
    if not is_listening:
        return
    rig.appear()
    rig.source.open()
    rig.say(Speech().frames(30))
    found: list[Item] = []
    deadline_s = time.monotonic() + 20
    while not rig.enough(found, 30) and time.monotonic() < deadline_s:
        heard, _, _ = select.select([rig.source], [], [], 0.5)
        found += rig.source.read(0.0) if heard else rig.source.read(0.1)
    assert rig.enough(found, 30)
    rig.settle()
    started_s = time.monotonic()
    rig.source.read(0.0)
    assert time.monotonic() - started_s < 0.5
    rig.vanish()
    assert select.select([rig.source], [], [], 5.0)[0], "who waits for it is woken"
    with pytest.raises(rig.lost):
        [rig.source.read(0.0) for _ in range(5)]


def test_opening_again_without_closing_lets_go_of_the_first(rig: Rig) -> None:
    rig.appear()
    rig.source.open()
    rig.source.open()
    rig.say(Speech().frames(5))
    assert hear(rig, 5)


def test_mqtt_3_1_1_serves_as_well(start_mosquitto: Callable[..., object]) -> None:
    rig = MqttRig(start_mosquitto, "3.1.1")
    rig.appear()
    rig.source.open()
    rig.say(Speech().frames(5))
    assert listen(rig.source, blocks=5)
    rig.source.close()
    rig.tidy()


def test_the_same_frames_are_the_same_blocks_on_every_path(
    tmp_path: Path, start_mosquitto: Callable[..., object]
) -> None:
    said = Speech().frames(40)
    heard = []
    for rig in (SerialRig(tmp_path), MqttRig(start_mosquitto)):
        rig.appear()
        rig.source.open()
        rig.say(said)
        heard.append(listen(rig.source, blocks=40))
        rig.source.close()
        rig.tidy()
    (tmp_path / "b.vbp").write_bytes(b"".join(map(frame_bytes, said)))
    replay = ReplaySource(ReplayConfig(files=(str(tmp_path / "b.vbp"),), speed=0), (Route("pump"),))
    replay.open()
    heard.append(listen(replay, blocks=40))
    first, *others = [
        [
            (b.stream.session, b.stream.full_scale, b.stream.step, b.start, b.samples.tobytes(), b.device_us, b.clipped)
            for b in found
            if isinstance(b, SampleBlock)
        ][:40]
        for found in heard
    ]
    assert len(first) == 40
    assert others == [first, first]
