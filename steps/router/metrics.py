"""What the router counts, for Prometheus at `/router/metrics`.

| metric | what |
|---|---|
| pipeline_router_requests_total{predictor, code} | requests, and who answered; nobody, if empty |
| pipeline_router_seconds{predictor} | how long a server took for a prediction, a histogram; of copies too |
| pipeline_router_fallbacks_total{reason} | requests of a canary that the champion answered in the end |
| pipeline_router_copies_total, pipeline_router_copies_dropped_total | copies sent to the challenger; not sent |
| pipeline_router_challenger_bad_total{kind} | calls in which it failed, or was slow |
| pipeline_router_evidence{stream} | of the service alarm: against 100,000 |
| pipeline_router_challenger{state, version} | 1 for the state it is in |
| pipeline_router_alarms_total{why} | challengers withdrawn |
| pipeline_router_share | of the requests that the challenger is meant to answer, in per cent |
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """The metrics of one router."""

    def __init__(self) -> None:
        self._registry = own = CollectorRegistry()
        self.requests = Counter(
            "pipeline_router_requests_total", "Requests answered.", ["predictor", "code"], registry=own
        )
        self.seconds = Histogram(
            "pipeline_router_seconds",
            "How long a server took for a prediction.",
            ["predictor"],
            buckets=_SECONDS,
            registry=own,
        )
        self.fallbacks = Counter(
            "pipeline_router_fallbacks_total",
            "Requests of a canary that the champion answered.",
            ["reason"],
            registry=own,
        )
        self.copies = Counter("pipeline_router_copies_total", "Copies that the challenger got.", registry=own)
        self.dropped = Counter("pipeline_router_copies_dropped_total", "Copies that were not sent.", registry=own)
        self.bad = Counter(
            "pipeline_router_challenger_bad_total", "Calls in which it failed or was slow.", ["kind"], registry=own
        )
        self.evidence = Gauge("pipeline_router_evidence", "Of the service alarm.", ["stream"], registry=own)
        self.challenger = Gauge(
            "pipeline_router_challenger", "1 for the state that it is in.", ["state", "version"], registry=own
        )
        self.alarms = Counter("pipeline_router_alarms_total", "Challengers withdrawn.", ["why"], registry=own)
        self.share = Gauge("pipeline_router_share", "Meant for the challenger, in per cent.", registry=own)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
