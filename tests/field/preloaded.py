"""Libraries that are preloaded into the agent to stand between it and the system."""

from __future__ import annotations

import subprocess
from pathlib import Path

from requirements import ROOT, skip_unless_required


def build(name: str, folder: Path) -> Path:
    """The library of `tests/field/NAME.c`, made in `folder`."""
    library, source = folder / f"{name}.so", ROOT / "tests" / "field" / f"{name}.c"
    command = ["cc", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", library, source, "-ldl"]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        skip_unless_required("a C compiler (cc)", available=False)
        raise
    assert done.returncode == 0, done.stderr
    return library
