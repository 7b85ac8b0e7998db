"""What a data set lacks is said with its files and the way out, before training; what can be learnt from goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from export.cli import main
from export.data.manifest import COLUMNS, ManifestError, ManifestRow
from export.runs.suitability import Surveyed, lacks_of, survey
from export.runs.train_run import HOP_S

SPEC = FeatureSpec()


def one(name: str, label: str = "healthy", *, windows: int = 20, rpm: float | None = 1500, **changes: str) -> Surveyed:
    row = ManifestRow(Path("set") / name, "", 12_000.0, rpm, "6205", "pump", name, label)
    return Surveyed(replace(row, **changes), windows)


WHOLE = [
    one("h1"),
    one("h2", rpm=1200),
    one("i1", "inner_race"),
    one("i2", "inner_race", rpm=1200),
    one("o1", "outer_race"),
    one("o2", "outer_race"),
]


def lacks(surveyed: Sequence[Surveyed], *, machines: int = 150) -> list[str]:
    return lacks_of(surveyed, SPEC, hop_s=HOP_S, machines=machines)


def test_a_set_that_lacks_nothing_is_told_nothing() -> None:
    assert lacks(WHOLE) == []


SPARSE = {
    "no healthy recording of pump (set/i1": [s for s in WHOLE if s.row.label != "healthy"],
    "there is none; the limit of the shipped": [s for s in WHOLE if s.row.label != "healthy"],
    "the longest, h1, has 9; the limit of the shipped": [replace(s, windows=9) for s in WHOLE],
    "one fault alone, inner_race, is recorded (set/i1, set/i2)": WHOLE[:4],
    "no fault is recorded": WHOLE[:2],
    "one group only for outer_race (o1)": WHOLE[:5],
    "one speed only of pump (1500 rpm)": [replace(s, row=replace(s.row, rpm=1500.0)) for s in WHOLE],
    "no speed (column rpm) for set/h1, set/h2, set/i1 and 3 more": [
        replace(s, row=replace(s.row, rpm=None)) for s in WHOLE
    ],
    "whose files say 1480": [*WHOLE, replace(one("x", "ball", rpm=None), own_rpm=1480.0), one("b", "ball")],
    "no bearing (column bearing) for set/x": [*WHOLE, one("x", "ball", bearing=""), one("b", "ball")],
    "no unit in set/h1": [replace(WHOLE[0], has_unit=False), *WHOLE[1:]],
    "1 of 7 recordings are left out: set/x: why": [*WHOLE, replace(one("x"), problem="set/x: why")],
}


@pytest.mark.parametrize("told", SPARSE)
def test_each_lack_is_one_line_that_names_files_and_way_out(told: str) -> None:
    found = lacks(SPARSE[told])
    (line,) = [line for line in found if told in line]
    assert "\n" not in line
    assert len(line) < 600


def test_what_is_neither_recorded_nor_simulated_is_said_to_be_never_heard() -> None:
    (line,) = [line for line in lacks(WHOLE, machines=0) if "never heard" in line]
    assert line.startswith("ball, cage, looseness, imbalance, misalignment: neither recorded nor simulated")
    assert not any("never heard" in line for line in lacks(WHOLE))


def test_many_short_healthy_recordings_make_a_limit_as_well() -> None:
    short = [one(f"h{number}", windows=1, rpm=1500 + number) for number in range(10)]
    assert not any("deviation limit" in line for line in lacks([*short, *WHOLE[1:]]))
    few = [*short[:8], *(s for s in WHOLE if s.row.label != "healthy")]
    assert any("no deviation limit of its own" in line for line in lacks(few))


def test_a_set_that_nothing_can_be_learnt_from_is_refused() -> None:
    with pytest.raises(RecordingError, match="no recording can be used:\nset/h1: why"):
        lacks([replace(WHOLE[0], problem="set/h1: why")])
    with pytest.raises(ManifestError, match="baseline"):
        lacks([one("h1", role="baseline")])
    with pytest.raises(ManifestError, match="--machines 0"):
        lacks(WHOLE[:2], machines=0)


def test_files_are_read_for_what_they_say(tmp_path: Path) -> None:
    np.save(tmp_path / "long.npy", np.zeros((12_000 * 6, 1), np.float32))
    np.save(tmp_path / "short.npy", np.zeros((12_000, 1), np.float32))
    (tmp_path / "rotten.npy").write_bytes(b"rot")
    rows = [replace(WHOLE[0].row, path=tmp_path / f"{name}.npy") for name in ("long", "short", "rotten")]
    long, short, rotten = survey([*rows], SPEC, hop_s=HOP_S)
    assert (long.windows, long.problem, long.has_unit) == (9, None, False)
    assert "1 s, shorter than one window of 2 s" in str(short.problem)
    assert "rotten.npy" in str(rotten.problem)
    silent = survey([replace(rows[0], rate_hz=None)], SPEC, hop_s=HOP_S)[0]
    assert "rate_hz" in str(silent.problem)


def test_training_says_it_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "dead.npy", np.zeros((12_000 * 6, 1), np.float32))
    (tmp_path / "set.csv").write_text(f"{','.join(COLUMNS)}\ndead.npy,,12000,1500,6205,pump,a,ball,\n")
    options = ["--manifest", str(tmp_path / "set.csv"), "--cache", str(tmp_path / "cache"), "--text", "ngrams"]
    assert main(["train", *options, "--out", str(tmp_path / "run")]) == 65
    told = capsys.readouterr().err.splitlines()
    assert sum(line.startswith("lacking: ") for line in told) == 6
    assert told[-1].startswith("error: no window of any recording can be judged")
