"""Arguments that describe a machine, its speed and its bearing: a wrong one is wrong usage, before samples are read."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import TextVibError
from agent.limits import MAX_RPM
from agent.machine import Inside

if TYPE_CHECKING:
    from agent.recordings.scale import FullScale, Scale, Sensitivity

WRONG_USAGE = 2
"""Exit code of a command that judges; 1 and 3 beside it say what was judged."""
WIDEST = 2.0  # highest over lowest speed: further apart, a speed and its double look alike

DASHES = re.compile("[\u2010-\u2015~\u301c\uff5e]")
"""What a range is written with besides a minus: dashes that word processors make of one, and the tilde of Korean."""


def rpm(text: str) -> float:
    """A shaft speed."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_RPM:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; give a number above 0, at most {MAX_RPM:g}")
    return value


def rpm_range(text: str) -> tuple[float, float]:
    """Two shaft speeds, as in 1400-1500, with whatever dash."""
    low, dash, high = DASHES.sub("-", text).partition("-")
    if not dash:
        raise argparse.ArgumentTypeError(f"{text!r} is no range; give two speeds, the lower first, like 1400-1500")
    limits = rpm(low), rpm(high)
    if not limits[0] < limits[1] < WIDEST * limits[0]:
        raise argparse.ArgumentTypeError(
            f"{text!r}: give the lower speed first, and less than {WIDEST:g}:1 apart: a speed and its double look alike"
        )
    return limits


class UsageError(TextVibError):
    """An argument that is wrong in the light of another; said, and left with, as the command's parser does it.

    `command` None: `replay`, whose exit codes are its own.
    """

    exit_code = WRONG_USAGE

    def __init__(self, message: str, command: str | None = None) -> None:
        if command is None:
            super().__init__(f"{message}; see textvib-agent replay --help")
        else:
            super().__init__(f"{message}; see textvib-agent {command} --help")
            self.exit_code = os.EX_USAGE


def add_scale(parser: argparse.ArgumentParser) -> None:
    """`--unit`, and what makes g of volts, counts and shares of full scale."""
    parser.add_argument(
        "--unit", choices=("g", "m/s2", "V", "mV", "raw"), help="unit of the samples, where the file has none"
    )
    parser.add_argument(
        "--sensitivity", type=_sensitivity, metavar="mV/g", help="of the sensor: 100mV/g, 10.2mV/(m/s2), 256LSB/g"
    )
    parser.add_argument(
        "--full-scale",
        type=_full_scale,
        metavar="V|g",
        help="of the recorder, where its file holds shares of it (.wav, .flac) or counts: 10V, 16g, 16g/32768",
    )


def scale_of(args: argparse.Namespace) -> Scale:
    """What `--sensitivity` and `--full-scale` say together."""
    from agent.recordings.scale import Scale

    return Scale(args.sensitivity, args.full_scale)


def _sensitivity(text: str) -> Sensitivity:
    from agent.recordings.scale import sensitivity_of

    try:
        return sensitivity_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _full_scale(text: str) -> FullScale:
    from agent.recordings.scale import full_scale_of

    try:
        return full_scale_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_bearing(parser: argparse.ArgumentParser) -> None:
    """`--bearing` and the tables in which its name is sought first."""
    parser.add_argument(
        "--bearing",
        default="",
        help="part number (6205-2RS/C3), balls/ball/pitch/angle: number, two diameters, degrees (9/7.94/39.04/0), "
        "fault orders (bpfo=3.585,bpfi=5.415,bsf=2.357,ftf=0.398), or 9balls, which places lines roughly",
    )
    parser.add_argument(
        "--bearing-table",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="CSV of your own bearings, whose names --bearing may give; see `textvib-agent bearings --help`",
    )


def bearing_of(args: argparse.Namespace) -> Inside | None:
    """What is known of the bearing of `--bearing`; UsageError says what is wrong with it, ConfigError with a table."""
    from agent.bearings.given import inside_of
    from agent.bearings.tables import read_tables

    own = read_tables(args.bearing_table)
    try:
        return inside_of(args.bearing, own)
    except ValueError as error:
        raise UsageError(f"argument --bearing: {error}") from None
