"""Traces: a span a request and one for each question upstream, over OTLP, where it is turned on."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

import sandbox
from tests.served import NOWHERE, application, served
from web.app import create_app
from web.request_records import RequestRecord
from web.settings import BadSetting, settings_from

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP collector at a URL, and what it was sent."""
    sent: list[ExportTraceServiceRequest] = []

    async def traces(request: web.Request) -> web.Response:
        sent.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", traces)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", sent
    finally:
        await runner.cleanup()


def spans(sent: list[ExportTraceServiceRequest]) -> list[Span]:
    """All spans that were sent, by their start."""
    found = [
        span
        for request in sent
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return sorted(found, key=lambda span: span.start_time_unix_nano)


async def test_an_operation_is_a_span_with_one_below_for_each_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with sandbox.running() as upstream, collector() as (url, sent):
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        settings = settings_from(["--upstream", upstream.url, "--log-requests", "false"], {})
        async with served(create_app(settings, environment=environment)) as here:
            headers = {
                "Authorization": f"Bearer {sandbox.LISTENER_TOKEN}",
                "traceparent": PARENT,
            }
            query = "query Canary($id: ID!) { artist(id: 1) { name } label(id: $id) { id } }"
            await here.post({"query": query, "variables": {"id": "2"}}, headers)
        told = spans(sent)
        (server,) = [span for span in told if span.kind == Span.SPAN_KIND_SERVER]
        below = [span for span in told if span.kind == Span.SPAN_KIND_CLIENT]
        assert server.name == "query"
        assert server.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
        assert server.parent_span_id.hex() == "b7ad6b7169203331"
        assert sorted(span.name for span in below) == [
            "GET /api/v1/artists/:id",
            "GET /api/v1/labels/:id",
        ]
        assert {span.parent_span_id for span in below} == {server.span_id}
        assert sandbox.LISTENER_TOKEN not in str(sent)
        assert 'string_value: "onedtouch-graphql"' in str(sent)


async def test_a_failure_upstream_is_one_of_the_span_and_a_callers_mistake_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with collector() as (url, sent):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{url}/v1/traces")
        environment = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/v1/traces"}
        settings = settings_from(
            ["--upstream", NOWHERE, "--log-requests", "false", "--most-retries", "0"], {}
        )
        async with served(create_app(settings, environment=environment)) as here:
            await here.post({"query": "{ artist(id: 1) { name } }"})
            await here.post({"query": "{"})
            await here.post({"query": "{ artist(id: 1) { name } }"}, {"Authorization": "Bearer x"})
            assert here.app._tracing is not None
            here.app._tracing.trace(RequestRecord("ours", codes=("INTERNAL_SERVER_ERROR",)))
        servers = [span for span in spans(sent) if span.kind == Span.SPAN_KIND_SERVER]
        assert [span.status.message for span in servers] == [
            *("", ""),
            "UPSTREAM_UNAVAILABLE",
            "INTERNAL_SERVER_ERROR",
        ]


async def test_what_is_told_the_rest_api_is_a_post(monkeypatch: pytest.MonkeyPatch) -> None:
    async with sandbox.running() as upstream, collector() as (url, sent):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        settings = settings_from(["--upstream", upstream.url, "--log-requests", "false"], {})
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
        async with served(create_app(settings, environment=environment)) as here:
            upstream.orders.add(sandbox.Latency(200))
            credentials = f'username: "{sandbox.LISTENER}", password: "{sandbox.PASSWORD}"'
            query = f"mutation {{ createToken(input: {{{credentials}}}) {{ tokenType }} }}"
            await here.post({"query": query})
        (told,) = [span for span in spans(sent) if span.kind == Span.SPAN_KIND_CLIENT]
        assert told.name == "POST /oauth/token"
        seconds = (told.end_time_unix_nano - told.start_time_unix_nano) / 1e9
        assert 0.2 <= seconds < 5
        assert sandbox.PASSWORD not in str(told)


async def test_a_collector_that_is_gone_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", NOWHERE)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE}
    settings = settings_from(["--upstream", NOWHERE, "--log-requests", "false"], {})
    async with asyncio.timeout(30), served(create_app(settings, environment=environment)) as here:
        status, _, body = await here.post({"query": "{ __typename }"})
        assert (status, body) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE, "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_it_is_off_and_not_even_loaded_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, "web.tracing", None)
    create_app(settings_from(["--upstream", NOWHERE], {}), environment=environment)


def test_without_its_packages_it_says_which_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "web.tracing", None)
    settings = settings_from(["--upstream", NOWHERE], {})
    with pytest.raises(BadSetting, match="needs opentelemetry-sdk"):
        create_app(settings, environment={"OTEL_EXPORTER_OTLP_ENDPOINT": NOWHERE})


async def test_nothing_is_sent_by_default() -> None:
    async with collector() as (_, sent), served(application()) as here:
        await here.post({"query": "{ __typename }"})
        assert sent == []
