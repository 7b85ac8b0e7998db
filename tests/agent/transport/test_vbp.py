"""Frames to items and back: a recorded stream is the stream, to the last bit."""

from __future__ import annotations

import resource
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agent.errors import RecordingError
from agent.recordings.read import blocks_of, read_recording
from agent.recordings.vbp_writer import Framer, Recorder
from agent.transport.routes import Route, Routes
from agent.transport.vbp import HELLO_PATIENCE_S, FrameReader, read_frames
from agent.types import DeviceStatus, Item, SampleBlock, SourceFault, Stream
from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, Troubles, VirtualSensor
from firmware_bridge.frames import Data, Fault, Flag, Frame, Hello, Status, frame_bytes

PROFILE = Profile(rate_hz=3200.0, block_samples=64)
ROUTES = Routes((Route("pump"),))


def frames(seconds: float = 2.0, *, profile: Profile = PROFILE, troubles: Troubles | None = None) -> list[Frame]:
    device = VirtualSensor(profile, troubles, seed=3)
    rng = np.random.default_rng(5)
    said = device.produce(rng.normal(0, 0.5, (round(seconds * profile.rate_hz), len(profile.axes))))
    return [frame for frame in said if not isinstance(frame, bytes)]


def items(said: list[Frame | Fault], routes: Routes = ROUTES, **options) -> list[Item]:
    reader = FrameReader(routes, **options)
    return [item for frame in said for item in reader.feed(frame, arrival_s=1.0, wall_s=2000.0)]


def blocks(found: list[Item]) -> list[SampleBlock]:
    return [item for item in found if isinstance(item, SampleBlock)]


def facts(block: SampleBlock) -> tuple[object, ...]:
    """What must survive a recording; sessions are compared by when they change."""
    stream = block.stream
    said = (stream.sensor, stream.rate_hz, stream.axes, stream.unit, stream.full_scale, stream.step)
    return (*said, block.start, block.samples.tobytes(), block.device_us, block.clipped)


def test_frames_become_blocks_in_g() -> None:
    said = frames()
    found = blocks(items(said))
    first = next(frame for frame in said if isinstance(frame, Data))
    counts = np.frombuffer(first.payload, "<i2").reshape(-1, 3)
    np.testing.assert_array_equal(found[0].samples, counts.astype(np.float32) * np.float32(488_281e-9))
    assert found[0].stream.unit == "g"
    assert found[0].stream.axes == ("x", "y", "z")
    assert found[0].stream.full_scale == pytest.approx(32767 * 488_281e-9)
    assert found[0].device_us == first.t_us
    assert found[0].wall_s == pytest.approx(2000.0 - 64 / 3200)
    assert all(block.stream is found[0].stream for block in found)


def test_statuses_become_loss_counters() -> None:
    said = frames(troubles=Troubles(fifo_overruns=2.0, queue_stalls=2.0))
    found = [item for item in items(said) if isinstance(item, DeviceStatus)]
    assert found
    assert found[-1].produced >= 3200
    assert found[-1].dropped_fifo + found[-1].dropped_queue > 0
    assert [status.queued for status in found] == [frame.queued for frame in said if isinstance(frame, Status)]
    assert any(status.queued for status in found)


def test_a_frame_without_route_or_before_hello_is_a_fault_that_says_how_much_was_lost() -> None:
    said = frames()
    unrouted = items(said, Routes((Route("pump", stream=9),)))
    assert {item.kind for item in unrouted if isinstance(item, SourceFault)} == {"no_route"}
    cut = items([frame for frame in said if not isinstance(frame, Hello)], live=False)
    assert not blocks(cut)
    assert sum(item.samples for item in cut if isinstance(item, SourceFault)) == 2 * 3200


def test_who_comes_late_waits_for_the_next_hello_in_silence_but_not_for_ever() -> None:
    said = [frame for frame in frames() if not isinstance(frame, Hello)]
    reader = FrameReader(ROUTES)
    heard = [reader.feed(frame, arrival_s=100.0 + HELLO_PATIENCE_S, wall_s=None) for frame in said[:20]]
    assert [item for found in heard for item in found] == []
    assert reader.counters()["before_hello"] == 20
    (told,) = reader.feed(said[20], arrival_s=100.1 + 2 * HELLO_PATIENCE_S, wall_s=None)
    assert isinstance(told, SourceFault)
    assert told.kind == "before_hello"


def test_a_session_without_hello_is_told_at_once_to_who_was_there_and_later_to_who_opened_anew() -> None:
    said = frames()
    reader = FrameReader(ROUTES)
    stranger = replace(next(frame for frame in said if isinstance(frame, Data)), session=9)
    reader.feed(said[0], arrival_s=1.0, wall_s=None)
    (told,) = reader.feed(stranger, arrival_s=1.1, wall_s=None)
    assert isinstance(told, SourceFault)
    assert told.kind == "before_hello"
    reader.listen_anew()
    assert reader.feed(stranger, arrival_s=9.0, wall_s=None) == []


