"""Cells made in several processes at once, each on one thread: no cell depends on how many there are.

What all cells need is handed to each process once, when it starts. Processes end with the one that started them, by
whatever that ends: its last cell, an error, Ctrl-C or a kill.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from agent.errors import ConfigError

Trial = TypeVar("Trial")
Cell = TypeVar("Cell")

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What numpy and torch are told by, before they load, on how many threads to multiply."""

_HANDED: list[bytes] = []
_MAKE: list[Callable[[Any], Any]] = []
"""In a process that makes cells: what it was handed, and, from its first cell on, what makes them."""


# Torch is imported on use: who starts a process waits until it has loaded this module and takes what it is handed.


@contextmanager
def made_in(
    workers: int, make: Callable[[Trial], Cell], trials: Sequence[Trial], *, ready: Callable[[], object] | None = None
) -> Iterator[Iterator[tuple[Trial, Cell]]]:
    """Each of `trials` and its cell, as they are finished, by `workers` processes; a single one is this process.

    `ready` is called in each before its first cell. Several are handed both pickled. ConfigError where one was killed;
    whatever is raised within ends all of them at once.
    """
    workers = min(workers, len(trials))
    if workers < 2:
        with _on_one_thread():
            if trials and ready is not None:
                ready()
            yield ((trial, make(trial)) for trial in trials)
        return
    spawn = multiprocessing.get_context("spawn")
    ends, held = spawn.Pipe(duplex=False)
    handed = (pickle.dumps((make, ready), protocol=pickle.HIGHEST_PROTOCOL), ends)
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start, initargs=handed)
    try:
        with _as_workers_begin():
            pending = {pool.submit(_make, trial): trial for trial in trials}
        yield _finished(pending)
    except BaseException:
        held.close()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        held.close()
        ends.close()


def minutes_left(took_s: Sequence[float], missing: int, workers: int) -> int:
    """Until `missing` cells are made, of which those are that took `took_s` each; rounded up."""
    left_s = sum(took_s) / len(took_s) * (missing - len(took_s)) / workers
    return math.ceil(left_s / 60)


def _finished(pending: Mapping[Future[Cell], Trial]) -> Iterator[tuple[Trial, Cell]]:
    try:
        for future in as_completed(pending):
            yield pending[future], future.result()
    except BrokenProcessPool as error:
        raise ConfigError(
            "--workers: one of the processes was killed, as the system does where memory runs out; what is finished "
            "is kept: give the same command with fewer"
        ) from error


@contextmanager
def _on_one_thread() -> Iterator[None]:
    """This process, as long as it makes cells: sums of several threads differ from those of one in their last bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _as_workers_begin() -> Iterator[None]:
    """This process while it starts others, which inherit one thread to multiply on, and no ear for Ctrl-C: that comes
    to all processes of a terminal, and one ends the others."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def _start(handed: bytes, ends: Connection) -> None:
    """A process that makes cells. What can go wrong is left to its first cell, from where errors are told."""
    threading.Thread(target=_end_with, args=(ends,), daemon=True).start()
    _HANDED.append(handed)


def _end_with(ends: Connection) -> None:
    """Ends this process, whatever it is at, once nobody holds the other end: cells are written whole or not at all."""
    wait([ends])
    os._exit(1)


def _make(trial: Any) -> Any:
    if not _MAKE:
        import torch

        torch.set_num_threads(1)
        make, ready = pickle.loads(_HANDED[0])
        if ready is not None:
            ready()
        _MAKE.append(make)
    return _MAKE[0](trial)
