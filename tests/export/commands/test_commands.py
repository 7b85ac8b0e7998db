"""Every command explains itself and every option of it, and refuses what it does not know as argparse does."""

from __future__ import annotations

import argparse
import os

import pytest

from export.cli import _parser


def commands() -> dict[str, argparse.ArgumentParser]:
    actions = _parser()._actions
    return next(dict(a.choices) for a in actions if isinstance(a, argparse._SubParsersAction))


COMMANDS = commands()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_can_be_printed(name, capsys):
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args([name, "--help"])
    assert ended.value.code == 0
    assert name in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_something_to_run(name):
    assert callable(COMMANDS[name].get_default("command"))


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_refused(name, capsys):
    with pytest.raises(SystemExit) as ended:
        _parser().parse_args([name, "--no-such-option"])
    assert ended.value.code == os.EX_USAGE
    capsys.readouterr()
