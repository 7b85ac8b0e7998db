"""`pretrain` by its command: what it makes, what `train --from` takes of it, and what either refuses, in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from small_windows import SPEC, small_table

import simulator
from agent.errors import ConfigError
from export.cli import main
from export.data import trained_files
from export.data.manifest import COLUMNS, read_manifest
from export.data.unlabelled import as_heard
from export.runs import train_run
from export.runs.folder import RunError, load_run, read_json
from export.runs.pretrain_run import lacks_of
from export.runs.pretrained import PretrainedConfig, read_begun
from export.text.encoders import Sentences
from export.training.recipe import TrainConfig

RATE_HZ = 6000
RECIPE = TrainConfig(branches=(), hidden=(12,), dim=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of a pump that nobody has labelled, a file that says no rate, and one that is torn."""
    place = tmp_path_factory.mktemp("pump")
    for number, fault in enumerate(("healthy", "outer_race")):
        samples = simulator.signal(fault, seconds=4, rpm=1800, rate_hz=RATE_HZ, seed=number)[:, :1]
        lines = [f"{row / RATE_HZ:.7f},{value:.6g}" for row, value in enumerate(samples[:, 0])]
        (place / f"{number}.csv").write_text("\n".join(["time_s,x_g", *lines]) + "\n")
    np.save(place / "silent.npy", np.zeros((10, 1), np.float32))
    (place / "torn.wav").write_bytes(b"RIFF")
    (place / "recipe.toml").write_text('branches = []\nhidden = [12]\ndim = 8\ntext = "ngrams"\n')
    return place


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "start"
    options = ["--config", folder / "recipe.toml", "--cache", out.parent / "cache", "--out", out, "--rpm", "1800"]
    sizes = ["--steps", "4", "--batch", "16", "--views", "1", "--machines", "0"]
    assert main(["pretrain", str(folder), *map(str, options), *sizes]) == 0
    return out


def test_a_folder_is_made_that_says_what_it_is_and_whether_it_collapsed(made: Path, folder: Path) -> None:
    config = read_json(made / "pretrained.json", PretrainedConfig)
    assert (config.recordings, config.pretrain.steps, config.recipe.hidden) == (2, 4, (12,))
    metrics = json.loads((made / "metrics.json").read_text())
    assert metrics["windows"]["unlabelled"] == config.windows == 10
    assert [look["step"] for look in metrics["looks"]] == [0, 4]
    assert "effective rank" in metrics["verdict"]
    assert (made / "curves.png").read_bytes().startswith(b"\x89PNG")
    begun = read_begun(made, RECIPE, SPEC)
    assert begun.objective == "simclr"
    assert begun.heard == trained_files.read(made)
    assert trained_files.hash_of(folder / "1.csv") in begun.heard


def test_what_cannot_be_read_is_named_with_the_mend(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("silent.npy", "torn.wav"):
        (bare / name).write_bytes((folder / name).read_bytes())
    assert main(["pretrain", str(bare), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]) != 0
    said = capsys.readouterr().err
    assert "silent.npy: its sample rate is not in the file: give it in column rate_hz" in said
    assert "torn.wav" in said
    assert "nothing to learn from" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a folder of recordings"),
        (["x", "--objective", "dino"], "'dino' is none of simclr, moco, byol, swav, vicreg, barlow"),
        (["x", "--bearing", "9/9"], "--bearing"),
        (["x", "--machines", "-1"], "--machines"),
        (["nowhere"], "there is no such folder"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pretrain", *arguments, "--out", "never"]) != 0
    assert said in capsys.readouterr().err
    assert not Path("never").exists()


def test_a_folder_of_a_run_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trained.pt").write_bytes(b"")
    assert main(["pretrain", str(tmp_path), "--out", str(tmp_path)]) == ConfigError.exit_code
    assert "holds what another command has finished" in capsys.readouterr().err
    assert (tmp_path / "trained.pt").exists()


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    table = small_table(6)
    heard = as_heard(replace(table, rpm=np.full(len(table), np.nan, np.float32)), 1)
    lacks = lacks_of(replace(heard, table=replace(heard.table, labels=np.full(len(table), ""))), machines=0)
    assert [lack.split(":")[0] for lack in lacks] == [
        "no speed for 48 of 48 windows",
        "no healthy state of any machine",
    ]
    assert lacks_of(as_heard(table, 1), machines=0) == []
    with pytest.raises(Exception, match="nothing to tell apart"):
        lacks_of(as_heard(table.take(np.arange(3)), 1), machines=0)


# ------------------------------------------------------------------------------------------------------ train --from


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """The folder, to be spoilt."""
    place = tmp_path / "copied"
    place.mkdir()
    for path in made.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return place


def test_a_start_of_another_recipe_or_other_features_is_refused(copied: Path) -> None:
    with pytest.raises(ConfigError, match="its student has other hidden, dim than the recipe"):
        read_begun(copied, msgspec.structs.replace(RECIPE, hidden=(13,), dim=9), SPEC)
    with pytest.raises(ConfigError, match="on other features"):
        read_begun(copied, RECIPE, msgspec.structs.replace(SPEC, harmonics=3))
    config = read_json(copied / "pretrained.json", PretrainedConfig)
    newer = msgspec.structs.replace(config, features=config.features + 1)
    (copied / "pretrained.json").write_bytes(msgspec.json.encode(newer))
    with pytest.raises(ConfigError, match="on other features"):
        read_begun(copied, RECIPE, SPEC)


@pytest.mark.parametrize("name", ["pretrained.pt", "scaling.npy", "trained_on.npy", "pretrained.json"])
@pytest.mark.parametrize("damage", ["gone", "torn", "other"])
def test_a_damaged_one_is_refused_by_the_name_of_the_file(copied: Path, name: str, damage: str) -> None:
    path = copied / name
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:20] if damage == "torn" else b'{"a": 1}')
    with pytest.raises(RunError, match=name.replace(".", r"\.")):
        read_begun(copied, RECIPE, SPEC)


