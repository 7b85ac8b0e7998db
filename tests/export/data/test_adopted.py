"""Alerts that somebody has judged become rows: windows over the limit, beside that machine's healthy state."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from one_alert import ABOUT, DIAGNOSIS
from small_windows import small_table

import simulator
from agent.diagnosis.baseline import Baseline
from agent.diagnosis.witness import Circumstances
from agent.dsp.features import extract, feature_names
from agent.dsp.spectra import FeatureSpec, analyse
from agent.errors import RecordingError
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.recordings.kept import Kept, KeptWindow
from agent.recordings.kept_writer import to_file
from agent.service.watching.confirmed import Confirmed, confirm
from agent.service.watching.ring_folder import WORD, name_of, put
from agent.types import Rate, Speed, Stream, Window
from export.cli import main
from export.data.adopted import adopt, files_of_rows, read_rows, ring_of, write_rows
from export.data.healthy import healthy_pools
from export.data.table import load

SPEC = FeatureSpec()
RATE_HZ, RPM = 12_000.0, 1797.0
BEARING = Bearing("de", Geometry(9, 7.94, 39.04))
SIGNAL = simulator.signal("outer_race", seconds=3, rate_hz=int(RATE_HZ), rpm=RPM, seed=1)[:, :1].astype(np.float32)


def window_at(start: int) -> Window:
    part = SIGNAL[start : start + 24_000]
    return Window(Stream("pump", RATE_HZ, unit="g"), start, part, Rate(RATE_HZ, "declared"), 1.0, None)


def healthy_state() -> Baseline:
    features = extract(analyse(window_at(0), SPEC), spec=SPEC, rpm=RPM, bearing=BEARING)
    baseline = Baseline()
    for _ in range(12):
        baseline = baseline.learn(replace(features, values=features.values * np.float32(0.5)), rpm=RPM, rms=1.0)
    return baseline


def alert_file(alert: str, *deviations: float | None) -> bytes:
    """One whose windows lie so far from the healthy state."""
    under = Circumstances(Speed(RPM, "config"), True, False, {"de": healthy_state()})
    windows = tuple(
        KeptWindow(window_at(6000 * number), 6000 * number, under, (replace(DIAGNOSIS, bearing="de", deviation=one),))
        for number, one in enumerate(deviations)
    )
    about = msgspec.structs.replace(ABOUT, alert=alert)
    return to_file(Kept(about, SensorSetup("pump", Machine("pump-3"), (BEARING,)), SIGNAL, windows))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    ring = tmp_path / "state" / "ring"
    ring.mkdir(parents=True)
    put(ring, name_of(1, "A1"), alert_file("A1", 0.6, 1.5, 2.5))
    put(ring, name_of(2, "B2"), alert_file("B2", 1.5, None))
    return tmp_path / "state"


def test_windows_over_the_limit_are_rows_beside_the_healthy_state(state: Path) -> None:
    confirm(state / "ring", "A1", Confirmed("misalignment", "Kim", 5.0))
    found, notes = adopt(ring_of(state), SPEC)
    assert [(one.alert, one.label, one.machine, one.windows) for one in found] == [("A1", "misalignment", "pump-3", 2)]
    assert notes == []
    table = found[0].table
    assert table.labels.tolist() == ["misalignment", "misalignment", "healthy"]
    assert table.baseline.tolist() == [False, False, True]
    assert set(table.families.tolist()) == {"pump_3"}
    assert set(table.groups.tolist()) == {"gw/pump_3/de-misalignment"}
    np.testing.assert_allclose(table.rpm, RPM)
    heard = extract(analyse(window_at(6000), SPEC), spec=SPEC, rpm=RPM, bearing=BEARING)
    np.testing.assert_array_equal(table.values[0], heard.values)
    np.testing.assert_array_equal(table.known[0], heard.known)
    assert [pool.tolist() for pool in healthy_pools(table)[:2]] == [[2], [2]]  # what it is compared with


def test_a_false_alarm_teaches_by_all_of_its_windows(state: Path) -> None:
    confirm(state / "ring", "A1", Confirmed("healthy"))
    assert adopt(ring_of(state), SPEC)[0][0].windows == 3


def test_what_nothing_comes_of_is_said(state: Path) -> None:
    confirm(state / "ring", "C3", Confirmed("ball"))
    put(state / "ring", name_of(3, "D4"), b"no archive")
    confirm(state / "ring", "D4", Confirmed("ball"))
    found, notes = adopt(ring_of(state), SPEC)
    assert found == []
    assert notes[0] == "C3: is said to be ball, but no windows of it are kept"
    assert "damaged" in notes[1]
    with pytest.raises(RecordingError, match="name an agent's state folder, or the ring in it"):
        ring_of(state / "nowhere")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x93NUMPY"])
def test_damaged_rows_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.npz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"rows\.npz: is damaged or no file of rows"):
        read_rows(path, SPEC)


def test_the_command_writes_what_continue_reads(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rows.npz"
    assert main(["adopt", str(state), "--out", str(out)]) == RecordingError.exit_code
    assert "acknowledge ALERT --was FAULT" in capsys.readouterr().err
    for alert in ("A1", "B2"):
        confirm(state / "ring", alert, Confirmed("ball"))
    assert main(["adopt", str(state / "ring"), "--out", str(out), "--json"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert json.loads(said[-1])["adopted"][0] == {"alert": "A1", "label": "ball", "machine": "pump-3", "windows": 2}
    doubled = ["adopt", str(state), str(state / "ring"), "--out", str(tmp_path / "twice.npz")]
    assert main(doubled) == 0
    assert "A1: is also in" in capsys.readouterr().err
    assert len(load(tmp_path / "twice.npz")) == len(load(out))
    table = load(out)
    assert table.values.shape[1] == len(feature_names(SPEC))
    assert (table.labels == "ball").sum() == 4


def test_a_word_that_is_damaged_is_told_and_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / f"0123{WORD}").write_bytes(b"{")
    found, notes = adopt(tmp_path, SPEC)
    assert found == []
    assert f"0123{WORD}: is damaged; say it again: textvib-agent acknowledge 0123 --was FAULT" in notes[0]


def test_rows_say_of_which_files_they_are(tmp_path: Path) -> None:
    write_rows(small_table(1), SPEC, tmp_path / "new.npz", files={7, 2**63})
    write_rows(small_table(1), SPEC, tmp_path / "old.npz")
    assert files_of_rows(tmp_path / "new.npz") == frozenset({7, 2**63})
    assert files_of_rows(tmp_path / "old.npz") is None
    with pytest.raises(FileNotFoundError, match=r"nowhere.rows\.npz'"):
        write_rows(small_table(1), SPEC, tmp_path / "nowhere" / "rows.npz")
