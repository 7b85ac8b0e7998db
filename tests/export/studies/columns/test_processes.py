"""Cells made in several processes: each on one thread, and none left behind, however the one that started them ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import pytest
import torch
from requirements import ROOT

from agent.errors import ConfigError
from export.studies.columns.processes import THREADS, made_in, minutes_left

READY: list[int] = []


def get_ready() -> None:
    READY.append(os.getpid())


def unready() -> None:
    raise ConfigError("nothing to read by")


def seen(trial: int) -> tuple[int, int, list[int], list[str | None]]:
    """Where a cell is made, on how many threads, what got ready there, and what numpy was told."""
    time.sleep(0.2)
    return os.getpid(), torch.get_num_threads(), list(READY), [os.environ.get(name) for name in THREADS]


def broken(trial: int) -> int:
    if trial == 1:
        raise ValueError(f"no cell {trial}")
    time.sleep(30)
    return trial


def killed(trial: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return trial


@pytest.mark.parametrize("workers", [1, 2])
def test_each_process_gets_ready_once_and_multiplies_on_one_thread(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(THREADS[-1], raising=False)
    READY.clear()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with made_in(workers, seen, range(6), ready=get_ready) as finished:
            cells = dict(finished)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert sorted(cells) == list(range(6))
    places = {place for place, *_ in cells.values()}
    assert len(places) == workers
    assert (os.getpid() in places) is (workers == 1)
    assert all((threads, ready) == (1, [place]) for place, threads, ready, _ in cells.values())
    assert workers == 1 or all(told == ["1"] * len(THREADS) for *_, told in cells.values())
    assert THREADS[-1] not in os.environ
    assert not active_children()


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_gets_ready_for_no_trial(workers: int) -> None:
    READY.clear()
    with made_in(workers, seen, [], ready=get_ready) as finished:
        assert list(finished) == []
    assert READY == []


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_get_ready_says_why(workers: int) -> None:
    refused = pytest.raises(ConfigError, match="nothing to read by")
    with refused, made_in(workers, seen, [0, 1, 2], ready=unready) as finished:
        list(finished)
    assert not active_children()


def test_what_is_raised_ends_all_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(ValueError, match="no cell 1"), made_in(2, broken, [0, 1]) as finished:
        list(finished)
    assert not active_children()
    assert time.monotonic() - started < 25


def test_a_process_that_was_killed_is_told_with_the_mend() -> None:
    refused = pytest.raises(ConfigError, match="--workers: one of the processes was killed")
    with refused, made_in(2, killed, [0, 1]) as finished:
        list(finished)
    assert not active_children()


def test_time_left_is_shared() -> None:
    assert minutes_left([50.0, 70.0], 22, 1) == 20
    assert minutes_left([50.0, 70.0], 22, 16) == 2
    assert minutes_left([50.0], 1, 4) == 0


ENDED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's jobs in the background begin deaf to Ctrl-C
sys.path[:0] = {path!r}
from test_processes import long_cell
from functools import partial
from pathlib import Path
from export.studies.columns.processes import made_in
if __name__ == "__main__":
    with made_in(2, partial(long_cell, Path({folder!r})), [0, 1, 2]) as finished:
        list(finished)
"""


def long_cell(folder: Path, trial: int) -> int:
    (folder / f"{os.getpid()}.begun").touch()
    time.sleep(60)
    return trial


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_who_started_them(how: signal.Signals, tmp_path: Path) -> None:
    here = [str(Path(__file__).parent), str(ROOT / "tests"), str(ROOT)]
    script = tmp_path / "ended.py"
    script.write_text(ENDED.format(path=here, folder=str(tmp_path)))
    process = subprocess.Popen([sys.executable, script], start_new_session=True, stderr=subprocess.PIPE)
    try:
        begun = _until(lambda: [int(path.stem) for path in tmp_path.glob("*.begun")], least=2)
        if how == signal.SIGINT:
            os.killpg(process.pid, how)  # as a terminal does: to all of them
        else:
            process.send_signal(how)
        _, said = process.communicate(timeout=20)
        _until(lambda: [pid for pid in begun if not Path(f"/proc/{pid}").exists()], least=2)
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
    assert said.count(b"Traceback") == (1 if how == signal.SIGINT else 0)


def _until(found, *, least: int) -> list[int]:
    deadline = time.monotonic() + 40
    while len(found()) < least:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found()
