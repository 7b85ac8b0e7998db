"""`replay`: what it refuses before it reads anything, and that it says no more than it knows."""

from __future__ import annotations

import argparse
import json
import os
import re
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from one_alert import DIAGNOSIS
from requirements import ROOT

import simulator
from agent.alerting.verdict import Verdict
from agent.cli import main
from agent.commands.arguments import rpm_range
from agent.commands.replay import add_arguments
from agent.commands.replay_healthy import Learnt, told_beside
from agent.commands.replay_reading import read_all_healthy
from agent.errors import RecordingError
from agent.faults import FAULTS_OF_BEARINGS
from agent.messages.notices import in_language, is_known
from agent.messages.said import fault_said
from agent.messages.terminal import width
from agent.recordings.recording import Recording
from agent.types import Speed, SpeedQuestion
from firmware_bridge.command_line import Parser

HEALTHY = ROOT / "configs" / "recordings" / "pump_healthy.wav"


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        *(
            (option, value, "is no speed")
            for option in ("--rpm", "--healthy-rpm")
            for value in ("nan", "inf", "0", "x")
        ),
        ("--rpm", "1e9", "is no speed"),
        ("--rpm-range", "1400", "like 1400-1500"),
        ("--rpm-range", "a-b", "is no speed"),
        ("--rpm-range", "1500-1400", "lower speed first"),
        ("--rpm-range", "1000-2000", "less than 2:1"),
        ("--rpm-range", "1000-inf", "is no speed"),
    ],
)
def test_a_figure_that_cannot_be_meant_is_wrong_usage(
    option: str, value: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["replay", str(HEALTHY), option, value])
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"textvib-agent replay: argument {option}: ")
    assert line.endswith("; see textvib-agent replay --help")
    assert complaint in line


@pytest.mark.parametrize(
    ("bearing", "complaint"),
    [
        ("99", "not in the catalogue"),
        ("9/nan/39/0", "0 < ball < pitch"),
        ("9/7/inf/0", "0 < ball < pitch"),
        ("100/20/39/0", "do not fit"),
        ("a/b/c/d", "give balls/ball/pitch/angle"),
        ("6205 / 6305", "names 2 bearings"),
        ("bpfo=3.6,bpfi=5.6", "contradict"),
    ],
)
def test_a_bearing_that_cannot_be_meant_is_wrong_usage(
    bearing: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(HEALTHY), "--bearing", bearing]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("; see textvib-agent replay --help")
    assert "argument --bearing" in line
    assert complaint in line


def test_a_bearing_is_given_by_a_table_by_orders_or_by_its_balls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "plant.csv"
    table.write_text("Bearing Number,Number of Balls,BD mm,Pitch mm,Angle\nPump 12,9,7.94,39.04,0\n")
    orders = "bpfo=3.584806,bpfi=5.415194,bsf=2.356713,ftf=0.398312"
    told = []
    for bearing in ("6205-2RS/C3", orders, "pump12"):
        argv = ["replay", str(HEALTHY), "--rpm", "1797", "--bearing", bearing, "--bearing-table", str(table), "--json"]
        assert main(argv) == 0
        told.append(json.loads(capsys.readouterr().out.splitlines()[-1])["fault"])
    assert told[0] == told[1] == told[2]
    assert main(["replay", str(HEALTHY), "--rpm", "1480", "--bearing", "9balls"]) == 0
    assert "placed roughly" in capsys.readouterr().out


def test_without_a_healthy_recording_nothing_is_said_to_depart_from_health(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(HEALTHY), "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out.splitlines()[-1])
    if verdict["fault"] == "unknown":
        assert verdict["deviation"] is None
        assert verdict["text"]["title"] == "No fault named"
    else:
        assert verdict["fault"] == "healthy"


def test_a_window_line_says_what_a_reader_needs_and_nothing_internal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(HEALTHY), "--json"]) == 0
    window = json.loads(capsys.readouterr().out.splitlines()[0])
    assert window["kind"] == "window"
    shown = ["heights", "objection", "signs", "missing", "looks_like", "asks", "seconds", "needs_s", "still"]
    assert list(window)[-9:] == shown
    assert (window["seconds"], window["needs_s"]) == (None, None)


