"""A part number is read by its grammar: whatever makers hang onto a designation, it stays that; two are never one."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bearings.catalogue import catalogue
from agent.bearings.part_numbers import SeveralBearingsError, designation
from agent.bearings.suffixes import is_suffix

CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "bearing-names" / "names.txt"
OTHERS = ("6305", "NU2305", "22220", "30308", "7310B", "UC205", "608", "51105", "16008", "R8", "MR105", "2310", "NJ313")
NAMES = (*catalogue(), *OTHERS)

AS_WRITTEN = {
    "6205": "6205-2RSH/C3|6205.2RSR.C3|SKF 6205-2RS1|6205 ZZC3|6205DDU|6205LLU|6205/C3|62052RS|62052RSC3|62052Z"
    "|6205\N{NON-BREAKING HYPHEN}2RS|skf explorer 6205-2rsh/c3gjn|NSK6205DDU|6205VVC3E|6205LLBC3/5K|6205-2RSR-C3-L038"
    "|BB1-0735 6205|6205DDU7C3E AV2S|6205CG15|205PP|205KRR|6205ZZ1MC3|6205 x 2"
    "|6205T1XLLUC3|6205-2RS1/C3HT51|SS6205-2RS|E2.6205-2Z|W 6205-2RS1|6205ZZ/C3/5K|6205-2RS JEM|6205-2RSJEM|6205NR"
    "|6205/C3VL0241|6205 25x52x15 mm|2x 6205-2RS|Ball bearing 6205 (DE)|6205DDUCMNS7S|205KDD|6205_2RS|6205-2RSLTN9"
    "|подшипник 6205-2RS|6205-2RS С3|베어링 6205ZZ|6205베어링|６２０５ＺＺ|N° 6205 2RS|6205-2Z/VA208|FAG 6205.2ZR.C3",
    "NU2205": "NU 2205 ECP|NU2205-E-XL-TVP2|nu-2205",
    "NU205": "NU205-E-TVP2-C3|NU 205 ECP|NU205EW",
    "22205": "22205 EK|22205-E1-K-C3|FAG 22205E1KC3|22205/20E|22205 CCK/W33",
    "7205B": "7205 BEP|7205BEP|7205-B-XL-TVP|7205B",
    "7205C": "7205 C|7205CTYNDBLP4",
    "7205AC": "7205 ACD/P4A|7205A5TRSULP4",
    "71916": "HCB71916",
    "30205": "30205|30205 J2/Q",
    "UC205": "UC205|UCP205|UC 205-16",
    "R8": "R8|R8ZZ|R8-2RS",
    "1205": "1205 ETN9|1205K",
    "61806": "61806-2RS1",
    "ER16K": "ER-16K|MB ER-16K|ER-16KCL",
    "ZA2115": "Rexnord ZA-2115",
    "QJ212": "FAG QJ212TVP|QJ 212",
    "608": "608ZZ|608-2RS|6082RS|608DDMC3",
    "618/8": "618/8",
}


@pytest.mark.parametrize(("name", "text"), [(name, t) for name, many in AS_WRITTEN.items() for t in many.split("|")])
def test_a_part_number_as_people_write_it(name, text):
    assert designation(text) == name


@pytest.mark.skipif(not CASES.exists(), reason="shared cases are not here")
def test_the_part_numbers_that_were_misread():
    for line in CASES.read_text(encoding="utf-8").split("\n"):
        assert not line.strip() or designation(line) == "6205", line


SUFFIXES = (
    "2RS",
    "2RS1",
    "2RSH",
    "2RSR",
    "ZZ",
    "2Z",
    "DDU",
    "LLU",
    "C3",
    "C4",
    "P6",
    "TVP2",
    "VL0241",
    "NR",
    "W33",
    "HT",
)
DASHES = ("-", " ", "/", ".", "_", " - ", "\N{EN DASH}", "\N{MINUS SIGN}", ", ")
MAKERS = ("", "SKF ", "FAG", "NSK ", "ntn-", "Koyo ", "Timken/", "베어링 ", "подшипник ", "bearing: ", "(")
AROUND = st.tuples(
    st.sampled_from(MAKERS), st.lists(st.tuples(st.sampled_from(DASHES), st.sampled_from(SUFFIXES)), max_size=3)
)


@given(st.sampled_from(NAMES), AROUND, st.booleans())
def test_what_is_hung_onto_a_designation_changes_nothing(name, around, lower):
    maker, suffixes = around
    text = maker + name + "".join(dash + suffix for dash, suffix in suffixes)
    assert designation(text.lower() if lower else text) == name


@given(
    st.sampled_from(NAMES),
    st.sampled_from(NAMES),
    AROUND,
    st.sampled_from(("/", " / ", ", ", " and ", "+", " ", ";", "-")),
)
def test_two_bearings_in_one_string_are_refused(one, other, around, between):
    if one == other:
        return
    maker, suffixes = around
    text = maker + one + "".join(dash + suffix for dash, suffix in suffixes) + between + other
    with pytest.raises(SeveralBearingsError):
        designation(text)


@pytest.mark.parametrize("text", ["6205/06", "6205-2RS LM11949", "6205,06", "DE 6205 NDE 6203", "6205+180205"])
def test_what_may_be_a_second_bearing_is_refused(text):
    with pytest.raises(SeveralBearingsError):
        designation(text)


@pytest.mark.parametrize(
    "text", ["", "12", "99", "apple", "62055", "6205O", "ABC123", "62056206", "9/7.94", "6205Щ999"]
)
def test_what_is_no_part_number_is_refused(text):
    with pytest.raises(ValueError, match=r"bearing|may be"):
        designation(text)


def test_what_can_be_read_in_two_ways_is_asked_about():
    with pytest.raises(ValueError, match="6301 or 63012; write a dash"):
        designation("63012Z")
    assert designation("6301-2Z") == "6301"


@pytest.mark.parametrize("name", NAMES)
def test_no_suffix_is_a_designation(name):
    assert not is_suffix(name)


@given(st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text):
    with contextlib.suppress(ValueError):
        designation(text)
