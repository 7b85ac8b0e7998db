"""What a worker process is told at its start, and when the config is read again: its share of the config, and more.

It holds settings of every kind of source, so it is pickled: by the process that starts the worker, for that alone.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass

from agent.config.keys import Config
from agent.service.beats import Deadlines


@dataclass(frozen=True, slots=True)
class Terms:
    """`config` is the worker's share alone."""

    config: Config
    runtime: str  # that passed its trial
    deadlines: Deadlines
    workers: int = 1  # side by side
    boot: int = 0
    log_level: str = "info"
    is_timed: bool = False
    is_kept: bool = True
    troubles: tuple[str, ...] = ()
    moving: frozenset[str] = frozenset()  # sensors that another worker goes on with
    is_trial: bool = False  # whether it is to be built beside what runs, and let go again

    def pickled(self) -> bytes:
        return pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL)


def unpickled(terms: bytes) -> Terms:
    """What `Terms.pickled` made, in the process that started this one."""
    found = pickle.loads(terms)
    assert isinstance(found, Terms)
    return found
