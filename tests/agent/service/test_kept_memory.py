"""The agent's rule of memory: windows in turn fault nothing in, and what is free, or read at the start, is let go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from requirements import ROOT

from agent.service.process import RETURN_EVERY_S, Holes, unwritten_mappings

PROGRAM = """
import resource
import numpy as np
from agent.service.process import give_memory_back, memory_mb

give_memory_back()

def window():
    return [np.ones(750_000, np.uint8) for _ in range(8)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

window()
before = faults()
for _ in range(10):
    window()
print(faults() - before)
small = memory_mb()
burst = [np.ones(200_000, np.uint8) for _ in range(200)]
large = memory_mb()
del burst
give_memory_back()
print(large - small, memory_mb() - small)
"""


def test_what_windows_take_in_turn_is_kept_and_a_burst_can_be_given_back() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    faults, burst = ran.stdout.splitlines()
    grown_mb, left_mb = map(float, burst.split())
    assert int(faults) < 100
    assert grown_mb > 25
    assert left_mb < 5


LET_GO = """
import ctypes, mmap, sys
import numpy as np
from agent.service.process import let_go_of_start, memory_mb, unwritten_mappings

path = sys.argv[1]
file = open(path, "r+b")
pages = [mmap.mmap(file.fileno(), mmap.PAGESIZE, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
         for _ in range(2)]
at = [ctypes.addressof(ctypes.c_char.from_buffer(page)) for page in pages]
pages[0][:7] = b"written"  # in memory alone, as relocations are
before = float(np.abs(np.fft.rfft(np.arange(64.0))).sum())
for place in at:
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(place), mmap.PAGESIZE, mmap.PROT_READ) == 0
spans = unwritten_mappings("self")
print(*[any(first <= place < last for first, last in spans) for place in at])
large = memory_mb()
let_go_of_start()
print(large - memory_mb())
print(pages[0][:7].decode(), pages[1][:4].decode(), float(np.abs(np.fft.rfft(np.arange(64.0))).sum()) == before)
"""


def test_what_was_read_at_the_start_is_let_go_and_nothing_that_was_written(tmp_path: Path) -> None:
    mapped = tmp_path / "library"
    mapped.write_bytes(b"file" * 4096)
    command = [sys.executable, "-c", LET_GO, str(mapped)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    are_told, let_go_mb, stands = ran.stdout.splitlines()
    assert are_told == "False True"
    assert float(let_go_mb) > 3
    assert stands == "written file True"
    assert unwritten_mappings("no-such-process") == []


HOLES = """
import numpy as np
from agent.service.process import give_memory_back, memory_mb, return_holes

give_memory_back()
blocks = [np.ones(100_000, np.uint8) for _ in range(400)]
large = memory_mb()
between = blocks[::20]  # what lies among them, to the last, is still there
del blocks
kept = memory_mb()
return_holes()
print(large - kept, large - memory_mb(), all(one.all() for one in between))
"""


def test_holes_between_what_is_used_are_returned() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", HOLES], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    by_itself_mb, returned_mb, stands = ran.stdout.split()
    assert float(by_itself_mb) < 10
    assert float(returned_mb) > 30
    assert stands == "True"


def test_holes_are_returned_now_and_then() -> None:
    now_s, returned = [0.0], []
    holes = Holes(clock=lambda: now_s[0], returned=lambda: returned.append(now_s[0]))
    for now_s[0] in np.arange(0.0, 3.5 * RETURN_EVERY_S, 0.25):
        holes.look()
    assert returned == [RETURN_EVERY_S, 2 * RETURN_EVERY_S, 3 * RETURN_EVERY_S]
