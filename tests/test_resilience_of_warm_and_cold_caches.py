"""The fault matrix: each fault, on a cold and a warm cache, for the same and for another token.

What is known for a token is served while the REST API fails, and says that it is old; nobody else
gets it. What the API refuses is refused, whatever is known.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

import sandbox
from sandbox.effects import AnyEffect, Junk
from tests.facade import COLD, Answer, Facade, facade
from tests.upstream_asked import scripted

HASTY: dict[str, str] = {
    "ONEDTOUCH_DEADLINE": "3",
    "ONEDTOUCH_LOG_REQUESTS": "false",
    "ONEDTOUCH_UPSTREAM_MOST_BODY_BYTES": "4000000",
    "ONEDTOUCH_BREAKER_FAILURES": "0",
    "ONEDTOUCH_RETRY_PAUSE": "0.01",
}
"""No breaker, so that each fault is seen itself."""

WARM = HASTY | {"ONEDTOUCH_FRESH_CATALOGUE": "0", "ONEDTOUCH_FRESH_FINISHED_DAYS": "0"}
"""A cache whose answers are known but never fresh, so that each is asked for again."""

LONGEST = 4.0
"""Seconds in which each answer must be there: the deadline and a moment."""

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN

ROWS = [
    "album(id: 273) { title }",
    "track(id: 3272) { title isrc }",
    "label(id: 212) { name }",
    "albums(first: 3) { nodes { databaseId title } pageInfo { hasNextPage } }",
    "labels(last: 3) { nodes { databaseId name } }",
    "listenings(first: 3) { nodes { databaseId } }",
]
"""One field of each kind of request; both accounts may ask for all of them."""


@dataclass(frozen=True)
class Fault:
    """What happens to each request, the code of it, and whether what is known may stand in."""

    effect: AnyEffect
    code: str
    covered: bool = True

    @property
    def patience(self) -> dict[str, str]:
        """Little where it comes to nothing anyway, so that the test is soon over."""
        hasty = self.code == "UPSTREAM_TIMEOUT"
        return {"ONEDTOUCH_UPSTREAM_REQUEST_TIMEOUT": "0.4" if hasty else "3"}


FAULTS = {
    "429": Fault(sandbox.Status(429), "RATE_LIMITED"),
    "429 for long": Fault(sandbox.Status(429, retry_after=3600), "RATE_LIMITED"),
    "500": Fault(sandbox.Status(500), "UPSTREAM_UNAVAILABLE"),
    "502": Fault(sandbox.Status(502), "UPSTREAM_UNAVAILABLE"),
    "503": Fault(sandbox.Status(503), "UPSTREAM_UNAVAILABLE"),
    "504": Fault(sandbox.Status(504), "UPSTREAM_TIMEOUT"),
    "reset": Fault(sandbox.Reset(), "UPSTREAM_UNAVAILABLE"),
    "reset behind the headers": Fault(sandbox.Reset("headers"), "UPSTREAM_UNAVAILABLE"),
    "reset amid the body": Fault(sandbox.Reset("half"), "UPSTREAM_UNAVAILABLE"),
    "hang": Fault(sandbox.Hang(), "UPSTREAM_TIMEOUT"),
    "hang behind the headers": Fault(sandbox.Hang("headers"), "UPSTREAM_TIMEOUT"),
    "hang amid the body": Fault(sandbox.Hang("half"), "UPSTREAM_TIMEOUT"),
    "drip": Fault(sandbox.Drip(), "UPSTREAM_TIMEOUT"),
    "late": Fault(sandbox.Latency(2000), "UPSTREAM_TIMEOUT"),
    "cut": Fault(sandbox.Cut(), "UPSTREAM_BAD_RESPONSE"),
    "cut, chunked": Fault(sandbox.Cut(chunked=True), "UPSTREAM_BAD_RESPONSE"),
    "huge": Fault(sandbox.Huge(6), "UPSTREAM_BAD_RESPONSE"),
    "bomb": Fault(sandbox.Bomb(8), "UPSTREAM_BAD_RESPONSE"),
    "text": Fault(Junk("text"), "UPSTREAM_BAD_RESPONSE"),
    "html": Fault(Junk("html"), "UPSTREAM_BAD_RESPONSE"),
    "empty": Fault(Junk("empty"), "UPSTREAM_BAD_RESPONSE"),
    "nan": Fault(Junk("nan"), "UPSTREAM_BAD_RESPONSE"),
    "deep": Fault(Junk("deep"), "UPSTREAM_BAD_RESPONSE"),
    "swapped": Fault(Junk("swapped"), "UPSTREAM_BAD_RESPONSE"),
    "string": Fault(Junk("string"), "UPSTREAM_BAD_RESPONSE"),
    "null": Fault(Junk("null"), "UPSTREAM_BAD_RESPONSE"),
    # What the API says to this request of this caller is not covered up.
    "401": Fault(sandbox.Status(401), "UNAUTHENTICATED", covered=False),
    "403": Fault(sandbox.Status(403), "FORBIDDEN", covered=False),
    "204": Fault(sandbox.Status(204, body=""), "UPSTREAM_BAD_RESPONSE", covered=False),
    "302": Fault(sandbox.Status(302, location="/"), "UPSTREAM_BAD_RESPONSE", covered=False),
    "410": Fault(sandbox.Status(410), "UPSTREAM_BAD_RESPONSE", covered=False),
    "418": Fault(sandbox.Status(418), "UPSTREAM_BAD_RESPONSE", covered=False),
}


async def each(here: Facade, token: str) -> list[Answer]:
    """The answer to each of the rows, asked for one by one."""
    async with asyncio.timeout(LONGEST):
        return await asyncio.gather(*(here.ask(f"{{ {row} }}", token=token) for row in ROWS))


def name(row: str) -> str:
    return row.partition("(")[0]


def assert_failed(answers: list[Answer], code: str) -> None:
    """Each says what went wrong, and has nothing."""
    for row, answer in zip(ROWS, answers, strict=True):
        nullable = name(row) in {"album", "track", "label"}
        assert (answer.body["data"], answer.codes) == (
            {name(row): None} if nullable else None,
            [code],
        ), row
        assert "stale" not in answer.body.get("extensions", {})
        assert answer.headers["Cache-Control"] == "no-store"


def assert_stale(answers: list[Answer], known: list[Any]) -> None:
    """Each has what is known, to the last value, and says how old it is."""
    for row, answer, data in zip(ROWS, answers, known, strict=True):
        assert answer.data == data, row
        ages = answer.body["extensions"]["stale"]
        assert {tuple(each["path"]) for each in ages} == {(name(row),)}, row
        assert all(0 < each["age"] < 10 for each in ages), row
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_known_stands_in_for_its_own_token_until_the_fault_is_over(
    fault: str,
) -> None:
    injected = FAULTS[fault]
    async with (
        sandbox.running() as upstream,
        facade(upstream.url, WARM | injected.patience) as here,
    ):
        known = [answer.data for answer in await each(here, LISTENER)]
        upstream.orders.add(injected.effect)
        if injected.covered:
            assert_stale(await each(here, LISTENER), known)
            # ... and again: what stood in once is still known
            assert_stale(await each(here, LISTENER), known)
        else:
            assert_failed(await each(here, LISTENER), injected.code)
        assert_failed(await each(here, PARTNER), injected.code)

        upstream.orders.clear()
        after = await each(here, LISTENER)
        assert [answer.data for answer in after] == known
        assert not any("extensions" in answer.body for answer in after)
        theirs = await each(here, PARTNER)
        allowed = {row["id"] for row in upstream.rows("albums", sandbox.PARTNER)}
        assert theirs[0].data == known[0]
        assert {node["databaseId"] for node in theirs[3].data["albums"]["nodes"]} <= allowed


@pytest.mark.parametrize("fault", FAULTS)
async def test_where_nothing_is_known_the_fault_is_told(fault: str) -> None:
    injected = FAULTS[fault]
    async with (
        sandbox.running() as upstream,
        facade(upstream.url, HASTY | COLD | injected.patience) as here,
    ):
        for answer in await each(here, LISTENER):
            assert answer.errors == []
        upstream.orders.add(injected.effect)
        assert_failed(await each(here, LISTENER), injected.code)
        upstream.orders.clear()
        for answer in await each(here, LISTENER):
            assert answer.errors == []


async def test_a_list_and_what_was_joined_to_it_are_said_to_be_old_once() -> None:
    query = "{ listenings(first: 30) { nodes { album { title genres } } } }"
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        data = await here.data(query)
        upstream.orders.add(sandbox.Status(503))
        answer = await here.ask(query)
        assert answer.data == data
        (stale,) = answer.body["extensions"]["stale"]
        assert stale["path"] == ["listenings"]
        assert stale["age"] > 0


async def test_a_list_without_link_is_asked_for_by_the_same_pages_the_second_time() -> None:
    rows = [{"id": number, "name": f"Artist {number}"} for number in range(1, 61)]

    async def answer(request: web.BaseRequest) -> web.Response:
        page, size = int(request.query["page"]), int(request.query["per_page"])
        return web.json_response(rows[(page - 1) * size : page * size])

    async with scripted(answer) as api, facade(api.url, HASTY) as here:
        for query in ("{ artists(first: 30) { nodes { id } } }", "{ artists { nodes { id } } }"):
            await here.data(query)
            await here.data(query.replace("id", "name"))
        assert api.paths == [
            "/api/v1/artists?page=1&per_page=30",
            "/api/v1/artists?page=1&per_page=25",
        ]
