"""Files of every format, cut at every tenth and with wrong bytes: samples or one line, and never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from one_signal import WRITERS, matlab_73, uff
from read_or_refused import read_or_refuse

CUTS, SPOILT = 20, 60
KINDS = {suffix: write for suffix, write in WRITERS.items() if suffix not in (".txt", ".tsv", ".hdf5", ".unv")}
KINDS |= {"73.mat": matlab_73, "binary.unv": lambda path: uff(path, binary=1)}


def damaged(content: bytes, seed: int) -> bytes:
    """A few wrong bytes, more of them where a file says what it holds."""
    chance, spoilt = random.Random(seed), bytearray(content)
    for _ in range(chance.choice((1, 1, 3, 20))):
        spoilt[chance.randrange(min(len(spoilt), chance.choice((200, 1000, len(spoilt)))))] = chance.randrange(256)
    return bytes(spoilt)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path: Path, kind: str, capfd) -> None:
    path = tmp_path / f"a{kind}"
    KINDS[kind](path)
    whole = path.read_bytes()
    pieces = [whole[: len(whole) * k // CUTS] for k in range(CUTS)]
    for content in [*pieces, *(damaged(whole, seed) for seed in range(SPOILT))]:
        path.write_bytes(content)
        read_or_refuse(path)
    assert capfd.readouterr().err == ""
