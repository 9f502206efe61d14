"""The client: each endpoint is asked as documented, once, with the caller's token and no more."""

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from aiohttp import web

import sandbox
from tests.upstream_asked import COLD, caller, client, scripted
from upstream import records
from upstream.album_path import DOUBTFUL_MISSES
from upstream.errors import (
    BadResponse,
    BudgetSpent,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
    WrongCredentials,
)
from upstream.listing import Listing, PageLink


async def test_one_of_each_kind_is_one_request_and_the_documented_object() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        asking = caller()
        album = (await upstream.album(asking, 273)).value
        artist = (await upstream.artist(asking, 544)).value
        label = (await upstream.label(asking, 129)).value
        track = (await upstream.track(asking, 3272)).value
        assert album is not None
        assert album.title == "Mahler: Symphonie No. 5"
        assert artist == records.Artist(544, "1902")
        assert label == records.Label(129, "1-800-Dinosaur")
        assert track is not None
        assert track.isrc == "FR9W15100085"
        assert track.cover == album.cover
        assert api.journal.targets == [
            "/api/v1/album/273",
            "/api/v1/artists/544",
            "/api/v1/labels/129",
            "/api/v1/tracks/3272",
        ]
        assert {entry.user for entry in api.journal.entries} == {sandbox.LISTENER}


async def test_a_page_is_one_request_with_its_links() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        page = (await upstream.page(caller(), Listing("artists"), 2, 30)).value
        assert [row.database_id for row in page.rows] == [
            row["id"] for row in api.rows("artists")[30:60]
        ]
        assert page.links is not None
        assert page.links.prev == PageLink(1, 30)
        assert page.links.next == PageLink(3, 30)
        assert api.journal.targets == ["/api/v1/artists?page=2&per_page=30"]


async def test_a_report_is_asked_for_with_both_of_its_days() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        day = dt.date(2015, 1, 26)
        await upstream.page(caller(), Listing("listenings", day, dt.date(2015, 1, 27)), 1, 100)
        assert api.journal.targets == [
            "/api/v1/listenings?since=2015-01-26&until=2015-01-27&page=1&per_page=100"
        ]


async def test_an_address_may_have_a_path_of_its_own() -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.json_response({"id": 5, "name": "Five"})

    async with scripted(answer) as api, client(api.url + "/music/") as upstream:
        assert (await upstream.artist(caller(), 5)).value == records.Artist(5, "Five")
        assert api.paths == ["/music/api/v1/artists/5"]


async def test_the_token_stands_in_the_authorization_header_and_nothing_else_is_told() -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        response = web.json_response({"id": 5, "name": "Five"})
        response.set_cookie("session", "secret")
        return response

    async with scripted(answer) as api, client(api.url, **COLD) as upstream:
        await upstream.artist(caller("token-of-mine"), 5)
        await upstream.artist(caller("token-of-mine"), 5)
        for request in api.seen:
            assert dict(request.headers) == {
                "Host": api.url.removeprefix("http://"),
                "Authorization": "Bearer token-of-mine",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "onedtouch-graphql",
            }


async def test_connections_are_kept_and_used_again() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        found = int(request.path.rpartition("/")[2])
        if found > 3:
            return web.Response(status=404, text="nothing here")
        return web.json_response({"id": found, "name": "One"})

    async with scripted(answer) as api, client(api.url, **COLD) as upstream:
        for number in range(1, 7):
            await upstream.artist(caller(), number)
        peers = {request.transport and id(request.protocol) for request in api.seen}
        assert len(api.seen) == 6
        assert len(peers) == 1


@pytest.mark.parametrize("path", ["singular", "plural", "both"])
async def test_the_album_path_that_answers_is_found_out_and_remembered(path: Any) -> None:
    async with (
        sandbox.running(album_path=path) as api,
        client(api.url, **COLD) as upstream,
    ):
        asking = caller()
        await upstream.album(asking, 273)
        assert len(api.journal) == (2 if path == "plural" else 1)
        api.journal.clear()
        for number in (1, 142, 259):
            assert (await upstream.album(asking, number)).value is not None
        # Once the path is known, an album that is not there is one request as well.
        assert (await upstream.album(asking, 2**31 - 1)).value is None
        assert len(api.journal) == 4
        known = "albums" if path == "plural" else "album"
        assert {entry.path.split("/")[3] for entry in api.journal.entries} == {known}