def test_levels_of_another_unit_or_band_call_no_machine_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording without a unit holds small numbers, a slow one little of what a bearing sends out."""
    rng = np.random.default_rng(4)
    healthy, quiet, slow = tmp_path / "healthy.csv", tmp_path / "quiet.wav", tmp_path / "slow.csv"
    _write_table(healthy, rng.normal(0, 0.3, 10_000), rate_hz=2000)
    _write_table(slow, rng.normal(0, 0.02, 1_500), rate_hz=500)
    with wave.open(str(quiet), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(2000)
        file.writeframes((rng.normal(0, 0.01, 5_000) * 32767).astype("<i2").tobytes())
    for path, told in (
        (quiet, "is without a unit at 2000 Hz, and healthy.csv (--healthy) in g"),
        (slow, "is in g at 500 Hz, and"),
    ):
        arguments = ["--healthy", str(healthy), "--rpm", "1480", "--healthy-rpm", "1480", "--bearing", "6205"]
        main(["replay", str(path), *arguments])
        shown = " ".join(capsys.readouterr().out.split())
        assert "Machine stopped" not in shown
        assert told in shown
        assert "the bearing's type" not in shown  # it was given, however slow the sensor
    still = tmp_path / "still.csv"
    _write_table(still, rng.normal(0, 0.02, 5_000), rate_hz=2000)
    assert main(["replay", str(still), *arguments]) == 3
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"It shakes by 0\.0[12]\d* g RMS, less than 0\.07", shown)
    assert "or set idle_below_g" in shown


def _write_table(path: Path, samples: np.ndarray, *, rate_hz: int) -> None:
    """Samples in g with their times."""
    rows = [f"{n / rate_hz:.6f},{one:.6f}" for n, one in enumerate(samples.tolist())]
    path.write_text("\n".join(["time_s,x_g", *rows]) + "\n")


def test_the_healthy_machine_is_within_its_own_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    speeds = ["--rpm", "1480", "--healthy-rpm", "1480", "--bearing", "6205"]
    assert main(["replay", str(HEALTHY), "--healthy", str(HEALTHY), *speeds]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^  verdict +Healthy$", shown, re.M)
    assert re.search(r"\(\d+% sure\)", shown)  # 1 less the probability that impacts give damage
    assert "within the limit of the machine's healthy state; 7 of 7 windows judged" in " ".join(shown.split())


def test_a_recording_too_short_to_judge_is_not_blamed_on_the_sensor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = short_wav(tmp_path)
    assert main(["replay", str(path)]) == 3
    shown = capsys.readouterr().out
    assert "0 of 0 windows judged" in shown
    assert "No window to judge" in shown
    assert "cable" not in shown


# ---------------------------------------------------------------------------------------------------------- exit codes


def short_wav(folder: Path) -> Path:
    return wav(folder / "short.wav", np.arange(1200))


def wav(path: Path, samples: np.ndarray[Any, Any], *, rate_hz: int = 8000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def damaged_wav(folder: Path) -> Path:
    """Ringing at the outer race's order of a 6205, at 1797 rpm and 12 kHz."""
    rng = np.random.default_rng(0)
    rate_hz, n = 12_000, 48_000
    times = np.cumsum(rng.normal(1, 0.005, 2000)) / (3.585 * 1797 / 60)
    train = np.zeros(n)
    train[(times[times < n / rate_hz] * rate_hz).astype(int)] = 1
    t = np.arange(400) / rate_hz
    heard = np.convolve(train, np.exp(-600 * t) * np.sin(2 * np.pi * 2800 * t))[:n] + rng.normal(0, 0.05, n)
    return wav(folder / "damaged.wav", 8000 * heard, rate_hz=rate_hz)


KNOWN = ["--rpm", "1797", "--bearing", "6205"]


