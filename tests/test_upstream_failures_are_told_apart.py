"""Failures of the REST API: each is the error that the contract names, and ends in time."""

import asyncio
import contextlib
import datetime as dt
import gzip
import socket
import zlib
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

import sandbox
from tests.upstream_asked import COLD, caller, client, scripted
from upstream.errors import (
    BadResponse,
    Forbidden,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)
from upstream.listing import Listing
from upstream.statuses import retry_after

HASTY = {**COLD, "request_timeout": 1, "most_retries": 0, "most_body_bytes": 2**20}

FAULTS: list[tuple[Any, type[UpstreamError]]] = [
    (sandbox.Status(401), Unauthenticated),
    (sandbox.Status(403), Forbidden),
    (sandbox.Status(429), RateLimited),
    (sandbox.Status(500), Unavailable),
    (sandbox.Status(502), Unavailable),
    (sandbox.Status(503), Unavailable),
    (sandbox.Status(504), TimedOut),
    (sandbox.Status(501), Unavailable),
    (sandbox.Status(599), Unavailable),
    (sandbox.Status(400), BadResponse),
    (sandbox.Status(410), BadResponse),
    (sandbox.Status(418), BadResponse),
    (sandbox.Status(422), BadResponse),
    (sandbox.Status(201, body="[]"), BadResponse),
    (sandbox.Status(204), BadResponse),
    (sandbox.Status(206, body="[]"), BadResponse),
    (sandbox.Status(304), BadResponse),
    (sandbox.Status(301, location="/api/v1/artists/399"), BadResponse),
    (sandbox.Status(302, location="http://127.0.0.1:1/"), BadResponse),
    (sandbox.Status(307), BadResponse),
    (sandbox.Reset(), Unavailable),
    (sandbox.Hang(), TimedOut),
    (sandbox.Hang("headers"), TimedOut),
    (sandbox.Drip(200), TimedOut),
    (sandbox.Cut(), BadResponse),
    (sandbox.Cut(chunked=True), BadResponse),
    (sandbox.Huge(3), BadResponse),
    (sandbox.Bomb(4), BadResponse),
    (sandbox.Junk("html"), BadResponse),
    (sandbox.Junk("empty"), BadResponse),
    (sandbox.Junk("swapped"), BadResponse),
    (sandbox.Junk("deep"), BadResponse),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS, ids=[repr(fault) for fault, _ in FAULTS])
async def test_each_fault_is_its_error_for_one_object_and_for_a_list(
    fault: Any, error: type[UpstreamError]
) -> None:
    async with sandbox.running() as api, client(api.url, **HASTY) as upstream:
        api.orders.add(fault)
        for question in (
            lambda: upstream.artist(caller(), 544),
            lambda: upstream.album(caller(), 273),
            lambda: upstream.page(caller(), Listing("artists"), 1, 25),
        ):
            with pytest.raises(UpstreamError) as raised:
                await question()
            assert type(raised.value) is error
        assert not any("399" in target for target in api.journal.targets)
        assert upstream.state().under_way == 0


async def test_a_404_is_none_for_an_object_and_a_bad_response_for_a_list() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Status(404))
        assert (await upstream.track(caller(), 3272)).value is None
        with pytest.raises(BadResponse):
            await upstream.page(caller(), Listing("labels"), 1, 25)


async def test_nobody_at_the_address_is_unavailable() -> None:
    async with sandbox.running() as api, client(api.url, **HASTY) as upstream, api.down():
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 544)


async def test_an_address_that_does_not_resolve_is_unavailable() -> None:
    async with client("http://nowhere.invalid", **HASTY) as upstream:
        with pytest.raises((Unavailable, TimedOut)):
            await upstream.artist(caller(), 544)


async def test_a_connection_that_does_not_come_about_ends_in_time() -> None:
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        # Two connections that nobody accepts fill the queue: the next one gets no answer.
        for _ in range(2):
            filling = waiting.enter_context(socket.socket())
            filling.setblocking(False)  # noqa: FBT003 - the socket's own signature
            filling.connect_ex(("127.0.0.1", port))
        policy = {**HASTY, "connect_timeout": 0.3, "request_timeout": 30}
        async with client(f"http://127.0.0.1:{port}", **policy) as upstream:
            with pytest.raises(TimedOut):
                await upstream.artist(caller(), 544)


async def test_an_answer_that_is_no_http_is_a_bad_response() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 OK fine\r\nContent-Length: minus\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client(f"http://127.0.0.1:{port}", **HASTY) as upstream:
        with pytest.raises(BadResponse):
            await upstream.artist(caller(), 544)


