"""Coverage-guided fuzzing of the decoder with atheris: `python -m firmware_bridge.fuzz -max_total_time=60`.

Atheris is imported on use, so nothing else depends on it. An input is tried as it is and again under a correct CRC,
without which the mutations would hardly ever reach a parser.
"""

from __future__ import annotations

import sys
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge import cobs
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import MAX_BODY, MAX_WIRE, Fault, Frame, decode_frame, encode, frame_bytes
from firmware_bridge.vectors import golden_frames

_CRC_BYTES = 4


def check(data: bytes) -> None:
    """Whatever the bytes: no exception, a bounded buffer, one meaning; AssertionError where a rule is broken."""
    sealed = data + zlib.crc32(data).to_bytes(_CRC_BYTES, "little")
    for body in (data, sealed):
        _check_frame(decode_frame(body))
    _check_stream(data)
    _check_stream(b"\0" + cobs.encode(sealed) + b"\0" + data)


def _check_stream(data: bytes) -> None:
    """Bytes from a line, whole and cut in two."""
    whole, pieces = Decoder(), Decoder()
    heard = [*whole.feed(data), *whole.finish()]
    cut = data[-1] % len(data) if data else 0
    parts = [*pieces.feed(data[:cut]), *pieces.feed(data[cut:])]
    assert pieces.held_bytes <= MAX_WIRE, f"{pieces.held_bytes} bytes held"
    assert [*parts, *pieces.finish()] == heard, f"cut at {cut} the same bytes say something else"


def _check_frame(result: Frame | Fault) -> None:
    """What was accepted is within every limit, since `encode` refuses the rest, and survives being sent again."""
    if not isinstance(result, Fault):
        assert decode_frame(encode(result)) == result, "an accepted frame says something else when it is sent again"
        assert Decoder().feed(frame_bytes(result)) == [result], "an accepted frame is not heard on a line"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run within libFuzzer's limits (`-runs=`, `-max_total_time=`); does not return unless atheris is missing."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed; mend: make fuzz", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        for name, frame in golden_frames().items():
            Path(folder, name).write_bytes(encode(frame)[:-_CRC_BYTES])
        options = list(sys.argv[1:] if arguments is None else arguments)
        atheris.instrument_all()
        atheris.Setup([sys.argv[0], f"-max_len={MAX_BODY}", *options, folder], check)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