def test_a_route_that_names_the_device_comes_first() -> None:
    said = frames()
    device = said[0].device if isinstance(said[0], Hello) else ""
    routes = Routes((Route("any"), Route("other", device="ff"), Route("this", device=device.upper(), stream=0)))
    assert {block.stream.sensor for block in blocks(items(said, routes))} == {"this"}


def test_a_self_test_is_not_the_machine_s_vibration() -> None:
    said = [replace(frame, flags=Flag.SELF_TEST) if isinstance(frame, Data) else frame for frame in frames()]
    found = items(said)
    assert not blocks(found)
    assert {item.kind for item in found if isinstance(item, SourceFault)} == {"self_test"}


def test_an_impossible_rate_is_refused() -> None:
    slow = replace(PROFILE, rate_hz=0.01, block_samples=1, status_s=1e6)
    device = VirtualSensor(slow, seed=1)
    said = [frame for frame in device.produce(np.zeros((3, 3))) if not isinstance(frame, bytes)]
    assert {item.kind for item in items(said) if isinstance(item, SourceFault)} == {"rate"}


# ---------------------------------------------------------------------------------------------------------- recording


def record(path: Path, found: list[Item]) -> Recorder:
    recorder = Recorder(path, "pump")
    for item in found:
        if isinstance(item, SampleBlock | DeviceStatus):
            recorder.write(item)
    recorder.close()
    recorder.close()
    return recorder


def changes_of_session(found: list[SampleBlock]) -> list[bool]:
    return [a.stream.session != b.stream.session for a, b in pairwise(found)]


TROUBLES = {
    "none": Troubles(),
    "overruns": Troubles(fifo_overruns=5.0),
    "full queue": Troubles(queue_stalls=5.0),
    "resets": Troubles(resets=1.5),
    "fast, late time stamps": Troubles(clock_error=0.04, jitter_us=300),
    "no device time": Troubles(clock="none"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_recorded_stream_plays_back_as_it_was(tmp_path: Path, name: str) -> None:
    found = items(frames(4.0, troubles=TROUBLES[name]))
    path = tmp_path / "a.vbp"
    recorder = record(path, found)
    again = items(list(read_frames(path)))
    assert [facts(block) for block in blocks(again)] == [facts(block) for block in blocks(found)]
    assert recorder.blocks == len(blocks(found))
    assert recorder.left_out == 0
    assert changes_of_session(blocks(again)) == changes_of_session(blocks(found))
    assert [item for item in again if isinstance(item, SourceFault)] == []
    losses = [(s.produced, s.dropped_fifo, s.dropped_queue) for s in found if isinstance(s, DeviceStatus)]
    assert [(s.produced, s.dropped_fifo, s.dropped_queue) for s in again if isinstance(s, DeviceStatus)] == losses


def test_sessions_that_look_alike_in_16_bits_stay_apart(tmp_path: Path) -> None:
    """A device that went back to a session it left would be taken for two devices."""
    streams = [Stream("pump", 1000.0, session=session, unit="g", step=1e-3) for session in (5, 6, 5 + 2**16, 6 + 2**16)]
    found = [SampleBlock(stream, 0, np.ones((10, 1), np.float32)) for stream in streams]
    record(tmp_path / "a.vbp", list(found))
    again = items(list(read_frames(tmp_path / "a.vbp")))
    assert changes_of_session(blocks(again)) == [True] * 3
    assert len(again) == 4


def test_a_recording_read_whole_has_the_same_blocks(tmp_path: Path) -> None:
    found = blocks(items(frames(4.0, troubles=Troubles(fifo_overruns=3.0, resets=0.7))))
    record(tmp_path / "a.vbp", list(found))
    recording = read_recording(tmp_path / "a.vbp")
    again = list(blocks_of(recording, "pump"))
    assert [facts(block) for block in again] == [facts(block) for block in found]
    assert recording.rate_hz == 3200.0
    assert recording.unit == "g"
    assert all(a.arrival_s < b.arrival_s for a, b in pairwise(again))


def test_a_recording_that_was_killed_on_the_way_loses_only_its_last_frame(tmp_path: Path) -> None:
    found = blocks(items(frames()))
    path = tmp_path / "a.vbp"
    recorder = Recorder(path, "pump")
    for block in found:
        recorder.write(block)
    content = path.read_bytes()  # not closed: this is what a kill leaves
    path.write_bytes(content[:-20])
    again = list(blocks_of(read_recording(path), "pump"))
    assert [facts(block) for block in again] == [facts(block) for block in found[:-1]]
    assert any("truncated" in note for note in read_recording(path).notes)
    recorder.close()


@given(
    hnp.arrays(np.int32, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.integers(-(2**23), 2**23 - 1)),
    st.integers(1, 10**7),
    st.integers(0, 2**50),
)
def test_every_24_bit_integer_comes_back_exactly(counts: np.ndarray, scale_nano_g: int, start: int) -> None:
    step = scale_nano_g * 1e-9
    stream = Stream("pump", 1000.0, ("x", "y", "z")[: counts.shape[1]], "g", step=step)
    block = SampleBlock(stream, start, counts.astype(np.float32) * np.float32(step), device_us=start)
    assert facts(round_trip(block)[0]) == facts(block)


def round_trip(block: SampleBlock) -> list[SampleBlock]:
    decoder = Decoder()
    said = [frame for sent in Framer("pump").frames_of(block) for frame in decoder.feed(frame_bytes(sent))]
    return blocks(items(said))


def test_samples_that_never_were_integers_keep_seven_digits() -> None:
    samples = np.random.default_rng(0).normal(0, 2, (100, 3)).astype(np.float32)
    block = SampleBlock(Stream("pump", 1000.0, ("x", "y", "z"), "g"), 0, samples)
    np.testing.assert_allclose(round_trip(block)[0].samples, samples, atol=6e-8, rtol=1e-6)


def test_a_block_too_long_for_a_frame_is_cut_and_stays_whole() -> None:
    samples = np.arange(30_000, dtype=np.float32).reshape(-1, 3)
    block = SampleBlock(Stream("pump", 1000.0, ("x", "y", "z"), "raw"), 7, samples, device_us=99, clipped=4)
    found = round_trip(block)
    np.testing.assert_array_equal(np.concatenate([piece.samples for piece in found]), samples)
    assert [piece.start for piece in found[1:]] == [piece.end for piece in found[:-1]]
    assert [piece.device_us for piece in found] == [99] + [None] * (len(found) - 1)
    assert sum(piece.clipped for piece in found) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e6])
