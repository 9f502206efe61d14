"""Queries and mutations over WebSockets and as server-sent events, as both protocols have them."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

import sandbox
from tests.facade import COLD
from tests.node_programs import CLIENTS, facade_served, installed
from tests.served import Served, application, served
from tests.sockets import Socket, bearer, socket_to
from web.answers import encode
from web.outcomes import Outcomes
from web.sockets import result_in

LISTENER = {**bearer(sandbox.LISTENER_TOKEN)}
EVENTS = {**LISTENER, "Accept": "text/event-stream"}
ALBUM = "query ($id: ID!) { album(id: $id) { title } }"
TOO_COMPLEX = "QUERY_TOO_COMPLEX"
BOTH = "{ good: artist(id: 544) { name } bad: artist(id: 399) { name } }"


@asynccontextmanager
async def both(
    environment: Mapping[str, str] = COLD,
) -> AsyncIterator[tuple[sandbox.Running, Served]]:
    async with (
        sandbox.running() as upstream,
        served(application(environment, upstream=upstream.url)) as here,
    ):
        yield upstream, here


async def asked(
    socket: Socket, query: str, variables: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What comes over a WebSocket: the one result, or the error in its place."""
    await socket.say("subscribe", "a", {"query": query, "variables": variables or {}})
    message = await socket.heard()
    if message["type"] == "next":
        assert await socket.heard() == {"type": "complete", "id": "a"}
    return message


async def events(here: Served, query: str, variables: Mapping[str, Any] | None = None) -> str:
    """What comes as events."""
    body = {"query": query, "variables": variables or {}}
    async with here.client.post(here.url, json=body, headers=EVENTS) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        return await response.text()


def result(text: str) -> Any:
    """The one result in a stream of events, which ends with it."""
    data = text.removeprefix("event: next\ndata: ").removesuffix("\n\nevent: complete\ndata:\n\n")
    return json.loads(data)


async def test_a_query_is_answered_over_a_websocket_and_as_events() -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        album = upstream.rows("albums")[3]
        expected = {"data": {"album": {"title": album["title"]}}}
        message = await asked(socket, ALBUM, {"id": album["id"]})
        assert message == {"type": "next", "id": "a", "payload": expected}
        assert result(await events(here, ALBUM, {"id": album["id"]})) == expected
        # The connection goes on: an ID is free again once its operation is complete.
        assert (await asked(socket, "{ __typename }"))["payload"]["data"]["__typename"] == "Query"


def test_the_data_of_an_answer_go_into_a_websockets_message_undecoded() -> None:
    # Decoded and encoded again, 500 albums would keep everybody waiting for 200 ms.
    data = b'{ "albums" : [1e1] }'
    answered = result_in(b'{"errors": [{"message": "No."}], "data":' + data + b"}")
    assert encode(answered.data) == data
    assert [each.formatted for each in answered.errors or ()] == [{"message": "No."}]


async def test_a_mutation_is_executed_over_a_websocket_and_as_events() -> None:
    login = f"""mutation {{ createToken(input: {{
        username: "{sandbox.LISTENER}", password: "{sandbox.PASSWORD}"
    }}) {{ accessToken }} }}"""
    async with both() as (_, here), socket_to(here, None) as socket:
        for answer in ((await asked(socket, login))["payload"], result(await events(here, login))):
            token = answer["data"]["createToken"]["accessToken"]
            async with socket_to(here, token) as ours:
                message = await asked(ours, "{ artist(id: 544) { name } }")
                assert message["payload"]["data"]["artist"] == {"name": "1902"}


async def test_what_fails_is_told_at_its_path_and_place_and_the_rest_is_whole() -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/artists/399")
        _, _, expected = await here.post({"query": BOTH}, LISTENER)
        assert expected["data"] == {"good": {"name": "1902"}, "bad": None}
        (error,) = expected["errors"]
        assert error["path"] == ["bad"]
        assert error["locations"]
        assert (await asked(socket, BOTH))["payload"] == expected
        assert result(await events(here, BOTH)) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ albums { nodes { price } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ albums {", "GRAPHQL_PARSE_FAILED"),
        (ALBUM, "BAD_USER_INPUT"),
        (
            f"{{ {' '.join(f'a{i}: albums {{ nodes {{ id }} }}' for i in range(500))} }}",
            TOO_COMPLEX,
        ),
    ],
)
async def test_what_can_not_be_executed_is_an_error_with_a_code(query: str, code: str) -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        message = await asked(socket, query)
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == code
        assert result(await events(here, query)) == {"errors": message["payload"]}
        assert not upstream.journal


async def test_who_has_no_token_is_told_so_where_data_is_asked_for() -> None:
    async with both() as (_, here), socket_to(here, None) as socket:
        payload = (await asked(socket, "{ __typename artist(id: 544) { name } }"))["payload"]
        assert payload["data"] == {"__typename": "Query", "artist": None}
        assert [each["extensions"]["code"] for each in payload["errors"]] == ["UNAUTHENTICATED"]


