"""The agent's rule of memory: windows in turn fault nothing in, and what is free is given back on demand."""

from __future__ import annotations

import subprocess
import sys

from requirements import ROOT

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
