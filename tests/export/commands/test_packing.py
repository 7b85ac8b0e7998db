"""`pack` warns of a run that guesses, and `verify` holds a run against its own bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agent.bundle.load import DEFAULT
from agent.errors import BundleError, ConfigError
from export.bundling.packed import bundle_of, note_packed
from export.bundling.stored_towers import TOWERS
from export.cli import main
from export.runs.folder import Run, load_run


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Run:
    """A copy, to write in."""
    shutil.copytree(trained_run, tmp_path / "run")
    return load_run(tmp_path / "run")


def write_figures(run: Run, accuracy: float, healthy: float) -> None:
    metrics = json.loads((run.folder / "metrics.json").read_text())
    held_out = metrics["held_out_groups"]
    held_out["balanced_accuracy_by_family"] = dict.fromkeys(held_out["balanced_accuracy_by_family"], accuracy)
    held_out["recall_per_label"] = dict.fromkeys(held_out["recall_per_label"], 0.9) | {"healthy": healthy}
    (run.folder / "metrics.json").write_text(json.dumps(metrics))


def test_packing_a_run_that_guesses_warns_with_chance_and_the_way_out(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run.folder.with_name("bundle")
    given = ["pack", str(run.folder), "--out", str(out), "--towers", str(out.parent), "--replace"]
    for accuracy, healthy in ((0.01, 0.9), (0.9, 0.0), (0.9, 0.9)):
        write_figures(run, accuracy, healthy)
        assert main(given) == 0
        told = capsys.readouterr().err
        assert ("WARNING: " in told) == (accuracy < 0.5 or healthy < 0.5)
        assert ("by guessing: balanced accuracy 0.01" in told) == (accuracy < 0.5)
        assert ("healthy is hardly ever recognised" in told) == (healthy < 0.5)
        assert ("way out: train longer (--steps" in told) == ("WARNING: " in told)


def test_verify_takes_the_runs_own_bundle_or_asks_for_it(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="is not known; name it with --bundle, or make it: python -m export pack"):
        bundle_of(run)
    assert main(["verify", "--run", str(run.folder)]) == ConfigError.exit_code
    capsys.readouterr()
    out = run.folder.with_name("bundle")
    note_packed(run, out)
    with pytest.raises(ConfigError, match=r"none lies at .*bundle any more"):
        bundle_of(run)
    shutil.copytree(DEFAULT, out)
    assert bundle_of(run) == str(out.resolve())
    assert main(["verify", "--run", str(run.folder)]) == BundleError.exit_code, "the shipped encoder is another"
    told = capsys.readouterr()
    assert f"({out.resolve()}) beside the run {run.folder}" in told.err
    assert "is of another training than the run" in told.err
    note_packed(run, DEFAULT)
    assert bundle_of(run) == "default"


def test_verify_without_a_run_says_what_needs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--bundle", "default", "--run", str(tmp_path / "none")]) == 65
    told = capsys.readouterr().err
    assert f"{tmp_path / 'none'}: holds no finished run; verify compares a bundle with the run" in told
    assert "`textvib-agent bench --bundle default`" in told


def test_a_run_of_the_shipped_tower_is_held_against_the_shipped_bundle(run: Run) -> None:
    shipped = (TOWERS / "default.npz").read_bytes()
    (run.folder / "tower.npz").write_bytes(shipped)
    assert bundle_of(load_run(run.folder)) == "default"
