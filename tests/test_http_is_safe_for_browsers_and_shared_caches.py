"""Browsers and caches: foreign pages can make nobody ask, and answers are kept by their owner."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import strawberry

import sandbox
from tests.served import NOWHERE, NoContext, Served, application, served
from upstream.caller import Caller, Exchange
from web.answers import seconds_under_way

QUERY = {"query": "{ __typename }"}


@strawberry.type
class Query:
    """Short and long answers."""

    @strawberry.field
    def text(self, length: int) -> str:
        """A text of some length."""
        return "x" * length

    @strawberry.field
    def broken(self) -> str | None:
        """A bug."""
        raise RuntimeError


@strawberry.type
class Mutation:
    """Something that changes the world."""

    @strawberry.mutation
    def do(self) -> bool:
        """Do it."""
        return True


SMALL = strawberry.Schema(query=Query, mutation=Mutation)


def exchange(fresh_for: float) -> Exchange:
    return Exchange(
        "/api/v1/albums", "/api/v1/albums?page=1", 0.0, 0.02, "upstream", 200, 1, fresh_for
    )


def small(
    *fresh: float, stale: bool = False, **environment: str
) -> AbstractAsyncContextManager[Served]:
    """A server whose operations have asked upstream for things that are fresh so long."""

    def context(caller: Caller) -> NoContext:
        caller.exchanges += [exchange(seconds) for seconds in fresh]
        made = NoContext()
        if stale:
            made.stale = [(["text"], 12.0)]
        return made

    return served(application(environment, schema=SMALL, open_context=context))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # what elements of a foreign page send
        ({"Accept": "*/*"}, 400),
        ({"Accept": "image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Mode": "no-cors"}, 400),
        ({"Accept": "*/*", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 400),
        ({"Accept": "*/*", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, 400),
        ({"Accept": "*/*", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 400),
        ({"Accept": "*/*", "Origin": "https://evil.example"}, 400),
        ({"Accept": "*/*", "Content-Type": "text/plain"}, 400),
        ({"Accept": "*/*", "Apollo-Require-Preflight": ""}, 400),
        ({"Accept": "*/*", "Authorization": "Basic bGlzdGVuZXI6c2FuZGJveA=="}, 400),
        # what they can't, or only after they asked
        ({"Accept": "*/*", "Authorization": "Bearer abc"}, 200),
        ({"Accept": "application/json"}, 200),
        ({"Accept": "application/graphql-response+json"}, 200),
        ({"Accept": "*/*", "Apollo-Require-Preflight": "true"}, 200),
        ({"Accept": "*/*", "GraphQL-Require-Preflight": "1"}, 200),
        ({"Accept": "*/*", "X-Apollo-Operation-Name": "A"}, 200),
        ({"Accept": "*/*", "Content-Type": "application/json"}, 200),
        ({"Accept": "*/*", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}, 200),
        ({"Accept": "*/*", "Sec-Fetch-Mode": "cors"}, 200),
    ],
)
async def test_a_get_is_answered_only_where_no_foreign_page_can_have_sent_it_unasked(
    headers: dict[str, str], status: int
) -> None:
    async with small() as here, here.client.get(here.url, params=QUERY, headers=headers) as got:
        assert got.status == status


async def test_no_origin_is_allowed_by_default() -> None:
    ask = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    async with small() as here:
        async with here.client.options(here.url, headers=ask) as response:
            assert response.status == 405
            assert "Access-Control-Allow-Origin" not in response.headers
        _, headers, _ = await here.post(QUERY, {"Origin": "https://app.example"})
        assert "Access-Control-Allow-Origin" not in headers


async def test_a_named_origin_may_ask_and_read_and_another_may_not() -> None:
    ask = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": (
            "apollographql-client-name,authorization,content-type,traceparent,x-deadline-ms"
        ),
    }
    origins = "https://app.example,http://localhost:5173"
    async with small(ONEDTOUCH_CORS_ORIGINS=origins) as here:
        for origin in origins.split(","):
            headers = {**ask, "Origin": origin}
            async with here.client.options(here.url, headers=headers) as response:
                assert response.status == 200
                assert response.headers["Access-Control-Allow-Origin"] == origin
        _, answered, _ = await here.post(QUERY, {"Origin": "http://localhost:5173"})
        assert answered["Access-Control-Allow-Origin"] == "http://localhost:5173"
        assert "Access-Control-Allow-Credentials" not in answered
        assert "Origin" in answered["Vary"]
        headers = {**ask, "Origin": "https://evil.example"}
        async with here.client.options(here.url, headers=headers) as response:
            assert response.status == 400
            assert "Access-Control-Allow-Origin" not in response.headers
        _, answered, _ = await here.post(QUERY, {"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in answered


async def test_a_refusal_can_be_read_by_a_named_origin_too() -> None:
    async with small(ONEDTOUCH_CORS_ORIGINS="https://app.example") as here:
        headers = {"Origin": "https://app.example", "Content-Type": "text/plain"}
        async with here.client.post(here.url, data=b"x", headers=headers) as response:
            assert response.status == 415
            assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"


@pytest.mark.parametrize(
    ("query", "fresh", "expected"),
    [
        ("{ text(length: 1) }", (60.0, 12.9, 3600.0), "private, max-age=12"),
        ("{ text(length: 1) }", (60.0, 0.0), "private, max-age=0"),
        ("{ text(length: 1) }", (60.0, -1.0), "no-store"),
        ("{ text(length: 1) }", (), "no-store"),
        ("{ text(length: 1) broken }", (60.0,), "no-store"),
        ("mutation { do }", (60.0,), "no-store"),
        ("{ nothing }", (60.0,), "no-store"),
        ("{", (60.0,), "no-store"),
    ],
)
async def test_an_answer_may_be_kept_as_long_as_its_least_fresh_part(
    query: str, fresh: tuple[float, ...], expected: str
) -> None:
    async with small(*fresh) as here:
        _, headers, _ = await here.post({"query": query})
        assert headers["Cache-Control"] == expected
        assert headers["Vary"] == "Authorization, Accept, Accept-Encoding"


async def test_the_time_that_an_operation_took_since_is_not_promised_again() -> None:
    def context(caller: Caller) -> NoContext:
        early = exchange(60.0)
        early.started = -8.5
        caller.exchanges += [early, exchange(120.0)]
        return NoContext()

    async with served(application(schema=SMALL, open_context=context)) as here:
        _, headers, _ = await here.post({"query": "{ text(length: 1) }"})
        assert headers["Cache-Control"] == "private, max-age=52"


async def test_a_stale_answer_says_so_and_is_not_kept() -> None:
    async with small(60.0, stale=True) as here:
        _, headers, answer = await here.post({"query": "{ text(length: 1) }"})
        assert headers["Cache-Control"] == "no-store"
        assert answer["extensions"]["stale"] == [{"path": ["text"], "age": 12.0}]


async def test_a_get_is_not_answered_again_with_what_the_client_has() -> None:
    params = {"query": "{ text(length: 1) }"}
    json = {"Accept": "application/json"}
    async with small(60.0) as here:
        async with here.client.get(here.url, params=params, headers=json) as first:
            etag = first.headers["ETag"]
            assert etag.startswith('W/"')
        for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
            headers = {**json, "If-None-Match": known}
            async with here.client.get(here.url, params=params, headers=headers) as again:
                assert (again.status, await again.read()) == (304, b"")
                assert again.headers["ETag"] == etag
                assert again.headers["Cache-Control"] == "private, max-age=60"
                assert again.headers["Vary"] == first.headers["Vary"]
        headers = {**json, "If-None-Match": 'W/"other"'}
        async with here.client.get(here.url, params=params, headers=headers) as again:
            assert again.status == 200


async def test_what_must_not_be_kept_has_no_entity_tag() -> None:
    async with small() as here:
        headers = {"Accept": "application/json", "If-None-Match": "*"}
        async with here.client.get(here.url, params=QUERY, headers=headers) as got:
            assert (got.status, "ETag" in got.headers) == (200, False)


@pytest.mark.parametrize(
    ("length", "accept", "encoding"),
    [
        (5_000, "gzip", "gzip"),
        (500_000, "gzip, deflate, br", "gzip"),
        (5_000, "br, gzip;q=0.5", "gzip"),
        (100, "gzip", None),
        (5_000, "identity", None),
        (5_000, "gzip;q=0", None),
        (5_000, "gzip; q=0.0", None),
    ],
)
async def test_a_long_answer_is_compressed_for_who_takes_it(
    length: int, accept: str, encoding: str | None
) -> None:
    headers = {"Accept-Encoding": accept, "Content-Type": "application/json"}
    body = {"query": f"{{ text(length: {length}) }}"}
    async with (
        small() as here,
        here.client.post(here.url, json=body, headers=headers) as response,
    ):
        assert response.headers.get("Content-Encoding") == encoding
        assert len((await response.json())["data"]["text"]) == length
        assert response.headers["Vary"] == "Authorization, Accept, Accept-Encoding"


async def test_compression_can_be_turned_off() -> None:
    async with small(ONEDTOUCH_COMPRESSION_MINIMUM="0") as here:
        body = {"query": "{ text(length: 5000) }"}
        _, headers, _ = await here.post(body, {"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in headers
        assert headers["Vary"] == "Authorization, Accept"


@asynccontextmanager
async def whole() -> AsyncIterator[Served]:
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        yield here


async def test_the_headers_tell_what_the_real_thing_cost() -> None:
    headers = {"Authorization": f"bearer {sandbox.LISTENER_TOKEN}", "X-Include": "cost, upstream"}
    async with whole() as here:
        _, answered, body = await here.post(
            {"query": "{ albums(first: 2) { nodes { title } } }"}, headers
        )
        assert answered["Server-Timing"].startswith('upstream;desc="1 requests";dur=')
        assert body["extensions"]["cost"]["actual"] == 1
        (asked,) = body["extensions"]["upstream"]
        assert asked["path"] == "/api/v1/albums?page=1&per_page=2"
        assert answered["Cache-Control"].startswith("private, max-age=")


async def test_an_explained_query_asks_nothing() -> None:
    async with served(application(upstream=NOWHERE)) as here:
        _, headers, body = await here.post(
            {"query": "{ albums(first: 2) { nodes { title } } }"}, {"X-Explain": "1"}
        )
        assert body["extensions"]["explain"]["steps"][0]["route"] == "/api/v1/albums"
        assert headers["Cache-Control"] == "no-store"


async def test_a_query_whose_variables_do_not_fit_is_not_explained() -> None:
    query = "query ($id: ID!) { album(id: $id) { title } }"
    async with served(application(upstream=NOWHERE)) as here:
        for variables in ({}, {"id": None}, {"id": [1]}):
            _, _, body = await here.post(
                {"query": query, "variables": variables}, {"X-Explain": "1"}
            )
            (error,) = body["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "extensions" not in body


def test_time_under_way_counts_once_where_requests_overlap() -> None:
    spans = [(0.0, 2.0), (1.0, 2.0), (1.5, 0.5), (5.0, 1.0)]
    exchanges = [Exchange("/", "/", began, took, "upstream", 200, 1) for began, took in spans]
    assert seconds_under_way(exchanges) == 4.0
