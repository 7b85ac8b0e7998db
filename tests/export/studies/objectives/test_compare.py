"""Trials of all objectives: fair to each, kept through a kill, and summed up as what they are."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from requirements import ROOT

from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError
from export.cli import main
from export.commands.comparing import as_text
from export.data.healthy import NEITHER_HALF
from export.data.table import Table, join
from export.data.windows import labelled
from export.scoring.spread import Spread
from export.studies.columns.splits import columns_of
from export.studies.columns.training_cache import Material, cell_key, imported, kept
from export.studies.objectives.bars import draw_standings
from export.studies.objectives.compare import (
    CONTENDERS,
    Plan,
    Trial,
    TrialCell,
    key_of,
    plan_of,
    run_trials,
    thinned,
    trials_of,
)
from export.studies.objectives.sign_flip import Difference, difference_of, verdict_of
from export.studies.objectives.table import Standings, standings_of
from export.training.objectives import OBJECTIVES
from export.training.recipe import TrainConfig

SPEC = FeatureSpec()
D = len(feature_names(SPEC))
KINDS = ("healthy", "inner_race", "outer_race", "ball")
CONFIG = TrainConfig(steps=60, batch=32, text="ngrams", text_steps=40, hidden=(16,), dim=8, teacher=None)
EXPORT = ROOT / "export"


def small_table(windows: int = 12) -> Table:
    """A rig at four speeds, and one window of every simulated fault, whose labels show in a few features."""
    rng = np.random.default_rng(0)
    tables = []
    for kind, rpm in itertools.product(KINDS, (800.0, 1000.0, 1200.0, 1400.0)):
        values = rng.normal(size=(windows, D)).astype(np.float32)
        values[:, KINDS.index(kind) : 40 : len(KINDS)] += 6
        tables.append(
            labelled(
                values,
                np.ones((windows, D), np.bool_),
                label=kind,
                group=f"uestc-{kind}",
                machine="uestc",
                recording=f"uestc-{kind}-{rpm:g}",
                rpm=rpm,
                baseline=False,
                overlap=1,
            )
        )
    return join(tables)


@pytest.fixture(scope="module")
def material() -> Material:
    return Material(small_table(), None, SPEC)


PLAN = plan_of(("800",), objectives=("triplet", "infonce"), shares=(0.1, 1.0), seeds=1)


def test_what_cannot_be_run_is_refused_with_what_can() -> None:
    with pytest.raises(ConfigError) as refused:
        plan_of(("900",), objectives=("tripel", "triplet"), shares=(0.0, 1.5), seeds=0)
    assert len(refused.value.problems) == 5
    assert "'tripel'" in refused.value.problems[1]
    assert all(name in refused.value.problems[1] for name in OBJECTIVES)
    assert "U+H>C" in refused.value.problems[0]
    with pytest.raises(ConfigError, match="--only: is empty"):
        plan_of(objectives=())


def test_the_command_refuses_before_it_reads_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = ["compare", "--data", str(tmp_path / "nowhere")]
    assert main([*nowhere, "--only", "triplet,hinge"]) == os.EX_CONFIG
    assert "'hinge' is none of triplet, infonce" in capsys.readouterr().err
    assert main([*nowhere, "--steps", "0"]) == os.EX_CONFIG
    assert "--steps: 0 is less than 1" in capsys.readouterr().err
    assert main(nowhere) == os.EX_DATAERR
    assert "the columns need the folders" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*nowhere, "--shares", "half"])
    assert "write numbers and commas" in capsys.readouterr().err
    for option in ("--workers", "--jobs"):
        with pytest.raises(SystemExit):
            main([*nowhere, option, "0"])
        assert "must be a whole number from 1 on" in capsys.readouterr().err


def test_every_objective_of_its_own_kind_competes() -> None:
    assert set(CONTENDERS) <= set(OBJECTIVES)
    plain = {name for name in OBJECTIVES if "/" not in name}
    assert plain <= set(CONTENDERS)
    assert {f"cosine_triplet/{miner}" for miner in ("all", "hard", "semi_hard", "batch_hard")} <= set(CONTENDERS)


def test_trials_go_seed_by_seed() -> None:
    plan = plan_of(("007", "800"), objectives=("triplet", "infonce", "triplet"), shares=(0.1, 1.0), seeds=2)
    trials = trials_of(plan)
    assert len(trials) == len(set(trials)) == 2 * 2 * 2 * 2
    assert [trial.seed for trial in trials] == [0] * 8 + [1] * 8
    assert plan.shares == (1.0, 0.1)


def test_a_share_thins_every_recording_and_leaves_both_halves() -> None:
    table = small_table(windows=21)
    column = columns_of(table)["800"]
    assert thinned(table, column, share=1.0, seed=3) is column
    thin = thinned(table, column, share=0.1, seed=3)
    assert not (thin.trained & ~column.trained).any()
    assert np.array_equal(thin.scored, column.scored)
    assert np.array_equal(thin.teaches, column.teaches)
    part = table.take(thin.trained)
    for recording in np.unique(table.recordings[column.trained]):
        halves = part.half[part.recordings == recording].tolist()
        assert sorted(half for half in halves if half != NEITHER_HALF) == [0, 1]
    third = thinned(table, column, share=1 / 3, seed=3).trained.sum()
    assert third == pytest.approx(column.trained.sum() / 3)
    assert np.array_equal(thin.trained, thinned(table, column, share=0.1, seed=3).trained)
    assert not np.array_equal(thin.trained, thinned(table, column, share=0.1, seed=4).trained)


@pytest.mark.long
def test_trials_are_kept_and_only_missing_ones_made(material: Material, tmp_path: Path) -> None:
    heard: list[str] = []
    cells = run_trials(material, CONFIG, PLAN, folder=tmp_path, tell=heard.append)
    assert list(cells) == trials_of(PLAN)
    assert len(heard) == 4
    assert "min left" in heard[0]
    best = cells[Trial(0, 1.0, "800", "triplet")]
    assert best.balanced_accuracy > 0.6  # of eight faults
    assert best.windows == 8 * 12
    assert cells[Trial(0, 0.1, "800", "triplet")].windows == 8 * 2
    assert 1 < best.trained.effective_rank <= CONFIG.dim
    assert best.scored.alignment < 2

    missing = tmp_path / "800-0.1-infonce-0.json"
    before = missing.read_bytes()
    missing.unlink()
    heard.clear()
    again = run_trials(material, CONFIG, PLAN, folder=tmp_path, tell=heard.append)
    assert [line.split(" ")[0] for line in heard] == ["3", "1/1"]
    assert _unclocked(missing.read_bytes()) == _unclocked(before)
    assert {trial: msgspec.structs.replace(cell, seconds=0) for trial, cell in again.items()} == {
        trial: msgspec.structs.replace(cell, seconds=0) for trial, cell in cells.items()
    }
    taught = msgspec.structs.replace(TrainConfig(), steps=40)
    assert key_of(material, msgspec.structs.replace(taught, objective="lifted", seed=4)) == key_of(material, taught)
    assert key_of(material, taught) != key_of(material, CONFIG)


def _unclocked(content: bytes) -> dict[str, object]:
    return {name: value for name, value in json.loads(content).items() if name != "seconds"}


KILLED = """
import sys
from pathlib import Path
sys.path[:0] = {tests!r}
from test_compare import CONFIG, PLAN, SPEC, Material, small_table
from export.studies.objectives.compare import run_trials
run_trials(Material(small_table(), None, SPEC), CONFIG, PLAN, folder=Path({out!r}))
"""


@pytest.mark.long
def test_a_killed_run_goes_on(material: Material, tmp_path: Path) -> None:
    here = [str(Path(__file__).parent), str(ROOT / "tests"), str(ROOT / "tests" / "export")]
    script = KILLED.format(tests=here, out=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept_before = {path: path.read_bytes() for path in tmp_path.glob("*.json")}
    assert kept_before
    heard: list[str] = []
    cells = run_trials(material, CONFIG, PLAN, folder=tmp_path, tell=heard.append)
    assert len(cells) == 4
    assert all(path.read_bytes() == content for path, content in kept_before.items())
    assert len(heard) == 4 - len(kept_before) + 1


@pytest.mark.long
def test_two_at_a_time_give_the_same(material: Material, tmp_path: Path) -> None:
    plan = plan_of(("800",), objectives=("triplet", "infonce"), shares=(0.1,), seeds=1)
    one, two = (run_trials(material, CONFIG, plan, folder=tmp_path / str(count), workers=count) for count in (1, 2))
    for trial, cell in one.items():
        assert msgspec.structs.replace(two[trial], seconds=cell.seconds) == cell


def test_a_key_follows_the_code_it_runs(material: Material, tmp_path: Path) -> None:
    names = {path.relative_to(EXPORT).as_posix() for path in imported(EXPORT / "studies" / "objectives" / "compare.py")}
    assert names >= {
        *("studies/objectives/compare.py", "studies/columns/training_cache.py", "training/train.py"),
        *("training/objectives/miners.py", "data/table.py"),
    }
    assert not any(name.startswith("commands/") for name in names)
    lookers_on = {"objectives/sign_flip", "objectives/table", "objectives/bars", "columns/protocols"}
    assert not {"cli.py", *(f"studies/{name}.py" for name in lookers_on)} & names
    code = tmp_path / "code.py"
    code.write_text("import numpy\nfrom export.calibration import deviation\n")
    assert {path.name for path in imported(code)} >= {"code.py", "deviation.py"}
    before = cell_key(material, CONFIG, code=code)
    code.write_text("import numpy\nfrom export.calibration import deviation# changed\n")
    assert cell_key(material, CONFIG, code=code) != before


def test_a_cell_is_made_once_and_never_by_half(tmp_path: Path) -> None:
    class Value(msgspec.Struct):
        number: int

    path = tmp_path / "folder" / "cell.json"
    assert kept(path, Value, lambda: Value(1)).number == 1
    assert kept(path, Value, lambda: Value(2)).number == 1

    def broken() -> Value:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        kept(tmp_path / "other.json", Value, broken)
    assert not (tmp_path / "other.json").exists()
    assert [path.name for path in path.parent.iterdir()] == ["cell.json"]


def test_the_p_value_is_that_of_all_flips() -> None:
    values = [0.1, 0.3, -0.05, 0.2, 0.15, 0.02]
    seen = abs(sum(values))
    flips = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True))) for signs in itertools.product((1, -1), repeat=6)
    ]
    found = difference_of({"a": values[:3], "b": values[3:]})
    assert found.p_value == pytest.approx(sum(total >= seen - 1e-9 for total in flips) / 64)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.spread == pytest.approx(np.std(values, ddof=1))
    assert found.columns == pytest.approx({"a": np.mean(values[:3]), "b": np.mean(values[3:])})
    assert difference_of({"a": [0.0, 0.0, 0.0]}).p_value == 1


def test_the_interval_holds_what_the_test_would_not_reject() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.1, 9)
    interval = difference_of({"a": values.tolist()}).interval
    assert interval is not None
    for shift, inside in ((interval.low + 1e-6, True), (interval.low - 1e-6, False), (interval.high + 1e-6, False)):
        assert (difference_of({"a": (values - shift).tolist()}).p_value >= 0.05) is inside
    assert difference_of({"a": [0.1] * 5}).interval is None


def test_an_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        interval = difference_of({"a": rng.normal(0.5, 1, 9).tolist()}).interval
        assert interval is not None
        covered += interval.low <= 0.5 <= interval.high
    assert 0.92 <= covered / 300 <= 0.98


def test_many_pairs_are_drawn_from() -> None:
    values = np.random.default_rng(3).normal(0.03, 0.1, 40)
    found = difference_of({"a": values.tolist()})
    assert found.interval is not None
    normal = 1.96 * values.std(ddof=1) / np.sqrt(40)
    assert found.interval.high - found.interval.low == pytest.approx(2 * normal, rel=0.15)
    assert difference_of({"a": (values + 1).tolist()}).p_value < 0.001


@pytest.mark.parametrize(
    ("columns", "p_value", "verdict"),
    [
        ({"a": 0.1, "b": 0.2}, 0.01, "supported"),
        ({"a": 0.1, "b": 0.2}, 0.06, "undecided"),
        ({"a": 0.3, "b": -0.1}, 0.01, "undecided"),
        ({"a": -0.1, "b": -0.2}, 0.01, "contradicted"),
    ],
)
def test_a_verdict_needs_chance_ruled_out_and_every_column(
    columns: dict[str, float], p_value: float, verdict: str
) -> None:
    mean = float(np.mean(list(columns.values())))
    assert verdict_of(Difference(mean, 0.1, None, p_value, 6, columns)) == verdict


def made_up(plan: Plan, *, lead: float) -> dict[Trial, TrialCell]:
    """Triplet leads InfoNCE by `lead` where data are few and by half of it where they are not."""
    spread = Spread(effective_rank=5.0, alignment=0.5, uniformity=-2.0)
    cells = {}
    for number, trial in enumerate(trials_of(plan)):
        ahead = lead * (1 if trial.share < 1 else 0.5) * (trial.objective == "triplet")
        score = 0.5 + ahead + 0.001 * (number % 3)
        cells[trial] = TrialCell(score, score - 0.1, spread, spread, windows=10, seconds=2.0)
    return cells


def test_standings_state_the_claim() -> None:
    plan = plan_of(objectives=("infonce", "triplet", "supcon"), seeds=3)
    found = standings_of(made_up(plan, lead=0.2), plan, recipe=CONFIG, simulated_windows=7, key="k")
    assert found.verdict == "supported"
    assert [(claim.share, claim.figure) for claim in found.claims] == list(
        itertools.product((1.0, 0.1), ("balanced_accuracy", "without_baseline"))
    )
    few = found.claims[2].difference
    assert few.mean == pytest.approx(0.2, abs=0.002)
    assert few.pairs == 9
    assert found.growth is not None
    assert found.growth.mean == pytest.approx(0.1, abs=0.002)
    assert [row.objective for row in found.rows[:1] + found.rows[3:4]] == ["triplet", "triplet"]
    assert found.rows[0].lead is not None
    assert found.rows[0].balanced_accuracy == pytest.approx(0.6, abs=0.003)
    assert next(row for row in found.rows if row.objective == "infonce").lead is None
    text = as_text(found)
    assert "the claim, triplet over infonce in small data: supported" in text
    assert "10 % of the recorded windows: 10 in 007" in text
    assert text.count("supcon") == 2


def test_without_both_sides_there_is_no_claim(tmp_path: Path) -> None:
    plan = plan_of(("800",), objectives=("triplet", "lifted"), shares=(1.0,), seeds=1)
    found = standings_of(made_up(plan, lead=0.1), plan, recipe=CONFIG, simulated_windows=0, key="k")
    assert found.verdict is None
    assert found.growth is None
    assert found.claims == ()
    assert "claim" not in as_text(found)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Standings) == found
    draw_standings(tmp_path / "standings.png", found)
    assert (tmp_path / "standings.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.data
@pytest.mark.long
def test_the_command_on_recordings(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("cwru", "hit_selfbuilt", "uestc"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for path in (shared_data / "uestc").rglob("*"):
        if path.is_file():
            target = tmp_path / "data" / path.relative_to(shared_data)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    recipe = tmp_path / "recipe.json"
    recipe.write_bytes(msgspec.json.encode(msgspec.structs.replace(CONFIG, teacher=TrainConfig().teacher)))
    arguments = ["compare", "--data", str(tmp_path / "data"), "--columns", "800", "--only", "triplet,infonce"]
    arguments += ["--seeds", "1", "--shares", "0.5", "--machines", "0", "--workers", "1", "--recipe", str(recipe)]
    arguments += ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out"), "--steps", "20"]
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    document = json.loads(printed.out.splitlines()[-1])
    assert document["recipe"]["steps"] == 20
    assert document["recipe"]["teacher"] is None
    assert [row["objective"] for row in document["rows"]].count("triplet") == 1
    place = tmp_path / "out" / document["key"]
    assert json.loads((place / "standings.json").read_text()) == document
    assert (place / "standings.png").stat().st_size > 10_000
    assert main(arguments) == 0
    again = capsys.readouterr()
    assert "2 of 2 trials are kept" in again.err
    assert "triplet - infonce, 50 % of the windows" in again.out
