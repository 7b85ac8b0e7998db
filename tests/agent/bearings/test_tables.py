"""A plant's own table says what it says: measures decide how its orders are meant, and every fault has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.bearings.tables import HEADER, read_table, read_tables
from agent.errors import ConfigError
from agent.machine import FaultOrders, Geometry


@pytest.fixture
def table(tmp_path: Path):
    def written(*rows: str, header: str = HEADER) -> Path:
        path = tmp_path / "plant.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return written


def problems_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        read_table(path)
    return raised.value.problems


def test_rows_with_measures_with_orders_and_with_both(table):
    found = read_table(
        table(
            "A,9,7.94,39.04,0,3.585,5.415,2.357,0.398",
            "B,12,7.14,38.5,40,,,,",
            "C,,,,,3.585,5.415,2.357,0.398",
            ",,,,,,,,",
        )
    )
    assert found["A"].inside == Geometry(9, 7.94, 39.04)
    assert found["B"].inside == Geometry(12, 7.14, 38.5, 40)
    assert found["C"].inside == FaultOrders(3.585, 5.415, 2.357, 0.398)
    assert found["B"].source == "plant.csv, line 3"


def test_header_and_dialect_as_spreadsheets_leave_them(table):
    path = table("7,94;A;39,04;9", header="\ufeffBD (mm);bearing number;PITCH mm;Number-of-balls")
    assert read_table(path)["A"].inside == Geometry(9, 7.94, 39.04)


def test_a_bsf_of_two_contacts_a_turn_is_known_by_the_measures_or_the_other_orders(table):
    found = read_table(table("A,9,7.94,39.04,0,3.585,5.415,4.714,0.398", "B,,,,,3.585,5.415,4.714,0.398"))
    assert found["A"].orders.bsf == pytest.approx(2.357, abs=1e-3)
    assert "both contacts" in found["A"].records[0].note
    assert found["B"].orders.bsf == pytest.approx(2.357)


def test_orders_per_rpm_are_known_by_the_measures(table):
    (entry,) = read_table(table("A,9,7.94,39.04,0,0.05975,0.09025,0.03928,0.00663")).values()
    assert entry.inside == Geometry(9, 7.94, 39.04)
    assert entry.records[0].note == "its orders are per rpm"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("A,9,7.94,39.04,0,3.9,5.415,2.357,0.398", "BPFO: 3.9, but the row's measures give 3.585"),
        ("A,9,7.94,39.04,0,107.5,162.5,70.7,11.95", "as if in Hz"),
        ("A,9,7.94,39.04,0,3.585,5.415,1.5,0.398", "BSF: 1.5"),
        ("A,nine,7.94,39.04,0,,,,", "Number of Balls: 'nine' is no whole number"),
        ("A,9,,39.04,0,,,,", "BD mm: empty"),
        ("A,9,40,39.04,0,,,,", "Number of Balls, BD mm, Pitch mm: needs"),
        ("A,9,12,30,0,,,,", "do not fit"),
        ("A,8,,,,3.585,5.415,2.357,0.398", "Number of Balls: 8, but BPFO \\+ BPFI is 9"),
        ("A,,,,,3.585,5.6,,", "BPFO, BPFI, BSF, FTF: bpfo and bpfi contradict"),
        ("A,9,,,,,,,", "neither measures nor fault orders"),
        (",9,7.94,39.04,0,,,,", "Bearing Number: empty"),
    ],
)
def test_a_fault_is_told_by_file_line_and_column(table, row, said):
    path = table("ok,9,7.94,39.04,0,,,,", row, "ok,9,7.94,39.04,0,,,,")
    first, second = problems_of(path)
    assert first.startswith(f"{path}:3: ")
    with pytest.raises(ConfigError, match=said):
        read_table(path)
    assert second == f"{path}:4: Bearing Number: 'ok' stands here twice; keep one"


def test_files_that_are_no_tables(table, tmp_path):
    assert "the header must be" in problems_of(table("1,2", header="a,b"))[0]
    assert "stands twice" in problems_of(table("1,2", header="name,name,bpfo,bpfi"))[0]
    assert "cannot be read" in problems_of(tmp_path / "none.csv")[0]
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00")
    assert "not UTF-8" in problems_of(tmp_path / "bad.csv")[0]
    (tmp_path / "empty.csv").write_text("")
    assert "empty" in problems_of(tmp_path / "empty.csv")[0]


def test_problems_of_all_files_come_at_once(tmp_path):
    with pytest.raises(ConfigError) as raised:
        read_tables([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert len(raised.value.problems) == 2
