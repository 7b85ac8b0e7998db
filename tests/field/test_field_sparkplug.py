"""Payloads of the edge node, read by Eclipse Tahu's own package for JavaScript, where that is installed
(`npm install sparkplug-payload`, then TEXTVIB_NODE_MODULES=.../node_modules)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest
import told

from agent.sinks.sparkplug_node import DEVICE, EdgeNode

MODULES = os.environ.get("TEXTVIB_NODE_MODULES")
READER = Path(__file__).with_name("sparkplug_reader.js")
NOW_MS = 1_772_352_000_000

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(MODULES is None, reason="needs sparkplug-payload of npm: TEXTVIB_NODE_MODULES"),
]


def read(payloads: list[bytes]) -> list[dict]:
    """As the package reads them."""
    lines = "\n".join(base64.b64encode(payload).decode() for payload in payloads)
    done = subprocess.run(
        ["node", READER],
        input=lines,
        env=os.environ | {"NODE_PATH": MODULES or ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_tahus_own_reader_reads_births_data_and_death() -> None:
    node = EdgeNode("plant", "gw", root=told.ROOT)
    said = [node.death(300, now_ms=NOW_MS), *node.births(now_ms=NOW_MS)]
    for message in (told.state(deviation=None), told.window(), told.event(seq=9, time="2026-02-01T00:00:00Z")):
        said += node.take(message, now_ms=NOW_MS)
    death, node_birth, birth, window, event = read([payload for _, payload in said])
    assert [(one["name"], one["value"]) for one in death["metrics"]] == [("bdSeq", 44)]
    assert [one["seq"] for one in (node_birth, birth, window, event)] == [0, 1, 2, 3]
    born = {one["name"]: one for one in birth["metrics"]}
    assert list(born) == [row.name for row in DEVICE]
    assert (born["Title"]["type"], born["Title"]["value"]) == ("String", "Healthy")
    assert (born["Machine"]["value"], born["Deviation"]["value"]) == ("펌프 2", None)
    assert born["Velocity RMS"]["properties"]["engUnit"]["value"] == "mm/s"
    assert (born["Since"]["type"], born["Since"]["value"]) == ("DateTime", 1_795_687_200_000)
    changed = {one["name"]: one["value"] for one in window["metrics"]}
    assert changed["Velocity RMS"] == pytest.approx(3.25)
    told_of = {one["name"]: one for one in event["metrics"]}
    assert (told_of["Event/Number"]["value"], told_of["Event/Number"]["isHistorical"]) == (9, True)
