"""The report of an alert out of what is kept: with its windows, without them, in both languages, closed or open."""

from __future__ import annotations

import json
import math
import shutil
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from line_bundle import BUNDLE, SETUP
from listening_rig import Listening, sick

from agent.bundle.manifest import identity_of
from agent.cli import main
from agent.messages.words import LANGUAGES, say, table
from agent.recordings.kept_writer import setup_row
from agent.service.looking_back.alert_found import find_alert
from agent.service.looking_back.alert_report import report_of
from agent.service.looking_back.bundles import bundle_for
from agent.service.looking_back.history_file import HistoryFile
from agent.service.looking_back.past import Event, Whence, event_of
from agent.service.watching.confirmed import Confirmed, confirm
from agent.service.watching.trend_file import Key, TrendFile
from agent.types import Alert, Diagnosis

WHENCE = Whence("gw", "Plant <3>", "0.9", "test 1", identity_of(BUNDLE.manifest), setup_row(SETUP))
DAY = 20_000


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with one alert, its windows and sixty days before it."""
    folder = tmp_path_factory.mktemp("state")
    listening = Listening(folder).commissioned().feed(sick(8.0))
    listening.write()
    note(folder, listening.raised)
    file = TrendFile(folder, years=10, max_bytes=10**9)
    key = Key(SETUP.sensor, "de", "deviation", 76)
    rising = {n: round(math.log(0.3 * math.exp(0.015 * n)) / 0.02) for n in range(60)}
    file.add({(key, DAY + n): {at: 100} for n, at in rising.items()}, today=DAY + 61)
    file.close()
    return folder


def note(folder: Path, alert: Alert, *, whence: Whence = WHENCE) -> None:
    file = HistoryFile(folder)
    file.note(alert, event_of(alert, 1), whence)
    seen = replace(alert, event="updated", reason="acknowledged", by="<b>Kim</b>", acknowledged=True)
    file.note(seen, event_of(seen, 2), whence)
    file.close()


def end(folder: Path, alert: Alert, seq: int = 3) -> None:
    file = HistoryFile(folder)
    file.note(replace(alert, event="cleared", reason="closed"), Event(seq, "cleared", 1e9, "closed", "Lee"), WHENCE)
    file.close()


def raised(folder: Path) -> Alert:
    return find_alert(folder, None).raised


def page(folder: Path, language: Any = "en") -> tuple[str, ElementTree.Element]:
    html = report_of(find_alert(folder, None), folder, bundle=BUNDLE, language=language)
    root = ElementTree.fromstring(html.removeprefix("<!DOCTYPE html>\n"))
    return " ".join(" ".join(root.itertext()).split()), root


def drawn(root: ElementTree.Element) -> list[str]:
    return [
        one.attrib["aria-labelledby"].partition(" ")[0].removesuffix("-t")
        for one in root.iter("{http://www.w3.org/2000/svg}svg")
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_tells_and_draws_all_of_it(state: Path, language: Any) -> None:
    words, root = page(state, language)
    alert = raised(state)
    assert drawn(root) == ["s1-wave", "s1-envelope", "s1-low", "s1-whole", "s1-trend", "s1-days1"]
    assert table()["because"]["acknowledged"][language] in words
    for told in ("Plant <3>", "<b>Kim</b>", alert.id, "BPFO", WHENCE.bundle_sha256, "TextVib Edge 0.9"):
        assert told in words, told
    (file,) = (state / "ring").iterdir()
    assert file.name in words
    assert "2024-12-2" in words  # when the limit is reached
    assert say("report.days_not_reached", language) not in words
    assert "null" not in words or language == "en"


def moved(state: Path, tmp_path: Path, alert: Alert, *, whence: Whence = WHENCE) -> Path:
    """The alert alone, in a folder of its own."""
    folder = tmp_path / "moved"
    (folder / "ring").mkdir(parents=True)
    note(folder, alert, whence=whence)
    return folder


@pytest.mark.parametrize(
    ("why", "file", "changes"),
    [
        ("overwritten", "00000009-beef.vbw", {}),
        ("overwritten", None, {}),
        ("never", "00000000-beef.vbw", {}),
        ("never", None, {"recording": None}),
        ("not_yet", None, {"wall_s": 2e10}),
        ("damaged", "00000001-{id}.vbw", {}),
    ],
)
def test_without_windows_it_says_why(
    state: Path, tmp_path: Path, why: str, file: str | None, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 2e10 + 5)
    alert = replace(raised(state), **changes)
    folder = moved(state, tmp_path, alert)
    if file is not None:
        (folder / "ring" / file.format(id=alert.id)).write_bytes(b"PK")
    words, root = page(folder)
    assert drawn(root) == []
    assert say(f"no_windows.{why}", "en") in words
    assert "BPFO" in words  # what the alert itself keeps
    assert say("report.no_days", "en") in words


def test_of_another_bundle_and_an_unknown_sensor(state: Path, tmp_path: Path) -> None:
    folder = moved(state, tmp_path, raised(state), whence=Whence("gw", None, "1", "other 7", "1" * 64, None))
    (folder / "ring" / f"00000001-{raised(state).id}.vbw").write_bytes(b"")
    words, _ = page(folder)
    assert say("no_windows.other_bundle", "en") in words
    assert "other 7" in words
    assert bundle_for(folder, "1" * 64).manifest.name == "default"


def test_a_closed_alert_and_one_that_changed_its_name(state: Path, tmp_path: Path) -> None:
    alert = raised(state)
    folder = moved(state, tmp_path, alert)
    (sound,) = [one for one in [alert.diagnosis] if isinstance(one, Diagnosis)]
    named = replace(alert, event="updated", fault="looseness", diagnosis=replace(sound, window_start=9, deviation=77.7))
    file = HistoryFile(folder)
    file.note(named, event_of(named, 3), WHENCE)
    file.close()
    end(folder, alert, 4)
    words, _ = page(folder)
    for told in (say("report.later", "en"), "77.7", "Lee", say("because.closed", "en"), "2001-09-09"):
        assert told in words, told
    assert "open since" not in words


def test_the_command(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, where = tmp_path / "a.html", ["--state-dir", str(state)]
    assert main(["report", "--last", *where, "--out", str(out), "--language", "ko"]) == 0
    assert str(out) in capsys.readouterr().out
    assert "경보 보고서" in out.read_text()
    for wrong, code in (
        (["report", *where], 64),
        (["report", "x", "--last", *where], 64),
        (["report", "--last", *where, "--out", str(tmp_path / "a.txt")], 64),
        (["report", "zz", *where], 64),
        (["report", "--last", "--state-dir", str(tmp_path / "no")], 78),
    ):
        assert main(wrong) == code, wrong
    assert f"alerts kept: {raised(state).id}" in capsys.readouterr().err


def test_what_somebody_found_the_alert_to_be_stands_in_the_report(state: Path, tmp_path: Path) -> None:
    folder, alert = moved(state, tmp_path, raised(state)), raised(state).id
    assert "Somebody has found" not in page(folder)[0]
    confirm(folder / "ring", alert, Confirmed("misalignment", "Kim", 1e9))
    assert "Somebody has found: Shaft misalignment" in page(folder)[0]
    confirm(folder / "ring", alert, Confirmed("seal_rubs"))
    assert "현장 확인 결과: seal_rubs" in page(folder, "ko")[0]


def test_the_ring_lists_what_each_was_found_to_be(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(state, tmp_path / "state")
    listed = ["ring", "--state-dir", str(folder), "--language"]
    assert main([*listed, "en"]) == 0
    assert "WAS" in capsys.readouterr().out.splitlines()[1].split()
    confirm(folder / "ring", raised(state).id, Confirmed("씰_마모", "Kim", 1e9))
    assert main([*listed, "ko"]) == 0
    assert "씰_마모" in capsys.readouterr().out
    assert main([*listed, "en", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["was"], row["by"], row["alert"]) == ("씰_마모", "Kim", raised(state).id)


def test_each_word_on_an_alert_stands_among_what_became_of_it(state: Path, tmp_path: Path) -> None:
    folder, alert = moved(state, tmp_path, raised(state)), raised(state)
    file = HistoryFile(folder)
    said = replace(alert, event="updated", reason="acknowledged", was="imbalance")
    worse = replace(said, reason="worse")
    over = replace(said, event="cleared", reason="closed", wall_s=1e9)
    judged = replace(over, reason="judged", was="misalignment", by="Lee", wall_s=2e9)
    for seq, one in enumerate((said, worse, over, judged, judged), start=3):
        file.note(one, event_of(one, seq), WHENCE)
    file.close()
    told = page(folder)[0]
    assert told.count("Found to be: Rotor imbalance.") == 1
    assert told.count("Found to be: Shaft misalignment; before, it was said to be: Rotor imbalance.") == 1
    assert told.count("It was over, and somebody has found what it was.") == 2
    assert "to 2001-09-09" in told  # it ended when it ended
    assert find_alert(folder, None).events[-1].by == "Lee"
