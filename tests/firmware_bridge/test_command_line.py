"""What the three command lines share: wrong usage is one line that names its command, `--version` one more."""

from __future__ import annotations

import os
import platform

import pytest

from firmware_bridge import VERSION
from firmware_bridge.command_line import Parser, Version


def parser() -> Parser:
    made = Parser(prog="tool")
    made.add_argument("--version", action=Version, more=lambda: ["bundle x 1"])
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    judge = commands.add_parser("judge")
    assert isinstance(judge, Parser)
    judge.usage_exit = 2
    judge.add_argument("file")
    judge.add_argument("--rpm", type=float)
    commands.add_parser("look")
    return made


@pytest.mark.parametrize(
    ("argv", "code", "line"),
    [
        ([], os.EX_USAGE, "tool: the following arguments are required: COMMAND; see tool --help"),
        (["judge"], 2, "tool judge: the following arguments are required: file; see tool judge --help"),
        (["judge", "f", "--rpm", "x"], 2, "argument --rpm: invalid float value: 'x'; see tool judge --help"),
        (["judge", "f", "--what"], 2, "tool judge: unrecognized arguments: --what; see tool judge --help"),
        (["judge", "f", "a\nb"], 2, "tool judge: unrecognized arguments: a b; see tool judge --help"),
        (["look", "--what"], os.EX_USAGE, "tool look: unrecognized arguments: --what; see tool look --help"),
        (["--what", "look"], os.EX_USAGE, "tool: unrecognized arguments: --what; see tool --help"),
    ],
)
def test_wrong_usage_is_one_line(argv: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(argv)
    printed = capsys.readouterr()
    assert (left.value.code, printed.out) == (code, "")
    (shown,) = printed.err.splitlines()
    assert shown.endswith(line)


def test_right_usage_is_read_as_argparse_reads_it() -> None:
    assert vars(parser().parse_args(["judge", "f", "--rpm", "3"])) == {"file": "f", "rpm": 3.0}


def test_the_version_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"tool {VERSION}, Python {platform.python_version()}, bundle x 1\n"
