"""The gauges by HTTP, for a Prometheus that asks: `/metrics` on a port."""

import logging
import time
from collections.abc import Callable, Iterator
from threading import Event, Lock
from typing import Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from steps.backends import gauges
from steps.backends.database import begin
from steps.backends.gauges import UP, Gauge
from steps.errors import StepError

FRESH: Final = 15.0  # seconds that what was read is told again, however often is asked

log = logging.getLogger("steps")


class Gauges(Collector):
    """What the database holds, at most `FRESH` seconds old. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._read_at = float("-inf")
        self._found: list[Gauge] = []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See `prometheus_client`."""
        with self._lock:
            if self._clock() - self._read_at >= FRESH:
                self._found = _read()
                self._read_at = self._clock()
            found = self._found
        families: dict[str, GaugeMetricFamily] = {}
        for one in found:
            if one.name not in families:
                families[one.name] = GaugeMetricFamily(one.name, _MEANINGS[one.name], labels=list(one.labels))
            families[one.name].add_metric(list(one.labels.values()), one.value)
        yield from families.values()


def _read() -> list[Gauge]:
    try:
        with begin() as connection:
            return [Gauge(UP, {}, 1), *gauges.read(connection)]
    except StepError as error:
        log.warning("%s", error)
        return [Gauge(UP, {}, 0)]


def _meanings() -> dict[str, str]:
    """What the table says of each metric."""
    rows = (line.strip("|").split("|") for line in str(gauges.__doc__).splitlines() if line.startswith("| pipeline_"))
    return {row[0].strip(): row[2].strip() for row in rows}


_MEANINGS = _meanings()


def serve(address: str, port: int, until: Event) -> None:
    """Answer on that address until `until` is set.

    Raises:
        OSError: the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(Gauges())
    server, thread = start_http_server(port, address, registry=registry)
    log.info("http://%s:%d/metrics", address, server.server_port)
    until.wait()
    server.shutdown()
    server.server_close()
    thread.join()