def test_the_exit_code_says_what_was_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged, short = str(damaged_wav(tmp_path)), str(short_wav(tmp_path))
    frozen = str(wav(tmp_path / "frozen.wav", np.zeros(40_000)))
    missing = str(tmp_path / "none.wav")
    asked = ["--fail-on", "fault"]
    assert main(["replay", damaged, *KNOWN]) == 0
    assert main(["replay", damaged, *KNOWN, *asked]) == 1
    assert main(["replay", damaged, *KNOWN, "--fail-on", "abnormal"]) == 1
    assert main(["replay", str(HEALTHY), "--rpm", "1480", *asked]) == 0
    assert main(["replay", frozen, *asked]) == 3
    assert main(["replay", str(HEALTHY), short]) == 3
    assert main(["replay", missing]) == os.EX_DATAERR
    assert main(["replay", missing, short]) == os.EX_DATAERR
    assert main(["replay", missing, short, damaged, *KNOWN]) == os.EX_DATAERR
    assert main(["replay", missing, short, damaged, *KNOWN, *asked]) == 1
    capsys.readouterr()


def verdict(fault: str, probability: float) -> Verdict:
    return Verdict(fault, probability, "impacts", 3, 3, (), None, (), True)


@pytest.mark.parametrize(
    ("fault", "probability", "tells"),
    [
        ("outer_race", 0.9, "fault"),
        ("bearing", 0.9, "fault"),
        ("described_later", 0.9, "fault"),
        ("outer_race", 0.4, None),
        ("abnormal", 0.0, "abnormal"),
        ("unknown", 0.0, None),
        ("healthy", 0.9, None),
        ("invalid", 0.0, None),
    ],
)
def test_what_fail_on_asks_for(fault: str, probability: float, tells: str | None) -> None:
    assert fault_said(verdict(fault, probability)) == tells


def test_the_help_has_the_table_of_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["replay", "--help"])
    shown = capsys.readouterr().out
    assert "exit codes: 0 judged; 1 a fault is said" in shown
    assert "--fail-on" in shown


# --------------------------------------------------------------------------------------------------------- what is read


