"""The metrics, in Prometheus text: how the facade serves, and how the REST API serves it.

All labels are bounded: routes are the documentation's paths, and an operation's name is a label
only where the operator wrote the document; callers could invent any number of names.
"""

from collections.abc import Callable, Iterable
from typing import Final, get_args

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from execution import Statistics
from upstream.client import State
from upstream.observer import BreakerState, Level, Lookup

from .request_records import RequestRecord
from .tallies import Counts, Distribution

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_COUNTS: Final = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics:
    """What is counted; also the observer that the REST client tells of its doings."""

    def __init__(self) -> None:
        """Metrics of one application, in a registry of their own."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

        def counts(name: str, sentence: str, *labels: str) -> Counts:
            tally = Counts(f"onedtouch_{name}", sentence, labels)
            registry.register(tally)
            return tally

        def distribution(
            name: str, sentence: str, bounds: tuple[float, ...], *labels: str
        ) -> Distribution:
            tally = Distribution(f"onedtouch_{name}", sentence, bounds, labels)
            registry.register(tally)
            return tally

        self._requests = counts(
            "requests", "Requests to /graphql, by outcome.", "kind", "operation", "status"
        )
        self._seconds = distribution(
            "request_seconds", "Time to answer a request.", _SECONDS, "kind", "operation"
        )
        self._cost = distribution(
            "operation_upstream_requests",
            "Requests to the REST API that an operation caused.",
            _COUNTS,
            "kind",
            "operation",
        )
        self._errors = counts("errors", "Answers with an error of this code.", "code")
        self._upstream = counts(
            "upstream_requests", "Requests to the REST API, by outcome.", "route", "outcome"
        )
        self._upstream_seconds = distribution(
            "upstream_request_seconds", "Time of a request to the REST API.", _SECONDS, "route"
        )
        self._upstream_bytes = counts("upstream_bytes", "Bytes of the REST API's answers.", "route")
        self._misread = counts(
            "upstream_misread", "Answers that the REST API's documentation rules out.", "route"
        )
        self._lookups = counts("cache_lookups", "Questions to a cache.", "level", "lookup")
        self._retries = counts(
            "upstream_retries", "Requests that were sent again.", "route", "reason"
        )
        self._breaker = counts("breaker_changes", "The circuit breaker's changes.", "state")
        self._redis = counts("redis_failures", "What Redis did not do.", "action")

    def watch(
        self, state: Callable[[], State], under_way: Callable[[], int], compiled: Statistics
    ) -> None:
        """Show, whenever somebody looks, how client, endpoint and execution stand then."""
        self.registry.register(_Standing(state, under_way, compiled))

    def count(self, record: RequestRecord) -> None:
        """One request is over."""
        kind = record.kind or ""
        name = (record.name or "") if record.trusted else ""
        labels = (kind, name)
        self._requests.add((kind, name, str(record.status)))
        self._seconds.observe(labels, record.seconds)
        if record.caller is not None:
            self._cost.observe(labels, record.caller.requests)
        for code in record.codes:
            self._errors.add((code,))

    def requested(self, route: str, outcome: str, seconds: float, size: int) -> None:
        """One HTTP request to the REST API is over."""
        self._upstream.add((route, outcome))
        self._upstream_seconds.observe((route,), seconds)
        self._upstream_bytes.add((route,), size)

    def misread(self, route: str) -> None:
        """The REST API said something that its documentation rules out."""
        self._misread.add((route,))

    def looked_up(self, level: Level, lookup: Lookup) -> None:
        """A cache was asked."""
        self._lookups.add((level, lookup))

    def retried(self, route: str, reason: str) -> None:
        """A request is sent again."""
        self._retries.add((route, reason))

    def breaker_changed(self, state: BreakerState) -> None:
        """The circuit breaker has a new state."""
        self._breaker.add((state,))

    def redis_failed(self, action: str) -> None:
        """Redis did not do what it was asked to."""
        self._redis.add((action,))

    async def metrics(self, request: Request) -> Response:
        """The page at /metrics, in the text format that is asked for."""
        try:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
        except TypeError:
            # The library compares what is no version, and was asked for, with one.
            encode, content_type = choose_encoder("")
        return Response(
            encode(self.registry),
            headers={"content-type": content_type, "cache-control": "no-store"},
        )


class _Standing(Collector):
    """What is read when somebody looks, and costs nothing in between: mostly gauges."""

    def __init__(
        self, state: Callable[[], State], under_way: Callable[[], int], compiled: Statistics
    ) -> None:
        self._state = state
        self._under_way = under_way
        self._compiled = compiled

    def collect(self) -> Iterable[Metric]:
        """How everything stands."""
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
        completed = CounterMetricFamily(
            "onedtouch_compiled_objects",
            "Objects that compiled selections have built, or given up: mostly for what is wrong.",
            labels=["outcome"],
        )
        completed.add_metric(["built"], self._compiled.runs)
        completed.add_metric(["given up"], self._compiled.fallbacks)
        yield completed
        if state.redis is not None:
            yield GaugeMetricFamily(
                "onedtouch_redis_up", "Whether Redis answers.", float(state.redis)
            )
