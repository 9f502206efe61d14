"""Many callers at once, over HTTP: they share what is the same, wait their turn, and may leave."""

import asyncio
import datetime as dt
from typing import Any

import pytest

import sandbox
from tests.facade import COLD, Answer, Facade, facade

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN
ARTIST = "{ artist(id: 544) { name } }"

TODAY = dt.date(2024, 3, 1)
"""The sandbox's, where rows are read before they are asked for: midnight brings others."""

LONG = 10.0
"""Seconds after which a test is hopeless."""


def tracks(first: int, count: int) -> str:
    """An operation that asks for so many tracks, one by one: there is no list of them to read."""
    fields = [f"a{number}: track(id: {number}) {{ id }}" for number in range(first, first + count)]
    return f"{{ {' '.join(fields)} }}"


async def asked_by(here: Facade, *tokens: str) -> list[Answer]:
    return await asyncio.gather(*(here.ask(ARTIST, token=token) for token in tokens))


@pytest.mark.parametrize("environment", [COLD, {"ONEDTOUCH_LOG_REQUESTS": "false"}])
async def test_fifty_identical_callers_cost_one_request_and_two_tokens_two(
    environment: dict[str, str],
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        upstream.orders.add(sandbox.Latency(700))
        answers = await asked_by(here, *[LISTENER] * 50)
        assert [answer.data for answer in answers] == [{"artist": {"name": "1902"}}] * 50
        assert upstream.journal.targets == ["/api/v1/artists/544"]

    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        upstream.orders.add(sandbox.Latency(700))
        await asked_by(here, *[LISTENER, PARTNER] * 25)
        assert upstream.journal.targets == ["/api/v1/artists/544"] * 2
        assert {entry.user for entry in upstream.journal.entries} == {
            sandbox.LISTENER,
            sandbox.PARTNER,
        }


async def test_a_request_is_cancelled_when_the_last_client_leaves_and_not_before() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Hang(), path="/api/v1/artists/544")
        clients = [asyncio.create_task(here.ask(ARTIST)) for _ in range(3)]
        async with asyncio.timeout(LONG):
            await upstream.journal.until(lambda journal: journal.under_way == 1)
            await asyncio.sleep(0.2)  # all three are waiting for it by now
            for leaving in clients[:2]:
                leaving.cancel()
            await asyncio.sleep(0.3)
            assert (upstream.journal.under_way, len(upstream.journal)) == (1, 1)
            clients[2].cancel()
            await upstream.journal.until(lambda journal: journal.under_way == 0)
        assert [entry.disconnected for entry in upstream.journal.entries] == [True]
        await asyncio.gather(*clients, return_exceptions=True)


async def test_who_stays_is_answered_although_others_have_left() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Latency(600))
        clients = [asyncio.create_task(here.ask(ARTIST)) for _ in range(5)]
        await upstream.journal.until(lambda journal: journal.under_way == 1)
        await asyncio.sleep(0.2)
        for leaving in clients[:4]:
            leaving.cancel()
        assert (await clients[4]).data == {"artist": {"name": "1902"}}
        assert len(upstream.journal) == 1
        await asyncio.gather(*clients, return_exceptions=True)


async def test_all_that_an_operation_has_under_way_ends_with_its_client() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Hang())
        leaving = asyncio.create_task(here.ask(tracks(1, 30)))
        async with asyncio.timeout(LONG):
            await upstream.journal.until(lambda journal: journal.under_way == 30)
            leaving.cancel()
            await upstream.journal.until(lambda journal: journal.under_way == 0)
        assert len(upstream.journal) == 30
        await asyncio.gather(leaving, return_exceptions=True)


async def test_never_more_than_64_requests_are_under_way() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Latency(150))
        answers = await asyncio.gather(
            *(
                here.ask(tracks(1 + 90 * part, 90), token=token)
                for part in range(2)
                for token in (LISTENER, PARTNER)
            )
        )
        assert all(answer.codes == [] for answer in answers)
        assert len(upstream.journal) == 360
        assert upstream.journal.high_water == 64


async def test_a_greedy_token_is_overtaken_by_one_that_asks_for_little() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Latency(200))
        greedy = [
            asyncio.create_task(here.ask(tracks(1 + 90 * part, 90), token=PARTNER))
            for part in range(6)
        ]
        await upstream.journal.until(lambda journal: journal.under_way == 48)
        modest = await here.ask(ARTIST)
        assert modest.data == {"artist": {"name": "1902"}}
        assert not any(each.done() for each in greedy[1:])
        (mine,) = upstream.journal.matching("*", user=sandbox.LISTENER)
        # those of the greedy one that were on their way, and not those that were waiting
        assert len(upstream.journal.entries) < 540 // 2
        assert mine.status == 200
        assert [answer.codes for answer in await asyncio.gather(*greedy)] == [[]] * 6