def shown_and_told(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    main(["replay", *argv])
    shown = capsys.readouterr().out
    main(["replay", *argv, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return shown, document


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


ARGUMENTS = [
    ["{damaged}", *KNOWN],
    ["{damaged}"],
    ["{damaged}", "--rpm", "1797", "--bearing", "9balls"],
    [str(HEALTHY), "--rpm", "1480", "--bearing", "6205", "--full-scale", "1g"],
    [str(HEALTHY), "--rpm", "1480", "--healthy", str(HEALTHY), "--healthy-rpm", "1480", "--bearing", "6205"],
    ["{short}"],
]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("argv", ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_json_holds_all_that_the_text_shows(
    argv: list[str], language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"damaged": damaged_wav(tmp_path), "short": short_wav(tmp_path)}
    shown, document = shown_and_told([*(a.format(**files) for a in argv), "--language", language], capsys)
    told = list(leaves(document))
    figures = [float(value) for value in told if isinstance(value, int | float) and not isinstance(value, bool)]
    words = " ".join(str(value) for value in told if isinstance(value, str))
    for token in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", shown):
        decimals = len(token.partition(".")[2])
        near = (abs(figure - float(token)) <= 0.5001 * 10**-decimals for figure in figures)
        assert token in words or any(near), token
    spaced = " ".join(shown.split())
    for text in (*document["text"].values(), document["reason_text"], *(n["title"] for n in document["nearest"])):
        assert " ".join(text.split()) in spaced
    for note in document["notes"]:
        assert note in spaced


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("argv", ARGUMENTS, ids=range(len(ARGUMENTS)))
def test_the_answer_fits_and_holds_no_code_names(
    argv: list[str], language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"damaged": damaged_wav(tmp_path), "short": short_wav(tmp_path)}
    assert main(["replay", *(a.format(**files) for a in argv), "--language", language]) in (0, 3)
    shown = capsys.readouterr().out
    assert max(map(width, shown.splitlines())) <= 100
    below = shown.partition("\n")[2]  # the first line names the file
    assert not re.search(r"[a-z]_[a-z]", below)
    if language == "ko":
        latin = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\d?x?~?(BPF[OI]|BSF|FTF)|--\w+", "", below)))
        assert latin <= {"Hz", "dB", "rpm", "mm", "ISO", "commission", "replay"}


def test_a_speed_out_of_the_file_is_not_called_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.csv"
    samples = np.random.default_rng(0).normal(size=25_000)
    head = "Sample rate: 5000 Hz\nSpeed: 1480 rpm\nacceleration g\n"
    path.write_text(head + "\n".join(f"{value:.5f}" for value in samples) + "\n")
    shown, document = shown_and_told([str(path)], capsys)
    assert document["speed_from"] == "file"
    assert "rpm (from the file)" in shown
    shown, document = shown_and_told([str(path), "--rpm", "1480"], capsys)
    assert document["speed_from"] == "told"
    assert "rpm (given)" in shown


def test_a_refusal_is_in_the_language_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["replay", str(tmp_path / "none.md"), "--language"]
    assert main([*argv, "ko"]) == main([*argv, "en"]) == os.EX_DATAERR
    korean, english = capsys.readouterr().err.splitlines()
    assert "파일은 읽을 수 없습니다" in korean
    assert "cannot read .md" in english


@pytest.mark.parametrize(("rpm", "asks"), [("24.67", "were Hz meant?"), ("2400", "which is right?"), ("1480", None)])
def test_a_given_speed_that_the_spectrum_contradicts_is_asked_about(
    rpm: str, asks: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(HEALTHY), "--rpm", rpm, "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    if asks is None:
        assert document["speed_question"] is None
        assert document["speed"]["rpm"] == pytest.approx(1480.0, rel=0.01)
    else:
        assert asks in document["speed_question"]
        assert document["fault"] not in FAULTS_OF_BEARINGS


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ["--rpm", "2400", "--healthy-rpm", "1480", "--bearing", "6205"],
            r"has no limit by pump_healthy.wav (--healthy), since 2400 rpm is given and the "
            r"vibration shows 14\d\d rpm; give the speed that is right (--rpm)",
        ),
        (
            ["--rpm", "1480", "--healthy-rpm", "2400"],
            r"has no limit by pump_healthy.wav (--healthy): 2400 rpm is given for that, and its vibration shows 14\d\d "
            r"rpm; give its speed (--healthy-rpm)",
        ),
        (["--rpm", "1480"], r"has no limit by pump_healthy.wav (--healthy), whose speed is not given"),
        (["--healthy-rpm", "1480"], r"has no limit by pump_healthy.wav (--healthy), since its own speed is not known"),
        (["--rpm", "1480", "--healthy-rpm", "1480"], None),
    ],
)
def test_a_healthy_recording_that_was_given_is_never_left_out_silently(
    options: list[str], told: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(HEALTHY), "--healthy", str(HEALTHY), *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    notes = [note for note in document["notes"] if "(--healthy)" in note and "itself" not in note]
    assert [is_known(note, "ko") for note in notes] == ([] if told is None else [True])
    assert (document["deviation"] is None) == (told is not None and told.startswith("has no limit"))
    if told is not None:
        assert re.match(re.escape(told).replace(r"14\\d\\d", r"14\d\d"), notes[0])
    assert "geometry" not in document["missing"] or "--bearing" not in options
    assert "speed" not in document["missing"] or "--rpm" not in options


def test_where_each_window_s_speed_is_doubted_it_is_compared_whatever_the_speed() -> None:
    asks = SpeedQuestion("contradicted", 2400.0, 1477.0)
    doubted = replace(DIAGNOSIS, speed=Speed(None, "unknown", asks=asks, doubt="contradicted"), deviation=0.7)
    recording = Recording(HEALTHY, np.zeros((1, 1), np.float32), 8000.0, None, "raw", ("x",))
    (note,) = told_beside(recording, [doubted] * 3, Learnt({}, None), [recording]).notes
    assert note.startswith("is compared with pump_healthy.wav (--healthy) whatever the speed, since 2400 rpm is given")
    assert is_known(note, "ko")
    assert told_beside(recording, [doubted] * 3, Learnt({}, None), []).notes == ()
    assert told_beside(recording, [replace(DIAGNOSIS, deviation=0.7)], Learnt({}, asks), [recording]).notes == ()


def test_of_a_speed_and_a_bearing_that_were_given_only_the_one_that_is_doubted_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(HEALTHY), "--rpm", "2400", "--bearing", "6205", "--json"]) == 0
    missing = json.loads(capsys.readouterr().out.splitlines()[-1])["missing"]
    assert not {"speed", "geometry"} & set(missing)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--rpm", "1480", "--rpm-range", "1400-1500"], "--rpm-range: not together with --rpm"),
        (["--healthy-rpm", "1480"], "--healthy-rpm: is the speed of --healthy FILE"),
        (["--healthy-channel", "X"], "--healthy-channel: is a channel of --healthy FILE"),
        (["--healthy-rate-hz", "48000"], "--healthy-rate-hz: is the rate of --healthy FILE"),
    ],
)
def test_arguments_of_which_one_would_go_unheard_are_refused(
    options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(HEALTHY), *options]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("dash", ["-", "\u2013", "~"])
