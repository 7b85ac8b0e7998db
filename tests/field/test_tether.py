"""What a test run has started ends with it, also where nobody gets to say goodbye."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from requirements import skip_unless_required
from tether import first_child
from waiting import until

RUN = """
import subprocess, sys
sys.path.insert(0, {folder!r})
from tether import tethered
subprocess.Popen(tethered("setsid", "sh", "-c", "trap '' TERM HUP; sleep 1000 & echo up; wait")).wait()
"""


def test_what_is_tethered_ends_with_a_run_that_is_killed():
    skip_unless_required("root, for namespaces,", available=os.geteuid() == 0)
    script = RUN.format(folder=str(Path(__file__).parent))
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == b"up\n"
    process, begun = run.pid, []
    while (child := first_child(process)) is not None:
        process = child
        begun.append(process)
    assert len(begun) >= 3, "unshare, the shell, what it has started"
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    until(lambda: all(state_of(process) in ("gone", "Z") for process in begun), seconds=20)


def state_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"