async def test_what_finds_no_place_in_the_queue_is_told_so_at_its_own_path() -> None:
    narrow = COLD | {"ONEDTOUCH_MOST_CONCURRENT": "2", "ONEDTOUCH_LONGEST_QUEUE": "5"}
    async with sandbox.running() as upstream, facade(upstream.url, narrow) as here:
        upstream.orders.add(sandbox.Latency(100))
        answer = await here.ask(tracks(1, 20))
        data = answer.body["data"]
        assert answer.codes == ["RATE_LIMITED"] * 13
        assert [error["extensions"]["retryAfter"] for error in answer.errors] == [1.0] * 13
        assert {error["path"][0] for error in answer.errors} == {
            name for name, value in data.items() if value is None
        }
        assert len(upstream.journal) == 7


async def hanging(here: Facade, query: str, milliseconds: int) -> dict[str, Any]:
    """The body of an answer whose caller waits only so long."""
    async with asyncio.timeout(LONG):
        headers = {"X-Deadline-Ms": str(milliseconds)}
        return (await here.ask(query, headers=headers)).body


async def test_what_is_not_there_in_time_is_told_at_its_path_and_the_rest_delivered() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Hang(), path="/api/v1/album*/273")
        upstream.orders.add(sandbox.Drip(), path="/api/v1/tracks/3272")
        body = await hanging(
            here,
            "{ album(id: 273) { title } artist(id: 544) { name } track(id: 3272) { title } "
            "label(id: 212) { name } }",
            900,
        )
        assert body["data"] == {
            "album": None,
            "artist": {"name": "1902"},
            "track": None,
            "label": {"name": "Les Indispensables de Diapason"},
        }
        assert sorted((error["path"], error["extensions"]["code"]) for error in body["errors"]) == [
            (["album"], "UPSTREAM_TIMEOUT"),
            (["track"], "UPSTREAM_TIMEOUT"),
        ]


async def test_joins_that_hang_are_null_in_their_rows_and_all_others_whole() -> None:
    async with sandbox.running(today=TODAY) as upstream, facade(upstream.url) as here:
        # one question before, so that the address of albums is known
        await here.data("{ album(id: 273) { id } }")
        rows = upstream.rows("deliveries")[:20]
        lost = {rows[index]["album"]["id"] for index in (2, 7, 11)}
        for number in lost:
            upstream.orders.add(sandbox.Hang(), path=f"/api/v1/album/{number}")
        body = await hanging(
            here, "{ deliveries(first: 20) { nodes { databaseId album { title } } } }", 1500
        )
        nodes = body["data"]["deliveries"]["nodes"]
        titles = {row["id"]: row["title"] for row in upstream.rows("albums")}
        assert nodes == [
            {
                "databaseId": row["id"],
                "album": None
                if row["album"]["id"] in lost
                else {"title": titles[row["album"]["id"]]},
            }
            for row in rows
        ]
        hit = [index for index, row in enumerate(rows) if row["album"]["id"] in lost]
        assert sorted(
            (error["path"][2], error["extensions"]["code"]) for error in body["errors"]
        ) == [(index, "UPSTREAM_TIMEOUT") for index in hit]


async def test_several_joins_of_one_row_may_hang_at_once() -> None:
    async with sandbox.running(today=TODAY) as upstream, facade(upstream.url) as here:
        await here.data("{ album(id: 273) { id } }")
        rows = upstream.rows("listenings")[:6]
        upstream.orders.add(sandbox.Hang(), path="/api/v1/album/*")
        upstream.orders.add(sandbox.Hang(), path="/api/v1/tracks/*")
        body = await hanging(
            here,
            "{ listenings(first: 6) { nodes { databaseId album { label { name } } "
            "track { title } label { databaseId } } } artist(id: 544) { name } }",
            1500,
        )
        assert body["data"]["artist"] == {"name": "1902"}
        assert body["data"]["listenings"]["nodes"] == [
            {
                "databaseId": row["id"],
                "album": None,
                "track": None,
                "label": row["label"] and {"databaseId": row["label"]["id"]},
            }
            for row in rows
        ]
        assert {error["extensions"]["code"] for error in body["errors"]} == {"UPSTREAM_TIMEOUT"}
        assert sorted(error["path"][2:] for error in body["errors"]) == [
            [index, field] for index in range(6) for field in ("album", "track")
        ]
        async with asyncio.timeout(LONG):
            await upstream.journal.until(lambda journal: journal.under_way == 0)


async def test_a_list_that_hangs_is_told_and_ends_the_answer() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        upstream.orders.add(sandbox.Hang("half"), path="/api/v1/albums")
        body = await hanging(here, "{ albums { nodes { id } } }", 1500)
        assert body["data"] is None
        assert [(each["path"], each["extensions"]["code"]) for each in body["errors"]] == [
            (["albums"], "UPSTREAM_TIMEOUT")
        ]
