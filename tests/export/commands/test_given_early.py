"""What is wrong with what is given is told before any library is loaded that takes seconds, and the worst first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from requirements import ROOT

from export.cli import main
from export.commands.given import GIVEN

HEAVY = ("torch", "sklearn", "scipy", "matplotlib", "onnx", "onnxruntime", "tokenizers")
WRONG = {
    "continue NOPE --out out": "NOPE/config.json: not there; name a finished run",
    "continue NOPE --manifest bad.csv --out out": "NOPE/config.json: not there; name a finished run",
    "continue run --out out": "nothing to go on with",
    "continue run --manifest bad.csv --out out": "bad.csv:1: the header must be",
    "continue run --adopted bad.csv --out out": "bad.csv: is damaged or no file of rows",
    "train --data NOPE": "--data NOPE: no such folder",
    "train --data run": "--data run: no recording of a known set in a folder cwru, hit_selfbuilt, uestc, uos",
    "train --manifest bad.csv": "bad.csv:1: the header must be",
    "train --manifest NOPE.csv --out out": "NOPE.csv: cannot be read",
    "train --config bad.csv --manifest bad.csv": "bad.csv: ",
    "train --config NOPE.toml": "NOPE.toml: No such file or directory",
    "train": "no recordings: name a folder with --data",
    "train --objective sextuplet": "objective: 'sextuplet' is none of triplet",
    "train --machines -3": "--machines: -3 is less than 0",
    "rebuild --out bundle": "no recordings: name a folder with --data",
    "distil --teacher NOPE --out out": "NOPE/config.json: not there; name a finished run",
    "distil --teacher run --out bad.csv": "--out bad.csv: is a file",
    "quantize NOPE": "NOPE/config.json: not there; name a finished run",
    "pack NOPE --out bundle": "NOPE/config.json: not there; name a finished run",
    "pack run --out bundle": "run: not quantized",
    "verify --run NOPE": "NOPE: holds no finished run",
    "verify --run run --bundle NOPE": "NOPE/manifest.json: No such file",
    "evaluate --manifest NOPE.csv": "NOPE.csv: cannot be read",
    "evaluate --bundle NOPE --manifest bad.csv": "NOPE/manifest.json: No such file",
    "describe --descriptions NOPE.toml --out out": "NOPE.toml: cannot be read",
    "describe --descriptions bad.csv --out out": "bad.csv: ",
    "describe --out out": "nothing to describe with",
    "describe --examples bad.csv --out out": "bad.csv: is damaged or no file of rows",
    "rank cage --bundle NOPE": "NOPE/manifest.json: No such file",
    "rank cage --tower NOPE": "NOPE: there is no such file; name the tower",
    "rank ...": "sentence '...': holds no word",
    "texts --bundle NOPE": "NOPE/manifest.json: No such file",
    "adopt NOPE --out rows.npz": "NOPE: there is no such folder",
    "pretrain NOPE --out out": "NOPE: there is no such folder",
    "pretrain --out out": "nothing to learn from",
}
"""Command line -> how its error begins."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the files of a run, empty ones, and a file that is nothing that is asked for."""
    (tmp_path / "run").mkdir()
    for name in ("config.json", "table.npz", "scaling.npy", "trained.pt", "tower.npz", "calibration.json"):
        (tmp_path / "run" / name).touch()
    (tmp_path / "run" / "deviation.json").touch()
    (tmp_path / "bad.csv").write_text("path\n")
    return tmp_path


def test_every_mistake_is_told_before_what_takes_seconds_is_loaded(place: Path) -> None:
    script = (
        "import contextlib, io, json, shlex, sys\nfrom export.cli import main\ntold = {}\n"
        f"for line in {list(WRONG)!r}:\n"
        "    with contextlib.redirect_stderr(io.StringIO()) as said:\n        code = main(shlex.split(line))\n"
        f"    told[line] = code, said.getvalue(), sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "print(json.dumps(told))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=place, env=environment, capture_output=True, text=True, check=True
    )
    told = json.loads(ran.stdout)
    for line, begins in WRONG.items():
        code, said, loaded = told[line]
        assert code, line
        assert said.startswith(f"error: {begins}"), (line, said)
        assert not loaded, (line, loaded)
    assert sorted(path.name for path in place.iterdir()) == ["bad.csv", "run"]
    assert {line.split()[0] for line in WRONG} == {*GIVEN, "adopt"}


def test_what_to_do_about_a_folder_of_no_known_layout_comes_before_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cwru").mkdir()
    for number in range(30):
        (tmp_path / "cwru" / f"recording{number}.mat").touch()
    for argv in (["manifest", "cwru", str(tmp_path)], ["train", "--data", str(tmp_path)]):
        assert main(argv) == os.EX_DATAERR
        first, *files = capsys.readouterr().err.splitlines()
        assert first.startswith("error: ")
        assert first.endswith("write the manifest yourself, one row per recording (docs/training.md)")
        assert files[0].startswith(f"skipped {tmp_path / 'cwru' / 'recording0.mat'}: ")
        assert len(files) == 11
        assert files[-1] == f"skipped {20 if argv[0] == 'manifest' else 23} more"
