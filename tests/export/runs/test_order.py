"""One rule for folders that training fills: the same goes on, the finished is left alone, all else is refused."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from agent.errors import ConfigError
from export.runs.order import FILE, OWN, Order, begin, end, is_finished, order_of
from export.shrinking.distil import DistilConfig


def order(steps: int = 5, command: str = "distil", **more: object) -> Order:
    return order_of(command, {"distil": DistilConfig(steps=steps), **more})


def test_the_same_goes_on_and_what_is_finished_is_left_alone(tmp_path: Path) -> None:
    folder, told = tmp_path / "deep" / "run", list[str]()
    assert not is_finished(folder, order(), replace=False)
    begin(folder, order())
    (folder / "checkpoint.pt").write_bytes(b"half")
    assert not is_finished(folder, order(), replace=False)
    begin(folder, order())
    assert (folder / "checkpoint.pt").read_bytes() == b"half"
    end(folder, order())
    assert is_finished(folder, order(), replace=False, tell=told.append)
    assert "--replace makes it anew" in told[0]


def test_what_goes_on_says_what_it_keeps(tmp_path: Path) -> None:
    told = list[str]()
    is_finished(tmp_path, order(), replace=False, tell=told.append)
    assert not told, "what begins goes on from nothing"
    begin(tmp_path, order())
    is_finished(tmp_path, order(), replace=False, tell=told.append)
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    is_finished(tmp_path, order(), replace=True, tell=told.append)
    for number in range(3):
        (tmp_path / "folds" / str(number)).mkdir(parents=True)
        (tmp_path / "folds" / str(number) / ("whole.pt" if number < 2 else "checkpoint.pt")).write_bytes(b"whole")
    is_finished(tmp_path, order(), replace=False, tell=told.append)
    kept = [line.removeprefix(f"{tmp_path}: goes on where this very command was stopped; ") for line in told]
    assert kept == [
        "no checkpoint was reached, so that it begins anew",
        "its network is kept as of its last checkpoint",
        "its first network and folds 1, 2 are kept",
    ]
    with pytest.raises(ConfigError):
        is_finished(tmp_path, order(6), replace=False, tell=told.append)
    assert len(told) == 3, "another one does not go on"


@pytest.mark.parametrize("finished", [False, True])
def test_another_one_is_refused_by_what_differs_unless_told(tmp_path: Path, finished: bool) -> None:
    begin(tmp_path, order())
    (tmp_path / "trained.pt").write_bytes(b"weights")
    (tmp_path / "letter").write_text("dear")
    if finished:
        end(tmp_path, order())
    said = f"what another command has {'finished' if finished else 'begun'} \\(distil.steps 5, not 6\\).*--replace"
    with pytest.raises(ConfigError, match=said):
        is_finished(tmp_path, order(6), replace=False)
    with pytest.raises(ConfigError, match="`distil`, not `train`"):
        is_finished(tmp_path, order(command="train"), replace=False)
    assert (tmp_path / "trained.pt").exists()
    assert not is_finished(tmp_path, order(6), replace=True)
    begin(tmp_path, order(6))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter", FILE]


def test_what_is_finished_and_the_same_is_made_anew_when_told(tmp_path: Path) -> None:
    begin(tmp_path, order())
    (tmp_path / "checkpoint.pt").write_bytes(b"half")
    assert not is_finished(tmp_path, order(), replace=True)
    begin(tmp_path, order())
    assert (tmp_path / "checkpoint.pt").exists(), "what the same command has begun goes on with --replace, too"
    end(tmp_path, order())
    begin(tmp_path, order())
    assert not (tmp_path / "checkpoint.pt").exists()


def test_recordings_of_another_content_are_others(tmp_path: Path) -> None:
    recording = tmp_path / "a.npy"
    recording.write_bytes(b"1")
    begin(tmp_path / "run", order_of("train", {}, files=[recording]))
    recording.write_bytes(b"2")
    with pytest.raises(ConfigError, match="other recordings"):
        is_finished(tmp_path / "run", order_of("train", {}, files=[recording, tmp_path / "gone"]), replace=False)


def test_when_a_file_or_folder_was_written_counts_for_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.npy").write_bytes(b"1")
    first = order_of("train", {}, files=[data, data / "a.npy"])
    os.utime(data / "a.npy", (1, 1))
    (data / "note").write_text("touches the folder")
    os.utime(data, (1, 1))
    assert order_of("train", {}, files=[data, data / "a.npy"]).same_as(first)


@pytest.mark.parametrize("name", [*OWN, "folds"])
def test_a_folder_of_before_without_an_order_is_not_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(ConfigError, match="which one is not known any more"):
        is_finished(tmp_path, order(), replace=False)


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_of_somebody_is_refused_by_what_it_holds(tmp_path: Path, replace: bool) -> None:
    for name in (".git", f"{FILE}.part"):
        (tmp_path / name).write_text("")
    assert not is_finished(tmp_path, order(), replace=replace), "hidden files, and what a kill may leave of ours"
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(ConfigError, match="holds letter and no run; name a folder that is new or empty"):
        is_finished(tmp_path, order(), replace=replace)
    begin(tmp_path, order())
    assert not is_finished(tmp_path, order(), replace=replace), "what somebody keeps beside a run stays"


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        is_finished(tmp_path / "letter", order(), replace=True)


def test_an_order_says_all_that_decides(tmp_path: Path) -> None:
    begin(tmp_path, order(teacher="abc"))
    asked = msgspec.json.decode((tmp_path / FILE).read_bytes())["asked"]
    assert {"distil.hidden", "distil.seed", "teacher", "features", "recordings"} <= set(asked)
