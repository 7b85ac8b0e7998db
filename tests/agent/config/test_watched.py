"""The endpoint for Prometheus as configured: what keeps it from being served, and who could read along."""

from __future__ import annotations

import pytest

from agent.config.keys import MetricsConfig
from agent.config.watched import problems_of, remarks_on
from agent.messages.notices import is_known
from firmware_bridge.installing import pip_line


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5"])
def test_an_address_beyond_loopback_is_warned_of(address: str) -> None:
    metrics = MetricsConfig(enabled=True, address=address)
    assert list(problems_of(metrics)) == []
    (remark,) = remarks_on(metrics)
    assert address in remark
    assert is_known(remark, "ko")


@pytest.mark.parametrize("metrics", [MetricsConfig(), MetricsConfig(enabled=True), MetricsConfig(address="0.0.0.0")])
def test_switched_off_or_on_loopback_nothing_is_said(metrics: MetricsConfig) -> None:
    assert [*problems_of(metrics), *remarks_on(metrics)] == []


def test_a_name_is_no_address() -> None:
    (problem,) = problems_of(MetricsConfig(enabled=True, address="localhost"))
    assert "127.0.0.1" in problem
    assert is_known(problem, "ko")


def test_without_its_package_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setattr("agent.config.watched.PACKAGE", "no_such_package")
    (problem,) = problems_of(MetricsConfig(enabled=True))
    assert problem.endswith(f"install the extra: {pip_line('metrics')}")
    assert is_known(problem, "ko")
