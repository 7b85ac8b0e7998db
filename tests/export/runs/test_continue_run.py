"""A run that goes on: what it refuses, and a whole one with a new machine, to a bundle that says what it forgot."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

import simulator
from agent.bundle.load import load_bundle, self_test
from agent.bundle.runtimes import RUNTIMES
from agent.errors import BundleError, ConfigError, RecordingError
from agent.ports import load
from export.bundling.pack import MAY_FORGET, check_forgets
from export.cli import main
from export.data import trained_files
from export.data.manifest import COLUMNS, read_manifest
from export.runs.continue_run import run_continuation
from export.runs.folder import ForgetsOfRun, Run, forgets_of, load_run, write_json
from export.scoring.forgetting import Forgets, Kept
from export.shrinking.distil import DistilConfig
from export.training.continuing import ContinueConfig

RATE_HZ = 12_000


@pytest.fixture(scope="module")
def run(trained_run: Path) -> Run:
    return load_run(trained_run)


def manifest(folder: Path, *kinds: tuple[str, int]) -> Path:
    """Recordings of a pump that the run has not heard: fault and speed of each."""
    lines = [",".join(COLUMNS)]
    for number, (fault, rpm) in enumerate(kinds):
        samples = simulator.signal(fault, seconds=8, rpm=rpm, rate_hz=RATE_HZ, seed=50 + number)
        np.save(folder / f"pump{number}.npy", samples[:, :1])
        lines.append(f"pump{number}.npy,,{RATE_HZ},{rpm},6206,pump,p{number},{fault},")
    (folder / "new.csv").write_text("\n".join(lines) + "\n")
    return folder / "new.csv"


def go_on(run: Run, new: Path, folder: Path, *options: str) -> int:
    where = ["--manifest", str(new), "--out", str(folder), "--cache", str(new.parent / "cache")]
    return main(["continue", str(run.folder), *where, *options])


def test_what_cannot_go_on_is_refused(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = manifest(tmp_path, ("healthy", 1500))
    assert go_on(run, new, run.folder) == ConfigError.exit_code
    assert "is the folder of the run that goes on; name another one" in capsys.readouterr().err
    student = replace(run, config=msgspec.structs.replace(run.config, distilled=(DistilConfig(),)))
    with pytest.raises(ConfigError, match="continue the run that it learnt from, and distil that again"):
        run_continuation(student, read_manifest(new), ContinueConfig(), folder=tmp_path / "out", cache=tmp_path)
    assert not (tmp_path / "out").exists()


def test_what_it_has_heard_is_not_taken_for_new(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heard = tmp_path / "run"
    shutil.copytree(run.folder, heard)
    new = manifest(tmp_path, ("healthy", 1500))
    (heard / trained_files.FILE).write_bytes(trained_files.stored([tmp_path / "pump0.npy"]))
    assert go_on(replace(run, folder=heard), new, tmp_path / "out") == RecordingError.exit_code
    said = capsys.readouterr().err
    assert "pump0.npy: this run was trained on it already" in said
    assert "name new ones" in said


@pytest.mark.parametrize("lost", [MAY_FORGET / 2, MAY_FORGET * 2])
def test_a_run_that_forgets_too_much_is_not_packed(run: Run, tmp_path: Path, lost: float) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    one = {"with_baseline": Forgets({"motor": Kept(0.9, 0.9 - lost, {"ball": (0.9, 0.9 - lost)})}, lost)}
    write_json(folder / "metrics.json", {**run.metrics, "forgets": ForgetsOfRun(one, one)})
    forgetful = load_run(folder)
    assert forgets_of(run) is None
    check_forgets(run)
    if lost < MAY_FORGET:
        check_forgets(forgetful)
        return
    with pytest.raises(BundleError, match=r"forgets 0.040 .* \(motor 0.900 -> 0.860\).*--forgets-anyway"):
        check_forgets(forgetful)


@pytest.mark.long
def test_a_run_goes_on_and_is_packed(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = manifest(tmp_path, ("healthy", 1500), ("healthy", 1700), ("outer_race", 1500))
    folder = tmp_path / "later"
    assert go_on(run, new, folder, "--steps", "60", "--keep", "60") == 0
    assert "groups left out, with baseline" in capsys.readouterr().out
    later = load_run(folder)
    assert [one.recordings for one in later.config.continued] == [3]
    heard = later.table.families != "pump"
    assert heard.sum() == 60
    assert set(later.table.families.tolist()) == set(run.table.families.tolist()) | {"pump"}
    assert later.tower != b""
    np.testing.assert_array_equal(later.scaling.gain, run.scaling.gain)
    assert (later.deviation, later.calibration.signs) == (run.deviation, run.calibration.signs)
    assert not (folder / "folds").exists()
    known = trained_files.read(folder)
    assert known is not None
    assert known > trained_files.read(run.folder)
    forgets = forgets_of(later)
    assert forgets is not None
    assert set(forgets.left_out_groups["with_baseline"].families) == set(run.table.families.tolist())
    assert later.metrics["training_windows"]["with_baseline"]["pump"] > 0.9

    assert main(["quantize", str(folder)]) == 0
    out = tmp_path / "bundle"
    assert main(["pack", str(folder), "--out", str(out), "--forgets-anyway", "--towers", str(tmp_path)]) == 0
    bundle = load_bundle(out)
    for kind in RUNTIMES:
        self_test(bundle, load(RUNTIMES, kind)(bundle.model(kind)))
    assert "went on with 3 recordings in 60 steps" in (out / "model_card.md").read_text()
    assert json.loads((folder / "config.json").read_text())["continued"][0]["config"]["keep"] == 60