async def test_a_query_over_a_websocket_ends_with_its_deadline_and_others_are_not_kept() -> None:
    environment = {**COLD, "ONEDTOUCH_DEADLINE": "0.5"}
    async with both(environment) as (upstream, here), socket_to(here) as socket:
        upstream.orders.add(sandbox.Hang(), path="/api/v1/artists/399")
        await socket.say("subscribe", "slow", {"query": "{ artist(id: 399) { name } }"})
        quick = await asked(socket, "{ artist(id: 544) { name } }")
        assert quick["payload"]["data"]["artist"] == {"name": "1902"}
        slow = await socket.heard()
        assert (slow["id"], slow["payload"]["data"]) == ("slow", {"artist": None})
        assert slow["payload"]["errors"][0]["extensions"]["code"] == "UPSTREAM_TIMEOUT"


@pytest.mark.parametrize("leaving", ["complete", "close"])
async def test_who_gives_a_query_up_has_its_requests_cancelled(leaving: str) -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        upstream.orders.add(sandbox.Hang())
        await socket.say("subscribe", "a", {"query": "{ artist(id: 399) { name } }"})
        await upstream.journal.until(lambda journal: len(journal) == 1, seconds=10)
        if leaving == "complete":
            await socket.say("complete", "a")
        else:
            await socket.socket.close()
        async with asyncio.timeout(5):
            while here.app._upstream.state().under_way:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)


async def test_what_comes_over_a_websocket_is_logged_as_what_comes_by_post(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="web.requests")
    loud = {**COLD, "ONEDTOUCH_LOG_REQUESTS": "true"}
    async with both(loud) as (upstream, here), socket_to(here) as socket:
        await here.post({"query": "{ artist(id: 544) { name } }"}, LISTENER)
        await asked(socket, "{ artist(id: 544) { name } }")
        upstream.orders.add(sandbox.Hang())
        await socket.say("subscribe", "a", {"query": "{ artist(id: 399) { name } }"})
        await upstream.journal.until(lambda journal: len(journal) == 3, seconds=10)
        await socket.say("complete", "a")
        async with asyncio.timeout(5):
            while len(caplog.records) < 3:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
    lines: list[Any] = [getattr(each, "fields", None) for each in caplog.records[:3]]
    assert [each["status"] for each in lines] == [200, 200, 499]
    assert lines[0]["bytes"] == lines[1]["bytes"] > 0


async def test_who_takes_nothing_over_a_websocket_does_not_keep_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("web.stalls.LONGEST_STALL_SECONDS", 0.2)
    environment = {"ONEDTOUCH_LIVE_SOCKETS": "1"}
    many = {"query": "{ albums(first: 500) { nodes { id title tracks { id title } } } }"}
    async with both(environment) as (_, here), socket_to(here) as socket:
        for number in range(50):
            await socket.say("subscribe", f"{number}", many)
        # aiohttp's client reads no more once there is much that nobody has received.
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(0.2)
                with suppress(aiohttp.WSServerHandshakeError):
                    async with socket_to(here):
                        break
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_what_goes_wrong_in_the_facade_is_an_error_over_a_websocket_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def failing(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(Outcomes, "of", failing)
    async with both() as (_, here), socket_to(here) as socket:
        message = await asked(socket, "{ __typename }")
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "secret" not in str(message)


async def test_events_are_sent_to_who_has_the_answer_as_json() -> None:
    async with both() as (_, here):
        query = {"query": "{ artist(id: 544) { name } }"}
        async with here.client.get(here.url, params=query, headers=LISTENER) as response:
            known = {"If-None-Match": response.headers["ETag"]}
        async with here.client.get(here.url, params=query, headers={**EVENTS, **known}) as response:
            assert result(await response.text()) == {"data": {"artist": {"name": "1902"}}}


async def test_the_operations_of_one_websocket_are_bounded() -> None:
    environment = {**COLD, "ONEDTOUCH_LIVE_OPERATIONS_PER_SOCKET": "2"}
    async with both(environment) as (upstream, here), socket_to(here) as socket:
        upstream.orders.add(sandbox.Hang())
        for identifier in "abc":
            query = {"query": "{ artist(id: 399) { name } }"}
            await socket.say("subscribe", identifier, query)
        refused = await socket.heard()
        assert (refused["type"], refused["id"]) == ("error", "c")
        assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


@pytest.mark.parametrize("over", ["ws", "sse"])
async def test_the_clients_from_npm_have_their_queries_answered(over: str) -> None:
    installed(CLIENTS)
    with facade_served({}) as here:
        program = await asyncio.create_subprocess_exec(
            *("node", "live.mjs", over, "9", "{ artist(id: 544) { name } }"),
            cwd=CLIENTS,
            env={**os.environ, "FACADE_URL": here.url, "TOKEN": sandbox.LISTENER_TOKEN},
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            output, _ = await program.communicate()
    assert [json.loads(line) for line in output.splitlines()] == [
        {"next": {"data": {"artist": {"name": "1902"}}}},
        {"complete": True},
    ]


async def test_who_refuses_events_gets_none() -> None:
    async with both() as (_, here):
        accept = {"Accept": "text/event-stream;q=0"}
        status, headers, _ = await here.post({"query": "{ __typename }"}, accept)
        assert status == 406
        assert headers["Content-Type"].startswith("application/json")
