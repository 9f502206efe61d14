"""What one token may see never reaches a caller with another, cached or not, in flight or not."""

import asyncio
import datetime as dt
import re
from contextlib import suppress
from typing import Any

import pytest

import sandbox
from tests.facade import COLD, facade

WARM: dict[str, str] = {"ONEDTOUCH_LOG_REQUESTS": "false"}

TODAY = dt.date(2024, 3, 1)
"""The sandbox's, where rows are read before they are asked for: midnight brings others."""

ALBUMS = "{ albums(first: 100) { totalCount nodes { databaseId tracks { lowBitrateUrl } } } }"
LISTENINGS = "{ listenings(first: 100) { nodes { databaseId user { station { databaseId } } } } }"


def numbers(answer: Any, field: str) -> set[int]:
    return {node["databaseId"] for node in answer.data[field]["nodes"]}


@pytest.mark.parametrize("environment", [COLD, WARM], ids=["cold", "warm"])
async def test_no_row_of_one_user_reaches_the_other(environment: dict[str, str]) -> None:
    async with (
        sandbox.running(today=TODAY) as upstream,
        facade(upstream.url, environment) as here,
    ):
        allowed = {row["id"] for row in upstream.rows("albums", sandbox.PARTNER)}
        heard = {row["id"] for row in upstream.rows("listenings", sandbox.PARTNER)}
        for _ in range(2):
            both = await asyncio.gather(
                *(
                    here.ask(query, token=token)
                    for query in (ALBUMS, LISTENINGS)
                    for token in (sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN)
                )
            )
            listeners_albums, partners_albums, listeners_plays, partners_plays = both
            assert not numbers(listeners_albums, "albums") <= allowed
            assert numbers(partners_albums, "albums") <= allowed
            assert partners_albums.data["albums"]["totalCount"] == len(allowed)
            assert not numbers(listeners_plays, "listenings") & heard
            assert numbers(partners_plays, "listenings") <= heard
            urls = [
                track["lowBitrateUrl"]
                for album in partners_albums.data["albums"]["nodes"]
                for track in album["tracks"]
            ]
            assert set(urls) == {None}


@pytest.mark.parametrize("environment", [COLD, WARM], ids=["cold", "warm"])
async def test_an_object_that_only_one_may_see_is_null_for_the_other(
    environment: dict[str, str],
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, environment) as here:
        allowed = {row["id"] for row in upstream.rows("albums", sandbox.PARTNER)}
        hidden = next(row["id"] for row in upstream.rows("albums") if row["id"] not in allowed)
        query = f"{{ album(id: {hidden}) {{ databaseId }} }}"
        for _ in range(2):
            mine = await here.ask(query)
            theirs = await here.ask(query, token=sandbox.PARTNER_TOKEN)
            nobodys = await here.ask(query, token=None)
            wrong = await here.ask(query, token="0" * 64)
            assert mine.data == {"album": {"databaseId": hidden}}
            assert theirs.data == {"album": None}
            assert (nobodys.body["data"], nobodys.codes) == ({"album": None}, ["UNAUTHENTICATED"])
            assert (wrong.body["data"], wrong.codes) == ({"album": None}, ["UNAUTHENTICATED"])


async def test_what_one_may_not_do_is_forbidden_for_that_one_only() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        query = "{ deliveries(first: 5) { nodes { id } } artist(id: 914) { name } }"
        mine = await here.ask(query)
        theirs = await here.ask(
            "{ deliveries(first: 5) { nodes { id } } }", token=sandbox.PARTNER_TOKEN
        )
        assert len(mine.data["deliveries"]["nodes"]) == 5
        assert theirs.codes == ["FORBIDDEN"]
        assert theirs.body["data"] is None


async def test_a_revoked_token_is_dead_at_once_although_its_answers_were_cached() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        token, other = upstream.token(), upstream.token()
        query = "{ albums(first: 3) { nodes { title } } album(id: 273) { title } }"
        assert (await here.ask(query, token=token)).errors == []
        await here.ask(
            "mutation ($token: String!) { revokeToken(input: {token: $token}) { revoked } }",
            {"token": token},
            token=other,
        )
        after = await here.ask(query, token=token)
        assert set(after.codes) == {"UNAUTHENTICATED"}
        assert after.body["data"] is None
        assert (await here.ask(query, token=other)).errors == []
        assert len(upstream.rows("albums")) > 0


async def test_the_schema_is_there_without_a_token() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        answer = await here.ask(
            "{ __typename __schema { queryType { name } } _service { sdl } }", token=None
        )
        assert answer.data["__schema"] == {"queryType": {"name": "Query"}}
        assert "type Album implements Node" in answer.data["_service"]["sdl"]
        assert upstream.journal.targets == []


@pytest.mark.parametrize("field", ["albums", "artists", "labels", "listenings", "deliveries"])
async def test_an_empty_window_needs_a_token_that_lives(field: str) -> None:
    query = f"{{ {field}(first: 0) {{ nodes {{ id }} }} }}"
    async with sandbox.running() as upstream, facade(upstream.url, WARM) as here:
        token = upstream.token()
        assert (await here.ask(query, token=token)).data == {field: {"nodes": []}}
        assert (await here.ask(query, token=None)).codes == ["UNAUTHENTICATED"]
        await here.ask(
            "mutation ($token: String!) { revokeToken(input: {token: $token}) { revoked } }",
            {"token": token},
        )
        assert (await here.ask(query, token=token)).codes == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic bGlzdGVuZXI6c2FuZGJveA==", "bearer\ta b", "Token x"]
)
async def test_a_header_that_carries_no_bearer_token_is_like_none(header: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        answer = await here.ask(
            "{ artist(id: 914) { name } }", token=None, headers={"Authorization": header}
        )
        assert answer.codes == ["UNAUTHENTICATED"]
        assert upstream.journal.targets == []


@pytest.mark.parametrize("pause", [0, 0.02])
async def test_what_comes_in_behind_an_answer_is_no_answer_to_another_caller(pause: float) -> None:
    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                (token,) = re.findall(rb"Bearer (\S+)", head)
                body = b'{"id": 914, "name": "of %b"}' % token
                answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                writer.write(answer)
                await asyncio.sleep(pause)
                writer.write(answer)
        writer.close()

    async with await asyncio.start_server(twice, "127.0.0.1", 0) as api:
        url = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}"
        async with facade(url) as here:
            for token in ("one", "other") * 3:
                answer = await here.ask("{ artist(id: 914) { name } }", token=token)
                assert answer.data == {"artist": {"name": f"of {token}"}}
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)