def test_a_range_of_speeds_is_written_with_any_dash(dash: str) -> None:
    assert rpm_range(f"1400{dash}1500") == (1400.0, 1500.0)


@pytest.mark.parametrize(
    ("asked", "more", "taken"),
    [
        ("X105_DE_time", [], "X097_DE_time"),
        ("*_FE_time", [], "X097_FE_time"),
        ("X105_DE_time", ["--healthy-channel", "X097_FE_time"], "X097_FE_time"),
        ("X105_BA_time", [], None),
        ("ch2", [], None),
    ],
)
def test_a_healthy_file_has_its_own_names_of_channels(
    tmp_path: Path, asked: str, more: list[str], taken: str | None
) -> None:
    from scipy.io import savemat

    noise = np.random.default_rng(1).normal(size=12_000)
    savemat(tmp_path / "97.mat", {"X097_DE_time": noise, "X097_FE_time": noise[1:], "ch1": noise[2:]})
    parser = Parser()
    add_arguments(parser)
    args = parser.parse_args(
        ["x.mat", "--channel", asked, "--rate-hz", "3000", "--healthy", str(tmp_path / "97.mat"), *more]
    )
    if taken is None:
        with pytest.raises(
            RecordingError, match=rf"has no variable .{asked}.; .*; name one of its own \(--healthy-channel\)"
        ):
            read_all_healthy(args)
        return
    (recording,), notes = read_all_healthy(args)
    assert len(recording.samples) == (12_000 if "DE" in taken else 11_999)
    told = (f"of 97.mat (--healthy) is taken: variable {taken}",) if "*" not in asked and not more else ()
    assert notes == told
    assert [in_language(note, "ko") for note in notes] == [f"97.mat(--healthy)에서 사용: 변수 {taken}" for _ in told]


def test_a_healthy_file_has_its_own_rate_and_problems(tmp_path: Path) -> None:
    table = tmp_path / "healthy.csv"
    np.savetxt(table, np.random.default_rng(1).normal(size=12_000), header="acc", comments="")
    parser = Parser()
    add_arguments(parser)

    def asked(healthy: Path, *more: str) -> argparse.Namespace:
        return parser.parse_args(["x.csv", "--rate-hz", "3000", "--healthy", str(healthy), *more])

    for more, rate_hz in (((), 3000.0), (("--healthy-rate-hz", "12000"), 12000.0)):
        ((recording,), _) = read_all_healthy(asked(table, *more))
        assert recording.rate_hz == rate_hz
    with pytest.raises(RecordingError) as refused:
        read_all_healthy(asked(tmp_path / "nowhere.csv"))
    assert "--healthy-channel" not in str(refused.value)


def test_a_recording_that_is_its_own_healthy_state_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(HEALTHY), "--rpm", "1480", "--healthy", str(HEALTHY)]) == 0
    assert "cannot differ from itself" in " ".join(capsys.readouterr().out.split())


def test_a_file_without_a_rate_does_not_end_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    no_rate = tmp_path / "no_rate.csv"
    no_rate.write_text("acc\n" + "\n".join(f"{v:.4f}" for v in np.random.default_rng(0).normal(size=2000)))
    assert main(["replay", str(no_rate), str(damaged_wav(tmp_path)), *KNOWN, "--fail-on", "fault"]) == 1
    said = capsys.readouterr()
    assert "no_rate.csv: does not say its sample rate" in said.err
    assert "Bearing outer race fault" in said.out


