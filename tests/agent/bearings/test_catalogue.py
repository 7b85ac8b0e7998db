"""Every figure of the catalogue has its source, is one that a bearing can have, and is the one that was printed."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from agent.bearings.catalogue import Entry, Record, catalogue, find, near
from agent.bearings.orders import checked_orders, geometry_from
from agent.bearings.part_numbers import designation
from agent.machine import CAGE_ORDERS, BallCount, Geometry

TIMKEN_TABLE_A9 = {  # (FTF, BSF, BPFO, BPFI) as printed, three decimals
    "6004": (0.398, 2.339, 3.578, 5.422),
    "6203": (0.382, 1.994, 3.053, 4.947),
    "6204": (0.382, 1.992, 3.052, 4.948),
    "6206": (0.396, 2.311, 3.568, 5.432),
    "6207": (0.396, 2.303, 3.565, 5.435),
    "6208": (0.394, 2.256, 3.547, 5.453),
    "6209": (0.402, 2.461, 3.621, 5.379),
    "6210": (0.409, 2.665, 4.093, 5.907),
    "6211": (0.408, 2.620, 4.078, 5.922),
    "6212": (0.407, 2.584, 4.066, 5.934),
    "6213": (0.410, 2.685, 4.099, 5.901),
    "6214": (0.410, 2.702, 4.104, 5.896),
    "6303": (0.364, 1.696, 2.545, 4.455),
    "6304": (0.368, 1.757, 2.574, 4.426),
    "6307": (0.376, 1.888, 3.006, 4.994),
    "6308": (0.378, 1.925, 3.023, 4.977),
    "6309": (0.380, 1.955, 3.037, 4.963),
    "6310": (0.381, 1.981, 3.047, 4.953),
    "6311": (0.382, 2.002, 3.057, 4.943),
    "6312": (0.383, 2.020, 3.064, 4.936),
    "6314": (0.385, 2.050, 3.076, 4.924),
    "6315": (0.385, 2.062, 3.081, 4.919),
    "6316": (0.386, 2.073, 3.086, 4.914),
    "6318": (0.387, 2.091, 3.093, 4.907),
}


@pytest.mark.parametrize("name", TIMKEN_TABLE_A9)
def test_the_catalogue_gives_the_published_fault_orders(name):
    o = catalogue()[name].orders
    assert (o.ftf, o.bsf, o.bpfo, o.bpfi) == pytest.approx(TIMKEN_TABLE_A9[name], abs=0.0012)


def test_the_6205_is_the_one_of_the_public_recordings():
    assert catalogue()["6205"].inside == Geometry(9, 7.94, 39.04)
    o = catalogue()["6205"].orders
    assert (o.bpfo, o.bpfi, o.bsf, o.ftf) == pytest.approx((3.585, 5.415, 2.357, 0.398), abs=6e-4)


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.name)
def test_an_entry_can_be_and_is_found_by_its_name(entry):
    assert designation(entry.name) == entry.name
    assert find(entry.name) is entry
    for record in entry.records:
        o = record.orders
        checked_orders(bpfo=o.bpfo, bpfi=o.bpfi, bsf=o.bsf, ftf=o.ftf)
        if isinstance(record.inside, Geometry):
            g = record.inside
            assert geometry_from(g.balls, g.ball_mm, g.pitch_mm, g.angle_deg) == g


def test_every_source_is_cited_and_used():
    told = tomllib.loads(files("agent.bearings").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    assert {line["by"] for line in told["bearings"]["lines"]} == {*told["sources"]}


def test_the_ranges_of_a_count_of_balls_hold_every_bearing_of_the_catalogue():
    low, high = CAGE_ORDERS
    for entry in catalogue().values():
        ranges = {name: (least, most) for name, least, most in BallCount(entry.balls).ranges}
        for record in entry.records:
            for name, order in (("BPFO", record.orders.bpfo), ("BPFI", record.orders.bpfi), ("FTF", record.orders.ftf)):
                assert ranges[name][0] <= order <= ranges[name][1], (entry.name, name)
    cages = [entry.orders.ftf for entry in catalogue().values()]
    assert low + 0.01 > min(cages)  # and are no wider than they deserve
    assert high - 0.01 < max(cages)


def test_sources_that_differ_are_told_apart_from_those_that_agree():
    assert catalogue()["ER16K"].spread < 0.001
    assert catalogue()["6204"].spread == pytest.approx(0.0354, abs=1e-3)
    assert not catalogue()["6204"].exact
    assert catalogue()["6205"].exact


def test_a_name_of_the_plant_comes_before_the_catalogue():
    mine = Entry("6205 special", (Record(Geometry(8, 8.0, 40.0), "plant.csv, line 2"),))
    assert find("6205SPECIAL", {mine.name: mine}) is mine
    other = Entry("SKF 6205-2RS", (Record(Geometry(8, 8.0, 40.0), "plant.csv, line 2"),))
    assert find("6205 ZZ", {other.name: other}) is other
    assert find("6206", {other.name: other}) is catalogue()["6206"]


def test_what_is_not_in_the_catalogue_is_not_guessed():
    assert "6205" in near("6225")
    with pytest.raises(ValueError, match=r"\(7205B\) is not in the catalogue; near: "):
        find("SKF 7205 BEP")
    with pytest.raises(ValueError, match="no part number of a rolling bearing"):
        find("")
