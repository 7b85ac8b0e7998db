"""Recording sets: every mistake of a table is named by file, line and column, and layouts guess nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.bearings.given import inside_of
from agent.machine import DEFAULT_TOLERANCE, Geometry
from export.cli import main
from export.data.layouts import LAYOUTS, rows_below
from export.data.manifest import COLUMNS, ManifestError, ManifestRow, read_manifest, read_row, write_manifest

HEADER = ",".join(COLUMNS)


def written(folder: Path, *lines: str, header: str = HEADER) -> Path:
    (folder / "a.npy").touch()
    path = folder / "set.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


def test_a_row_is_read_as_it_stands(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.npy,*_DE_time,12000,1797.5,9/7.94/39.04/0,rig,b1,ball,", "a.npy,,,,,rig,b2,healthy,baseline"
    )
    first, second = read_manifest(path)
    assert first == ManifestRow(tmp_path / "a.npy", "*_DE_time", 12000, 1797.5, "9/7.94/39.04/0", "rig", "b1", "ball")
    assert first.geometry == Geometry(9, 7.94, 39.04, 0)
    assert (second.rate_hz, second.rpm, second.geometry, second.role) == (None, None, None, "baseline")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "b, c.npy").touch()
    rows = (
        ManifestRow(tmp_path / "b, c.npy", "x+y", 25600.5, None, "6205", "m", "g", "cage"),
        ManifestRow(tmp_path / "b, c.npy", "", None, 1234567.125, "", "m", "g", "healthy", "baseline"),
    )
    path = tmp_path / "set.csv"
    path.write_text(write_manifest(rows), encoding="utf-8")
    assert read_manifest(path) == rows


def test_a_column_that_may_be_left_out_is_read_and_written_where_a_row_needs_it(tmp_path: Path) -> None:
    (tmp_path / "a.npy").touch()
    rows = (
        ManifestRow(tmp_path / "a.npy", "", None, 1400.0, "6205", "m", "g", "ball", rpm_tolerance=0.1),
        ManifestRow(tmp_path / "a.npy", "", None, 1400.0, "6205", "m", "h", "ball"),
    )
    path = tmp_path / "set.csv"
    path.write_text(write_manifest(rows), encoding="utf-8")
    assert path.read_text().splitlines()[0] == f"{','.join(COLUMNS)},rpm_tolerance"
    assert read_manifest(path) == rows
    assert [row.tolerance for row in rows] == [0.1, DEFAULT_TOLERANCE]
    path.write_text(path.read_text().replace(",.1", ",10").replace("0.1", "10"), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"set\.csv:2: column rpm_tolerance: 10 is over 0\.2; \.05 is 5 %"):
        read_manifest(path)


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_columns_that_no_comma_separates_are_told(tmp_path: Path, mark: str, name: str) -> None:
    with pytest.raises(ManifestError, match=f"set.csv:1: {name} separate the columns where commas must; save"):
        read_manifest(written(tmp_path, "a.npy", header=HEADER.replace(",", mark)))


@pytest.mark.parametrize("more", ["colour", "rpm_tolerance,rpm_tolerance"])
def test_a_header_with_other_columns_says_which_may_stand(tmp_path: Path, more: str) -> None:
    path = tmp_path / "set.csv"
    path.write_text(f"{','.join(COLUMNS)},{more}\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="after these may stand: rpm_tolerance, unit"):
        read_manifest(path)


def test_a_unit_may_stand_behind_and_is_that_of_files_without_one(tmp_path: Path) -> None:
    path = written(tmp_path, "a.npy,,5120,,,m,g,healthy,,m/s2", "a.npy,,5120,,,m,g,ball,,", header=f"{HEADER},unit")
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(0, 9.80665, 6000))
    rows = read_manifest(path)
    assert [row.unit for row in rows] == ["m/s2", None]
    assert [read_row(row).unit for row in rows] == ["g", "raw"]
    assert read_row(rows[0]).samples.std() == pytest.approx(1, abs=0.05)
    (tmp_path / "again.csv").write_text(write_manifest(rows), encoding="utf-8")
    assert read_manifest(tmp_path / "again.csv") == rows
    with pytest.raises(ManifestError, match="column unit: 'mm/s' is none of g, m/s2, raw"):
        read_manifest(written(tmp_path, "a.npy,,,,,m,g,ball,,mm/s", header=f"{HEADER},unit"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("b.npy,,,,,m,g,ball,", "column path"),
        ("a.npy,,fast,,,m,g,ball,", "column rate_hz: 'fast'"),
        ("a.npy,,-1,,,m,g,ball,", "column rate_hz"),
        ("a.npy,,,nan,,m,g,ball,", "column rpm"),
        ("a.npy,,,,6999x,m,g,ball,", "column bearing"),
        ("a.npy,,,,9/40/39,m,g,ball,", "column bearing"),
        ("a.npy,,,,9/x/39,m,g,ball,", "column bearing"),
        ("a.npy,,,,,,g,ball,", "column machine"),
        ("a.npy,,,,,m,,ball,", "column group"),
        ("a.npy,,,,,m,g,rust,", "column label: 'rust'"),
        ("a.npy,,,,,m,g,ball,test", "column role"),
        ("a.npy,,,,,m,g", "7 columns"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = written(tmp_path, "a.npy,,,,,m,g,ball,", line)
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert f"{path}:3: {says}" in str(caught.value)


def test_every_problem_is_listed_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a.npy,,x,y,,,g,rust,", "b.npy,,,,,m,g,ball,")
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    lines = str(caught.value).splitlines()
    assert [line.rsplit(":", 2)[0][-1] for line in lines if ":2:" in line] != []
    assert len(lines) == 5


@pytest.mark.parametrize("content", ["", "path,label\n", HEADER + "\n", HEADER + '\n"a.npy,,,\n'])
def test_a_file_that_is_no_table(tmp_path: Path, content: str) -> None:
    path = tmp_path / "set.csv"
    path.write_text(content)
    with pytest.raises(ManifestError, match=r"set\.csv"):
        read_manifest(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="UTF-8"):
        read_manifest(path)


@pytest.mark.parametrize("bearing", ["1/7/39", "9/7", "9/7/39/95", "9/0/39", "unheard-of"])
def test_bearings_that_cannot_be(bearing: str) -> None:
    with pytest.raises(ValueError, match=r"bearing|invalid"):
        inside_of(bearing)


def test_uos_names_are_read_and_others_reported(tmp_path: Path) -> None:
    names = ["H_B_16_6204_800.mat", "U2_H_16_30204_600.mat", "L_IR_16_6204_800.mat", "X_H_16_6204_800.mat", "notes.mat"]
    for name in names:
        (tmp_path / name).touch()
    found = LAYOUTS["uos"](tmp_path)
    assert {(row.path.name, row.label, row.rate_hz, row.rpm, row.bearing) for row in found.rows} == {
        ("H_B_16_6204_800.mat", "ball", 16000, 800, "6204"),
        ("U2_H_16_30204_600.mat", "imbalance", 16000, 600, ""),
    }
    assert len(found.skipped) == 3


@pytest.mark.data
def test_the_published_sets_are_read_whole(shared_data: Path) -> None:
    found = rows_below(shared_data)
    by_machine: dict[str, set[str]] = {}
    for row in found.rows:
        by_machine.setdefault(row.machine, set()).add(row.label)
    assert by_machine["hit"] == {"healthy", "inner_race", "outer_race"}
    assert by_machine["uestc"] == by_machine["cwru-de"] == {"healthy", "inner_race", "outer_race", "ball"}
    assert len([row for row in found.rows if row.machine == "cwru-de"]) == 37
    normal = [row for row in found.rows if row.path.name == "97_Normal_0.mat"]
    assert {row.rate_hz for row in normal} == {48_000}  # its neighbours are 12 kHz


@pytest.mark.data
@pytest.mark.parametrize(("layout", "folder"), [("cwru", "cwru"), ("hit", "hit_selfbuilt"), ("uestc", "uestc")])
def test_the_command_writes_what_it_can_read(shared_data: Path, tmp_path: Path, layout: str, folder: str) -> None:
    out = tmp_path / "set.csv"
    assert main(["manifest", layout, str(shared_data / folder), "--out", str(out)]) == 0
    rows = read_manifest(out)
    assert [row.label for row in rows] == [row.label for row in LAYOUTS[layout](shared_data / folder).rows]
    assert not Path(out.read_text().splitlines()[1].split(",")[0]).is_absolute()


def test_a_folder_without_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manifest", "hit", str(tmp_path)]) == 65
    assert main(["manifest", "hit", str(tmp_path / "nowhere")]) == 65
    assert "not a folder" in capsys.readouterr().err


def test_recordings_of_another_layout_are_told_of_which_and_never_given_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`IR007_1.mat` of CWRU has a load behind its name where HIT has a speed."""
    for name in ("97_Normal_0.mat", "IR007_1.mat", "OR007@6_0.mat"):
        (tmp_path / name).touch()
    assert main(["manifest", "hit", str(tmp_path)]) == 65
    told = capsys.readouterr()
    assert told.out == ""
    assert "no recording of the layout hit; as cwru it has 1: python -m export manifest cwru " in told.err
    (tmp_path / "97_Normal_0.mat").unlink()
    assert main(["manifest", "hit", str(tmp_path)]) == 65
    assert "of none of cwru, uestc, hit, uos: write the manifest yourself" in capsys.readouterr().err


def test_a_manifest_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(
        ManifestError, match=r"none\.csv: cannot be read \(No such file or directory\); name an existing"
    ):
        read_manifest(tmp_path / "none.csv")
