"""A run folder with a damaged file is refused in one line that names the file and the mend."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from export.cli import main
from export.runs.folder import RunError, load_run


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    """A copy, to damage."""
    return Path(shutil.copytree(trained_run, tmp_path / "run"))


@pytest.mark.parametrize(
    "name", ["config.json", "table.npz", "scaling.npy", "trained.pt", "tower.npz", "calibration.json"]
)
def test_a_damaged_file_is_named_with_the_mend(run: Path, name: str) -> None:
    whole = (run / name).read_bytes()
    for content in (whole[: len(whole) * 2 // 3], b"", b"dear all"):
        (run / name).write_bytes(content)
        with pytest.raises(RunError, match="or repeat the command that made it") as refused:
            load_run(run)
        assert str(refused.value).startswith(f"{run / name}: ")


def test_a_command_tells_it_in_a_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray((run / "tower.npz").read_bytes())
    content[len(content) // 2] ^= 0xFF  # within, where only reading all of it shows
    (run / "tower.npz").write_bytes(content)
    assert main(["quantize", str(run)]) == os.EX_DATAERR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {run / 'tower.npz'}: is damaged; take it from a copy, or repeat")


def test_figures_that_a_bundle_tells_are_not_missed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in ("[", '{"held_out_groups": {}, "text": {}}', "{}"):
        (run / "metrics.json").write_text(content)
        with pytest.raises(RunError, match=r"metrics\.json: "):
            _ = load_run(run).held_out
    assert main(["pack", str(run), "--out", str(run.with_name("out"))]) == os.EX_DATAERR
    assert f"error: {run / 'metrics.json'}: " in capsys.readouterr().err
    assert not run.with_name("out").exists()
