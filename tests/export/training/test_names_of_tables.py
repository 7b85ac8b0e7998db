"""Names that `--help` lists are those that stand beside the functions."""

from __future__ import annotations

import pytest

from export.cli import main
from export.training import names
from export.training.objectives import OBJECTIVES
from export.training.objectives.miners import MINERS
from export.training.selfsupervised import SELF_SUPERVISED


def test_the_tables_have_these_names() -> None:
    assert tuple(OBJECTIVES) == names.OBJECTIVES
    assert tuple(MINERS) == names.MINERS
    assert tuple(SELF_SUPERVISED) == names.SELF_SUPERVISED


@pytest.mark.parametrize(("command", "listed"), [("train", names.PLAIN), ("pretrain", names.SELF_SUPERVISED)])
def test_the_help_lists_them(command: str, listed: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(name in said for name in listed)