async def test_a_404_on_both_album_paths_proves_neither() -> None:
    async with sandbox.running(album_path="plural") as api, client(api.url) as upstream:
        assert (await upstream.album(caller(), 2**31 - 1)).value is None
        assert len(api.journal) == 2
        assert (await upstream.album(caller(), 273)).value is not None
        assert len(api.journal) == 4


async def test_albums_that_are_not_there_keep_nobody_waiting_for_the_path() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        gone = range(2**31 - 5, 2**31 - 1)
        found = await asyncio.gather(*(upstream.album(caller(), number) for number in gone))
        assert [reply.value for reply in found] == [None] * 4
        assert len(api.journal) == 8


async def test_many_albums_at_once_find_the_path_out_once() -> None:
    async with sandbox.running(album_path="plural") as api, client(api.url) as upstream:
        asking = caller()
        numbers = [row["id"] for row in api.rows("albums")[:40]]
        found = await asyncio.gather(*(upstream.album(asking, number) for number in numbers))
        assert all(reply.value is not None for reply in found)
        assert len(api.journal) == 41


async def test_an_album_that_hangs_while_no_path_is_known_takes_no_other_along() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        kind, number = request.path.split("/")[3:]
        if number == "13":
            await asyncio.sleep(60)
        if kind == "album":
            return web.Response(status=404)
        return web.json_response({"id": int(number), "title": "Here"})

    async with scripted(answer) as api, client(api.url, **COLD) as upstream:
        hanging, *others = await asyncio.gather(
            upstream.album(caller(seconds=0.8), 13),
            *(upstream.album(caller(seconds=0.8), number) for number in (14, 15, 16)),
            return_exceptions=True,
        )
        assert isinstance(hanging, TimedOut)
        assert [getattr(reply, "value", reply) for reply in others] == [
            records.Album(number, "Here") for number in (14, 15, 16)
        ]
        assert len(api.seen) == 7
        assert (await upstream.album(caller(), 17)).value is not None
        assert len(api.seen) == 8


async def test_the_wrong_album_path_may_serve_a_web_page() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path.startswith("/api/v1/album/"):
            return web.Response(text="<html>no such page</html>", content_type="text/html")
        return web.json_response({"id": 5, "title": "Five"})

    async with scripted(answer) as api, client(api.url, **COLD) as upstream:
        album = (await upstream.album(caller(), 5)).value
        assert album is not None
        assert album.title == "Five"
        await upstream.album(caller(), 5)
        assert api.paths == ["/api/v1/album/5", "/api/v1/albums/5", "/api/v1/albums/5"]


