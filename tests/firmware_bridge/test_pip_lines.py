"""Whoever is told to install something is told it for the environment that runs, and from where that came."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from firmware_bridge import installing


def test_an_extra_is_installed_beside_what_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setattr(installing, "CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert installing.pip_line("web") == ".venv/bin/python -m pip install 'textvib-edge[web]'"
    (tmp_path / "pyproject.toml").touch()
    assert installing.pip_line("web", "opcua") == ".venv/bin/python -m pip install -e '.[web,opcua]'"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert installing.pip_line("web") == f"{tmp_path}/.venv/bin/python -m pip install -e '{tmp_path}[web]'"
