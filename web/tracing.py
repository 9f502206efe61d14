"""The traces: one span a request and one for each question to the REST API, sent over OTLP.

OpenTelemetry's own variables turn it on and steer it (OTEL_EXPORTER_OTLP_ENDPOINT first of all).
Spans are made when a request is over, from the record that logs and metrics are made from, so
that nothing is paid while it runs, and nothing at all where tracing is off.
"""

import time
from collections.abc import Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from upstream.caller import Exchange

from .request_records import RequestRecord

SERVICE_NAME: Final = "onedtouch-graphql"
"""What the service is called where OTEL_SERVICE_NAME says nothing else."""

_FAILURES: Final = ("UPSTREAM_", "INTERNAL_")
_NANOSECONDS: Final = 1_000_000_000


class Tracing:
    """Where the spans of all requests go; `close` sends what is left."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """The SDK reads its variables itself; `environment` says whether one is the name."""
        named = "OTEL_SERVICE_NAME" in environment
        resource = Resource.create({} if named else {"service.name": SERVICE_NAME})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(SERVICE_NAME)
        self._propagator = TraceContextTextMapPropagator()

    def trace(self, record: RequestRecord) -> None:
        """Make the spans of one request that is over."""
        ended = time.time_ns()
        started = ended - int(record.seconds * _NANOSECONDS)
        parent = Context()
        if record.traceparent is not None:
            parent = self._propagator.extract({"traceparent": record.traceparent}, parent)
        name = record.kind or "request"
        span = self._tracer.start_span(
            f"{name} {record.name}" if record.trusted and record.name else name,
            parent,
            SpanKind.SERVER,
            {
                "graphql.operation.type": record.kind or "",
                "graphql.operation.name": record.name or "",
                "http.response.status_code": record.status,
                "onedtouch.request_id": record.request_id,
                "onedtouch.error_codes": record.codes,
                "onedtouch.upstream_requests": record.caller.requests if record.caller else 0,
            },
            start_time=started,
        )
        if record.caller is not None:
            within = set_span_in_context(span, parent)
            for exchange in record.caller.exchanges:
                self._trace_exchange(exchange, within, started)
        # What a caller did wrong is no failure of the service (OpenTelemetry's HTTP conventions).
        failures = [code for code in record.codes if code.startswith(_FAILURES)]
        if failures:
            span.set_status(Status(StatusCode.ERROR, ",".join(failures)))
        span.end(ended)

    def _trace_exchange(self, exchange: Exchange, within: Context, origin: int) -> None:
        started = origin + int(exchange.started * _NANOSECONDS)
        method = "POST" if exchange.route.startswith("/oauth/") else "GET"
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "url.template": exchange.route,
            "onedtouch.source": exchange.source,
            "onedtouch.requests": exchange.requests,
        }
        if exchange.status is not None:
            attributes["http.response.status_code"] = exchange.status
        span = self._tracer.start_span(
            f"{method} {exchange.route}",
            within,
            SpanKind.CLIENT,
            attributes,
            start_time=started,
        )
        span.end(started + int(exchange.duration * _NANOSECONDS))

    def close(self) -> None:
        """Send what is left, and stop."""
        self._provider.shutdown()
