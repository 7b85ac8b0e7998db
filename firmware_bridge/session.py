"""What HELLO promised, held against every later frame: a block goes on only under the description it was made with.

Pure: frames in, values out. Shared by all who read a device (serial, MQTT, recordings, the monitor). One table per line
or topic, since only HELLO carries a device's id.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from firmware_bridge.frames import Data, Extension, Fault, Frame, Hello, Log, Status, StreamDescription, descriptor_crc

ACCELERATION = 1
"""The one quantity that is defined; streams of another are described but not decoded."""
CALM_HELLOS = 3
"""HELLOs of one device in a row after which a line is believed to belong to that device alone again."""
_REMEMBERED_SESSIONS = 8
_COUNTED = (Data, Status)  # once: `Data | Status` would be put together anew for every frame


@dataclass(frozen=True, slots=True)
class Block:
    """Samples together with what they mean."""

    device: str
    session: int  # unique within a table: the device's own id, moved on where a device used one twice
    stream: StreamDescription
    data: Data


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """A stream's loss counters together with the device they came from."""

    device: str
    session: int
    stream: StreamDescription
    status: Status


Heard: TypeAlias = Block | StreamStatus | Hello | Log | Extension | Fault


class StreamTable:
    """The latest HELLO of one line, and what may be believed under it."""

    def __init__(self) -> None:
        self.hello: Hello | None = None
        self.starts = 0  # sessions begun: boots and reconfigurations
        self.frames_missing = 0  # by frame_seq; frames of every type count
        self._device = ""  # that said it
        self._streams: dict[int, tuple[int, StreamDescription]] = {}
        self._next_seq = 0
        self._reused = 0  # how often a session id came back for a start that was none of its own
        self._left: deque[tuple[bytes, int]] = deque(maxlen=_REMEMBERED_SESSIONS)
        self._calm_hellos = CALM_HELLOS
        self._doubt = False

    @property
    def session(self) -> int | None:
        """The session that blocks now belong to, as Block gives it; None before the first HELLO."""
        return None if self.hello is None else self.hello.session + self._reused * 2**16

    def feed(self, frame: Frame) -> Heard:
        """The frame under its description, or the Fault that refuses it (with the samples lost with it)."""
        if isinstance(frame, Hello):
            return self._greet(frame)
        hello = self.hello
        if hello is not None and frame.session == hello.session:
            self._count(frame.seq)
        if not isinstance(frame, _COUNTED):
            return frame
        if hello is None or frame.session != hello.session:
            return _refuse(frame, "before_hello", f"session {frame.session:04x} has not said HELLO")
        return self._describe(hello, frame)

    def _greet(self, hello: Hello) -> Hello | Fault:
        before, self.hello, self._device = self.hello, hello, hello.device
        self._streams = {
            stream.stream_id: (descriptor_crc(stream), stream)
            for stream in hello.streams
            if stream.quantity == ACCELERATION
        }
        if before is not None and _who(before) == _who(hello) and not _went_back(before, hello):
            self._count(hello.seq)
            self._calm_hellos += 1
            self._doubt = self._doubt and self._calm_hellos < CALM_HELLOS
            return hello
        self.starts += 1
        self._next_seq = (hello.seq + 1) % 2**16
        suspicious = _who(hello) in self._left  # no device goes back to a session that it has left
        if before is not None and _who(before) == _who(hello):
            self._reused += 1  # a device that draws no session ids; two of them take turns at going back
            suspicious = self._calm_hellos < CALM_HELLOS
        elif before is not None:
            self._left.append(_who(before))
        self._calm_hellos = 0
        self._doubt = self._doubt or suspicious
        return Fault("duplicate_device", f"two devices speak, one of them {hello.device}") if suspicious else hello

    def _describe(self, hello: Hello, frame: Data | Status) -> Block | StreamStatus | Fault:
        if self._doubt:
            return _refuse(frame, "duplicate_device", f"two devices speak, one of them {hello.device}")
        if frame.stream_id not in self._streams:
            return _refuse(frame, "unknown_stream", f"HELLO describes no acceleration stream {frame.stream_id}")
        crc, stream = self._streams[frame.stream_id]
        session = hello.session + self._reused * 2**16
        if isinstance(frame, Status):
            return StreamStatus(self._device, session, stream, frame)
        if frame.desc_crc != crc or frame.n_axes != len(stream.axes):
            return _refuse(frame, "descriptor", f"made under description {frame.desc_crc:04x}, HELLO's is {crc:04x}")
        return Block(self._device, session, stream, frame)

    def _count(self, seq: int) -> None:
        missing = (seq - self._next_seq) % 2**16
        if missing < 2**15:  # else a repeated or late frame, not a loss
            self.frames_missing += missing
            self._next_seq = (seq + 1) % 2**16


def _who(hello: Hello) -> tuple[bytes, int]:
    return hello.uid, hello.session


def _went_back(before: Hello, now: Hello) -> bool:
    """Whether a device's clock started anew although its session id did not change."""
    return before.t_us is not None and now.t_us is not None and now.t_us < before.t_us


def _refuse(frame: Data | Status, kind: str, detail: str) -> Fault:
    samples = frame.n_samples if isinstance(frame, Data) else 0
    return Fault(kind, detail, stream_id=frame.stream_id, samples=samples)
