"""A folder that takes long to make, made once for all test modules and all of pytest's workers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(name: str, make: Callable[[Path], None], factory: pytest.TempPathFactory) -> Path:
    """The folder that `make` filled, in this session's root; whoever comes first makes it, the others wait.

    It belongs to everybody: a test that writes copies it. One whose making failed is not taken for a whole one.
    """
    own = factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own  # workers have a folder each, in that of the run
    folder, part = root / name, root / f"{name}.part"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part.mkdir(exist_ok=True)
            make(part)
            part.rename(folder)
    return folder
