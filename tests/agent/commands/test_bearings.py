"""`textvib-agent bearings` lists and finds bearings with who says so, in a table that fits a terminal."""

from __future__ import annotations

import json

import pytest

from agent.bearings.catalogue import catalogue
from agent.cli import main


def test_the_table_fits_and_names_every_bearing_with_its_sources(capsys):
    assert main(["bearings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert {line.split()[0] for line in lines[1 : len(catalogue()) + 1]} == {*catalogue()}
    assert any(line.startswith("[1] Timken") for line in lines)


def test_json_holds_every_source(capsys):
    assert main(["bearings", "SKF 6205-2RS/C3", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["balls"], found["orders"]["bpfo"]) == ("6205", 9, 3.5848)
    assert len(found["sources"]) == len(catalogue()["6205"].records)
    assert found["sources"][0]["measures"] == {"balls": 9, "ball_mm": 7.94, "pitch_mm": 39.04, "angle_deg": 0.0}


def test_a_table_of_ones_own_is_checked_and_listed(capsys, tmp_path):
    table = tmp_path / "plant.csv"
    table.write_text("Bearing Number,BPFO,BPFI\nFan 3,4.1,5.9\n")
    assert main(["bearings", "fan", "--import", str(table)]) == 0
    assert "plant.csv, line 2" in capsys.readouterr().out
    table.write_text("Bearing Number,BPFO,BPFI\nFan 3,4.1,6.3\n")
    assert main(["bearings", "--import", str(table)]) == 78
    assert f"{table}:2: BPFO" in capsys.readouterr().err


@pytest.mark.parametrize("query", ["6225", "bananas", "bpfo=x", "99balls"])
def test_what_is_not_found_is_one_line(query, capsys):
    assert main(["bearings", query]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert query.split("=")[0] in line
