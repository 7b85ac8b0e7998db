"""`python -m firmware_bridge` as people use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import serial

import firmware_bridge
from firmware_bridge.cli import main
from firmware_bridge.decoder import Decoder
from firmware_bridge.device import Profile, VirtualSensor
from firmware_bridge.frames import Data, Fault, Hello, Log, encode, frame_bytes
from firmware_bridge.monitor import pictures
from firmware_bridge.numbers import counts_of
from firmware_bridge.pty_sensor import PtySensor
from firmware_bridge.report import as_line
from firmware_bridge.vectors import golden_frames

RATE = ["--rate-hz", "6400"]


def levels_of(path: Path) -> list[float]:
    """RMS of x without its mean, in g, block by block."""
    frames = Decoder().feed(path.read_bytes())
    return [float(counts_of(frame)[:, 0].std()) * 488_281e-9 for frame in frames if isinstance(frame, Data)]


def test_simulate_to_a_file_is_seeded(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "abc"]
    for path, seed in zip(paths, ("5", "5", "6"), strict=True):
        motor = ["--fault", "outer_race", "--seconds", "1", "--seed", seed, *RATE]
        assert main(["simulate", "--file", str(path), *motor]) == 0
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()


def test_a_script_changes_the_motor_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "script.vbp"
    script = "healthy:3,looseness:3,healthy:1"
    assert main(["simulate", "--file", str(path), "--script", script, "--seconds", "9", *RATE]) == 0
    levels = np.array(levels_of(path))
    first, ill, repaired = (np.median(levels[25 * a : 25 * b]) for a, b in ((0, 3), (4, 6), (7, 9)))
    assert ill > 1.5 * first
    assert repaired < 1.2 * first


def test_decode_tells_frames_faults_and_the_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "motor.vbp"
    assert main(["simulate", "--file", str(path), "--seconds", "2", "--fifo-overruns", "2", *RATE]) == 0
    assert main(["decode", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("hello   #0 session")
    assert "0 frames missing; refused: nothing" in lines[-1]
    assert lines[-2].split()[4] == "6400.00"
    path.write_bytes(b"boot\r\n" + path.read_bytes()[:-1])
    assert main(["decode", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "fault   text: boot"
    assert "refused: 1 text, 1 truncated" in lines[-1]


def test_decode_as_json_holds_every_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "golden.vbp"
    frames = [golden_frames()[name] for name in ("hello_one_stream", "data_first_block", "status", "log")]
    path.write_bytes(b"".join(map(frame_bytes, frames)) + b"\x02\x02\0")
    assert main(["decode", "--json", str(path)]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    vectors = json.loads((Path(firmware_bridge.__file__).parent / "vectors.json").read_text())["valid"]
    fields = {vector["body"]: vector["fields"] for vector in vectors}
    assert [line.pop("type") for line in told] == ["hello", "data", "status", "log", "fault"]
    assert told[:4] == [fields[encode(frame).hex()] for frame in frames]
    assert told[4]["kind"] == "short"


def test_a_terminal_never_sees_control_characters() -> None:
    hostile = "\x1b]0;owned\x07\x9b31m\u202e"
    for line in (as_line(Log(seq=0, session=0, level=3, text=hostile)), as_line(Fault("text", hostile, 9))):
        assert line.isprintable()


class Still:
    """A machine that does nothing."""

    def next(self, n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.zeros((n, 3), np.float32)


def picture_with(text: str, port: str) -> str:
    """The first picture of the monitor that holds `text`."""
    shown = pictures(port, baud=3_000_000, every_s=0.2, seconds=30.0)
    picture = next(picture for picture in shown if text in picture)
    shown.close()
    return picture


def test_monitor_shows_rate_and_levels() -> None:
    with PtySensor([(VirtualSensor(Profile(rate_hz=6400.0, hello_s=0.2)), Still())]) as device:
        lines = picture_with("6400.00", device.path).splitlines()
    assert lines[0].startswith("device")
    assert "6400.00" in lines[1]
    assert "x 0 y 0 z 0 g" in lines[1]


def test_monitor_prints_what_it_has_when_its_time_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    with PtySensor([(VirtualSensor(Profile(rate_hz=6400.0)), Still())]) as device:
        assert main(["monitor", device.path, "--seconds", "0.2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("frames missing")


def test_monitor_says_that_sound_frames_wait_for_a_hello() -> None:
    class LateHello(VirtualSensor):
        def produce(self, *arguments: object, **options: object) -> list[object]:  # type: ignore[override]  # no HELLO
            return [frame for frame in super().produce(*arguments, **options) if not isinstance(frame, Hello)]

    with PtySensor([(LateHello(Profile(rate_hz=6400.0)), Still())]) as device:
        shown = picture_with("wait for a HELLO", device.path)
    assert "baud" not in shown
    assert "before_hello" not in shown


def test_monitor_says_what_a_wrong_baud_rate_looks_like() -> None:
    class Babble(VirtualSensor):
        def produce(self, samples: object, *, queue_bytes: int = 0) -> list[bytes]:  # type: ignore[override]  # noise alone
            return [b"\xf8\x80\x00\xfe" * 100]

    with PtySensor([(Babble(Profile()), Still())]) as device:
        assert "bytes arrive but no frame" in picture_with("is the baud rate right", device.path)


def test_vectors_prints_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vectors"]) == 0
    assert capsys.readouterr().out == (Path(firmware_bridge.__file__).parent / "vectors.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["decode", "/nowhere.vbp"], 66, "/nowhere.vbp: No such file"),
        (["monitor", "/dev/nowhere"], 66, "could not open port /dev/nowhere"),
        (["simulate", "--fault", "gremlin", "--file", "/dev/null"], 64, "'gremlin' is none of healthy"),
        (["simulate", "--bearing", "6", "--file", "/dev/null"], 64, "bearing '6'; write 6205"),
        (["simulate", "--bearing", "9,40,30", "--file", "/dev/null"], 64, "cannot exist"),
        (["simulate", "--bearing", "9/40/30/0", "--file", "/dev/null"], 64, "cannot exist"),
        (["simulate", "--seconds", "nan", "--file", "/dev/null"], 64, "no length of time"),
        (["simulate", "--rpm", "0", "--file", "/dev/null"], 64, "--rpm 0 turns no shaft"),
        (["simulate", "--rpm", "-5", "--file", "/dev/null"], 64, "rpm -5.0 is outside"),
        (["simulate", "--hello-s", "-1", "--file", "/dev/null"], 64, "--hello-s -1 is no number from 0 on"),
        (["simulate", "--resets", "nan", "--file", "/dev/null"], 64, "--resets nan is no number from 0 on"),
        (["simulate", "--drop", "200", "--file", "/dev/null"], 64, "from 0 to 1"),
        (["simulate", "--script", "healthy", "--file", "/dev/null"], 64, "write fault:seconds"),
        (["simulate", "--script", "healthy:0", "--file", "/dev/null"], 64, "lasts no time"),
        (["simulate", "--mqtt", "broker"], 64, "write mqtt://"),
        (["simulate", "--mqtt", "mqtt://127.0.0.1:1/a"], 66, "127.0.0.1:1 does not answer"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], code: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert complaint in printed.err


def test_usage_that_argparse_refuses_has_the_same_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["simulate", "--seed", "x"], ["fly"], []):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 64
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("textvib-bridge")
        assert line.endswith("--help")


SIMULATE = [sys.executable, "-m", "firmware_bridge", "simulate", "--pty", *RATE]
ROOT = Path(firmware_bridge.__file__).parent.parent


def test_the_process_prints_its_port_and_speaks_until_it_is_stopped() -> None:
    with subprocess.Popen(SIMULATE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            with serial.Serial(process.stdout.readline().strip(), timeout=0.1) as port:
                decoder, deadline_s = Decoder(), time.monotonic() + 30
                while not any(isinstance(frame, Data) for frame in decoder.feed(port.read(max(1, port.in_waiting)))):
                    assert time.monotonic() < deadline_s, "no block came"
        finally:
            process.terminate()
        assert process.wait(30) == -signal.SIGTERM


def test_the_process_ends_by_itself_when_its_time_is_over() -> None:
    done = subprocess.run([*SIMULATE, "--seconds", "0.2"], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith("/dev/pts/")


def test_the_decoder_needs_the_standard_library_alone() -> None:
    root = Path(firmware_bridge.__file__).parent.parent
    code = "import firmware_bridge.session, firmware_bridge.decoder, sys; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
