"""kill -9 at every point at which something is written, said or heard, and the power cut at any write: nothing lost,
nothing twice, nothing left.

15 kills and 5 cuts in every run of the tests; TEXTVIB_KILLS=1000 and TEXTVIB_CUTS=200 for as many as the published
table has. Between two lives the broker may have been restarted, or replaced by an empty one.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alert_story import Story, Subscriber, proved
from power_cut import environment
from preloaded import build
from requirements import ROOT
from waiting import until

KILLS = int(os.environ.get("TEXTVIB_KILLS", "15"))
CUTS = int(os.environ.get("TEXTVIB_CUTS", "5"))
SECONDS_A_KILL = 3.0
RESTARTED, REPLACED = 0.06, 0.03
"""Shares of the pauses between two lives in which the broker is restarted, or replaced by an empty one."""

KEPT = "persistence true\npersistence_location {folder}/\nautosave_interval 1"


class Brokers:
    """The broker that the lives use, restarted and replaced between them."""

    def __init__(self, start: Callable[..., Any], folder: Path) -> None:
        self._kept = folder / "kept"
        self._kept.mkdir()
        self.broker = start(extra=KEPT.format(folder=self._kept))
        self.subscriber = Subscriber(self.broker)
        self._draw = random.Random(KILLS + CUTS)
        self.restarted = self.replaced = 0

    def between(self) -> None:
        drawn = self._draw.random()
        if drawn >= RESTARTED + REPLACED:
            return
        self.broker._process.terminate()
        self.broker._process.wait()
        if drawn < REPLACED:
            self.replaced += 1
            for path in self._kept.iterdir():
                path.unlink()
        else:
            self.restarted += 1
        until(lambda: not self.subscriber.ready.is_set())
        self.broker.start()
        until(self.subscriber.ready.is_set)


def lives(brokers: Brokers, folder: Path, count: int, *, preloaded: dict[str, str]) -> dict[str, Any]:
    """The report of that many lives, each ended at a point that is drawn."""
    program = [sys.executable, str(ROOT / "tests" / "field" / "killed_often.py"), str(folder)]
    paths = os.pathsep.join(str(path) for path in (ROOT, ROOT / "tests"))
    with (folder / "errors").open("w") as errors:
        ran = subprocess.Popen(
            [*program, brokers.broker.host, str(brokers.broker.port), str(count), "1"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **preloaded, "PYTHONPATH": paths},
        )
        assert ran.stdin is not None
        assert ran.stdout is not None
        with ran.stdin as goes_on, ran.stdout as said:
            line = said.readline()
            while line == "between\n":
                brokers.between()
                goes_on.write("on\n")
                goes_on.flush()
                line = said.readline()
        assert ran.wait(60) == 0, (folder / "errors").read_text()
    report: dict[str, Any] = json.loads(line)
    assert "Error" not in (folder / "errors").read_text(), (folder / "errors").read_text()
    assert (report["killed"], report["last"]) == (count, 0)
    return report


def told(what: str, report: dict[str, Any], story: Story, brokers: Brokers) -> None:
    print(f"{what}; {story.alerts} alerts, {story.heard} events heard, of them {story.repeats} repeats; brokers")
    print(f"restarted {brokers.restarted}, replaced {brokers.replaced}; alerts lost 0, two contents 0, ghosts 0")


@pytest.mark.timeout(120 + SECONDS_A_KILL * KILLS)
def test_no_kill_loses_an_alert_gives_an_id_two_contents_or_leaves_a_ghost(
    start_mosquitto: Any, tmp_path: Path
) -> None:
    brokers = Brokers(start_mosquitto, tmp_path)
    report = lives(brokers, tmp_path, KILLS, preloaded={})
    brokers.subscriber.until_all_is_heard()
    brokers.subscriber.close()
    story = proved(brokers.subscriber, brokers.broker, tmp_path)
    told(f"{KILLS} kills at {len(report['points'])} kinds of points", report, story, brokers)


@pytest.mark.timeout(120 + SECONDS_A_KILL * CUTS)
def test_no_power_cut_loses_an_alert_that_was_told_as_kept(start_mosquitto: Any, tmp_path: Path) -> None:
    """What was not synchronised may be lost, torn or turned round; and no cut is taken for damage."""
    library = build("unsynced", tmp_path)
    (tmp_path / "state").mkdir()
    brokers = Brokers(start_mosquitto, tmp_path)
    preloaded = environment(library, tmp_path / "state", tmp_path / "log")
    report = lives(brokers, tmp_path, CUTS, preloaded=preloaded)
    brokers.subscriber.until_all_is_heard()
    brokers.subscriber.close()
    story = proved(brokers.subscriber, brokers.broker, tmp_path)
    assert report["notices"] == []
    assert report["lost"] + report["torn"] > 0
    told(f"{CUTS} power cuts, {report['lost']} writes lost, {report['torn']} torn", report, story, brokers)
