"""Every wait is told of: on a terminal as one line, elsewhere as a line now and then, and only while it lasts."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import time

import pytest
from requirements import ROOT

from agent.service import progress
from agent.service.progress import Wait, bar_of, busy, line_of, shares, track


def test_the_innermost_wait_is_counted_and_the_others_named() -> None:
    outer, fold = Wait("train", started_s=0.0), Wait("fold", 5, 1, started_s=10.0)
    inner = Wait("training", 200, 50, started_s=20.0)
    told = line_of([outer, fold, inner], now_s=30.0)
    assert told == "train: fold 2 of 5, about 60 s left: training 50 of 200, 25%, 10 s, about 30 s left"
    first = Wait("fold", 5, 0, started_s=10.0)
    assert line_of([first, inner], now_s=30.0).startswith("fold 1 of 5: training"), "nothing is known of folds yet"
    unknown = Wait("the experts learn", started_s=20.0)
    told = line_of([outer, fold, unknown], now_s=30.0)
    assert told == "train: fold 2 of 5, about 80 s left: the experts learn, 10 s"
    assert line_of([outer], now_s=4.0) == "train, 4 s"
    assert line_of([outer, Wait("training", 7, 0, started_s=0.0)], now_s=300.0) == "train: training 0 of 7, 0%, 5 min"
    assert line_of([Wait("none", 0, started_s=0.0)], now_s=1.0) == "none, 1 s"


def test_where_no_terminal_is_a_line_comes_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "FIRST_S", 0.05)
    monkeypatch.setattr(progress, "EVERY_S", 0.05)
    before = threading.active_count()
    for _ in track([1, 2], "elements"):
        with busy("one that nobody counts"):
            time.sleep(0.3)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "elements 1 of 2: one that nobody counts, 0 s\n" in printed.err
    assert "elements 2 of 2, about 0 s left: one that nobody counts, 0 s\n" in printed.err
    assert "\r" not in printed.err
    assert threading.active_count() == before


def test_a_share_is_told_with_a_bar_and_what_is_left() -> None:
    wait = Wait("reading a.csv", share=0.25, started_s=10.0)
    assert line_of([wait], now_s=15.0) == "reading a.csv 25%, 5 s, about 15 s left"
    assert bar_of([wait]) == "━" * 6 + "╌" * 18 + " "
    assert bar_of([Wait("counted", 4, 2)]).count("━") == 12
    assert bar_of([Wait("nobody counts")]) == ""
    with shares("judging") as hear:
        hear(0.5)
        assert [wait.share for wait in progress._SCREEN._waits] == [0.5]


def test_a_short_wait_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(100), "elements")) == list(range(100))
    assert list(track(iter("ab"), "of unknown number")) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_a_short_wait_draws_nothing_on_a_terminal() -> None:
    script = "import time\nfrom agent.service import progress\nwith progress.busy('waiting'):\n    time.sleep(0.5)\n"
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=theirs, stderr=theirs, check=True)
    os.write(theirs, b"END")
    assert os.read(ours, 4096) == b"END"
    os.close(theirs)
    os.close(ours)


def test_a_loop_that_is_left_is_no_longer_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with busy("all"):
        for _ in track(range(10), "left early"):
            break
        with pytest.raises(ValueError, match="x"), busy("fails"):
            raise ValueError("x")
        assert [wait.what for wait in progress._SCREEN._waits] == ["all"]
    assert progress._SCREEN._waits == []


def test_on_a_terminal_what_is_printed_stands_above_the_line() -> None:
    script = (
        "import sys, time\nfrom agent.service import progress\nprogress.FIRST_S = progress.REDRAW_S = 0.02\n"
        "with progress.busy('waiting'):\n    time.sleep(0.3)\n    print('a result')\n    time.sleep(0.3)\n"
    )
    ours, theirs = pty.openpty()
    ran = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    assert ran.wait() == 0
    os.close(ours)
    text = seen.decode()
    assert "waiting, 0 s" in text
    assert f"{progress.ERASE}a result" in text
    assert text.endswith(progress.ERASE)