async def test_a_length_beyond_the_bound_is_refused_before_the_body() -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(2**40)})
        await response.prepare(request)
        await asyncio.sleep(60)
        return response

    async with scripted(answer) as api, client(api.url, **{**HASTY, "request_timeout": 30}) as up:
        with pytest.raises(BadResponse, match=r"^too large$"):
            await up.artist(caller(), 5)


async def test_a_body_of_exactly_the_bound_is_read() -> None:
    body = b'{"id": 5, "name": "Five"}'

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body + b" " * (1000 - len(body)))

    async with (
        scripted(answer) as api,
        client(api.url, **COLD, most_body_bytes=1000) as enough,
        client(api.url, **COLD, most_body_bytes=999) as too_little,
    ):
        assert (await enough.artist(caller(), 5)).value is not None
        with pytest.raises(BadResponse):
            await too_little.artist(caller(), 5)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "identity", "GZip"])
async def test_a_compressed_body_is_read_whether_or_not_it_was_asked_for(encoding: str) -> None:
    body = b'{"id": 5, "name": "Five"}'
    compressed = {
        "gzip": gzip.compress(body),
        "x-gzip": gzip.compress(body),
        "deflate": zlib.compress(body),
        "identity": body,
    }[encoding.lower()]

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=compressed, headers={"Content-Encoding": encoding})

    async with scripted(answer) as api, client(api.url) as upstream:
        assert (await upstream.artist(caller(), 5)).value is not None


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"{}"),
        ("gzip", b'{"id": 5, "name": "Five"}'),
        ("gzip", gzip.compress(b'{"id": 5, "name": "Five"}', mtime=0)[:-9]),
        ("gzip", b""),
    ],
    ids=["unknown", "plain", "cut", "empty"],
)
async def test_a_body_that_is_compressed_wrongly_is_a_bad_response(
    encoding: str, body: bytes
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    async with scripted(answer) as api, client(api.url) as upstream:
        with pytest.raises(BadResponse):
            await upstream.artist(caller(), 5)


async def test_gzip_is_asked_for_where_policy_says_so() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        response = web.json_response({"id": 5, "name": request.headers["Accept-Encoding"]})
        response.enable_compression()
        return response

    async with scripted(answer) as api, client(api.url, compression="gzip") as upstream:
        found = (await upstream.artist(caller(), 5)).value
        assert found is not None
        assert found.name == "gzip"


async def test_a_hang_ends_at_the_callers_deadline_where_that_is_earlier() -> None:
    async with sandbox.running() as api, client(api.url, request_timeout=30) as upstream:
        api.orders.add(sandbox.Hang())
        with pytest.raises(TimedOut):
            await upstream.artist(caller(seconds=0.1), 544)
        await api.journal.until(lambda journal: journal.under_way == 0)
        assert api.journal.entries[0].disconnected


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("2", 2.0),
        (" 120 ", 120.0),
        ("999999999", 86400.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("99999999999999", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_retry_after_date_is_the_seconds_until_then() -> None:
    then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    assert 95 < (retry_after(format_datetime(then, usegmt=True)) or 0) <= 100


async def test_retry_after_comes_along_with_the_error() -> None:
    async with sandbox.running() as api, client(api.url, **HASTY) as upstream:
        api.orders.add(sandbox.Status(429, retry_after=17), times=1)
        with pytest.raises(RateLimited) as limited:
            await upstream.artist(caller(), 544)
        assert limited.value.retry_after == 17
        api.orders.clear()
        api.orders.add(sandbox.Status(503, retry_at=30))
        with pytest.raises(Unavailable) as unavailable:
            await upstream.artist(caller(), 544)
        assert unavailable.value.retry_after is not None
        assert 20 < unavailable.value.retry_after <= 30


async def test_a_client_that_is_closed_is_unavailable() -> None:
    async with sandbox.running() as api:
        upstream = client(api.url)
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 544)
        async with upstream:
            await upstream.artist(caller(), 544)
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 399)


async def test_closing_the_client_ends_what_is_under_way() -> None:
    async with sandbox.running() as api:
        api.orders.add(sandbox.Hang())
        async with client(api.url) as upstream:
            question = asyncio.create_task(upstream.artist(caller(), 544))
            await api.journal.until(lambda journal: journal.under_way == 1)
        with pytest.raises(Unavailable):
            await question
