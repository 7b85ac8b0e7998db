"""A state file or its log, cut or with another byte at any offset of its last pages: the agent starts, and says what is
gone; never is anything used that was not written.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kept_alerts import keep, opened
from one_alert import ALERT

from agent.service.keeping.state_file import FILE_NAME
from agent.service.keeping.store import Store, open_store

PAGE = 4096
FRAME = PAGE + 24
PAGES = {FILE_NAME: (2, PAGE), f"{FILE_NAME}-wal": (2, FRAME)}
"""Of each file, how many of its last pages, and their size."""

SAMPLES = 30  # offsets of each file and kind of damage, in the fast form


def content_of(store: Store) -> dict[str, Any]:
    """Everything that the store holds."""
    return {
        "alerts": {alert.id: alert for alert in opened(store)},
        "waiting": {message.seq: message for message in store.sinks.waiting("broker")},
        "retained": store.sinks.retained("broker"),
        "baselines": store.learnt.baselines("pump_de", features="f"),
    }


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory where there is such a place: a disk would wait for each of thousands of starts."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=fast if fast.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def torn(folder: Path) -> tuple[Path, dict[str, Any]]:
    """As a power cut leaves it: pages in the file, later writes in its log; and what it holds."""
    running = open_store(folder / "running")
    keep(running, ALERT)
    running.learnt.save("pump_de", {"de": bytes(range(256)) * 20}, features="f")
    running.close()
    running = open_store(folder / "running")
    keep(running, replace(ALERT, bearing="nde", id="0123456789abcdef"))
    keep(running, replace(ALERT, event="cleared"))
    shutil.copytree(folder / "running", folder / "left")
    (folder / "left" / f"{FILE_NAME}-shm").unlink()
    content = content_of(running)
    running.close()
    return folder / "left", content


def is_true(left: Path, content: dict[str, Any], folder: Path, name: str, damaged: bytes) -> bool:
    """Whether the store opens, holds nothing that was not written, and tells where something is gone."""
    shutil.rmtree(folder / "tried", ignore_errors=True)
    shutil.copytree(left, folder / "tried")
    (folder / "tried" / name).write_bytes(damaged)
    store = open_store(folder / "tried")
    found, notices = content_of(store), store.notices
    store.close()
    known = {**content["alerts"], ALERT.id: ALERT}
    is_known = all(alert == known.get(alert_id) for alert_id, alert in found["alerts"].items())
    is_learnt = found["baselines"] in ({}, content["baselines"])
    return is_known and is_learnt and (found == content or bool(notices))


def offsets(size: int, name: str, *, every: bool) -> list[int]:
    pages, page = PAGES[name]
    last = range(max(0, size - pages * page), size)
    return list(last) if every else sorted(random.Random(7).sample(last, SAMPLES))


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
@pytest.mark.parametrize("damage", ["cut", "another byte"])
@pytest.mark.parametrize("name", PAGES)
def test_it_starts_and_what_is_gone_is_said(name, damage, every, torn, folder):
    left, content = torn
    whole = (left / name).read_bytes()
    wrong = []
    for offset in offsets(len(whole), name, every=every):
        damaged = whole[:offset]
        if damage != "cut":
            damaged += bytes([whole[offset] ^ (1 << offset % 8)]) + whole[offset + 1 :]
        if not is_true(left, content, folder, name, damaged):
            wrong.append(offset)
    assert wrong == []
