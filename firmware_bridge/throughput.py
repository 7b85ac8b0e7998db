"""How fast the decoder is, beside the floor of splitting the same bytes at their delimiters, in the same run.

Loud: blocks of 256 x 3 samples of strong noise, few bytes of which are 0x00. Quiet: the same of a machine that hardly
vibrates; half of the bytes are 0x00 or 0xFF, which is the hardest that byte stuffing meets. `python -m
firmware_bridge.throughput` prints both; `--json` for programs.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence

from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Data, Format, frame_bytes

PIECE_BYTES = 4096
"""As much as a terminal's buffer in the kernel holds."""


def measure_decoder(*, size: int = 20_000_000) -> dict[str, dict[str, float]]:
    """Megabytes per second of CPU time over about `size` bytes each: of the decoder, and of `bytes.split` alone."""
    return {name: _measure(_stream(spread=spread, size=size)) for name, spread in (("loud", 3000.0), ("quiet", 30.0))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(prog="python -m firmware_bridge.throughput", description=main.__doc__)
    parser.add_argument("--mb", type=int, default=20, help="megabytes of each kind (20)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    options = parser.parse_args(arguments)
    speeds = measure_decoder(size=options.mb * 1_000_000)
    print(json.dumps(speeds) if options.json else "\n".join(lines_of(speeds)))
    return 0


def lines_of(speeds: dict[str, dict[str, float]]) -> list[str]:
    """What was measured, for people."""
    return [
        f"decoder, {name} signal: {speed['decoder']:.0f} MB/s (bytes.split alone: {speed['floor']:.0f} MB/s)"
        for name, speed in speeds.items()
    ]


def _measure(stream: bytes) -> dict[str, float]:
    pieces = [stream[at : at + PIECE_BYTES] for at in range(0, len(stream), PIECE_BYTES)]
    decoder = Decoder()

    def decode() -> None:
        for piece in pieces:
            decoder.feed(piece)

    def split() -> None:
        for piece in pieces:
            piece.split(b"\0")

    return {
        "decoder": round(len(stream) / _seconds(decode) / 1e6, 1),
        "floor": round(len(stream) / _seconds(split) / 1e6, 1),
    }


def _stream(*, spread: float, size: int) -> bytes:
    """Blocks of normal noise with a standard deviation of `spread` counts."""
    rng = random.Random(1)
    wires = [frame_bytes(_block(rng, number, spread=spread)) for number in range(64)]
    once = b"".join(wires)
    return once * max(1, size // len(once))


def _block(rng: random.Random, number: int, *, spread: float) -> Data:
    counts = [round(rng.gauss(0, spread)) for _ in range(768)]
    return Data(
        seq=number,
        session=7,
        stream_id=0,
        sample_index=number * 256,
        t_us=number * 9600,
        n_samples=256,
        n_axes=3,
        format=Format.I16,
        desc_crc=0x2398,
        payload=b"".join([count.to_bytes(2, "little", signed=True) for count in counts]),
    )


def _seconds(work: Callable[[], None]) -> float:
    """CPU time, so that what else the computer does hardly matters."""
    started_s = time.process_time()
    work()
    return time.process_time() - started_s


if __name__ == "__main__":
    sys.exit(main())