def test_weights_that_are_no_numbers_are_damage(copied: Path) -> None:
    weights = torch.load(copied / "pretrained.pt", weights_only=True)
    weights["dense.0.weight" if "dense.0.weight" in weights else next(iter(weights))].fill_(float("nan"))
    torch.save(weights, copied / "pretrained.pt")
    with pytest.raises(RunError, match=r"pretrained\.pt"):
        read_begun(copied, RECIPE, SPEC)


def test_a_finished_run_is_no_start(tmp_path: Path) -> None:
    (tmp_path / "trained.pt").write_bytes(b"")
    with pytest.raises(RunError, match="is a run that has learnt faults"):
        read_begun(tmp_path, RECIPE, SPEC)
    with pytest.raises(RunError, match="name what `python -m export pretrain` has finished"):
        read_begun(tmp_path / "nowhere", RECIPE, SPEC)


def test_folds_start_from_chance_where_their_recordings_were_heard(
    made: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a fold leaves out it may not have heard without labels either."""
    starts: list[object] = []
    told: list[str] = []

    class EnoughError(Exception):
        pass

    def training(*_: object, start: object = None, **rest: object) -> None:
        starts.append(start)
        raise EnoughError

    monkeypatch.setattr(train_run, "training", training)
    monkeypatch.setattr(train_run, "train", lambda *_, start, **rest: starts.append(start) or fake())
    monkeypatch.setattr(train_run, "fit_limit", lambda *_: 0.0)
    monkeypatch.setattr(train_run, "dressed_table", lambda *_, **rest: None)
    monkeypatch.setattr(train_run, "fit_signs", lambda *_: None)
    monkeypatch.setattr(train_run, "training_sentences", lambda: Sentences((), (), ()))

    def fake() -> object:
        return type("Trained", (), {"tower": type("Tower", (), {"near": torch.zeros(1)})()})()

    lines = [",".join(COLUMNS)]
    lines += [
        f"{folder / name},,,1800,6205,pump,g{name},{label},"
        for name, label in (("0.csv", "healthy"), ("1.csv", "ball"))
    ]
    (tmp_path / "set.csv").write_text("\n".join(lines) + "\n")
    begun = read_begun(made, RECIPE, SPEC)
    rows = read_manifest(tmp_path / "set.csv")
    recipe = msgspec.structs.replace(RECIPE, text="ngrams")
    for heard in (begun.heard, frozenset({1})):
        with pytest.raises(EnoughError):
            train_run.run_experiment(
                rows,
                recipe,
                folder=tmp_path / "run",
                cache=made.parent / "cache",
                machines=0,
                begun=replace(begun, heard=heard),
                tell=told.append,
            )
    assert starts == [begun.start, None, begun.start, begun.start]
    assert sum("folds start from chance: 2 of these recordings" in line for line in told) == 1
    assert begun.heard <= (trained_files.read(tmp_path / "run") or frozenset())


@pytest.mark.long
def test_train_from_ends_in_a_run_that_says_where_it_began(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the commands, on the motor that the run was trained on: what it heard is heard without labels first."""
    recordings, start, out = trained_run.with_suffix(".recordings"), tmp_path / "start", tmp_path / "run"
    options = ["--config", str(recordings / "recipe.toml"), "--cache", str(tmp_path / "cache"), "--machines", "1"]
    options += ["--manifest", str(recordings / "set.csv"), "--steps", "8"]
    assert main(["pretrain", *options, "--out", str(start)]) == 0
    assert main(["train", *options, "--from", str(start), "--out", str(out)]) == 0
    assert "folds start from chance" in capsys.readouterr().err
    run = load_run(out)
    assert run.config.begun is not None
    assert run.config.begun.objective == "simclr"
    assert run.config.begun.sha256 == read_begun(start, run.config.train, SPEC).sha256
