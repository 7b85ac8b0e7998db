"""What the edge says of faults, machines and days that nobody taught: limits reject what they may, and lines object."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct

import simulator
from agent.alerting.window_rules import DecisionConfig
from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.recordings.recording import Recording
from agent.types import AXES, FAULTS, UNKNOWN
from export.calibration.line_limits import Standing
from export.cli import main
from export.data.manifest import ManifestError, ManifestRow
from export.scoring.statistics import share_of_count
from export.studies.field.adxl345 import NORMAL, Run, RunVerdict, lines_of, plain_limit, read_runs, steady, whole
from export.studies.field.adxl345 import setup_of as motor
from export.studies.field.commissioned import ELSEWHERE, HERE, Played, Scene, halves_of, scenes_of, watches_of
from export.studies.field.commissioned import CommissionedCell as Scenes
from export.studies.field.days import summarise, visit, watch
from export.studies.field.edge import Edge
from export.studies.field.openset import JudgedWindows, Limits, answers, gated, limits_of
from export.studies.field.playing import Player, commission, cut

SPEC = FeatureSpec()


@pytest.fixture(scope="module")
def edge() -> Edge:
    bundle = load_bundle("default")
    return Edge(bundle, load_encoder(bundle, "onnx")[1])


def motor_sound(fault: str, *, seconds: float, rpm: float = 1797, seed: int = 1) -> Recording:
    samples = simulator.signal(fault, seconds=seconds, rate_hz=12_800, rpm=rpm, seed=seed)
    return Recording(Path(f"{fault}-{rpm:g}-{seed}.npy"), samples, 12_800.0, rpm, "g", AXES)


# --------------------------------------------------------------------------------------------------------- the open set


def judged(nearest: list[str], likeness: list[float], strengths: list[list[float]], labels: list[str]) -> JudgedWindows:
    heights = np.array(strengths, np.float32)
    return JudgedWindows(np.array(labels), np.array(nearest), np.array(likeness), Standing(heights, heights))


def test_limits_reject_what_they_may_of_known_windows_and_no_more() -> None:
    rng = np.random.default_rng(5)
    n = 1000
    names = rng.choice(["inner_race", "outer_race", "healthy"], n)
    known = judged(names.tolist(), rng.uniform(0, 1, n).tolist(), rng.normal(size=(n, 3)).tolist(), names.tolist())
    weights = rng.uniform(0.1, 2, n)
    for gate in ("likeness", "lines", "both"):
        limits = limits_of(known, weights, gate=gate)
        rejected = np.average(gated(known, limits) == UNKNOWN, weights=weights)
        assert 0.03 < rejected <= 0.05
        assert (limits.likeness is None) == (gate == "lines")
        assert (limits.lines is None) == (gate == "likeness")


def test_a_confident_wrong_name_is_rejected_by_its_lines_alone() -> None:
    known = judged(["inner_race"] * 100, [0.9] * 100, [[2.0, 1.0, 0.5]] * 100, ["inner_race"] * 100)
    even = np.ones(100)
    strange = judged(["inner_race"], [0.99], [[1.0, 3.0, 0.0]], ["outer_race"])
    assert gated(strange, limits_of(known, even, gate="likeness")).tolist() == ["inner_race"]
    assert gated(strange, limits_of(known, even, gate="lines")).tolist() == [UNKNOWN]
    fitted = limits_of(known, even, gate="lines").lines
    assert fitted is not None
    assert fitted.lines is not None
    assert fitted.lines.unnamed is None  # no window was called so: nothing to go by, and nothing rejected


def test_answers_add_up() -> None:
    called = np.array(["healthy", "ball", UNKNOWN, "outer_race"])
    found = answers(called, np.array(["ball", "ball", "ball", "ball"]))
    assert (found.right, found.healthy, found.wrong_fault, found.unknown) == (0.25, 0.25, 0.25, 0.25)
    assert answers(called[:1], np.array(["healthy"])).right == 1
    assert gated(judged(["ball"], [0.1], [[0, 0, 0]], ["ball"]), Limits(0.2, None)).tolist() == [UNKNOWN]


def test_exact_bounds_are_those_of_clopper_and_pearson() -> None:
    share = share_of_count(0, 20)
    assert share is not None
    assert (share.low, share.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))
    some = share_of_count(1, 10)
    assert some is not None
    assert (some.low, some.high) == (pytest.approx(0.0025286, abs=1e-6), pytest.approx(0.4450161, abs=1e-6))
    assert share_of_count(0, 0) is None
    overlapping = share_of_count(0, 80, overlap=4)
    assert overlapping is not None
    assert overlapping.high == pytest.approx(share.high)


# ------------------------------------------------------------------------------------------- commissioned and played


def test_a_machine_commissioned_elsewhere_is_silent_and_here_is_heard(edge: Edge) -> None:
    def one(label: str, rpm: float, seconds: float) -> Played:
        sound = motor_sound(label, seconds=seconds, rpm=rpm)
        row = ManifestRow(
            path=sound.path,
            variable="",
            rate_hz=12_800.0,
            rpm=rpm,
            bearing="6205",
            machine="motor",
            group=label,
            label=label,
        )
        return Played(row, sound, rpm)

    played = [one("healthy", 1797, 12), one("healthy", 1200, 5), one("outer_race", 1797, 7)]
    skipped: list[str] = []
    scenes = list(scenes_of(edge, played, skipped.append))
    assert len(skipped) == 1
    assert "too short" in skipped[0]
    elsewhere = [s for s in scenes if s.setting == ELSEWHERE and s.mode == "default"]
    assert {s.label for s in elsewhere} == {"healthy", "outer_race"}
    assert all(s.covered == s.high == s.raised == 0 for s in elsewhere)
    here = {s.label: s for s in scenes if s.setting == HERE and s.mode == "default" and s.rpm == 1797}
    assert here["healthy"].seconds == pytest.approx(6)
    assert here["healthy"].raised == 0
    fault = here["outer_race"]
    assert fault.high == fault.judged == fault.covered > 6
    assert fault.delay_s is not None
    assert 4.4 < fault.delay_s < 5.2  # six windows over the limit, the first after two seconds of the fault
    watches = {(w.setting, w.mode): w for w in watches_of([Scenes(tuple(scenes), (), 0.0)], overlap=4)}
    assert watches[HERE, "default"].raised == watches[HERE, "default"].faults == 1
    assert watches[ELSEWHERE, "default"].raised == 0
    assert not watches[ELSEWHERE, "default"].covered


def test_an_alert_after_a_minute_is_no_alert_in_time() -> None:
    late = Scene("m", "ball", "b", 1800, HERE, "default", 99.0, 9, 9, 9, 9, 1, 61.0, "ball")
    soon = Scene("m", "ball", "c", 1800, HERE, "default", 99.0, 9, 9, 9, 9, 1, 60.0, "ball")
    healthy = Scene("m", "healthy", "h", 1800, HERE, "default", 36.0, 10, 2, 0, 10, 1, 3.0, "ball")
    (found,) = watches_of([Scenes((late, soon, healthy), (), 0.0)], overlap=1)
    assert (found.faults, found.raised, found.rightly_named, found.longest_delay_s) == (2, 1, 1, 60.0)
    assert found.false_alarms is not None
    assert found.false_alarms.share == pytest.approx(0.2)
    assert found.false_alerts is not None
    assert found.false_alerts.per_hour == pytest.approx(100)


def test_halves_do_not_overlap_and_short_recordings_teach_alone() -> None:
    long = motor_sound("healthy", seconds=10)
    teaching, scored = halves_of(long, SPEC)
    assert scored is not None
    assert np.array_equal(np.concatenate([teaching.samples, scored.samples]), long.samples)
    short = cut(long, 0.0, 0.5)
    assert halves_of(short, SPEC) == (short, None)


def test_a_recording_too_short_to_teach_is_named(edge: Edge) -> None:
    run = Run("run", NORMAL, 1797.0, ())
    with pytest.raises(RecordingError, match="a baseline needs 5"):
        commission(edge, motor(run, speed_known=True), [motor_sound("healthy", seconds=3)], {})


def test_the_clock_goes_on_between_recordings(edge: Edge) -> None:
    setup = motor(Run("run", NORMAL, 1797.0, ()), speed_known=True)
    baselines = commission(edge, setup, [motor_sound("healthy", seconds=6)], {})
    player = Player(edge, setup, DecisionConfig(), baselines)
    player.play(motor_sound("healthy", seconds=3, seed=2))
    player.wait(100.0)
    found = player.play(motor_sound("outer_race", seconds=6))
    assert len(found.raised_s) == 1
    assert 4.4 < found.raised_s[0] < 5.2


# ------------------------------------------------------------------------------------------------------ simulated days


@pytest.mark.long
def test_days_drift_and_end_in_faults(edge: Edge) -> None:
    day = watch(edge, 90_001, school="a day", days=2, every_s=12 * 3600.0, fault_s=5.0)
    assert (day.visits, day.judged, day.seconds) == (2, 2 * 8, 2 * 5.5)
    assert set(day.delays_s) == set(FAULTS) - {"healthy"}
    quiet = replace_struct(
        day,
        school="a minute",
        high=0,
        raised=0,
        delays_s={"ball": 9.0, "cage": None},
        names={"ball": "ball", "cage": None},
    )
    minute, again = summarise([day, quiet, replace_struct(quiet, high=8, raised=3)], overlap=4)
    assert (minute.school, minute.machines, minute.machine_range) == ("a minute", 2, (0.0, 0.5))
    assert (minute.faults, minute.raised, minute.rightly_named, minute.longest_delay_s) == (4, 2, 2, 9.0)
    assert minute.false_alarms is not None
    assert minute.false_alarms.share == pytest.approx(0.25)
    assert minute.false_alerts is not None
    assert minute.false_alerts.per_hour == pytest.approx(3 * 3600 / 22)
    assert minute.simulated_days == pytest.approx(4 / 48)
    assert again.machines == 1


def test_an_hour_is_always_heard_alike_and_no_other_hour_sounds_so() -> None:
    drawn = simulator.draw_machine(90_001, rate_hz=12_800)
    night, day = (visit(drawn, hour, rpm=1500, seconds=2.0).samples for hour in (2.0, 14.0))
    assert np.array_equal(night, visit(drawn, 2.0, rpm=1500, seconds=2.0).samples)
    assert day.std(axis=0).max() > 1.2 * night.std(axis=0).max()  # full load against none


# ------------------------------------------------------------------------------------------------------------ ADXL345


def write_runs(folder: Path) -> Path:
    """Two normal runs that start, run and stop, and one without its belt."""
    rng = np.random.default_rng(1)
    for name, loudness in (("normales/2000_1", 50), ("normales/2000_2", 50), ("sin_correa/2000_1", 40)):
        place = folder / name
        place.mkdir(parents=True)
        for number, share in enumerate([0.1, 0.1, 0.4, *[1.0] * 14, 0.5, 0.1]):
            noise = rng.normal([20, 20, 300], loudness * share, (780, 3))
            rows = "\n".join(", ".join(str(int(v)) for v in row) for row in noise)
            (place / f"{number:04d}.csv").write_text(rows + "\n")
    return folder


def test_off_and_ramp_chunks_are_cut_out_and_leave_gaps(tmp_path: Path) -> None:
    runs = read_runs(write_runs(tmp_path))
    run = runs[0]
    kept = steady(run)
    assert [piece.start // 780 for piece in kept.pieces] == list(range(4, 16))
    assert len(kept.samples) == 12 * 780
    assert len(whole(run).samples) == 19 * 780
    assert kept.samples[:, 2].mean() == pytest.approx(300 / 256, rel=0.01)
    assert 45 / 256 < plain_limit(run) < 60 / 256
    silent = replace(run, chunks=(*run.chunks[:10], run.chunks[0], *run.chunks[11:]))
    assert [piece.start // 780 for piece in steady(silent).pieces] == [4, 5, 6, 7, 8, 12, 13, 14, 15]


def test_a_folder_without_normal_runs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no runs below normales"):
        read_runs(tmp_path)


def test_verdicts_are_pooled_by_what_was_known() -> None:
    def verdict(high: int, *, covered: int = 10, speed_known: bool = True) -> RunVerdict:
        return RunVerdict("a", "b", NORMAL, True, speed_known, True, 10, covered, high, int(high > 5), None, 10, 1)

    told, untold = lines_of([verdict(0), verdict(6), verdict(0, covered=0), verdict(3, speed_known=False)], overlap=1)
    assert (told.pairs, told.windows, told.covered, told.alerted_pairs) == (3, 30, 20, 1)
    assert told.high_range == (0.0, 0.6)
    assert told.plain_range == (0.1, 0.1)
    assert told.high is not None
    assert told.high.share == pytest.approx(0.3)
    assert not untold.told_rpm


@pytest.mark.long
def test_the_command_judges_kept_runs_and_refuses_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_runs(tmp_path / "data" / "adxl345_motor")
    arguments = ["field", "--data", str(tmp_path / "data"), "--only", "adxl345", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    first = capsys.readouterr()
    assert "sin_correa, same speed, told, steady parts" in first.out
    cells = sorted(path for path in (tmp_path / "out").glob("*/*.json"))
    assert len(cells) == 2
    before = [path.stat().st_mtime_ns for path in cells]
    assert main([*arguments, "--json"]) == 0  # from the cells kept
    assert [path.stat().st_mtime_ns for path in cells] == before
    assert '"adxl345":[' in capsys.readouterr().out
    assert (tmp_path / "out" / "adxl345.png").stat().st_size > 0
    with pytest.raises(SystemExit):
        main(["field", "--data", str(tmp_path), "--only", "weather"])
    assert "there are openset, commissioned, days, adxl345" in capsys.readouterr().err
