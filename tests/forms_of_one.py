"""One recording in the forms in which people hand it over, written by `../shared/cases/forms.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

import simulator

RATE_HZ = 12_000


def write_forms(cases: Path, folder: Path, *, samples: int) -> None:
    """`samples` samples in every form, `expected.csv` beside them; all libraries that write one must be there.

    What the forms have in them at fixed places wants 51,200: one lacks samples 40,000 to 41,000, one sample 50,000.
    """
    signal = simulator.signal("outer_race", seconds=samples / RATE_HZ, rate_hz=RATE_HZ, rpm=1797, seed=1)[:, 0]
    assert len(signal) == samples
    source = folder.with_suffix(".npy")
    np.save(source, signal)
    command = [sys.executable, cases / "forms.py", folder, source, str(RATE_HZ)]
    written = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "left out for want of nothing" in written
