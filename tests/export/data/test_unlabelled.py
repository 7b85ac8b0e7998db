"""Recordings and rings without labels become rows; nothing of a label is read but that a machine was healthy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from one_alert import ABOUT, DIAGNOSIS
from small_windows import SPEC, small_table

import simulator
from agent.diagnosis.baseline import Baseline
from agent.diagnosis.witness import Circumstances
from agent.dsp.features import extract
from agent.dsp.spectra import analyse
from agent.errors import RecordingError
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.recordings.kept import Kept, KeptWindow
from agent.recordings.kept_writer import to_file
from agent.service.watching.ring_folder import name_of, put
from agent.types import Rate, Speed, Stream, Window
from export.data.healthy import healthy_pools
from export.data.manifest import COLUMNS
from export.data.partners import partners_of, states_of
from export.data.unlabelled import Facts, as_heard, recordings_below, ring_in, ring_windows, together, unlabelled
from export.data.viewed import views_of
from export.data.windows import labelled, table_of

RATE_HZ, RPM = 12_000.0, 1797.0
BEARING = Bearing("de", Geometry(9, 7.94, 39.04))
SIGNAL = simulator.signal("outer_race", seconds=4, rate_hz=int(RATE_HZ), rpm=RPM, seed=1)[:, :1].astype(np.float32)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """An alert of three windows that nobody has judged, and a damaged file."""
    folder = tmp_path / "state" / "ring"
    folder.mkdir(parents=True)

    def window_at(start: int) -> Window:
        part = SIGNAL[start : start + 24_000]
        return Window(Stream("pump", RATE_HZ, unit="g"), start, part, Rate(RATE_HZ, "declared"), 1.0, None)

    features = extract(analyse(window_at(0), SPEC), spec=SPEC, rpm=RPM, bearing=BEARING)
    baseline = Baseline()
    for _ in range(12):
        baseline = baseline.learn(replace(features, values=features.values * np.float32(0.5)), rpm=RPM, rms=1.0)
    under = Circumstances(Speed(RPM, "config"), True, False, {"de": baseline})
    about = msgspec.structs.replace(ABOUT, alert="A1")
    windows = tuple(
        KeptWindow(window_at(12_000 * n), 12_000 * n, under, (replace(DIAGNOSIS, bearing="de", deviation=0.2),))
        for n in range(3)
    )
    file = to_file(Kept(about, SensorSetup("pump", Machine("pump-3"), (BEARING,)), SIGNAL, windows))
    put(folder, name_of(1, "A1"), file)
    put(folder, name_of(2, "B2"), b"no archive")
    return folder


def test_a_ring_gives_every_window_beside_its_healthy_state(ring: Path) -> None:
    assert ring_in(ring.parent) == ring_in(ring) == ring
    found, notes = ring_windows(ring, SPEC, views=2)
    assert found is not None
    assert [note for note in notes if "damaged" in note] == notes
    assert found.table.labels.tolist() == ["", "", "", "healthy"]
    assert found.table.baseline.tolist() == [False, False, False, True]
    assert set(found.table.families.tolist()) == {"pump_3"}
    assert [pool.tolist() for pool in healthy_pools(found.table)[:3]] == [[3], [3], [3]]
    assert found.views.values.shape == (2, 4, found.table.values.shape[1])
    assert not np.array_equal(found.views.values[0, :3], found.table.values[:3])
    np.testing.assert_array_equal(found.views.values[1, 3], found.table.values[3])


def test_an_empty_ring_is_none(tmp_path: Path) -> None:
    assert ring_in(tmp_path) is None
    assert ring_windows(tmp_path, SPEC, views=1) == (None, [])


def test_every_recording_below_a_folder_is_a_row_of_its_folder(tmp_path: Path) -> None:
    place = tmp_path / "line-2" / "fan"
    place.mkdir(parents=True)
    np.save(place / "a.npy", SIGNAL)
    (place / "notes.md").write_text("nothing")
    (tmp_path / "line-2" / "set.csv").write_text(",".join(COLUMNS) + "\n")
    rows, notes = recordings_below(tmp_path / "line-2", Facts(rate_hz=RATE_HZ, rpm=RPM, bearing="6205"))
    assert [(row.path.name, row.machine, row.label) for row in rows] == [("a.npy", "line_2_fan", "")]
    assert (rows[0].rate_hz, rows[0].rpm, rows[0].bearing) == (RATE_HZ, RPM, "6205")
    assert len(notes) == 1
    assert "--manifest" in notes[0]
    assert recordings_below(place / "a.npy", Facts())[0][0].path == place / "a.npy"


def test_a_folder_without_recordings_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no recording in it; files end in \.vbp"):
        recordings_below(tmp_path, Facts())
    with pytest.raises(RecordingError, match="there is no such folder"):
        recordings_below(tmp_path / "nowhere", Facts())


def test_views_of_recordings_are_row_by_row_those_of_the_table_and_kept(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SIGNAL)
    rows, _ = recordings_below(tmp_path, Facts(rate_hz=RATE_HZ, rpm=RPM, bearing="6205"))
    table, _ = table_of(rows, SPEC, cache=tmp_path / "cache", hop_s=1.0)
    views = views_of(rows, SPEC, cache=tmp_path / "cache", count=2, hop_s=1.0)
    assert views.values.shape == (2, len(table), table.values.shape[1])
    assert (views.values[~views.known] == 0).all()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("views-*")}
    again = views_of(rows, SPEC, cache=tmp_path / "cache", count=2, hop_s=1.0)
    np.testing.assert_array_equal(again.values, views.values)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("views-*")} == kept


def test_nothing_of_a_label_is_left_but_health() -> None:
    table = small_table(6)
    bare = unlabelled(table)
    assert set(bare.labels.tolist()) == {"", "healthy"}
    assert ((bare.labels == "healthy") == (table.labels == "healthy")).all()
    assert len(together([as_heard(table, 2), as_heard(table, 2)])) == 2 * len(table)


# --------------------------------------------------------------------------------------------------------- partners


def snapshot(name: str, count: int = 1, rpm: float | None = 1000.0, machine: str = "m"):
    values = np.zeros((count, 3), np.float32)
    return labelled(values, values == 0, label="", group="g", machine=machine, recording=name, rpm=rpm, baseline=False)


def test_partners_share_no_sample_where_a_recording_is_long_enough() -> None:
    table = together([as_heard(snapshot("long", 9), 1), as_heard(snapshot("short", 3), 1)]).table
    found = [rows.tolist() for rows in partners_of(table)]
    assert found[0] == [4, 5, 6, 7, 8]
    assert found[4] == [0, 8]
    assert found[9] == [10, 11]


def test_the_partner_of_a_snapshot_is_the_one_before_or_after() -> None:
    parts = [snapshot("b"), snapshot("a"), snapshot("c"), snapshot("d", rpm=1500), snapshot("e", machine="other")]
    table = together([as_heard(part, 1) for part in parts]).table
    assert [sorted(rows.tolist()) for rows in partners_of(table)] == [[1, 2], [0], [0], [3], [4]]


def test_states_are_recordings_at_one_speed() -> None:
    table = together([as_heard(snapshot("a", 2), 1), as_heard(snapshot("a", 1, rpm=None), 1)]).table
    table = replace(table, rpm=np.array([1000, 1500, np.nan], np.float32))
    assert len(set(states_of(table).tolist())) == 3
    same = replace(table, rpm=np.array([1000, 1001, 1000], np.float32))
    assert len(set(states_of(same).tolist())) == 1
