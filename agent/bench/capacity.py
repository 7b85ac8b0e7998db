"""`bench --capacity`: how many three-axis sensors at 25.6 kHz this computer carries, and what keeps it from more.

Carried are so many sensors of which every window was diagnosed, 99 of 100 within half a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.bench.capacity_broker import broker_at
from agent.bench.capacity_ramp import LONGEST_LAG_MS, Ramp, Step, climb
from agent.bench.capacity_rig import Rig, spoken_s
from agent.bench.capacity_signal import WAYS, speech
from agent.bench.signal import RATE_HZ
from agent.bundle.load import load_bundle
from agent.service.progress import busy

FULL = 0.9  # of a core, or of all cores, from which it is what limits


def measure_capacity(
    way: str,
    *,
    most: int,
    seconds: float,
    broker: str | None = None,
    bundle: str = "default",
    runtime: str = "auto",
    told: Callable[[str], object] = lambda _line: None,
) -> dict[str, Any]:
    """The document of `--json`; `told` hears a line for each step."""
    loaded = load_bundle(bundle)
    said = speech(WAYS[way], spoken_s(seconds))
    with TemporaryDirectory(prefix="textvib-bench-") as folder, broker_at(broker, Path(folder)) as place:
        rig = Rig(way, place, loaded, bundle, runtime)

        def trial(sensors: int) -> Step:
            with busy(f"{sensors} sensors over {way}"):
                step = rig.trial(sensors, seconds=seconds, said=said)
            told(line_of(step))
            return step

        ramp = climb(trial, most=most)
    return document(way, ramp, cores=len(os.sched_getaffinity(0)))


def document(way: str, ramp: Ramp, *, cores: int) -> dict[str, Any]:
    """A ramp as one value for programs, from a computer with so many cores for this process."""
    carried = ramp.carried
    limit, why = limit_of(ramp, cores=cores)
    return {
        "source": way,
        "sensors": 0 if carried is None else carried.sensors,
        "lag_p99_ms": None if carried is None else carried.lag_p99_ms,
        "rss_mb": None if carried is None else carried.rss_mb,
        "pss_mb": None if carried is None else carried.pss_mb,
        "limit": limit,
        "why": why,
        "cores": cores,
        "load": round(os.getloadavg()[0], 1),
        "steps": [_row(step) for step in ramp.steps],
    }


def limit_of(ramp: Ramp, *, cores: int) -> tuple[str, str]:
    """What keeps a computer from carrying more: a word for programs and a sentence."""
    failed = ramp.failed
    if failed is None:
        return "not_reached", "all of them were carried; give a larger --sensors-max"
    parts = {"broker": "the broker", "sensors": "the simulated sensors, not the agent: measure from another computer"}
    for part, named in parts.items():
        if failed.cores.get(part, 0.0) >= FULL:
            return part, f"{named}: {failed.cores[part]:.2f} of a core"
    if sum(failed.cores.values()) >= FULL * cores:
        return "cores", f"all {cores} cores are busy, {failed.cores.get('agent', 0.0):.2f} of them with the agent"
    if failed.busiest >= FULL:
        return "process", f"one process of the agent takes {failed.busiest:.2f} of a core, and bears little more"
    if failed.lost_bytes:
        return "lines", f"{failed.lost_bytes} bytes found a line's buffer full"
    return "waiting", "no part is busy: something else on this computer takes the time, or the agent waits for it"


def lines_of(measured: dict[str, Any]) -> list[str]:
    """What was measured, for people."""
    lag = measured["lag_p99_ms"]
    return [
        f"{measured['sensors']} sensors ({RATE_HZ:g} Hz x 3 axes) are carried over {WAYS[measured['source']].text}: "
        f"every window diagnosed, 99 of 100 within {'-' if lag is None else lag} ms (bound: {LONGEST_LAG_MS:g} ms), "
        f"{measured['rss_mb']} MB resident ({measured['pss_mb']} MB with shared pages in parts)",
        f"limit: {measured['limit']} ({measured['why']}); {measured['cores']} cores, load {measured['load']}",
    ]


def line_of(step: Step) -> str:
    """One step, for people."""
    spent = ", ".join(f"{part} {share:.2f}" for part, share in step.cores.items())
    lost = f", {step.lost_bytes} bytes overrun" if step.lost_bytes else ""
    verdict = "carried" if step.why_not is None else step.why_not
    lags = f"p50 {step.lag_p50_ms} p99 {step.lag_p99_ms} ms"
    return (
        f"{step.sensors:>4} sensors: {step.heard} of {step.due} windows, {lags}, "
        f"cores: {spent}; {step.processes} process{'es' * (step.processes > 1)}, {step.rss_mb} MB{lost}: {verdict}"
    )


def _row(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__dataclass_fields__} | {"carried": step.why_not is None}
