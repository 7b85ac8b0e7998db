"""Windows around an alert: kept by a pipeline's onlooker, found again to the last bit, bounded, never in the way."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from line_bundle import BUNDLE, CONFIG, HOP, RATE, SETUP, STREAM, LineEncoder, signal
from listening_rig import FEATURES, KEPT_AROUND, ORIGIN, OVERLAP, Listening, sick

from agent.commands import replay_kept
from agent.limits import DAY_S
from agent.messages.notices import is_known
from agent.recordings.kept import read_kept
from agent.recordings.read import read_recording
from agent.service.watching import ring_folder
from agent.service.watching.ring import MOST_WAITING, WAIT_S
from agent.service.watching.ring_folder import files_of, make_room, name_of, put
from agent.types import Alert, Diagnosis


@pytest.fixture
def listening(tmp_path: Path) -> Listening:
    return Listening(tmp_path).commissioned()


def test_windows_around_an_alert_are_judged_again_to_the_last_bit(listening: Listening) -> None:
    listening.feed(sick(8.0))
    (path,) = listening.write()
    assert listening.raised.recording == f"ring/{path.name}"
    kept = read_kept(path, features=FEATURES)
    said = {d.window_start: d for d in listening.outputs if isinstance(d, Diagnosis)}
    assert all(one.diagnoses == (said[one.window.start],) for one in kept.windows)
    raised_by = [one.window.start for one in kept.windows].index(kept.about.raised_by)
    assert raised_by >= CONFIG.raise_after - 1 + KEPT_AROUND
    assert len(kept.windows) == raised_by + 1 + KEPT_AROUND
    again = replay_kept.judged_again(kept, BUNDLE, LineEncoder())
    assert replay_kept.windows_alike(kept, again) == len(kept.windows)
    for one, now in zip(kept.windows, again, strict=True):
        assert msgspec.json.encode(now) == msgspec.json.encode(one.diagnoses)
    assert any(d.fault == "outer_race" and d.deviation is not None for (d,) in again)


def test_what_is_not_as_it_was_is_told(listening: Listening) -> None:
    listening.feed(sick(8.0))
    (path,) = listening.write()
    kept = read_kept(path, features=FEATURES)
    other = replace(kept, setup=replace(kept.setup, bearings=(replace(SETUP.bearings[0], ratio=1.3),)))
    assert replay_kept.windows_alike(kept, replay_kept.judged_again(other, BUNDLE, LineEncoder())) < len(kept.windows)


def test_the_file_is_a_recording_like_any_other_too(listening: Listening) -> None:
    listening.feed(sick(8.0))
    (path,) = listening.write()
    recording, kept = read_recording(path), read_kept(path, features=FEATURES)
    assert np.array_equal(recording.samples, kept.samples)
    assert (recording.rate_hz, recording.axes, recording.unit) == (RATE, STREAM.axes, "g")
    assert len(recording.pieces) == 1
    overlapping = sum(len(one.window.samples) for one in kept.windows)
    assert len(kept.samples) < overlapping / 1.8  # each sample once


def test_a_gap_before_the_alert_is_a_gap_in_the_file(listening: Listening) -> None:
    listening.feed(sick(1.2))
    listening.count += 1000
    listening.feed(sick(6.0))
    (path,) = listening.write()
    kept, recording = read_kept(path, features=FEATURES), read_recording(path)
    assert len(recording.pieces) == 2
    again = replay_kept.judged_again(kept, BUNDLE, LineEncoder())
    assert replay_kept.windows_alike(kept, again) == len(kept.windows)


def test_another_session_ends_what_is_waited_for(listening: Listening) -> None:
    listening.feed(sick(2.1))
    assert listening.raised
    listening.feed(sick(1.0), session=9)
    (path,) = listening.write()
    kept = read_kept(path, features=FEATURES)
    assert {one.window.stream.session for one in kept.windows} == {STREAM.session}


def test_another_config_leaves_what_it_does_not_change_and_ends_what_it_does(listening: Listening) -> None:
    listening.feed(sick(6.0))
    before, setups, decisions = listening.ring.strip(SETUP.sensor), {SETUP.sensor: SETUP}, {SETUP.sensor: CONFIG}
    more = {**setups, "another": replace(SETUP, sensor="another")}, {**decisions, "another": CONFIG}
    listening.ring.adopt(ORIGIN, *more, overlap=OVERLAP)
    assert listening.ring.strip(SETUP.sensor) is before
    assert listening.ring.strip("another") is not before
    listening.ring.adopt(replace(ORIGIN, bundle="test 2"), setups, decisions, overlap=OVERLAP)
    assert listening.ring.strip(SETUP.sensor) is not before
    with pytest.raises(KeyError):
        listening.ring.strip("another")
    (path,) = listening.write()  # of the alert that was waited for, under the bundle that raised it
    assert read_kept(path, features=FEATURES).about.bundle == ORIGIN.bundle


def test_a_lost_sensor_is_waited_for_a_minute_only(listening: Listening) -> None:
    listening.feed(sick(2.1))
    assert listening.raised
    listening.ring.tick(WAIT_S - 1)
    assert listening.ring._waiting.empty()
    listening.ring.tick(WAIT_S + 1)
    assert not listening.ring._waiting.empty()


def test_no_window_is_held_twice_while_all_is_well(listening: Listening) -> None:
    listening.feed(signal(8.0, seed=5))
    seen = listening.ring.strip(SETUP.sensor)._seen
    assert len(seen) == CONFIG.raise_after + KEPT_AROUND + OVERLAP
    assert not any(one.window.samples.size or one.window.held for one in seen)
    held = [stretch if stretch.base is None else stretch.base for one in seen for stretch in one.behind]
    assert sum({id(stretch): stretch.size for stretch in held}.values()) <= (len(seen) + 1) * HOP * len(STREAM.axes)


def test_a_disk_that_refuses_costs_the_recording_and_is_told(listening: Listening, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agent.service.watching.ring.put", full)
    listening.feed(sick(8.0))
    assert listening.write() == []
    assert listening.raised.event == "raised"
    (notice,) = listening.ring.notices
    assert "No space left on device" in notice
    assert listening.raised.id in notice
    assert listening.ring.failed == 1
    assert is_known(notice, "ko")


def test_no_more_is_written_in_a_day_than_a_card_bears(tmp_path: Path) -> None:
    listening = Listening(tmp_path, max_mb=0.001)
    for spent, day_s in ((6000, 0.0), (4000, 1.0), (6000, DAY_S)):
        listening.now_s = day_s
        listening.ring._spend(spent)
    with pytest.raises(OSError, match="within a day"):
        listening.ring._spend(4001)


def test_a_bug_in_what_is_kept_ends_nothing(listening: Listening, monkeypatch, caplog) -> None:
    monkeypatch.setattr("agent.service.watching.ring.to_file", lambda _: 1 / 0)
    listening.feed(sick(8.0))
    assert listening.write() == []
    assert "ZeroDivisionError" in listening.ring.notices[0]
    assert "this is a bug" in caplog.text


def test_excerpts_beyond_those_that_may_wait_are_dropped_and_told(listening: Listening) -> None:
    for _ in range(MOST_WAITING + 1):
        listening.ring.begin(replace(_alert(), sensor=SETUP.sensor))
    listening.ring.end()
    assert listening.ring.failed == 1
    assert "too slow" in listening.ring.notices[0]


def _alert() -> Alert:
    from one_alert import ALERT

    return ALERT


# --------------------------------------------------------------------------------------------------------- the folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(1, 6):
        put(tmp_path, name_of(number, f"a{number}"), bytes(100))
    return tmp_path


def test_the_oldest_make_room_by_number_whatever_the_clock_says(folder: Path) -> None:
    (folder / name_of(1, "a1")).touch()  # the newest by its time
    make_room(folder, 150, most_bytes=500)
    assert [file.alert for file in files_of(folder)] == ["a3", "a4", "a5"]


def test_what_can_never_fit_removes_nothing(folder: Path) -> None:
    with pytest.raises(OSError, match="more than all that it may hold"):
        make_room(folder, 501, most_bytes=500)
    assert len(files_of(folder)) == 5


def test_a_disk_that_others_have_filled_keeps_what_there_is(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr(ring_folder, "_free_bytes", lambda _: ring_folder.LEAVE_FREE_BYTES - 600)
    with pytest.raises(OSError, match="No space"):
        make_room(folder, 10, most_bytes=10_000)
    assert len(files_of(folder)) == 5


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch) -> None:
    def torn(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ring_folder.os, "fsync", torn)
    with pytest.raises(OSError, match="Input/output"):
        put(tmp_path, name_of(1, "a"), b"x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_goes_and_nothing_else(folder: Path) -> None:
    (folder / ".00000009-b.vbw.new").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    ring_folder.tidy(folder)
    assert not (folder / ".00000009-b.vbw.new").exists()
    assert (folder / "notes.txt").exists()
    assert json.dumps(len(files_of(folder))) == "5"