@pytest.mark.parametrize("left", ["nothing", "a redirect", "a web page"])
async def test_a_move_of_the_albums_to_the_other_path_is_noticed(
    monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    living = "album"
    behind: dict[str, Callable[[], web.Response]] = {
        "nothing": lambda: web.Response(status=404),
        "a redirect": lambda: web.Response(status=301, headers={"Location": "/api/v1/albums/5"}),
        "a web page": lambda: web.Response(text="<html>moved</html>", content_type="text/html"),
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path.split("/")[3] != living:
            return behind[left]() if living == "albums" else web.Response(status=404)
        return web.json_response({"id": 5, "title": "Five"})

    async with scripted(answer) as api, client(api.url, **COLD) as upstream:
        assert (await upstream.album(caller(), 5)).value is not None
        living = "albums"
        for _ in range(DOUBTFUL_MISSES + 5):
            with nullcontext() if left == "nothing" else pytest.raises(BadResponse):
                assert (await upstream.album(caller(), 5)).value is None
        # Within a minute of the last album, a miss costs one request and is believed.
        assert len(api.seen) == 1 + DOUBTFUL_MISSES + 5
        monkeypatch.setattr("upstream.album_path.DOUBTFUL_SECONDS", 0.0)
        assert (await upstream.album(caller(), 5)).value is not None
        api.seen.clear()
        assert (await upstream.album(caller(), 5)).value is not None
        assert api.paths == ["/api/v1/albums/5"]


@pytest.mark.parametrize("token", ["a\r\nb", "a\nb", "é", "\x00", "a\x7f", "", None, "x" * 5_000])
async def test_a_token_that_no_header_can_hold_is_refused_without_a_request(
    token: str | None,
) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        with pytest.raises(Unauthenticated):
            await upstream.artist(caller(token), 544)
        with pytest.raises(Unauthenticated):
            await upstream.revoke_token(caller(token), "whatever")
        assert api.journal.targets == []


async def test_a_login_gives_a_token_that_works() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        token = await upstream.create_token(caller(None), "listener@example.com", sandbox.PASSWORD)
        assert token.token_type == "bearer"
        assert (await upstream.artist(caller(token.access_token), 544)).value is not None


async def test_a_login_is_a_form_without_a_token() -> None:
    forms = []

    async def answer(request: web.BaseRequest) -> web.Response:
        forms.append(dict(await request.post()))
        return web.json_response({"access_token": "a", "token_type": "bearer", "created_at": 1})

    async with scripted(answer) as api, client(api.url) as upstream:
        await upstream.create_token(caller("mine"), "é&=+ %", "pass word\n")
        assert forms == [
            {"grant_type": "password", "username": "é&=+ %", "password": "pass word\n"}
        ]
        assert api.seen[0].method == "POST"
        assert "Authorization" not in api.seen[0].headers
        assert api.seen[0].content_type == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("status", [400, 401])
async def test_wrong_credentials_are_unauthenticated(status: int) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Status(status), path="/oauth/token")
        with pytest.raises(WrongCredentials, match=r"^wrong credentials$"):
            await upstream.create_token(caller(None), "listener@example.com", "wrong")


async def test_credentials_that_are_no_text_are_unauthenticated_without_a_request() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        with pytest.raises(Unauthenticated):
            await upstream.create_token(caller(None), "listener@example.com", "\ud800")
        assert api.journal.targets == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, "Forbidden"),
        (422, "BadResponse"),
        (429, "RateLimited"),
        (500, "Unavailable"),
        (503, "Unavailable"),
        (504, "TimedOut"),
        (302, "BadResponse"),
    ],
)
async def test_a_login_is_sent_once_whatever_happens(status: int, error: str) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Status(status, retry_after=0), path="/oauth/*")
        with pytest.raises(UpstreamError) as raised:
            await upstream.create_token(caller(None), "listener@example.com", "sandbox")
        assert type(raised.value).__name__ == error
        with pytest.raises(UpstreamError):
            await upstream.revoke_token(caller(), "whatever")
        assert len(api.journal) == 2


@pytest.mark.parametrize("login", [200, 201])
@pytest.mark.parametrize("revocation", [200, 201, 202, 204])
async def test_any_success_is_one_of_a_login_and_of_a_revocation(
    login: int, revocation: int
) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/oauth/token":
            told = {"access_token": "new", "token_type": "bearer", "created_at": 1}
            return web.json_response(told, status=login)
        return web.Response(status=revocation)

    async with scripted(answer) as api, client(api.url) as upstream:
        token = (await upstream.create_token(caller(None), "somebody", "secret")).access_token
        await upstream.revoke_token(caller(token), token)
        with pytest.raises(Unauthenticated):
            await upstream.artist(caller(token), 544)
        assert api.paths == ["/oauth/token", "/oauth/revoke"]


async def test_a_login_whose_connection_breaks_is_sent_once() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Reset(), path="/oauth/token")
        with pytest.raises(Unavailable):
            await upstream.create_token(caller(None), "listener@example.com", "sandbox")
        assert len(api.journal) == 1


async def test_a_login_meets_no_connection_that_the_api_is_about_to_close() -> None:
    body = b'{"access_token": "a", "token_type": "bearer", "created_at": 1}'
    answering = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        # It says nothing of it, but it does not keep the connection.
        await asyncio.sleep(0.02)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as api:
        port = api.sockets[0].getsockname()[1]
        async with client(f"http://127.0.0.1:{port}") as upstream:
            for _ in range(3):
                await upstream.create_token(caller(None), "somebody", "secret")
        await asyncio.gather(*filter(None, answering))


