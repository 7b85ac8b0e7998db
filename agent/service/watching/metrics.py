"""What a scrape is answered: the figures of the moment in the format that the client asks for.

The worker takes the figures; where it does not in time, the last ones are shown with their age, so that an agent that
is stuck is seen to be. Process metrics are the client library's own, which is imported here alone, on use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

from agent.service.watching.figures import Figures
from agent.service.watching.metric_kinds import KINDS, Kind
from agent.service.watching.stopwatch import BOUNDS_S, Histogram

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PATIENCE_S = 2.0
"""For the worker; a scrape is given up after ten seconds by default."""
FRESH_S = 1.0
"""Figures so young are shown again: many clients ask no more of the worker than one."""


class Timings(Protocol):
    """How long stages took."""

    def read(self) -> Mapping[str, Histogram]:
        """As they are now."""


class Exposition:
    """Answers scrapes, from one thread; `ask` has the worker take the figures."""

    def __init__(
        self,
        ask: Callable[[], Future[Figures]],
        durations: Timings,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector

        self._ask = ask
        self._durations = durations
        self._patience_s = patience_s
        self._clock = clock
        self._pending: Future[Figures] | None = None
        self._figures: Figures | None = None
        self._highest: dict[tuple[str, tuple[str, ...]], float] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def page(self, accept: str) -> tuple[str, bytes]:
        """Content type and content, for an Accept header."""
        from prometheus_client.exposition import choose_encoder

        self._figures = self._latest()
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)

    def collect(self) -> Iterator[Metric]:
        """As a collector of the client library."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        yield self._histogram()
        figures = self._figures
        if figures is None:
            return
        age_s = max(0.0, self._clock() - figures.taken_s)
        yield GaugeMetricFamily("textvib_figures_age_seconds", "Of all figures of textvib but durations.", value=age_s)
        yield _build(figures)
        for kind in KINDS:
            yield self._family(kind, figures)

    def _latest(self) -> Figures | None:
        """New figures where they come in time, else the last."""
        last = self._figures
        if last is not None and self._clock() - last.taken_s < FRESH_S:
            return last
        self._pending = self._pending or self._ask()
        try:
            figures = self._pending.result(timeout=self._patience_s)
        except TimeoutError:
            return last
        self._pending = None
        return figures

    def _family(self, kind: Kind, figures: Figures) -> Metric:
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        family: GaugeMetricFamily | CounterMetricFamily = (CounterMetricFamily if kind.counts else GaugeMetricFamily)(
            kind.name, kind.help, labels=kind.labels
        )
        for labels, value in kind.rows(figures):
            if value is not None:
                family.add_metric(labels, self._risen(kind.name, labels, value) if kind.counts else value)
        return family

    def _risen(self, name: str, labels: tuple[str, ...], value: float) -> float:
        """A counter never falls: what the ledger first took for lost may turn up, and would look like a restart."""
        highest = max(value, self._highest.get((name, labels), 0.0))
        self._highest[name, labels] = highest
        return highest

    def _histogram(self) -> Metric:
        from prometheus_client.metrics_core import HistogramMetricFamily

        family = HistogramMetricFamily(
            "textvib_stage_duration_seconds",
            "What a stage takes: publish for a message, the others for a block of samples.",
            labels=("stage",),
        )
        for stage, histogram in self._durations.read().items():
            total, buckets = 0, []
            for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], histogram.counts, strict=True):
                total += count
                buckets.append((bound, float(total)))
            family.add_metric((stage,), buckets, histogram.seconds)
        return family


def _build(figures: Figures) -> Metric:
    from prometheus_client.metrics_core import InfoMetricFamily

    health = figures.health
    return InfoMetricFamily(
        "textvib_build",
        "Which agent and bundle these figures are of.",
        value={
            "agent": health.agent,
            "site": health.site or "",
            "version": health.version,
            "bundle": health.bundle,
            "bundle_sha256": figures.bundle_sha256,
            "runtime": health.runtime,
        },
    )