def test_a_given_speed_that_the_file_contradicts_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from scipy.io import savemat

    path = tmp_path / "turning.mat"
    noise = np.random.default_rng(0).normal(size=(30_000, 1))
    savemat(path, {"X1_DE_time": noise, "X1RPM": 1797.0})
    assert main(["replay", str(path), "--rate-hz", "6000", "--rpm", "29.95"]) == os.EX_DATAERR
    assert "Hz seem to have been given for rpm" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------- short recordings

AT = ["--rpm", "1800", "--bearing", "6205"]


def short_files(folder: Path, fault: str, count: int, *, seconds: float = 0.5, rate_hz: int = 12_000) -> list[str]:
    """As many snapshots of a simulated motor at 1800 rpm."""
    paths = []
    for seed in range(count):
        path = folder / f"{fault}{seed:02d}.wav"
        samples = simulator.signal(fault, seconds=seconds, rpm=1800.0, rate_hz=rate_hz, seed=seed)[:, 0]
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, rate_hz, 0, "NONE", ""))
            file.writeframes(np.clip(samples / 8.0 * 32_767, -32_768, 32_767).astype("<i2").tobytes())
        paths.append(str(path))
    return paths


def verdicts(argv: list[str], capsys: pytest.CaptureFixture[str]) -> list[dict]:
    assert main(["replay", *argv, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["kind"] == "verdict"]


def test_a_short_recording_is_judged_and_says_what_it_is_too_short_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    healthy, damaged = short_files(tmp_path, "healthy", 1), short_files(tmp_path, "inner_race", 1)
    well, broken = verdicts([*healthy, *damaged, *AT], capsys)
    assert (well["fault"], well["judged"], well["looks_like"]) == ("unknown", 1, "healthy")
    assert well["text"]["title"] == "Nothing found, too short to be called healthy"
    assert (broken["fault"], broken["missing"], broken["heights"]) == ("bearing", ["length"], None)
    assert broken["needs_s"] == 2.0
    assert "2 s without a gap (too short to see: lines of shaft and bearing)" in broken["text"]["sentence"]


def test_snapshots_are_judged_together_if_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = short_files(tmp_path, "inner_race", 4, seconds=1.1)
    assert len(verdicts([*files, *AT], capsys)) == 4
    (verdict,) = verdicts([*files, *AT, "--snapshots"], capsys)
    assert (verdict["fault"], verdict["judged"], verdict["windows"]) == ("inner_race", 4, 4)
    assert verdict["missing"] == []  # each by itself is long enough for the lines
    assert verdict["heard_s"] == pytest.approx(4.4, rel=0.05)
    assert main(["replay", *files, *AT, "--snapshots"]) == 0
    assert "4 snapshots" in capsys.readouterr().out
    assert main(["replay", *files, "--snapshots", "--join"]) != 0
    assert "give one of them" in capsys.readouterr().err


@pytest.mark.parametrize("teaching_s", [0.5, 12.0])
def test_healthy_snapshots_or_a_long_recording_teach_what_short_ones_are_compared_with(
    teaching_s: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taught").mkdir()
    taught = short_files(tmp_path / "taught", "healthy", 12 if teaching_s < 1 else 1, seconds=teaching_s)
    healthy = [argument for path in taught for argument in ("--healthy", path)]
    files = [short_files(tmp_path, "healthy", 14)[-1], *short_files(tmp_path, "outer_race", 1)]
    well, broken = verdicts([*files, *AT, *healthy, "--healthy-rpm", "1800"], capsys)
    assert (well["fault"], well["reason"], well["missing"]) == ("healthy", "within_baseline", ["length"])
    assert broken["fault"] == "bearing"
    assert broken["deviation"] > 1


def test_too_few_healthy_snapshots_teach_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = short_files(tmp_path, "healthy", 4)
    healthy = [argument for path in files for argument in ("--healthy", path)]
    assert main(["replay", files[0], *AT, *healthy, "--healthy-rpm", "1800"]) != 0
    told = capsys.readouterr().err
    assert re.search(r"too short to learn from; .* or \d+ and more snapshots of .* 0\.2 s .*: --healthy for each", told)
    assert is_known(told.strip().removeprefix("textvib-agent: "), "ko")
