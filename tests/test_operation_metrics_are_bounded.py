"""/metrics tells what happened, in few series whatever callers invent."""

from prometheus_client import generate_latest

import sandbox
from tests.served import NOWHERE, Served, application, served
from web.metrics import Metrics
from web.playground import QUERIES
from web.request_records import RequestRecord


async def text(here: Served) -> str:
    """The metrics as Prometheus gets them."""
    async with here.client.get(f"{here.base}/metrics") as response:
        assert response.content_type == "text/plain"
        return await response.text()


def series(told: str) -> set[str]:
    """The names and labels of all series."""
    return {line.rpartition(" ")[0] for line in told.splitlines() if not line.startswith("#")}


def value(told: str, name: str) -> float:
    """The value of one series."""
    (line,) = (line for line in told.splitlines() if line.startswith(f"{name} "))
    return float(line.rpartition(" ")[2])


async def test_invented_names_add_no_series() -> None:
    async with served(application()) as here:
        await here.post({"query": "query First { __typename }"})
        before = series(await text(here))
        for number in range(100):
            await here.post({"query": f"query Name{number} {{ __typename }}"})
        told = await text(here)
        assert series(told) == before
        requests = 'onedtouch_requests_total{kind="query",operation="",status="200"}'
        assert value(told, requests) == 101


def test_ten_thousand_names_and_one_make_as_many_series() -> None:
    metrics = Metrics()
    metrics.count(RequestRecord("1", "query", "First", status=200))
    before = series(generate_latest(metrics.registry).decode())
    for number in range(10_000):
        metrics.count(RequestRecord("1", "query", f"Name{number}", status=200))
    assert series(generate_latest(metrics.registry).decode()) == before


async def test_unknown_paths_routes_and_codes_add_no_series() -> None:
    async with served(application()) as here:
        await here.post({"query": "{"})
        before = series(await text(here))
        for number in range(50):
            async with here.client.get(f"{here.base}/path/{number}") as response:
                assert response.status == 404
            await here.post({"query": "{" + "a" * number})
        assert series(await text(here)) == before


async def test_a_trusted_documents_operation_is_named() -> None:
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        query = (QUERIES / "playground" / "FirstLook.graphql").read_text()
        headers = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
        status, _, body = await here.post({"query": query}, headers)
        assert (status, "errors" in body) == (200, False)
        assert 'operation="FirstLook"' in await text(here)


async def test_the_rest_api_is_told_of_by_its_documented_paths() -> None:
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        headers = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
        ids = range(1, 6)
        query = " ".join(f"a{number}: artist(id: {number}) {{ name }}" for number in ids)
        await here.post({"query": f"{{ {query} }}"}, headers)
        await here.post({"query": f"{{ {query} }}"}, headers)
        await here.post({"query": f"query Otherwise {{ {query} }}"}, headers)
        told = await text(here)
        name = 'onedtouch_upstream_requests_total{outcome="200",route="/api/v1/artists/:id"}'
        assert value(told, name) == 5
        assert value(told, 'onedtouch_breaker{state="closed"}') == 1
        assert value(told, "onedtouch_upstream_queued") == 0
        assert value(told, 'onedtouch_cache_lookups_total{level="keepsakes",lookup="hit"}') == 1
        assert value(told, 'onedtouch_cache_lookups_total{level="memory",lookup="hit"}') == 5
        cost = 'onedtouch_operation_upstream_requests_sum{kind="query",operation=""}'
        assert value(told, cost) == 5


async def test_a_failing_rest_api_shows() -> None:
    async with served(application({"ONEDTOUCH_MOST_RETRIES": "0"}, upstream=NOWHERE)) as here:
        await here.post({"query": "{ artist(id: 1) { name } }"}, {"Authorization": "Bearer x"})
        told = await text(here)
        name = "onedtouch_upstream_requests_total{"
        assert f'{name}outcome="Unavailable",route="/api/v1/artists/:id"}}' in told
        assert value(told, 'onedtouch_errors_total{code="UPSTREAM_UNAVAILABLE"}') == 1


async def test_openmetrics_is_spoken_to_who_asks_for_it() -> None:
    async with (
        served(application()) as here,
        here.client.get(
            f"{here.base}/metrics", headers={"Accept": "application/openmetrics-text"}
        ) as response,
    ):
        assert response.content_type == "application/openmetrics-text"
        assert (await response.text()).endswith("# EOF\n")


async def test_who_asks_for_a_version_that_is_none_gets_the_plain_format() -> None:
    async with served(application()) as here:
        accept = {"Accept": "application/openmetrics-text;version=one"}
        async with here.client.get(f"{here.base}/metrics", headers=accept) as response:
            assert (response.status, response.content_type) == (200, "text/plain")


async def test_what_compiled_selections_build_and_give_up_is_counted() -> None:
    async with (
        sandbox.running() as upstream,
        served(application({"ONEDTOUCH_CACHE_BYTES": "0"}, upstream=upstream.url)) as here,
    ):
        upstream.orders.add(sandbox.Edit("name", 7, position=3), path="/api/v1/labels")
        built = 'onedtouch_compiled_objects_total{outcome="built"}'
        given_up = 'onedtouch_compiled_objects_total{outcome="given up"}'
        ask = {"query": "{ labels(first: 9) { nodes { id ... on Label { name } } } }"}
        bearer = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
        for _ in range(4):
            await here.post(ask, bearer)
        before = await text(here)
        await here.post(ask, bearer)
        after = await text(here)
        assert value(after, built) - value(before, built) >= 1
        assert value(after, given_up) - value(before, given_up) >= 1