async def test_a_login_whose_answer_is_no_token_is_a_bad_response() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Junk("object"), path="/oauth/token")
        with pytest.raises(BadResponse):
            await upstream.create_token(caller(None), "listener@example.com", "sandbox")


async def test_a_login_ends_at_the_deadline() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Hang(), path="/oauth/token")
        with pytest.raises(TimedOut):
            await upstream.create_token(caller(None, seconds=0.1), "listener@example.com", "x")
        await api.journal.until(lambda journal: journal.under_way == 0)


async def test_a_token_that_is_no_text_is_not_revoked() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        with pytest.raises(Unauthenticated):
            await upstream.revoke_token(caller(), "\ud800")
        assert api.journal.targets == []


async def test_each_question_leaves_an_exchange() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        asking = caller()
        await upstream.artist(asking, 544)
        await upstream.artist(asking, 544)
        await upstream.album(asking, 2**31 - 1)
        api.orders.add(sandbox.Status(418))
        with pytest.raises(BadResponse):
            await upstream.page(asking, Listing("labels"), 1, 25)
        token = await told(upstream.create_token(caller(None), "x", "y"))
        assert isinstance(token, BadResponse)
        assert [
            (each.route, each.target, each.source, each.status, each.requests)
            for each in asking.exchanges
        ] == [
            ("/api/v1/artists/:id", "/api/v1/artists/544", "upstream", 200, 1),
            ("/api/v1/artists/:id", "/api/v1/artists/544", "cache", None, 0),
            ("/api/v1/albums/:id", "/api/v1/albums/2147483647", "upstream", 404, 2),
            ("/api/v1/labels", "/api/v1/labels?page=1&per_page=25", "upstream", 418, 1),
        ]
        assert asking.requests == 4
        assert 59 < asking.exchanges[0].fresh_for <= 60
        assert asking.exchanges[0].duration > asking.exchanges[1].duration >= 0


async def test_requests_beyond_the_callers_bound_are_not_sent() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        asking = caller(most_requests=2)
        await upstream.artist(asking, 544)
        await upstream.artist(asking, 399)
        with pytest.raises(BudgetSpent):
            await upstream.artist(asking, 610)
        assert len(api.journal) == 2
        assert upstream.state().under_way == 0


async def test_a_deadline_that_has_passed_sends_nothing() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        with pytest.raises(TimedOut):
            await upstream.artist(caller(seconds=-1), 544)
        assert api.journal.targets == []


@pytest.mark.parametrize("status", [200, 401, 403, 404, 429])
async def test_readiness_takes_any_answer_below_500_for_one(status: int) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Status(status, body="[]"))
        await upstream.check()


@pytest.mark.parametrize(
    ("status", "error"), [(500, Unavailable), (504, TimedOut), (302, BadResponse)]
)
async def test_readiness_says_why_there_is_no_answer(
    status: int, error: type[UpstreamError]
) -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Status(status))
        with pytest.raises(error):
            await upstream.check()


async def test_readiness_waits_for_a_turn_no_longer_than_for_an_answer() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, request_timeout=0.5, most_concurrent=1) as upstream,
    ):
        await upstream._sender.gate.enter(b"somebody")
        with pytest.raises(TimedOut):
            await upstream.check()
        assert api.journal.targets == []


async def test_readiness_is_asked_once_a_second_whoever_wants_to_know() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        await asyncio.gather(*(upstream.check() for _ in range(20)))
        await upstream.check()
        assert api.journal.targets == ["/api/v1/artists?page=1&per_page=1"]
        assert api.journal.entries[0].user is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "music.1dtouch.com",
        "ftp://a",
        "http://",
        "http://user:pw@host",
        "http://a?b=c",
        "http://a#b",
        "http://a:port",
        "//host",
    ],
)
def test_an_address_that_can_not_be_asked_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ValueError, match=r"^the REST API's address must be") as raised:
        client(address)
    assert "pw" not in str(raised.value)


async def told(question: Any) -> Any:
    try:
        return await question
    except UpstreamError as error:
        return error
