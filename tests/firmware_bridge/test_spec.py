"""SPEC.md against the vectors and the code: examples, offsets, constants and names."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

import firmware_bridge
from firmware_bridge import layout
from firmware_bridge.frames import FAULT_KINDS, Format, Hello, ResetCause, Status, StreamDescription, descriptor_crc
from firmware_bridge.vectors import WIDE

FOLDER = Path(firmware_bridge.__file__).parent
SPEC = (FOLDER / "SPEC.md").read_text()
VECTORS = {vector["name"]: vector for vector in json.loads((FOLDER / "vectors.json").read_text())["valid"]}
EXAMPLES = dict(re.findall(r"^`(\w+)`, body:\n\n```\n(.*?)```", SPEC, re.S | re.M))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_the_vectors(name: str) -> None:
    place = 0
    for line in EXAMPLES[name].splitlines():
        match = re.fullmatch(r" *(\d+)  ((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:   .*)?", line)
        assert match is not None, line
        raw = bytes.fromhex(match[2])
        assert int(match[1]) == place, line
        assert bytes.fromhex(VECTORS[name]["body"])[place : place + len(raw)] == raw, line
        place += len(raw)
    assert place == len(VECTORS[name]["body"]) // 2


def test_there_is_an_example_of_every_type() -> None:
    assert {VECTORS[name]["type"] for name in EXAMPLES} == {"Hello", "Data", "Status", "Log"}


def test_the_wire_example_is_the_vector() -> None:
    (wire,) = re.findall(r"serial line:\n\n```\n(.*?)```", SPEC, re.S)
    assert wire.split() == bytes.fromhex(VECTORS["data_first_block"]["wire"]).hex(" ").split()
    assert f"0x{descriptor_crc(WIDE):04x}" in SPEC


SIZES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i16": 2}


def rows_of(section: str) -> list[tuple[int, int, str]]:
    """(offset, size, field) of each row of the tables under a heading that have a size."""
    (text,) = re.findall(rf"^## \d+\. {section}.*?(?=^## |\Z)", SPEC, re.S | re.M)
    rows = re.findall(r"^\| (\d+) \| (u8|u16|u32|u64|i16|\d+) \| (\w*) \|", text, re.M)
    return [(int(offset), SIZES.get(size) or int(size), name) for offset, size, name in rows]


@pytest.mark.parametrize(
    ("section", "start", "end"),
    [("Header", 0, 8), ("DATA", 8, layout.DATA.size), ("STATUS", 8, layout.STATUS_END)],
)
def test_offsets_follow_from_sizes(section: str, start: int, end: int) -> None:
    place = start
    for offset, size, name in rows_of(section):
        assert offset == place, name
        place += size
    assert place == end


def test_offsets_of_hello_and_its_descriptions_follow_from_sizes() -> None:
    rows = rows_of("HELLO")
    split = next(number for number, row in enumerate(rows) if row[0] == 0)
    for part, start, end in ((rows[:split], 8, layout.HELLO_END), (rows[split:], 0, layout.DESCRIPTION.size)):
        place = start
        for offset, size, name in part:
            assert offset == place, name
            place += size
        assert place == end


def test_fields_have_the_names_of_the_specification() -> None:
    hello = {name for _, _, name in rows_of("HELLO")}
    status = {name for _, _, name in rows_of("STATUS")} - {"reserved"}
    described = {field.name for kind in (Hello, StreamDescription) for field in fields(kind)}
    assert hello - described == {"n_streams", "desc_size", "n_axes"}  # they follow from the rest
    assert status <= {field.name for field in fields(Status)}


def test_every_code_and_fault_is_in_the_specification() -> None:
    causes = [cause.name.lower().replace("_", " ").replace("brown out", "brown-out") for cause in ResetCause]
    assert ", ".join(f"{number} {cause}" for number, cause in enumerate(causes)) in SPEC
    assert all(f"{format_.value}: {format_.name.lower()}" in SPEC for format_ in Format)
    told_by_the_decoder = {"text", "cobs", "truncated"}
    assert all(f"`{kind}`" in SPEC for kind in set(FAULT_KINDS) - told_by_the_decoder)
