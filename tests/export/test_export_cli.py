"""The workstation's command line: what it offers, how it refuses, and that help waits for nothing heavy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from requirements import ROOT

from export.cli import main
from export.data.dressed import COUNT

HEAVY = {"torch", "matplotlib", "sklearn", "onnx", "onnxruntime", "tokenizers"}


def test_help_loads_no_library_that_takes_seconds():
    script = (
        "import sys\nfrom export.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *{name.split('.')[0] for name in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    offered, _, loaded = ran.stdout.rpartition("LOADED")
    assert all(command in offered for command in ("manifest", "train", "quantize", "pack", "verify", "evaluate"))
    assert not set(loaded.split()) & HEAVY


def test_a_folder_that_is_none_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main(["manifest", "cwru", str(tmp_path / "nothing")]) != 0
    assert capsys.readouterr().err == f"error: {tmp_path / 'nothing'}: not a folder\n"


def test_training_without_recordings_says_which_options_name_them(capsys: pytest.CaptureFixture[str]):
    assert main(["train"]) != 0
    assert "--data" in capsys.readouterr().err


def test_an_objective_that_is_none_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]):
    assert main(["train", "--objective", "sextuplet"]) == os.EX_CONFIG
    told = capsys.readouterr().err
    assert "'sextuplet'" in told
    assert "triplet" in told


def test_what_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "97_Normal_0.mat").touch()
    assert main(["manifest", "cwru", str(tmp_path / "set"), "--out", str(tmp_path / "none" / "mine.csv")]) != 0
    assert f"there is no folder {tmp_path / 'none'}; make it" in capsys.readouterr().err


def test_wrong_usage_is_one_line_and_the_version_another(capsys):
    for argv, code in ((["train", "--what"], os.EX_USAGE), ([], os.EX_USAGE), (["--version"], 0)):
        with pytest.raises(SystemExit) as left:
            main(argv)
        printed = capsys.readouterr()
        assert left.value.code == code
        (line,) = (printed.err or printed.out).splitlines()
        assert line.startswith("textvib-export")
        assert line.endswith("--help") == bool(code)


def test_a_rebuild_that_could_not_be_packed_is_refused_before_it_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "default"
    folders = ["--data", str(tmp_path), "--run", str(run), "--out", str(tmp_path / "bundles" / "default")]
    assert main(["rebuild", *folders, "--version", "9"]) == 78
    assert "name of the bundle that ships" in capsys.readouterr().err
    assert not run.exists()


def test_help_says_how_many_machines_are_made_that_are_not_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert f"{COUNT} healthy machines of other kinds are made of" in " ".join(capsys.readouterr().out.split())
