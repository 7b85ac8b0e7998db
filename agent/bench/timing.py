"""What a call costs: its CPU time, since waiting for a busy core is no cost of it, and its page faults."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable


def microseconds(call: Callable[[], object]) -> float:
    """CPU time of the calling thread, kernel included."""
    started = time.thread_time_ns()
    call()
    return (time.thread_time_ns() - started) / 1000


def page_faults() -> int:
    """Of this process so far, those that read no disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
