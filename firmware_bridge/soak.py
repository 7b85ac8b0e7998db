"""Millions of damaged frames and megabytes of noise through the decoder: `python -m firmware_bridge.soak`.

Every second frame of a stream is damaged, and nothing else. What comes out must be sent frames in their order with
every undamaged one among them; anything else is a wrong frame or a loss that one event must not cause.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Data, Fault, Format, Frame, Log, Status, frame_bytes
from firmware_bridge.throughput import lines_of, measure_decoder
from firmware_bridge.vectors import golden_frames

BATCH = 1000


@dataclass(frozen=True, slots=True)
class FrameSoak:
    """What became of damaged frames; sound is `wrong == 0 and neighbours_lost == 0`."""

    damaged: int
    survived: int  # damage that a frame does not mind, such as a byte added between its delimiter and the next
    wrong: int  # frames that nobody sent
    neighbours_lost: int  # undamaged frames lost


@dataclass(frozen=True, slots=True)
class NoiseSoak:
    """What became of noise; sound is `accepted == 0`."""

    size: int
    refused: int
    accepted: int
    most_held: int  # bytes in the decoder's hands at once


def damage(wire: bytes, rng: random.Random) -> bytes:
    """`wire` (a frame with its delimiters) after one event on the line: never equal to it."""
    while True:
        damaged = rng.choice(_EVENTS)(wire, rng)
        if damaged != wire:
            return damaged


def soak_frames(count: int, *, seed: int = 0) -> FrameSoak:
    """Damage `count` frames, one event each, between undamaged ones."""
    rng = random.Random(seed)
    # Two halves that share no frame, so that what is heard tells whether it had been damaged.
    pool = [(frame, frame_bytes(frame)) for frame in _varied_frames(rng)]
    halves = pool[::2], pool[1::2]
    decoder = Decoder()
    survived = wrong = lost = 0
    done = 0
    while done < count:
        sent = [rng.choice(halves[place % 2]) for place in range(2 * min(BATCH, count - done))]
        stream = b"".join([damage(wire, rng) if place % 2 else wire for place, (_, wire) in enumerate(sent)])
        heard = [frame for frame in decoder.feed(stream + b"\0") if not isinstance(frame, Fault)]
        found, strange, missed = compare([frame for frame, _ in sent], heard)
        survived, wrong, lost = survived + found, wrong + strange, lost + missed
        done += len(sent) // 2
    return FrameSoak(done, survived, wrong, lost)


def soak_noise(size: int, *, seed: int = 0) -> NoiseSoak:
    """Feed `size` bytes of three kinds of noise: even, rich in delimiters, and made of pieces of real frames."""
    rng = random.Random(seed)
    wires = [frame_bytes(frame) for frame in _varied_frames(rng)]
    decoder = Decoder()
    fed = refused = accepted = most = 0
    while fed < size:
        piece = _noise(rng, wires)[: size - fed]
        fed += len(piece)
        for heard in decoder.feed(piece):
            refused += isinstance(heard, Fault)
            accepted += not isinstance(heard, Fault)
        most = max(most, decoder.held_bytes)
    return NoiseSoak(fed, refused, accepted, most)


def compare(sent: Sequence[Frame], heard: Sequence[Frame]) -> tuple[int, int, int]:
    """Damaged frames (odd places of `sent`) that were heard, frames heard that were not sent, undamaged ones lost."""
    survived = wrong = lost = 0
    place = 0
    for frame in heard:
        match = next((at for at in range(place, len(sent)) if sent[at] == frame), None)
        if match is None:
            wrong += 1
            continue
        survived += match % 2
        lost += sum(1 - at % 2 for at in range(place, match))
        place = match + 1
    return survived, wrong, lost + sum(1 - at % 2 for at in range(place, len(sent)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak; exit code 1 where a wrong frame was accepted, a neighbour was lost, or noise was believed."""
    parser = argparse.ArgumentParser(prog="python -m firmware_bridge.soak", description=main.__doc__)
    parser.add_argument("--frames", type=int, default=10_000_000, help="damaged frames (10 million)")
    parser.add_argument("--noise-mb", type=int, default=100, help="megabytes of noise (100)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    print("\n".join(lines_of(measure_decoder())), flush=True)
    noise = soak_noise(options.noise_mb * 1_000_000, seed=options.seed)
    print(f"noise: {noise}", flush=True)
    frames = soak_frames(options.frames, seed=options.seed)
    print(f"frames: {frames}", flush=True)
    return 1 if noise.accepted or frames.wrong or frames.neighbours_lost else 0


def _varied_frames(rng: random.Random) -> list[Frame]:
    """Short and long frames of every type, no two alike."""
    frames = [frame for name, frame in golden_frames().items() if name != "data_longest"]
    for number in range(400):
        samples = rng.choice((1, 2, 3, 5, 8, 13, 40))
        payload = rng.randbytes(6 * samples) if number % 2 else bytes(6 * samples)
        frames.append(_data(rng, number, n_samples=samples, payload=payload))
    frames += [Status(seq=number, session=7, stream_id=0, produced=number * 999, t_us=number) for number in range(50)]
    frames += [Log(seq=number, session=7, level=6, text=f"line {number} " * (number % 9)) for number in range(50)]
    return frames


def _data(rng: random.Random, number: int, *, n_samples: int, payload: bytes) -> Data:
    index = number * 256
    return Data(
        seq=number,
        session=7,
        stream_id=0,
        sample_index=index,
        t_us=index * 37 + rng.randrange(100),
        n_samples=n_samples,
        n_axes=3,
        format=Format.I16,
        desc_crc=0x2398,
        payload=payload,
    )


def _flip_bits(wire: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(wire)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        damaged[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _overwrite(wire: bytes, rng: random.Random) -> bytes:
    at, size = _run(wire, rng)
    return wire[:at] + rng.randbytes(size) + wire[at + size :]


def _delete(wire: bytes, rng: random.Random) -> bytes:
    at, size = _run(wire, rng)
    return wire[:at] + wire[at + size :]


def _insert(wire: bytes, rng: random.Random) -> bytes:
    at, size = _run(wire, rng)
    return wire[:at] + rng.randbytes(size) + wire[at:]


def _repeat(wire: bytes, rng: random.Random) -> bytes:
    """A run of bytes that comes twice, as from a buffer that was sent again; never a whole frame."""
    at, size = _run(wire, rng)
    return wire[: at + size] + wire[at:] if size < len(wire) - 2 else wire


def _swap(wire: bytes, rng: random.Random) -> bytes:
    first, second = rng.randrange(len(wire)), rng.randrange(len(wire))
    damaged = bytearray(wire)
    damaged[first], damaged[second] = damaged[second], damaged[first]
    return bytes(damaged)


def _truncate(wire: bytes, rng: random.Random) -> bytes:
    return wire[: rng.randrange(len(wire))]


_EVENTS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip_bits,
    _overwrite,
    _delete,
    _insert,
    _repeat,
    _swap,
    _truncate,
)


def _run(wire: bytes, rng: random.Random) -> tuple[int, int]:
    """Where a burst begins and how long it is."""
    at = rng.randrange(len(wire))
    return at, min(len(wire) - at, rng.choice((1, 2, 4, 16, 64)))


def _noise(rng: random.Random, wires: Sequence[bytes]) -> bytes:
    kind = rng.randrange(3)
    noise = rng.randbytes(1 << 15)
    if kind == 0:
        return noise
    if kind == 1:
        return noise.translate(_DELIMITED)
    pieces = []
    for _ in range(200):
        wire = wires[rng.randrange(len(wires))][:-5]  # never a frame's last bytes, or pieces could make a frame again
        at = rng.randrange(1, len(wire))
        pieces.append(wire[at : at + rng.randrange(1, len(wire))] if rng.random() < 0.7 else rng.randbytes(5))
        pieces.append(b"\0" if rng.random() < 0.5 else b"")
    return b"".join(pieces)


_DELIMITED = bytes(0 if code % 8 == 0 else code for code in range(256))


if __name__ == "__main__":
    sys.exit(main())
