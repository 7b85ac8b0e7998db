"""The decoder's speed beside its floor, as `python -m firmware_bridge.throughput` tells it; no time is asserted."""

from __future__ import annotations

import json

import pytest

from firmware_bridge.throughput import main


def test_both_kinds_of_signal_are_measured_beside_the_floor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--mb", "1", "--json"]) == 0
    speeds = json.loads(capsys.readouterr().out)
    assert set(speeds) == {"loud", "quiet"}
    assert all(0 < speed["decoder"] < speed["floor"] for speed in speeds.values())
    assert main(["--mb", "1"]) == 0
    assert [line.split(",")[0] for line in capsys.readouterr().out.splitlines()] == ["decoder", "decoder"]
