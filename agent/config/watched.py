"""Whether what watches the agent can work as configured, and who could read along."""

from __future__ import annotations

import importlib.util
import ipaddress
from collections.abc import Iterator

from agent.config.watching_keys import MetricsConfig
from firmware_bridge.installing import pip_line

PACKAGE = "prometheus_client"


def problems_of(metrics: MetricsConfig) -> Iterator[str]:
    """What keeps the endpoint from being served."""
    if not metrics.enabled:
        return
    if importlib.util.find_spec(PACKAGE) is None:
        yield f"metrics.enabled: needs {PACKAGE}; install the extra: {pip_line('metrics')}"
    if _ip(metrics.address) is None:
        yield f"metrics.address: {metrics.address!r} is no IP address of this computer; give 127.0.0.1, or one it has"


def remarks_on(metrics: MetricsConfig) -> Iterator[str]:
    """Who can read the endpoint without being asked who they are."""
    ip = _ip(metrics.address)
    if metrics.enabled and ip is not None and not ip.is_loopback:
        yield (
            f"metrics.address: {metrics.address} is open to all who reach this computer, without encryption "
            "or password; give 127.0.0.1, or let a firewall admit the Prometheus server alone"
        )


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