def test_what_no_frame_can_hold_is_left_out_and_counted(tmp_path: Path, bad: float) -> None:
    stream = Stream("pump", 1000.0, ("x",), "g")
    recorder = Recorder(tmp_path / "a.vbp", "pump")
    recorder.write(SampleBlock(stream, 0, np.full((10, 1), bad, np.float32)))
    recorder.write(SampleBlock(stream, 10, np.ones((10, 1), np.float32)))
    recorder.close()
    assert (recorder.blocks, recorder.left_out) == (1, 1)
    assert [piece.start for piece in read_recording(tmp_path / "a.vbp").pieces] == [10]


def test_fractions_without_unit_cannot_be_recorded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.vbp", "pump")
    with pytest.raises(RecordingError, match="unit"):
        recorder.write(SampleBlock(Stream("pump", 1000.0), 0, np.full((10, 1), 0.5, np.float32)))
    recorder.close()
    assert not (tmp_path / "a.vbp").exists()


def test_counts_without_unit_are_recorded_as_they_are(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.vbp", "pump")
    recorder.write(SampleBlock(Stream("pump", 1000.0), 0, np.arange(10, dtype=np.float32)[:, None]))
    recorder.close()
    assert read_recording(tmp_path / "a.vbp").samples.ravel().tolist() == list(range(10))


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.vbp").write_bytes(b"precious")
    with pytest.raises(RecordingError, match="already"):
        Recorder(tmp_path / "a.vbp", "pump")
    with pytest.raises(RecordingError, match="folder"):
        Recorder(tmp_path / "none" / "a.vbp", "pump")
    assert (tmp_path / "a.vbp").read_bytes() == b"precious"


def test_a_full_disk_stops_the_recording_with_one_line(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.vbp", "pump")
    block = SampleBlock(Stream("pump", 1000.0), 0, np.ones((1000, 1), np.float32))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(RecordingError, match="recording stopped"):
            recorder.write(block)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    recorder.write(block)  # nothing happens after the end
    recorder.close()
    assert (tmp_path / "a.vbp").stat().st_size == 100


def test_two_streams_in_one_file_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "a.vbp"
    other = replace(PROFILE, uid=b"other" + bytes(11), stream_id=4)
    path.write_bytes(b"".join(frame_bytes(frame) for frame in [*frames(), *frames(profile=other)]))
    with pytest.raises(RecordingError, match=r"6f74686572:4"):
        read_recording(path)
    assert read_recording(path, variable="6f74686572:4").samples.shape == (6400, 3)
    assert read_recording(path, variable="4").samples.shape == (6400, 3)


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.vbp"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"stream|no samples"):
        read_recording(path)
