"""The metrics, in Prometheus text: how the facade serves, and how the REST API serves it.

All labels are bounded: routes are the documentation's paths, and an operation's name is a label
only where the operator wrote the document; callers could invent any number of names.
"""

from collections.abc import Callable, Iterable
from typing import Final, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from upstream.client import State
from upstream.observer import BreakerState, Level, Lookup
from web.operations import Operation

# The second when a series began would be one more series for each.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it so

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COUNTS: Final = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """What is counted; also the observer that the REST client tells of its doings."""

    def __init__(self) -> None:
        """Metrics of one application, in a registry of their own."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

        def counter(name: str, sentence: str, *labels: str) -> Counter:
            return Counter(f"onedtouch_{name}", sentence, labels, registry=registry)

        def histogram(
            name: str, sentence: str, buckets: tuple[float, ...], *labels: str
        ) -> Histogram:
            return Histogram(
                f"onedtouch_{name}", sentence, labels, buckets=buckets, registry=registry
            )

        self._requests = counter(
            "requests", "Requests to /graphql, by outcome.", "kind", "operation", "status"
        )
        self._seconds = histogram(
            "request_seconds", "Time to answer a request.", _SECONDS, "kind", "operation"
        )
        self._cost = histogram(
            "operation_upstream_requests",
            "Requests to the REST API that an operation caused.",
            _COUNTS,
            "kind",
            "operation",
        )
        self._errors = counter("errors", "Answers with an error of this code.", "code")
        self._upstream = counter(
            "upstream_requests", "Requests to the REST API, by outcome.", "route", "outcome"
        )
        self._upstream_seconds = histogram(
            "upstream_request_seconds", "Time of a request to the REST API.", _SECONDS, "route"
        )
        self._upstream_bytes = counter(
            "upstream_bytes", "Bytes of the REST API's answers.", "route"
        )
        self._misread = counter(
            "upstream_misread", "Answers that the REST API's documentation rules out.", "route"
        )
        self._lookups = counter("cache_lookups", "Questions to a cache.", "level", "lookup")
        self._retries = counter(
            "upstream_retries", "Requests that were sent again.", "route", "reason"
        )
        self._breaker = counter("breaker_changes", "The circuit breaker's changes.", "state")
        self._redis = counter("redis_failures", "What Redis did not do.", "action")
        # Finding a series by its labels costs more than counting in it.
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram, Histogram]] = {}
        self._upstream_series: dict[tuple[str, str], tuple[Counter, Histogram, Counter]] = {}
        self._lookup_series: dict[tuple[Level, Lookup], Counter] = {}

    def watch(self, state: Callable[[], State], under_way: Callable[[], int]) -> None:
        """Show, whenever somebody looks, how the client and the endpoint stand then."""
        self.registry.register(_Standing(state, under_way))

    def count(self, operation: Operation) -> None:
        """One request is over."""
        kind = operation.kind or ""
        name = (operation.name or "") if operation.trusted else ""
        series = (kind, name, operation.status)
        found = self._series.get(series)
        if found is None:
            found = self._series[series] = (
                self._requests.labels(kind, name, str(operation.status)),
                self._seconds.labels(kind, name),
                self._cost.labels(kind, name),
            )
        requests, seconds, cost = found
        requests.inc()
        seconds.observe(operation.seconds)
        if operation.caller is not None:
            cost.observe(operation.caller.requests)
        for code in operation.codes:
            self._errors.labels(code).inc()

    def requested(self, route: str, outcome: str, seconds: float, size: int) -> None:
        """One HTTP request to the REST API is over."""
        series = (route, outcome)
        found = self._upstream_series.get(series)
        if found is None:
            found = self._upstream_series[series] = (
                self._upstream.labels(route, outcome),
                self._upstream_seconds.labels(route),
                self._upstream_bytes.labels(route),
            )
        requests, patience, received = found
        requests.inc()
        patience.observe(seconds)
        received.inc(size)

    def misread(self, route: str) -> None:
        """The REST API said something that its documentation rules out."""
        self._misread.labels(route).inc()

    def looked_up(self, level: Level, lookup: Lookup) -> None:
        """A cache was asked."""
        series = (level, lookup)
        found = self._lookup_series.get(series)
        if found is None:
            found = self._lookup_series[series] = self._lookups.labels(level, lookup)
        found.inc()

    def retried(self, route: str, reason: str) -> None:
        """A request is sent again."""
        self._retries.labels(route, reason).inc()

    def breaker_changed(self, state: BreakerState) -> None:
        """The circuit breaker has a new state."""
        self._breaker.labels(state).inc()

    def redis_failed(self, action: str) -> None:
        """Redis did not do what it was asked to."""
        self._redis.labels(action).inc()

    async def metrics(self, request: Request) -> Response:
        """The page at /metrics, in the text format that is asked for."""
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(
            encode(self.registry),
            headers={"content-type": content_type, "cache-control": "no-store"},
        )


class _Standing(Collector):
    """The gauges: they are read when somebody looks, and cost nothing in between."""

    def __init__(self, state: Callable[[], State], under_way: Callable[[], int]) -> None:
        self._state = state
        self._under_way = under_way

    def collect(self) -> Iterable[Metric]:
        """The gauges as they stand."""
        state = self._state()
        breaker = GaugeMetricFamily(
            "onedtouch_breaker", "1 for the circuit breaker's state.", labels=["state"]
        )
        for possible in get_args(BreakerState):
            breaker.add_metric([possible], float(possible == state.breaker))
        yield breaker
        for name, sentence, value in (
            ("requests_under_way", "Requests that are being answered.", self._under_way()),
            ("upstream_under_way", "Requests to the REST API under way.", state.under_way),
            ("upstream_queued", "Requests to the REST API that wait.", state.queued),
            ("upstream_flights", "Answers that are being fetched.", state.flights),
            ("cache_bytes", "Bytes of decoded answers in the cache.", state.cache_bytes),
            ("cache_entries", "Answers in the cache.", state.cache_entries),
        ):
            yield GaugeMetricFamily(f"onedtouch_{name}", sentence, value)
        if state.redis is not None:
            yield GaugeMetricFamily(
                "onedtouch_redis_up", "Whether Redis answers.", float(state.redis)
            )
