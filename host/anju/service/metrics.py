"""Figures for Prometheus, on a port of the loopback address: what a service counts, read in its own loop when somebody asks.

Names are `anju_…`, units are in them, and no label names a household, a person or a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CollectorRegistry, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

LOOPBACK = "127.0.0.1"
_ANSWER_S = 5.0
_COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a fast NVMe disk to one that fails."""
_log = structlog.get_logger()

Figures = Callable[[], Iterable[Metric]]
"""Read in the service's own loop."""


def gauge(name: str, help_text: str, values: float | Mapping[str, float], label: str = "") -> GaugeMetricFamily:
    """What is so now; by a label, if one is named."""
    if not isinstance(values, Mapping):
        return GaugeMetricFamily(name, help_text, value=values)
    family = GaugeMetricFamily(name, help_text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def counter(name: str, help_text: str, values: Mapping[str, float], label: str) -> CounterMetricFamily:
    """What was counted since the start, by a label."""
    family = CounterMetricFamily(name, help_text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


@asynccontextmanager
async def serving(
    port: int, figures: Figures, on_commit: Callable[[Callable[[float], None]], None]
) -> AsyncIterator[None]:
    """Answer until left. `on_commit` is given what takes how long each commit took. Without its port
    nothing is answered, and the log says so: no building goes unguarded for the sake of figures."""
    registry = CollectorRegistry()
    registry.register(_InLoop(figures, asyncio.get_running_loop()))
    took = Histogram("anju_commit_seconds", "How long a commit took.", buckets=_COMMIT_S, registry=registry)
    on_commit(took.observe)
    try:
        server, thread = start_http_server(port, LOOPBACK, registry)
    except OSError as error:
        _log.error("no metrics: their port cannot be used", port=port, error=error)
        yield
        return
    _log.info("metrics", address=f"http://{LOOPBACK}:{port}/metrics")
    try:
        yield
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()


class _InLoop(Collector):
    """Asked in the thread of the server, it asks in the loop: nothing there is changed meanwhile."""

    def __init__(self, figures: Figures, loop: asyncio.AbstractEventLoop) -> None:
        self._figures = figures
        self._loop = loop

    def describe(self) -> Iterator[Metric]:
        """Nothing: who registers it does not ask for figures yet."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """The figures of now."""

        async def read() -> list[Metric]:
            return list(self._figures())

        return asyncio.run_coroutine_threadsafe(read(), self._loop).result(_ANSWER_S)
