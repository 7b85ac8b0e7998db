"""What frames of our own say of their stream, over a serial line or a topic."""

from __future__ import annotations

from dataclasses import replace

from agent.explain.finding import Finding
from firmware_bridge.frames import Hello

OURS = "our frames (firmware_bridge/SPEC.md)"
NO_HELLO = "no HELLO came yet, which says rate and unit: listen longer (--seconds 15)"


def declared(finding: Finding, hello: Hello) -> Finding:
    """`finding` with axes, rate and unit of the first stream that `hello` declares."""
    stream = hello.streams[0]
    return replace(
        finding,
        axes=stream.axes,
        rate_hz=stream.rate_hz,
        rate_from="as HELLO declares it; the agent measures it",
        unit=None if stream.scale_g is None else "g",
    )
