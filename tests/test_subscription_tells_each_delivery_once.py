"""deliveryProcessed: over WebSockets and event streams, fed by one look for all with a token."""

import asyncio
import datetime as dt
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest

import sandbox
from resolvers.global_ids import global_id
from resolvers.live import Live
from tests.node_programs import CLIENTS, facade_served, installed
from tests.served import Served, application, served
from tests.sockets import NUMBERS, bearer, socket_to
from upstream.client import Upstream
from upstream.errors import Overloaded
from upstream.policy import Policy
from web.playground import QUERIES
from web.rates import Rates

QUICK = {"ONEDTOUCH_CACHE_BYTES": "0", "ONEDTOUCH_LIVE_INTERVAL": "0.05"}
STILL = {**QUICK, "ONEDTOUCH_LIVE_INTERVAL": "3600"}
DELIVERIES = "/api/v1/deliveries"

DAY = dt.timedelta(days=1)
TODAY = dt.date(2100, 1, 2)
"""Of no clock for a long time: what is asked of a day that is over would be kept for an hour."""
YESTERDAY = sandbox.listing("deliveries", since=TODAY - DAY, until=TODAY - DAY)


@pytest.fixture(autouse=True)
def always_the_same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """No list depends on when the tests run, or grows in the midst of one, at midnight."""
    monkeypatch.setattr("resolvers.live._today", lambda: TODAY)


@asynccontextmanager
async def both(
    environment: Mapping[str, str] = QUICK,
) -> AsyncIterator[tuple[sandbox.Running, Served]]:
    async with (
        sandbox.running(today=TODAY) as upstream,
        served(application(environment, upstream=upstream.url)) as here,
    ):
        yield upstream, here


def looks(upstream: sandbox.Running, user: str | None = None) -> int:
    """How often the first page of the deliveries was asked for."""
    pages = upstream.journal.matching(DELIVERIES, user=user)
    return sum(entry.query["page"] == "1" for entry in pages)


