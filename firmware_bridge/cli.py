"""`textvib-bridge`: a virtual sensor, and a look at what a device says.

Arguments are checked here and errors become one line; everything else is done by the modules that are called.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.command_line import Parser, Version
from firmware_bridge.decoder import Decoder
from firmware_bridge.frames import Fault, Frame
from firmware_bridge.session import StreamTable

READ_BYTES = 1 << 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit code 0: done, 1: faults were found (decode), 64: wrong usage, 66: no such file or port."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its exit
        return 0
    except OSError as error:
        named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"textvib-bridge: {named}", file=sys.stderr)
        return os.EX_NOINPUT
    except ValueError as error:
        print(f"textvib-bridge: {error}", file=sys.stderr)
        return os.EX_USAGE


COUNTS = ("hello_s", "jitter_us", "fifo_overruns", "queue_stalls", "resets")
"""Options of `simulate` that are counts or lengths of time."""


def _simulate(options: argparse.Namespace) -> int:
    from firmware_bridge import runners
    from firmware_bridge.device import Profile, Troubles, VirtualSensor
    from firmware_bridge.line import Line
    from firmware_bridge.pty_sensor import PtySensor
    from firmware_bridge.simulate import motor, parse_script

    if options.seconds is not None and not 0 < options.seconds < math.inf:
        raise ValueError(f"--seconds {options.seconds:g} is no length of time")
    if options.rpm == 0:  # the simulator has shafts at rest, but no sensor is tried on one
        raise ValueError("--rpm 0 turns no shaft; give revolutions per minute, such as 1797")
    for name in COUNTS:
        if not 0 <= (given := getattr(options, name)) < math.inf:
            raise ValueError(f"--{name.replace('_', '-')} {given:g} is no number from 0 on")
    steps = parse_script(options.script) if options.script else [(options.fault, 1.0)]
    profile = Profile(rate_hz=options.rate_hz, hello_s=options.hello_s)
    troubles = Troubles(
        clock_error=options.clock_error / 100,
        jitter_us=options.jitter_us,
        clock=options.clock,
        fifo_overruns=options.fifo_overruns,
        queue_stalls=options.queue_stalls,
        resets=options.resets,
    )
    sensors = []
    for seed in range(options.seed, options.seed + (2 if options.twin else 1)):
        sensor = VirtualSensor(profile, troubles, seed=seed)
        source = motor(steps, rate_hz=sensor.true_rate_hz, rpm=options.rpm, bearing=options.bearing, seed=seed)
        sensors.append((sensor, source))
    line = Line(frame_loss=options.drop / 100, bit_errors=options.bit_errors, seed=options.seed)
    if options.file:
        size = runners.write_file(sensors, line, options.file, seconds=options.seconds or 10.0)
        print(f"{options.file}: {size} bytes", file=sys.stderr)
    elif options.mqtt:
        password = os.environ.get("TEXTVIB_MQTT_PASSWORD")
        runners.publish_mqtt(sensors, line, options.mqtt, password=password, seconds=options.seconds)
    else:
        with PtySensor(sensors, line, seconds=options.seconds) as device:
            print(device.path, flush=True)
            device.join()
    return 0


def _decode(options: argparse.Namespace) -> int:
    from firmware_bridge.report import as_json, as_line, as_table
    from firmware_bridge.tally import COLUMNS, Tally

    decoder, table, tally = Decoder(), StreamTable(), Tally()

    def tell(heard: list[Frame | Fault]) -> None:
        for item in heard:
            judged = item if isinstance(item, Fault) else table.feed(item)
            tally.feed(judged)
            refused = judged if isinstance(judged, Fault) else None
            print(as_json(refused or item) if options.json else as_line(refused or item))

    with options.file.open("rb") as file:
        while data := file.read(READ_BYTES):
            tell(decoder.feed(data))
    tell(decoder.finish())
    if not options.json:
        faults = ", ".join(f"{number} {kind}" for kind, number in sorted(tally.faults.items()))
        print(as_table(COLUMNS, tally.rows()))
        print(f"{table.frames_missing} frames missing; refused: {faults or 'nothing'}")
    return 1 if tally.faults else 0


def _monitor(options: argparse.Namespace) -> int:
    from firmware_bridge.monitor import watch

    watch(options.port, baud=options.baud, seconds=options.seconds)
    return 0


def _vectors(_: argparse.Namespace) -> int:
    from firmware_bridge.vectors import as_text

    sys.stdout.write(as_text())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="textvib-bridge", description="A virtual vibration sensor, and a look at what a real one says (VBP1)."
    )
    parser.add_argument("--version", action=Version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    simulate = commands.add_parser("simulate", help="a virtual sensor on a simulated motor")
    simulate.set_defaults(run=_simulate)
    where = simulate.add_mutually_exclusive_group()
    where.add_argument("--pty", action="store_true", help="a pseudo-terminal; prints its path (the default)")
    where.add_argument(
        "--mqtt", metavar="URL", help="mqtt://[user@]host[:port]/topic; password: $TEXTVIB_MQTT_PASSWORD"
    )
    where.add_argument("--file", metavar="OUT", type=Path, help="a .vbp file, written as fast as possible")
    motor = simulate.add_argument_group("motor")
    motor.add_argument("--fault", default="healthy", help="fault id (healthy)")
    motor.add_argument("--script", metavar="STEPS", help="faults in turn, such as healthy:15,outer_race:15,healthy:10")
    motor.add_argument("--rpm", type=float, default=1797.0, help="shaft speed (1797)")
    motor.add_argument("--bearing", default="6205", help="6205, or balls,ball_mm,pitch_mm[,angle_deg] (6205)")
    device = simulate.add_argument_group("device")
    device.add_argument("--seconds", type=float, help="how long (a file: 10; else until stopped)")
    device.add_argument("--rate-hz", type=float, default=26_667.0, help="declared sample rate (26667)")
    device.add_argument("--hello-s", type=float, default=5.0, help="seconds between HELLOs (5)")
    device.add_argument("--seed", type=int, default=0, help="decides everything random (0)")
    trouble = simulate.add_argument_group("trouble")
    trouble.add_argument("--clock-error", metavar="PERCENT", type=float, default=0.0, help="true rate over declared")
    trouble.add_argument("--clock", choices=("good", "none", "frozen"), default="good", help="the time stamps")
    trouble.add_argument("--jitter-us", metavar="US", type=int, default=0, help="time stamps late by up to this")
    trouble.add_argument("--drop", metavar="PERCENT", type=float, default=0.0, help="frames that vanish on the way")
    trouble.add_argument("--bit-errors", metavar="RATE", type=float, default=0.0, help="probability per bit")
    trouble.add_argument("--fifo-overruns", metavar="PER_S", type=float, default=0.0, help="samples lost in the sensor")
    trouble.add_argument(
        "--queue-stalls", metavar="PER_S", type=float, default=0.0, help="blocks dropped before sending"
    )
    trouble.add_argument("--resets", metavar="PER_S", type=float, default=0.0, help="watchdog resets")
    trouble.add_argument("--twin", action="store_true", help="a second device with the same id on the same line")

    decode = commands.add_parser(
        "decode", help="print the frames and faults of a .vbp file; exit 1 where there are faults"
    )
    decode.set_defaults(run=_decode)
    decode.add_argument("file", type=Path)
    decode.add_argument("--json", action="store_true", help="one JSON object per line")

    monitor = commands.add_parser("monitor", help="a live table of what a port says")
    monitor.set_defaults(run=_monitor)
    monitor.add_argument("port")
    monitor.add_argument("--baud", type=int, default=3_000_000)
    monitor.add_argument("--seconds", type=float, help="stop after this long")

    vectors = commands.add_parser("vectors", help="print the golden vectors")
    vectors.set_defaults(run=_vectors)
    return parser
