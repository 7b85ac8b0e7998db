"""The page: it says what `replay` answers, draws lines where they belong, needs nothing beside it, trusts no name."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from requirements import ROOT

import simulator
from agent.bundle.load import load_bundle
from agent.bundle.manifest import identity_of
from agent.cli import main
from agent.messages.words import say
from agent.report.frame import LEFT, RIGHT

PUMP = ROOT / "configs" / "recordings" / "pump_healthy.wav"
RATE_HZ, RPM, BPFO_HZ = 25_600, 1797.0, 3.58481 * 1797 / 60
KNOWN = ["--rpm", "1797", "--bearing", "6205"]
SVG = "{http://www.w3.org/2000/svg}"
NOT_XML = "<!DOCTYPE html>\n"


class Made:
    """A report and the answers that were printed beside it."""

    def __init__(self, argv: list[str], report: Path) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            self.code = main(["replay", *argv, "--json", "--report", str(report)])
        lines = map(json.loads, printed.getvalue().splitlines())
        self.verdicts: list[dict[str, Any]] = [line for line in lines if line["kind"] == "verdict"]
        self.html = report.read_text(encoding="utf-8")
        assert self.html.startswith(NOT_XML)
        self.page = ElementTree.fromstring(self.html.removeprefix(NOT_XML))

    @property
    def words(self) -> str:
        return " ".join(" ".join(part.split()) for part in self.page.itertext() if part.strip())

    def drawing(self, name: str) -> ElementTree.Element:
        (found,) = [svg for svg in self.page.iter(f"{SVG}svg") if svg.attrib["aria-labelledby"].startswith(name)]
        return found

    def of_class(self, wanted: str, within: ElementTree.Element | None = None) -> list[ElementTree.Element]:
        root = self.page if within is None else within
        return [e for e in root.iter() if set(wanted.split()) <= set(e.attrib.get("class", "").split())]


def npz(path: Path, samples: np.ndarray[Any, Any], *, rate_hz: float = RATE_HZ) -> Path:
    np.savez(path, acceleration=samples.astype(np.float32), fs=rate_hz, unit="g")
    return path


@cache
def motor(fault: str) -> np.ndarray[Any, Any]:
    return simulator.signal(fault, seconds=3.2, rpm=RPM, rate_hz=RATE_HZ, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def outer(folder: Path) -> Made:
    return Made([str(npz(folder / "outer.npz", motor("outer_race"))), *KNOWN], folder / "outer.html")


@pytest.fixture(scope="module")
def healthy(folder: Path) -> Made:
    return Made([str(PUMP), "--rpm", "1480", "--bearing", "6205"], folder / "healthy.html")


@pytest.fixture(scope="module")
def several(folder: Path) -> Made:
    """In Korean: healthy beside health, a signal that stands, one too short, one that is not there."""
    frozen = npz(folder / "<b>frozen<b> \u202egpj.npz", np.zeros((60_000, 1)))
    short = npz(folder / "short & \"quoted\" 'name'.npz", motor("healthy")[:1200])
    argv = [str(PUMP), str(frozen), str(short), str(folder / "none.npz"), "--healthy", str(PUMP)]
    return Made([*argv, "--rpm", "1480", "--healthy-rpm", "1480", "--language", "ko"], folder / "several.html")


# ---------------------------------------------------------------------------------------------------------- the words


def test_it_says_what_replay_answers(outer: Made, healthy: Made) -> None:
    for made in (outer, healthy):
        (verdict,) = made.verdicts
        for said in (*verdict["text"].values(), verdict["reason_text"], f"{verdict['probability']:.0%}"):
            assert said in made.words
        for note in verdict["notes"]:
            assert note in made.words
        assert f"{verdict['judged']} of {verdict['windows']}" in made.words
    assert outer.verdicts[0]["fault"] == "outer_race"
    assert len(outer.of_class("said fault")) == len(healthy.of_class("said healthy")) == 1


def test_every_figure_has_its_unit_or_its_reason(outer: Made, healthy: Made) -> None:
    evidence = outer.verdicts[0]["evidence"]
    (table,) = outer.of_class("figures")
    cells = {row[0].text: ["".join(cell.itertext()) for cell in row[1:]] for row in table.iter("tr")}
    assert cells["Velocity RMS, 10 to 1000 Hz"][:2] == [f"{evidence['velocity_rms']['value']:.3g}", "mm/s"]
    assert cells["Acceleration RMS"][1] == "g"
    assert cells["Zone of ISO 20816-3"][0] == "null: the machine's ISO group is not given"
    assert cells["Growth of the shaft's orders"][0] == "null: no healthy state is known at this speed"
    assert "null: the unit of the samples is not known" in healthy.words
    assert "the unit of the samples: --unit, or --sensitivity and --full-scale" in healthy.words


def test_files_bundle_and_speed_are_told_so_that_it_can_be_done_again(outer: Made, folder: Path) -> None:
    assert hashlib.sha256((folder / "outer.npz").read_bytes()).hexdigest() in outer.words
    assert identity_of(load_bundle("default").manifest) in outer.words
    assert "BPFO 3.5848, BPFI 5.4152, BSF 2.3567, FTF 0.3983 × shaft speed" in outer.words
    assert "rpm (given)" in outer.words
    assert re.search(r"made \d{4}-\d\d-\d\d \d\d:\d\d", outer.words)


def test_korean_is_complete(several: Made) -> None:
    assert several.page.attrib["lang"] == "ko"
    hashes = re.sub(r"[0-9a-f]{64}", "", several.words)
    names = re.sub(r"<b>.*?npz|short & .*?npz|\S+\.(npz|wav)|No such file or directory", "", hashes)
    latin = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\d?x?~?(BPF[OI]|BSF|FTF)|--[\w-]+", "", names)))
    style = set(re.findall(r"[A-Za-z]{2,}", "".join(self.text or "" for self in several.page.iter("style"))))
    allowed = {"Hz", "dB", "rpm", "mm", "ISO", "RMS", "SHA", "TextVib", "Edge", "default", "Zone", "UTC", "KST"}
    assert latin - style <= allowed | {"commission", "replay", "acceleration"}


def test_several_recordings_have_a_section_each_and_a_table_of_contents(several: Made) -> None:
    ids = [element.attrib["id"] for element in several.page.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    links = [link.attrib["href"] for link in several.page.iter("a")]
    assert links == ["#s1", "#s2", "#s3"]
    assert {link[1:] for link in links} <= set(ids)
    assert len(several.of_class("said not_judged")) == 2
    (contents,) = several.page.iter("nav")
    assert "none.npz" in "".join(contents.itertext())
    assert say("report.not_read", "ko") in "".join(contents.itertext())


def test_one_recording_needs_no_table_of_contents(outer: Made) -> None:
    assert not list(outer.page.iter("nav"))


# -------------------------------------------------------------------------------------------------------- the drawings


def hz_of(x: float, svg: ElementTree.Element) -> float:
    """The frequency at a pixel of a drawing, by its ticks."""
    ticks = [
        (float(text.attrib["x"]), float(text.text or ""))
        for text in svg.iter(f"{SVG}text")
        if text.attrib.get("class") == "tick" and re.fullmatch(r"[\d.]+", text.text or "")
    ]
    (x1, hz1), (x2, hz2) = ticks[0], ticks[-1]
    return hz1 + (x - x1) * (hz2 - hz1) / (x2 - x1)


def test_the_peak_of_an_outer_race_lies_where_its_line_is_drawn(outer: Made) -> None:
    svg = outer.drawing("s1-envelope")
    spans = [
        (float(r.attrib["x"]), float(r.attrib["x"]) + float(r.attrib["width"])) for r in outer.of_class("column", svg)
    ]
    assert hz_of(sum(spans[0]) / 2, svg) == pytest.approx(BPFO_HZ, rel=0.01)
    (curve,) = outer.of_class("curve", svg)
    points = [tuple(map(float, point.split(","))) for point in curve.attrib["points"].split()]
    highest_x, _ = min((point for point in points if hz_of(point[0], svg) > 60), key=lambda point: point[1])
    assert any(left <= highest_x <= right for left, right in spans)
    labels = ["".join(e.itertext()) for e in outer.of_class("mark finding", svg)]
    assert any(label.startswith("BPFO") for label in labels)
    assert len(outer.of_class("peak finding", svg)) >= len(labels) > 0


def test_lines_are_named_beneath_the_spectrum_and_mains_are_told_from_shaft(outer: Made) -> None:
    rows = ["".join(e.itertext()) for e in outer.of_class("tick up", outer.drawing("s1-envelope"))]
    assert rows[-7:] == ["shaft", "BPFO", "BPFI", "BSF", "FTF", "mains 50 Hz", "mains 60 Hz"]
    rows = ["".join(e.itertext()) for e in outer.of_class("tick up", outer.drawing("s1-low"))]
    assert rows[-3:] == ["shaft", "mains 50 Hz", "mains 60 Hz"]


def test_no_finding_is_drawn_of_a_healthy_machine(healthy: Made, several: Made) -> None:
    for made in (healthy, several):
        assert made.verdicts[0]["fault"] == "healthy"
        first = next(e for e in made.page.iter("section") if e.attrib["id"] == "s1")
        for kind in ("peak finding", "mark finding", "column"):
            assert made.of_class(kind, first) == []
    assert healthy.of_class("place bearing")


def test_a_line_that_fits_two_elements_is_told_once(outer: Made) -> None:
    (verdict,) = outer.verdicts
    shared = [line for line in verdict["lines"] if line["also"]]
    table = next(t for t in outer.page.iter("table") if "Seen, Hz" in "".join(t.itertext()))
    names = [row[0].text for row in table.iter("tr")][1:]
    assert len(names) == len(verdict["lines"])
    for line in shared:
        assert " or ".join((line["name"], *line["also"])) in names


def test_the_trend_shows_every_window_and_its_limit(outer: Made, several: Made) -> None:
    svg = outer.drawing("s1-trend")
    assert len(outer.of_class("dot", svg)) == 2 * outer.verdicts[0]["windows"]  # impacts and speed
    assert len(outer.of_class("limit", svg)) == 1
    assert len(several.of_class("limit", several.drawing("s1-trend"))) == 2  # deviation, too


def test_a_signal_that_cannot_be_judged_is_shown_and_has_no_spectrum(several: Made) -> None:
    several.drawing("s2-wave")
    names = {svg.attrib["aria-labelledby"].split()[0] for svg in several.page.iter(f"{SVG}svg")}
    assert names & {"s2-envelope-t", "s2-low-t", "s3-wave-t"} == set()
    assert say("reason.no_window", "ko") in several.words
    second = next(e for e in several.page.iter("section") if e.attrib["id"] == "s2")
    assert "1480.0 rpm" in "".join(second.itertext())  # as it was told, though nothing was measured


def test_drawings_stay_in_their_frame_and_can_be_read_by_ear(outer: Made, several: Made) -> None:
    for made in (outer, several):
        drawings = list(made.page.iter(f"{SVG}svg"))
        assert drawings
        for svg in drawings:
            assert svg.attrib["role"] == "img"
            ids = svg.attrib["aria-labelledby"].split()
            assert [e.attrib["id"] for e in svg if e.tag in (f"{SVG}title", f"{SVG}desc")] == ids
            for line in made.of_class("curve", svg):
                xs = [float(point.split(",")[0]) for point in line.attrib["points"].split()]
                assert min(xs) >= LEFT
                assert max(xs) <= RIGHT


# ------------------------------------------------------------------------------------------------ nothing beside it


class Tags(HTMLParser):
    """Every tag and attribute as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_loads_nothing_and_runs_nothing(outer: Made, several: Made) -> None:
    for made in (outer, several):
        tags = Tags(made.html)
        assert tags.open == []
        assert not {tag for tag, _ in tags.found} & {"script", "img", "link", "iframe", "object", "use", "image"}
        for _, attributes in tags.found:
            assert not any(name.startswith("on") or name in ("src", "style", "xlink:href") for name in attributes)
            assert (attributes.get("href") or "#").startswith("#")
        assert set(re.findall(r"https?://[^\"'\s]+", made.html)) == {"http://www.w3.org/2000/svg"}
        assert "url(" not in made.html
        assert "@import" not in made.html


def test_its_policy_allows_its_own_style_alone(outer: Made) -> None:
    policy = next(m.attrib["content"] for m in outer.page.iter("meta") if "content" in m.attrib)
    style = re.search("<style>(.*?)</style>", outer.html, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "@media print" in style[1]
    assert "size: A4" in style[1]


def test_names_from_elsewhere_are_text(several: Made) -> None:
    assert "<b>frozen" not in several.html
    headings = ["".join(e.itertext()) for e in several.page.iter("h2")]
    assert headings[1] == "<b>frozen<b> \ufffdgpj.npz"
    assert headings[2] == "short & \"quoted\" 'name'.npz"


def test_a_section_stays_small(outer: Made, several: Made) -> None:
    assert len(outer.html.encode()) < 400_000
    assert len(several.html.encode()) < 4 * 400_000