def pages_of_a_look(upstream: sandbox.Running) -> int:
    """How many requests a look is, each after the answer to the one before."""
    rows = upstream.numbers("deliveries", since=TODAY - DAY, until=TODAY + DAY)
    return max(1, -(-len(rows) // 25))


def since(upstream: sandbox.Running) -> dt.date:
    """The day from which on deliveries were looked for the last time."""
    return dt.date.fromisoformat(upstream.journal.matching(DELIVERIES)[-1].query["since"])


async def a_look_more(upstream: sandbox.Running, by: int = 1, user: str | None = None) -> None:
    """Wait until looks that begin from now on are over."""
    before = looks(upstream, user)
    await upstream.journal.until(lambda _: looks(upstream, user) > before + by, seconds=20)


async def test_each_delivery_is_told_once_from_the_subscription_on() -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await a_look_more(upstream)
        first = upstream.database.insert(YESTERDAY, 0)
        assert await socket.told() == first
        await a_look_more(upstream, 2)
        second = upstream.database.insert(YESTERDAY, 5)
        upstream.database.delete(YESTERDAY, position=9)
        assert await socket.told() == second
        await a_look_more(upstream, 2)
        third = upstream.database.insert(YESTERDAY, 0)
        assert await socket.told() == third


async def test_an_albums_fields_are_fetched_for_each_delivery() -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        await socket.subscribe(
            "a", "subscription { deliveryProcessed { album { databaseId title } } }"
        )
        await a_look_more(upstream)
        upstream.database.insert(YESTERDAY, 0)
        message = await socket.heard()
        album = message["payload"]["data"]["deliveryProcessed"]["album"]
        titles = {row["id"]: row["title"] for row in upstream.rows("albums")}
        assert album["title"] == titles[album["databaseId"]]


async def test_one_look_serves_all_who_wait_with_a_token() -> None:
    async with both(STILL) as (upstream, here), socket_to(here) as one, socket_to(here) as other:
        for number in range(10):
            await one.subscribe(str(number))
            await other.subscribe(str(number))
        streams = [
            await here.client.post(
                here.url,
                json={"query": NUMBERS},
                headers={**bearer(sandbox.LISTENER_TOKEN), "Accept": "text/event-stream"},
            )
            for _ in range(5)
        ]
        pages = pages_of_a_look(upstream)
        await upstream.journal.until(lambda journal: len(journal) >= pages)
        await asyncio.sleep(0.1)
        assert len(upstream.journal) == pages
        for stream in streams:
            stream.close()


async def test_each_token_is_told_its_own() -> None:
    async with (
        both() as (upstream, here),
        socket_to(here) as ours,
        socket_to(here, sandbox.PARTNER_TOKEN) as theirs,
    ):
        row = upstream.rows("deliveries")[0]

        def give_the_partner(*numbers: int) -> None:
            # The sandbox has deliveries for the listener alone.
            body = json.dumps([{**row, "id": number} for number in numbers])
            upstream.orders.clear()
            upstream.orders.add(
                sandbox.Status(200, body=body), path=DELIVERIES, user=sandbox.PARTNER
            )

        give_the_partner()
        await ours.subscribe("a")
        await theirs.subscribe("a")
        for their_numbers in ((7,), (7, 8)):
            await a_look_more(upstream, user=sandbox.LISTENER)
            await a_look_more(upstream, user=sandbox.PARTNER)
            number = upstream.database.insert(YESTERDAY, 0)
            give_the_partner(*their_numbers)
            assert await ours.told() == number
            assert await theirs.told() == their_numbers[-1]


async def test_a_token_without_a_right_to_deliveries_is_told_so_and_the_others_go_on() -> None:
    async with (
        both() as (upstream, here),
        socket_to(here) as ours,
        socket_to(here, sandbox.PARTNER_TOKEN) as theirs,
    ):
        await ours.subscribe("a")
        await theirs.subscribe("a")
        message = await theirs.heard()
        assert message["payload"]["data"] is None
        (error,) = message["payload"]["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert await theirs.heard() == {"type": "complete", "id": "a"}
        await a_look_more(upstream, user=sandbox.LISTENER)
        number = upstream.database.insert(YESTERDAY, 0)
        assert await ours.told() == number
        assert looks(upstream, sandbox.PARTNER) == 1


async def test_a_right_that_is_taken_away_ends_the_subscriptions_that_need_it() -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await a_look_more(upstream)
        upstream.orders.add(sandbox.Status(403), path=DELIVERIES)
        (error,) = (await socket.heard())["payload"]["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert await socket.heard() == {"type": "complete", "id": "a"}


async def test_a_revoked_token_ends_its_subscriptions() -> None:
    async with both() as (upstream, here):
        token = upstream.token()
        async with socket_to(here, token) as socket:
            await socket.subscribe("a")
            await a_look_more(upstream)
            revoke = f'mutation {{ revokeToken(input: {{token: "{token}"}}) {{ revoked }} }}'
            await here.post({"query": revoke}, bearer(token))
            message = await socket.heard()
            assert message["payload"]["data"] is None
            (error,) = message["payload"]["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            assert await socket.heard() == {"type": "complete", "id": "a"}


async def test_a_revoked_token_ends_its_subscriptions_at_once() -> None:
    async with both(STILL) as (upstream, here):
        token = upstream.token()
        async with socket_to(here, token) as socket, socket_to(here) as other:
            await socket.subscribe("a")
            await other.subscribe("b")
            await upstream.journal.until(lambda _: looks(upstream) >= 2)
            revoke = f'mutation {{ revokeToken(input: {{token: "{token}"}}) {{ revoked }} }}'
            await here.post({"query": revoke}, bearer(sandbox.LISTENER_TOKEN))
            (error,) = (await socket.heard())["payload"]["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
            assert await socket.heard() == {"type": "complete", "id": "a"}
            await other.say("ping")
            assert await other.heard() == {"type": "pong"}


async def test_a_token_that_is_given_out_again_in_time_goes_on() -> None:
    async with sandbox.running(today=TODAY) as upstream, Upstream(upstream.url) as client:
        key = client._tokens.key(sandbox.LISTENER_TOKEN)
        deliveries = Live(client, interval=3600, patience=5).deliveries(sandbox.LISTENER_TOKEN)
        coming = asyncio.ensure_future(anext(deliveries))
        pages = pages_of_a_look(upstream)
        await upstream.journal.until(
            lambda journal: len(journal) == pages and not journal.under_way
        )
        await asyncio.sleep(0.1)
        number = upstream.database.insert(YESTERDAY, 0)
        client._tokens.revoke(key)
        client._tokens.revive(key)
        assert (await asyncio.wait_for(coming, 10)).database_id == number
        await deliveries.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_a_long_list_may_take_longer_than_an_operation() -> None:
    patience, seconds_a_page = 1.5, 0.15
    async with sandbox.running(today=TODAY) as upstream, Upstream(upstream.url) as client:
        for _ in range(220):
            upstream.database.insert(YESTERDAY, 0)
        assert pages_of_a_look(upstream) * seconds_a_page > patience
        upstream.orders.add(sandbox.Latency(1000 * seconds_a_page), path=DELIVERIES)
        deliveries = Live(client, interval=0.05, patience=patience).deliveries(
            sandbox.LISTENER_TOKEN
        )
        coming = asyncio.ensure_future(anext(deliveries))
        await upstream.journal.until(lambda _: looks(upstream) >= 2, seconds=30)
        at_the_end = sandbox.listing("deliveries", since=TODAY, until=TODAY)
        number = upstream.database.insert(at_the_end, -1)
        assert (await asyncio.wait_for(coming, 30)).database_id == number
        await deliveries.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_many_deliveries_at_once_make_nobody_too_slow() -> None:
    async with sandbox.running(today=TODAY) as upstream, Upstream(upstream.url) as client:
        deliveries = Live(client, interval=0.5, patience=5).deliveries(sandbox.LISTENER_TOKEN)
        coming = asyncio.ensure_future(anext(deliveries))
        await a_look_more(upstream)
        # All between two requests: nothing is awaited here.
        expected = {upstream.database.insert(YESTERDAY, 0) for _ in range(1_200)}
        async with asyncio.timeout(20):
            told = {(await coming).database_id}
            while told < expected:
                told.add((await anext(deliveries)).database_id)
        assert told == expected
        await deliveries.aclose()  # type: ignore[attr-defined] # it is a generator


@pytest.mark.parametrize("maximum", [30, 50])
async def test_what_is_new_behind_a_short_page_without_link_is_told(maximum: int) -> None:
    async with (
        sandbox.running(today=TODAY, largest_page=maximum) as upstream,
        served(application(QUICK, upstream=upstream.url)) as here,
        socket_to(here) as socket,
    ):
        upstream.orders.add(sandbox.Link("none"), path=DELIVERIES)
        upstream.orders.add(sandbox.Paging(ignored=False), path=DELIVERIES)
        at_the_end = sandbox.listing("deliveries", since=TODAY, until=TODAY)
        for _ in range(2 * maximum):
            upstream.database.insert(at_the_end, -1)
        await socket.subscribe("a")
        await a_look_more(upstream)
        number = upstream.database.insert(at_the_end, -1)
        assert await socket.told() == number


async def test_a_failing_rest_api_delays_what_is_told_and_loses_nothing() -> None:
    patient = {**QUICK, "ONEDTOUCH_BREAKER_FAILURES": "1000"}
    async with both(patient) as (upstream, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await a_look_more(upstream)
        upstream.orders.add(sandbox.Status(500), path=DELIVERIES)
        number = upstream.database.insert(YESTERDAY, 0)
        await a_look_more(upstream, 2)
        upstream.orders.clear()
        assert await socket.told() == number


async def test_a_failure_over_several_days_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = TODAY - 3 * DAY
    monkeypatch.setattr("resolvers.live._today", lambda: begun)
    async with (
        sandbox.running(today=TODAY) as upstream,
        Upstream(upstream.url, Policy(cache_bytes=0)) as client,
    ):
        deliveries = Live(client, interval=0.05, patience=5).deliveries(sandbox.LISTENER_TOKEN)
        coming = asyncio.ensure_future(anext(deliveries))
        await a_look_more(upstream)
        upstream.orders.add(sandbox.Status(404), path=DELIVERIES)
        on_the_day = sandbox.listing("deliveries", since=begun, until=begun)
        number = upstream.database.insert(on_the_day, 0)
        monkeypatch.setattr("resolvers.live._today", lambda: TODAY)
        await a_look_more(upstream, 2)
        upstream.orders.clear()
        assert (await asyncio.wait_for(coming, 10)).database_id == number
        await upstream.journal.until(lambda _: since(upstream) == TODAY - DAY)
        await deliveries.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_nobody_looks_when_nobody_waits() -> None:
    async with both() as (upstream, here):
        async with socket_to(here) as socket:
            await socket.subscribe("a")
            await socket.subscribe("b")
            await a_look_more(upstream)
            await socket.say("complete", "a")
            await a_look_more(upstream, 2)
        # A look that has begun may come to its end; six would have begun in the time without any.
        async with asyncio.timeout(10):
            asked = True
            while asked:
                upstream.journal.clear()
                await asyncio.sleep(0.3)
                asked = len(upstream.journal) > 0


async def test_a_token_may_stand_in_the_header_and_the_payloads_wins() -> None:
    header = bearer(sandbox.PARTNER_TOKEN)
    async with both() as (upstream, here):
        async with socket_to(here, None, headers=header) as socket:
            await socket.subscribe("a")
            await upstream.journal.until(lambda journal: len(journal) > 0)
        assert upstream.journal.entries[0].user == sandbox.PARTNER
        upstream.journal.clear()
        async with socket_to(here, headers=header) as socket:
            await socket.subscribe("a")
            await upstream.journal.until(
                lambda journal: bool(journal.matching(user=sandbox.LISTENER))
            )


@pytest.mark.parametrize("payload", ["null", '{"Authorization": null}'])
async def test_null_in_the_payload_is_no_token(payload: str) -> None:
    header = bearer(sandbox.PARTNER_TOKEN)
    async with (
        both(STILL) as (upstream, here),
        socket_to(here, headers=header, introduced=False) as socket,
    ):
        await socket.socket.send_str(f'{{"type": "connection_init", "payload": {payload}}}')
        assert await socket.heard() == {"type": "connection_ack"}
        await socket.subscribe("a")
        await upstream.journal.until(lambda journal: len(journal) > 0)
        assert upstream.journal.entries[0].user == sandbox.PARTNER


async def test_without_a_token_there_is_one_error_and_the_end() -> None:
    async with both() as (upstream, here), socket_to(here, None) as socket:
        await socket.subscribe("a")
        message = await socket.heard()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert await socket.heard() == {"type": "complete", "id": "a"}
        assert len(upstream.journal) == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { deliveryProcessed { price } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("{" * 60 + "}" * 60, "QUERY_TOO_COMPLEX"),
        (
            "subscription ($yes: Boolean!) { deliveryProcessed { id @include(if: $yes) } }",
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_can_not_be_a_subscription_is_an_error_with_a_code(
    query: str, code: str
) -> None:
    async with both() as (_, here), socket_to(here) as socket:
        await socket.subscribe("a", query)
        message = await socket.heard()
        assert (message["type"], message["id"]) == ("error", "a")
        assert message["payload"][0]["extensions"]["code"] == code


async def test_subscriptions_are_bounded_for_a_connection_and_in_total() -> None:
    bounds = {
        **STILL,
        "ONEDTOUCH_LIVE_OPERATIONS_PER_SOCKET": "2",
        "ONEDTOUCH_LIVE_SUBSCRIPTIONS": "3",
    }
    async with both(bounds) as (_, here), socket_to(here) as one, socket_to(here) as other:
        for socket, identifiers in ((one, "abc"), (other, "de")):
            for identifier in identifiers:
                await socket.subscribe(identifier)
            message = await socket.heard()
            assert (message["type"], message["id"]) == ("error", identifiers[-1])
            assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        headers = {
            **bearer(sandbox.LISTENER_TOKEN),
            "Accept": "text/event-stream, application/json",
        }
        _, _, body = await here.post({"query": NUMBERS}, headers)
        assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        await one.say("complete", "a")
        await asyncio.sleep(0.1)
        await other.subscribe("f")
        await other.say("ping")
        assert await other.heard() == {"type": "pong"}


async def test_subscriptions_that_wait_to_be_let_in_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def admit(*_: object) -> list[tuple[bytes, bytes]]:
        await asyncio.sleep(0.05)
        return []

    monkeypatch.setattr(Rates, "admit", admit)
    bounds = {
        **STILL,
        "ONEDTOUCH_RATE_LIMIT": "1000",
        "ONEDTOUCH_LIVE_OPERATIONS_PER_SOCKET": "2",
    }
    async with both(bounds) as (_, here), socket_to(here) as socket:
        for identifier in "abcde":
            await socket.subscribe(identifier)
        refused = [await socket.heard() for _ in range(3)]
        assert [message["id"] for message in refused] == ["c", "d", "e"]
        assert {message["type"] for message in refused} == {"error"}


async def test_connections_are_bounded() -> None:
    async with both({**STILL, "ONEDTOUCH_LIVE_SOCKETS": "1"}) as (_, here), socket_to(here):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await here.client.ws_connect(here.url, protocols=["graphql-transport-ws"])


async def test_who_does_not_introduce_itself_in_time_is_put_out() -> None:
    async with (
        both({**STILL, "ONEDTOUCH_LIVE_INIT_TIMEOUT": "0.1"}) as (_, here),
        socket_to(here, introduced=False) as socket,
    ):
        assert await socket.closed() == 4408


async def test_a_socket_outlives_the_time_that_a_request_may_take_to_come_in() -> None:
    quick = {**QUICK, "ONEDTOUCH_HEADER_TIMEOUT": "0.2"}
    async with both(quick) as (upstream, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await a_look_more(upstream)
        await asyncio.sleep(0.5)
        number = upstream.database.insert(YESTERDAY, 0)
        assert await socket.told() == number


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ('{"type": "subscribe", "id": "a", "payload": {"query": "{ a }"}}', 4401),
        ('{"type": "connection_init", "payload": {"Authorization": 1}}', 4403),
        ('{"type": "connection_init", "payload": {"Authorization": "Basic eDp5"}}', 4403),
        ('{"type": "subscribe", "id": "a", "payload": {"query": 1}}', 4400),
        ('{"type": "complete", "id": {}}', 4400),
        ('{"type": "dance"}', 4400),
        ("[1]", 4400),
        ("not JSON", 4400),
        ("[" * 100_000, 4400),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_put_out(sent: str, code: int) -> None:
    async with both(STILL) as (_, here), socket_to(here, introduced=False) as socket:
        await socket.socket.send_str(sent)
        assert await socket.closed() == code


async def test_bytes_and_other_protocols_are_not_taken() -> None:
    async with both(STILL) as (_, here):
        async with socket_to(here, introduced=False) as socket:
            await socket.socket.send_bytes(b"{}")
            assert await socket.closed() == 4400
        for path, protocol in (("/graphql", "graphql-ws"), ("/other", "graphql-transport-ws")):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await here.client.ws_connect(here.base + path, protocols=[protocol])


async def test_a_subscription_is_not_answered_as_json() -> None:
    async with both(STILL) as (_, here):
        status, _, body = await here.post(
            {"query": NUMBERS}, {"Accept": "application/graphql-response+json"}
        )
        assert status == 400
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription { deliveryProcessed { price } }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        (
            "subscription ($yes: Boolean!) { deliveryProcessed { id @include(if: $yes) } }",
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_can_not_be_a_subscription_is_an_event_where_only_events_are_taken(
    query: str, code: str
) -> None:
    headers = {**bearer(sandbox.LISTENER_TOKEN), "Accept": "text/event-stream"}
    async with (
        both(STILL) as (_, here),
        here.client.post(here.url, json={"query": query}, headers=headers) as events,
    ):
        assert (events.status, events.content_type) == (200, "text/event-stream")
        first, last, end = (await events.text()).split("\n\n")
        assert last == "event: complete\ndata:"
        assert end == ""
        (error,) = json.loads(first.removeprefix("event: next\ndata: "))["errors"]
        assert error["extensions"]["code"] == code


async def test_an_event_stream_tells_each_delivery_and_ends_with_its_token() -> None:
    async with both() as (upstream, here):
        token = upstream.token()
        headers = {**bearer(token), "Accept": "text/event-stream"}
        async with here.client.post(here.url, json={"query": NUMBERS}, headers=headers) as events:
            await a_look_more(upstream)
            number = upstream.database.insert(YESTERDAY, 0)
            told = b'data: {"data":{"deliveryProcessed":{"databaseId":%d}}}\n' % number
            lines = [await events.content.readline() for _ in range(5)]
            assert lines == [b":\n", b"\n", b"event: next\n", told, b"\n"]
            revoke = f'mutation {{ revokeToken(input: {{token: "{token}"}}) {{ revoked }} }}'
            await here.post({"query": revoke}, bearer(token))
            rest = await events.content.read()
            assert rest.count(b"event: next") == 1
            assert b'"code":"UNAUTHENTICATED"' in rest
            assert rest.endswith(b"event: complete\ndata:\n\n")


async def test_an_event_says_how_many_errors_it_leaves_out() -> None:
    query = "subscription { deliveryProcessed { a: album { title } b: album { icpn } } }"
    environment = {**QUICK, "ONEDTOUCH_MOST_ERRORS": "1"}
    headers = {**bearer(sandbox.LISTENER_TOKEN), "Accept": "text/event-stream"}
    async with both(environment) as (upstream, here), socket_to(here) as socket:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/album*/*")
        await socket.subscribe("a", query)
        async with here.client.post(here.url, json={"query": query}, headers=headers) as events:
            await a_look_more(upstream)
            upstream.database.insert(YESTERDAY, 0)
            over_socket = (await socket.heard())["payload"]
            for _ in range(3):
                await events.content.readline()
            line = await events.content.readline()
    over_events = json.loads(line.removeprefix(b"data: "))
    for told in (over_socket, over_events):
        assert told["data"] == {"deliveryProcessed": {"a": None, "b": None}}
        assert len(told["errors"]) == 1
        assert told["extensions"] == {"errorsLeftOut": 1}


async def test_a_message_has_the_size_that_a_body_may_have() -> None:
    async with (
        both({**STILL, "ONEDTOUCH_BODY_LIMIT": "1000"}) as (_, here),
        socket_to(here) as socket,
    ):
        await socket.subscribe("a", NUMBERS + " " * 1000)
        assert await socket.closed() == 1009


async def test_variables_are_limited_and_checked() -> None:
    query = "subscription ($yes: Boolean!) { deliveryProcessed { id @include(if: $yes) type } }"
    long = {"yes": "x" * 10_001}
    async with both(STILL) as (_, here), socket_to(here) as socket:
        for variables, code in ((long, "QUERY_TOO_COMPLEX"), ({"yes": 5}, "BAD_USER_INPUT")):
            await socket.say("subscribe", code, {"query": query, "variables": variables})
            message = await socket.heard()
            assert (message["type"], message["id"]) == ("error", code)
            assert message["payload"][0]["extensions"]["code"] == code


async def test_where_only_trusted_documents_are_executed_so_it_is_here() -> None:
    only = {**STILL, "ONEDTOUCH_ONLY_TRUSTED": "true"}
    async with both(only) as (_, here), socket_to(here) as socket:
        await socket.subscribe("a")
        message = await socket.heard()
        assert (message["type"], message["id"]) == ("error", "a")
        assert "code" in message["payload"][0]["extensions"]


async def test_the_subscription_among_the_trusted_documents_is_told() -> None:
    query = (QUERIES / "frontend" / "LiveDeliveries.graphql").read_text()
    only = {**QUICK, "ONEDTOUCH_ONLY_TRUSTED": "true"}
    async with both(only) as (upstream, here), socket_to(here) as socket:
        await socket.subscribe("a", query)
        headers = {**bearer(sandbox.LISTENER_TOKEN), "Accept": "text/event-stream"}
        named = {"documentId": hashlib.sha256(query.encode()).hexdigest()}
        async with here.client.post(here.url, json=named, headers=headers) as events:
            await a_look_more(upstream)
            number = upstream.database.insert(YESTERDAY, 0)
            message = await socket.heard()
            lines = [await events.content.readline() for _ in range(4)]
        event = json.loads(lines[-1].removeprefix(b"data: "))
    assert message["payload"]["data"] == event["data"]
    assert event["data"]["deliveryProcessed"]["id"] == global_id("Delivery", number)
    assert event["data"]["deliveryProcessed"]["album"]["title"]


async def test_subscriptions_count_as_requests_where_these_are_limited() -> None:
    async with both({**STILL, "ONEDTOUCH_RATE_LIMIT": "1"}) as (_, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await socket.subscribe("b")
        message = await socket.heard()
        assert (message["type"], message["id"]) == ("error", "b")
        assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_an_identifier_is_used_once_at_a_time() -> None:
    async with both(STILL) as (_, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await socket.subscribe("a")
        assert await socket.closed() == 4409


async def test_event_streams_end_when_the_server_is_asked_to_stop() -> None:
    async with both(STILL) as (_, here):
        headers = {**bearer(sandbox.LISTENER_TOKEN), "Accept": "text/event-stream"}
        async with here.client.post(here.url, json={"query": NUMBERS}, headers=headers) as events:
            assert events.content_type == "text/event-stream"
            assert await events.content.readline() == b":\n"
            here.app.drain.begin()
            assert (await events.content.read()).endswith(b"event: complete\ndata:\n\n")


async def test_who_is_too_slow_is_told_so_and_waits_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resolvers.live.MOST_WAITING", 2)
    async with sandbox.running(today=TODAY) as upstream, Upstream(upstream.url) as client:
        deliveries = Live(client, interval=0.05, patience=5).deliveries(sandbox.LISTENER_TOKEN)
        first = asyncio.ensure_future(anext(deliveries))
        await a_look_more(upstream)
        upstream.database.insert(YESTERDAY, 0)
        await first
        for _ in range(3):
            upstream.database.insert(YESTERDAY, 0)
        await a_look_more(upstream, 2)
        with pytest.raises(Overloaded):
            await anext(deliveries)


async def test_a_fault_of_our_own_ends_a_subscription_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with both() as (upstream, here), socket_to(here) as socket:
        await socket.subscribe("a")
        await a_look_more(upstream)
        monkeypatch.setattr("resolvers.live.goes_on", None)
        message = await socket.heard()
        (error,) = message["payload"]["errors"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "NoneType" not in error["message"]
        assert await socket.heard() == {"type": "complete", "id": "a"}
        await socket.subscribe("b")
        assert (await socket.heard())["payload"]["errors"][0]["extensions"] == {
            "code": "INTERNAL_SERVER_ERROR"
        }


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[str, sandbox.Running]]:
    """A facade that npm's clients subscribe to, and the REST API behind it."""
    installed(CLIENTS)
    with facade_served({"ONEDTOUCH_LIVE_INTERVAL": "0.1"}) as here:
        yield here.url, here.upstream


@pytest.mark.parametrize("over", ["ws", "sse"])
async def test_the_clients_from_npm_are_told(
    clients: tuple[str, sandbox.Running], over: str
) -> None:
    url, upstream = clients
    upstream.journal.clear()
    program = await asyncio.create_subprocess_exec(
        *("node", "live.mjs", over, "2"),
        cwd=CLIENTS,
        env={**os.environ, "FACADE_URL": url, "TOKEN": sandbox.LISTENER_TOKEN},
        stdout=asyncio.subprocess.PIPE,
    )
    await upstream.journal.until(lambda _: looks(upstream) > 1, seconds=30)
    today = upstream.database.today()
    todays = sandbox.listing("deliveries", since=today, until=today)
    expected = [upstream.database.insert(todays, 0)]
    await a_look_more(upstream)
    expected.append(upstream.database.insert(todays, 0))
    async with asyncio.timeout(30):
        output, _ = await program.communicate()
    lines = [json.loads(line) for line in output.splitlines()]
    numbers = [line["next"]["data"]["deliveryProcessed"]["databaseId"] for line in lines[:-1]]
    assert numbers == expected
    assert lines[-1] == {"complete": True}


@pytest.mark.parametrize("over", ["ws", "sse"])
async def test_the_clients_from_npm_hear_that_they_have_no_token(
    clients: tuple[str, sandbox.Running], over: str
) -> None:
    url, _ = clients
    program = await asyncio.create_subprocess_exec(
        *("node", "live.mjs", over),
        cwd=CLIENTS,
        env={**os.environ, "FACADE_URL": url, "TOKEN": ""},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await program.communicate()
    (line, *_) = map(json.loads, output.splitlines())
    assert line["next"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_event_streams_that_come_all_at_once_are_bounded_and_told_so() -> None:
    headers = {**bearer(sandbox.LISTENER_TOKEN), "Accept": "text/event-stream"}
    async with both({**STILL, "ONEDTOUCH_LIVE_SUBSCRIPTIONS": "1"}) as (_, here):

        async def told() -> str:
            post = here.client.post(here.url, json={"query": NUMBERS}, headers=headers)
            async with post as events:
                first: bytes = await events.content.readuntil(b"\n\n")
                return first.decode()

        told_each = await asyncio.gather(told(), told(), told())
        assert sorted("RATE_LIMITED" in each for each in told_each) == [False, True, True]


async def test_a_connection_that_was_closed_leaves_its_place_to_another() -> None:
    async with both({**STILL, "ONEDTOUCH_LIVE_SOCKETS": "1"}) as (_, here):
        async with socket_to(here):
            pass
        await asyncio.sleep(0.2)
        async with socket_to(here) as socket:
            await socket.say("ping")
            assert await socket.heard() == {"type": "pong"}


UPGRADE = (
    b"%b /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n%b\r\n"
)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (UPGRADE % (b"GET", b"Content-Length: 5\r\n"), b"400"),
        (UPGRADE % (b"POST", b""), b"405"),
        (UPGRADE % (b"GET", b"Cookie: %b\r\n" % (b"c" * 9_000)), b"400"),
    ],
    ids=["a body", "a POST", "a long header"],
)
async def test_what_asks_for_no_websocket_that_could_be_is_refused_and_ends(
    sent: bytes, status: bytes
) -> None:
    async with both(STILL) as (_, here):
        answer = await here.raw(sent)
        assert answer.startswith(b"HTTP/1.1 %b " % status)
        assert answer.count(b"HTTP/1.1") == 1
        assert (await here.post({"query": "{ __typename }"}))[0] == 200
