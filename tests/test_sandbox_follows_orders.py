"""The sandbox follows orders: each effect does what it says, to the requests that it is for."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

import sandbox
from sandbox import effects, rest

HEADERS = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
ALBUM = "/api/v1/album/273"


@asynccontextmanager
async def _caller(
    **options: Any,
) -> AsyncIterator[tuple[sandbox.Running, aiohttp.ClientSession]]:
    async with (
        sandbox.running(**options) as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        yield upstream, session


async def _status(session: aiohttp.ClientSession, target: str, **options: Any) -> int:
    async with session.get(target, allow_redirects=False, **options) as response:
        await response.read()
        return response.status


async def _json(session: aiohttp.ClientSession, target: str) -> Any:
    async with session.get(target) as response:
        return await response.json()


async def _raw(upstream: sandbox.Running, target: str, seconds: float = 10) -> tuple[bytes, str]:
    """What comes over a bare connection, and how it ended: eof, reset, or still open by then."""
    host, port = upstream.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {sandbox.LISTENER_TOKEN}\r\n\r\n".encode()
    )
    came = b""
    try:
        async with asyncio.timeout(seconds):
            while piece := await reader.read(65536):
                came += piece
    except ConnectionResetError:
        return came, "reset"
    except TimeoutError:
        return came, "open"
    else:
        return came, "eof"
    finally:
        writer.close()


async def test_an_order_is_for_the_first_requests_that_match() -> None:
    async with _caller() as (upstream, session):
        order = upstream.orders.add(sandbox.Status(503), path="/api/v1/album/*", times=2)
        assert await _status(session, "/api/v1/artists") == 200
        assert [await _status(session, ALBUM) for _ in range(4)] == [503, 503, 200, 200]
    assert (order.matched, order.applied) == (4, 2)


async def test_an_order_lets_the_first_go_free_where_it_skips_them() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(500), skip=2, times=1)
        assert [await _status(session, ALBUM) for _ in range(4)] == [200, 200, 500, 200]


async def test_an_order_without_times_stands_until_it_is_taken_back() -> None:
    async with _caller() as (upstream, session):
        first = upstream.orders.add(sandbox.Status(500))
        upstream.orders.add(sandbox.Status(502))
        statuses = [await _status(session, ALBUM), await _status(session, ALBUM)]
        assert upstream.orders.take_back(first.number)
        assert not upstream.orders.take_back(first.number)
        statuses.append(await _status(session, ALBUM))
        upstream.orders.clear()
        statuses.append(await _status(session, ALBUM))
    assert statuses == [500, 500, 502, 200]


@pytest.mark.parametrize(
    ("matching", "hit"),
    [
        ({"path": "/api/v1/albums"}, {"/api/v1/albums?page=2", "/api/v1/albums"}),
        ({"path": "/api/v1/album*"}, {"/api/v1/albums?page=2", "/api/v1/albums", ALBUM}),
        ({"path": "*/273"}, {ALBUM}),
        ({"query": {"page": 2}}, {"/api/v1/albums?page=2"}),
        ({"user": "partner@example.com"}, set()),
        ({"method": "POST"}, set()),
    ],
)
async def test_an_order_is_for_what_matches_it(matching: dict[str, Any], hit: set[str]) -> None:
    targets = ("/api/v1/albums?page=2", "/api/v1/albums", ALBUM)
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(500), **matching)
        statuses = {target: await _status(session, target) for target in targets}
    assert {target for target, status in statuses.items() if status == 500} == hit


async def test_an_order_for_one_user_leaves_the_other_alone() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(500), user=sandbox.PARTNER)
        partner = {"Authorization": f"Bearer {sandbox.PARTNER_TOKEN}"}
        assert await _status(session, ALBUM) == 200
        assert await _status(session, ALBUM, headers=partner) == 500


async def test_chance_is_the_same_for_the_same_seed() -> None:
    async with _caller() as (upstream, session):
        runs = []
        for _ in range(2):
            upstream.orders.add(sandbox.Status(500), probability=0.5, seed=3)
            runs.append([await _status(session, ALBUM) for _ in range(12)])
            upstream.orders.clear()
    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


async def test_all_that_shapes_applies_and_of_what_answers_the_first() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Edit("title", "One"), times=1)
        upstream.orders.add(sandbox.Edit("icpn", "Two"))
        upstream.orders.add(sandbox.Status(502), skip=1, times=1)
        upstream.orders.add(sandbox.Status(503), skip=1)
        first = await _json(session, ALBUM)
        statuses = [await _status(session, ALBUM), await _status(session, ALBUM)]
        effects_noted = [entry.effects for entry in upstream.journal.entries]
    assert (first["title"], first["icpn"]) == ("One", "Two")
    assert statuses == [502, 503]
    assert effects_noted == [("edit", "edit"), ("edit", "status"), ("edit", "status")]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502, 503, 504, 599])
async def test_a_status_is_answered_with_json_about_it(status: int) -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(status))
        async with session.get(ALBUM) as response:
            assert response.status == status
            assert "as ordered" in (await response.json())["error_description"]


async def test_retry_after_is_a_number_or_a_date() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(429, retry_after=2), times=1)
        upstream.orders.add(sandbox.Status(503, retry_at=60), times=1)
        upstream.orders.add(sandbox.Status(503), times=1)
        sent = []
        for _ in range(3):
            async with session.get(ALBUM) as response:
                sent.append(response.headers.get("Retry-After"))
    assert sent[0] == "2"
    assert sent[1] is not None
    assert 50 < parsedate_to_datetime(sent[1]).timestamp() - time.time() < 70
    assert sent[2] is None


async def test_a_redirect_has_a_location_and_a_body_is_as_ordered() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(
            sandbox.Status(
                302, location="http://elsewhere.invalid/", body="<p>", content_type="text/html"
            )
        )
        async with session.get(ALBUM, allow_redirects=False) as response:
            assert response.status == 302
            assert response.headers["Location"] == "http://elsewhere.invalid/"
            assert response.content_type == "text/html"
            assert await response.text() == "<p>"


async def test_logging_in_fails_to_order_too() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(500), path="/oauth/*")
        async with session.post("/oauth/token", data={"grant_type": "password"}) as response:
            assert response.status == 500


async def test_latency_delays_the_true_answer() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Latency(80))
        album = await _json(session, ALBUM)
        duration = upstream.journal.entries[0].duration
    assert album["id"] == 273
    assert duration is not None
    assert duration >= 0.08


@pytest.mark.parametrize(
    ("after", "starts", "ends"),
    [("request", b"", b""), ("headers", b"HTTP/1.1 200", b"\r\n\r\n")],
)
async def test_a_reset_is_a_reset(after: effects.Moment, starts: bytes, ends: bytes) -> None:
    async with _caller() as (upstream, _):
        upstream.orders.add(sandbox.Reset(after))
        came, end = await _raw(upstream, ALBUM)
        entry = upstream.journal.entries[0]
    # What was on its way when the reset came may be lost with it.
    assert came == b"" or (came.startswith(starts) and came.endswith(ends))
    assert end == "reset"
    assert (entry.status, entry.disconnected) == (None if after == "request" else 200, False)


@pytest.mark.parametrize("after", ["request", "headers", "half"])
async def test_a_hang_leaves_the_connection_open_and_sends_no_more(
    after: effects.Moment,
) -> None:
    async with _caller() as (upstream, _):
        upstream.orders.add(sandbox.Hang(after))
        came, end = await _raw(upstream, ALBUM, seconds=0.5)
        await upstream.journal.until(lambda journal: journal.under_way == 0)
        entry = upstream.journal.entries[0]
    head, _, body = came.partition(b"\r\n\r\n")
    assert end == "open"
    assert (head == b"") == (after == "request")
    assert (body == b"") == (after != "half")
    assert entry.disconnected


async def test_a_drip_sends_a_byte_at_a_time_and_never_ends() -> None:
    async with _caller() as (upstream, _):
        upstream.orders.add(sandbox.Drip(1))
        came, end = await _raw(upstream, "/api/v1/artists/544", seconds=1)
    assert end == "open"
    pieces = came.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert pieces[:6] == [b"1", b"{", b"1", b'"', b"1", b"i"]
    assert pieces[-3:] == [b"1", b" ", b""]


async def test_a_drip_that_ends_is_the_true_answer() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Drip(0, endless=False))
        assert await _json(session, "/api/v1/artists/544") == {"id": 544, "name": "1902"}


async def test_a_cut_body_is_shorter_than_its_length() -> None:
    async with _caller() as (upstream, session):
        whole = len(await (await session.get(ALBUM)).read())
        upstream.orders.add(sandbox.Cut(0.25))
        came, end = await _raw(upstream, ALBUM)
        with pytest.raises(aiohttp.ClientPayloadError):
            await _json(session, ALBUM)
    head, _, body = came.partition(b"\r\n\r\n")
    assert end == "eof"
    assert f"Content-Length: {whole}".encode() in head
    assert len(body) == whole // 4


async def test_a_cut_body_in_chunks_has_no_last_chunk() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Cut(chunked=True))
        came, end = await _raw(upstream, ALBUM)
        with pytest.raises(aiohttp.ClientPayloadError):
            await _json(session, ALBUM)
    assert end == "eof"
    assert b"Transfer-Encoding: chunked" in came
    assert not came.endswith(b"0\r\n\r\n")


async def test_a_huge_body_is_the_true_one_and_megabytes_of_spaces() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Huge(3))
        async with session.get("/api/v1/artists/544") as response:
            body = await response.read()
    assert len(body) == 3 * 1024 * 1024 + len(b'{"id":544,"name":"1902"}')
    assert json.loads(body) == {"id": 544, "name": "1902"}


async def test_a_bomb_is_small_on_the_wire_and_huge_behind_it() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS, auto_decompress=False) as session,
    ):
        upstream.orders.add(sandbox.Bomb(8))
        async with session.get("/api/v1/artists/544") as response:
            assert response.headers["Content-Encoding"] == "gzip"
            body = await response.read()
    assert len(body) < 20_000
    assert len(gzip.decompress(body)) > 8 * 1024 * 1024


async def test_a_caller_who_leaves_a_stream_is_noted() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Huge(512))
        async with session.get(ALBUM) as response:
            await response.content.readexactly(100)
            response.close()
        await upstream.journal.until(lambda journal: journal.under_way == 0)
        assert upstream.journal.entries[0].disconnected


async def test_a_sandbox_that_is_down_refuses_connections_and_comes_back() -> None:
    async with _caller() as (upstream, session):
        assert await _status(session, ALBUM) == 200
        async with upstream.down():
            with pytest.raises(aiohttp.ClientConnectorError):
                await _status(session, ALBUM)
        assert await _status(session, ALBUM) == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("text", b"Something went wrong, sorry."),
        ("empty", b""),
        ("object", b'{"unexpected": {"id": 1}}'),
        ("list", b"[[1, 2], [3]]"),
        ("string", b'"unexpected"'),
        ("number", b"12"),
        ("null", b"null"),
        ("deep", b"[" * 100_000),
    ],
)
async def test_junk_is_what_it_is_called(form: effects.JunkForm, expected: bytes) -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Junk(form))
        async with session.get(ALBUM) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
            assert await response.read() == expected


async def test_html_calls_itself_so() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Junk("html"))
        async with session.get(ALBUM) as response:
            assert response.status == 200
            assert response.content_type == "text/html"
            assert (await response.text()).startswith("<!DOCTYPE html>")


async def test_invalid_letters_and_numbers_are_invalid() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Junk("utf8"), times=1)
        upstream.orders.add(sandbox.Junk("nan"), times=1)
        upstream.orders.add(sandbox.Junk("digits"), times=1)
        bodies = [await (await session.get("/api/v1/artists/544")).read() for _ in range(3)]
    with pytest.raises(UnicodeDecodeError):
        bodies[0].decode()
    assert b"NaN" in bodies[1]
    assert b"Infinity" in bodies[1]
    assert bodies[2] == b'{"id": %b, "name": "1902"}' % (b"9" * 10_000)


async def test_swapped_answers_are_an_object_for_a_list_and_a_list_for_an_object() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Junk("swapped"))
        assert await _json(session, "/api/v1/artists/544") == [{"id": 544, "name": "1902"}]
        swapped = await _json(session, "/api/v1/artists?per_page=1")
    assert swapped == {"items": [{"id": 544, "name": "1902"}]}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (sandbox.Edit("name", 7), [{"id": 544, "name": 7}, {"id": 399, "name": 7}]),
        (sandbox.Edit("name", delete=True), [{"id": 544}, {"id": 399}]),
        (
            sandbox.Edit("name", None, id=399),
            [{"id": 544, "name": "1902"}, {"id": 399, "name": None}],
        ),
        (
            sandbox.Edit("id", "x", position=0),
            [{"id": "x", "name": "1902"}, {"id": 399, "name": "20syl"}],
        ),
        (sandbox.Edit("", None, position=1), [{"id": 544, "name": "1902"}, None]),
        (sandbox.Edit("", delete=True, id=544), [{"id": 399, "name": "20syl"}]),
        (
            sandbox.Edit("since", 1, position=0),
            [{"id": 544, "name": "1902", "since": 1}, {"id": 399, "name": "20syl"}],
        ),
        (
            sandbox.Edit("name[0].x", 1),
            [{"id": 544, "name": "1902"}, {"id": 399, "name": "20syl"}],
        ),
        (
            sandbox.Edit("label.name", 1),
            [{"id": 544, "name": "1902"}, {"id": 399, "name": "20syl"}],
        ),
    ],
)
async def test_an_edit_makes_items_of_a_list_lie(edit: sandbox.Edit, expected: Any) -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(edit)
        assert await _json(session, "/api/v1/artists?per_page=2") == expected


async def test_an_edit_reaches_into_an_object() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Edit("tracks[*].id", "x"))
        upstream.orders.add(sandbox.Edit("artists[1]", delete=True))
        upstream.orders.add(sandbox.Edit("artists[0].name", ["y"]))
        upstream.orders.add(sandbox.Edit("artists[9].name", "beyond"))
        upstream.orders.add(sandbox.Edit("label.name", delete=True))
        upstream.orders.add(sandbox.Edit("cover", "no", id=1))
        album = await _json(session, ALBUM)
    assert [track["id"] for track in album["tracks"]] == ["x"]
    assert album["artists"] == [{"id": 914, "name": ["y"]}]
    assert album["label"] == {"id": 212}
    assert album["cover"]["small_url"].startswith("https://")


async def test_an_edit_leaves_refusals_alone() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Edit("error", 1))
        async with session.get("/api/v1/album/0") as response:
            assert (await response.json())["error"] == "not_found"


async def test_compressed_answers_are_the_true_ones() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Compressed())
        async with session.get("/api/v1/artists/544") as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert await response.json() == {"id": 544, "name": "1902"}


async def test_a_list_ignores_per_page_or_caps_it_to_order() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Paging(ignored=True), path="/api/v1/albums")
        upstream.orders.add(sandbox.Paging(ignored=False), path="/api/v1/labels")
        upstream.orders.add(sandbox.Paging(maximum=30), path="/api/v1/artists")
        lengths = [
            len(await _json(session, f"/api/v1/{table}?per_page=60"))
            for table in ("albums", "labels", "artists")
        ]
    assert lengths == [25, 60, 30]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("none", None),
        ("foreign", '<http://elsewhere.invalid:7000/api/v1/artists?page=26>; rel="prev"'),
        ("lying", 'page=28>; rel="next"'),
        ("trailing", 'rel="prev",'),
    ],
)
async def test_link_is_of_the_form_that_was_ordered(
    form: rest.LinkForm, expected: str | None
) -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Link(form))
        async with session.get("/api/v1/artists?page=27") as response:
            link = response.headers.get("Link")
    if expected is None or link is None:
        assert link is expected
    else:
        assert expected in link
        assert ('page=1>; rel="last"' in link) == (form == "lying")


async def test_headers_come_and_go_to_order() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Headers({"X-Canary": "bird", "Link": ""}))
        async with session.get("/api/v1/artists") as response:
            assert response.headers["X-Canary"] == "bird"
            assert "Link" not in response.headers


@pytest.mark.parametrize("weak", [False, True])
async def test_an_etag_is_honoured(weak: bool) -> None:  # noqa: FBT001 - a case
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Caching("max-age=60", weak=weak), path=ALBUM)
        async with session.get(ALBUM) as response:
            etag = response.headers["ETag"]
            assert response.headers["Cache-Control"] == "max-age=60"
        async with session.get(ALBUM, headers={"If-None-Match": etag}) as response:
            assert response.status == 304
            assert response.headers["ETag"] == etag
            assert await response.read() == b""
        upstream.database.change(sandbox.listing("albums"), {"title": "New"}, number=273)
        async with session.get(ALBUM, headers={"If-None-Match": etag}) as response:
            assert response.status == 200
            assert response.headers["ETag"] != etag
        upstream.orders.clear()
        upstream.orders.add(sandbox.Caching(), times=1)
        async with session.get(ALBUM, headers={"If-None-Match": "*"}) as response:
            assert (response.status, "Cache-Control" in response.headers) == (304, False)
        upstream.orders.add(sandbox.Caching("no-store", etag=False))
        async with session.get(ALBUM, headers={"If-None-Match": etag}) as response:
            assert (response.status, "ETag" in response.headers) == (200, False)
    assert etag.startswith("W/") == weak


async def test_rows_come_and_go_between_two_pages() -> None:
    async with _caller() as (upstream, session):
        before = [row["id"] for row in upstream.rows("artists")]
        upstream.orders.add(sandbox.Delete(position=0), path="/api/v1/artists", skip=1, times=1)
        upstream.orders.add(
            sandbox.Insert(4, id=5000, values={"name": "New"}),
            path="/api/v1/artists",
            skip=2,
            times=1,
        )
        pages = [
            [row["id"] for row in await _json(session, f"/api/v1/artists?per_page=3&page={page}")]
            for page in (1, 2, 2)
        ]
    assert pages == [
        before[:3],
        before[4:7],
        [before[4], 5000, before[5]],
    ]


async def test_rows_of_another_list_move_to_order() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Delete(id=273, table="albums"), path="/api/v1/artists")
        await _status(session, "/api/v1/artists")
        assert await _status(session, ALBUM) == 404
        assert await _status(session, "/api/v1/tracks/3272") == 404
        async with session.get("/api/v1/artists") as response:
            assert response.status == 500
            assert "No row 273" in (await response.json())["error_description"]


async def test_an_order_to_move_rows_does_nothing_where_no_list_is_meant() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Delete(position=0))
        assert await _status(session, ALBUM) == 200


async def test_orders_are_given_listed_and_taken_back_over_http() -> None:
    orders = [
        {"effect": {"kind": "status", "status": 429, "retry_after": 1}, "times": 1},
        {"effect": {"kind": "edit", "path": "title", "value": 7}, "path": "/api/v1/album/*"},
    ]
    async with _caller() as (_, session):
        async with session.post("/_sandbox/orders", json=orders) as response:
            assert (response.status, await response.json()) == (200, {"ids": [1, 2]})
        async with session.post("/_sandbox/orders", json=orders[0]) as response:
            assert await response.json() == {"ids": [3]}
        statuses = [await _status(session, ALBUM) for _ in range(3)]
        assert (await _json(session, ALBUM))["title"] == 7
        listed = await _json(session, "/_sandbox/orders")
        async with session.delete("/_sandbox/orders/2") as response:
            assert response.status == 200
        async with session.delete("/_sandbox/orders/2") as response:
            assert response.status == 404
        assert (await _json(session, ALBUM))["title"] == "Mahler: Symphonie No. 5"
        async with session.delete("/_sandbox/orders") as response:
            assert response.status == 200
        assert await _json(session, "/_sandbox/orders") == {"orders": []}
    assert statuses == [429, 429, 200]
    assert listed["orders"][1] == {
        "id": 2,
        "order": {
            "effect": {
                "kind": "edit",
                "path": "title",
                "value": 7,
                "delete": False,
                "id": None,
                "position": None,
            },
            "path": "/api/v1/album/*",
            "method": None,
            "user": None,
            "query": {},
            "times": None,
            "skip": 0,
            "probability": 1.0,
            "seed": 0,
        },
        "matched": 4,
        "applied": 4,
    }


EVERY_KIND: list[dict[str, Any]] = [
    {"kind": "latency", "milliseconds": 1},
    {"kind": "paging", "maximum": 5},
    {"kind": "link", "form": "foreign"},
    {"kind": "edit", "path": "tracks[*].id", "delete": True},
    {"kind": "headers", "values": {"X-A": "b"}},
    {"kind": "caching", "cache_control": "max-age=1"},
    {"kind": "compressed"},
    {"kind": "insert", "position": 0, "values": {"title": "x"}},
    {"kind": "delete", "position": 0},
    {"kind": "status", "status": 500},
    {"kind": "junk", "form": "html"},
    {"kind": "reset"},
    {"kind": "hang", "after": "headers"},
    {"kind": "drip", "milliseconds": 5},
    {"kind": "cut", "share": 0.9},
    {"kind": "huge", "megabytes": 1},
    {"kind": "bomb", "megabytes": 1},
]


async def test_every_kind_of_effect_can_be_ordered_over_http() -> None:
    async with (
        _caller() as (_, session),
        session.post(
            "/_sandbox/orders", json=[{"effect": effect} for effect in EVERY_KIND]
        ) as response,
    ):
        assert response.status == 200
    known = {kind.__name__.lower() for kind in effects.AnyEffect.__args__}
    assert {effect["kind"] for effect in EVERY_KIND} == known


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"{}", "missing required field `effect`"),
        (b'{"effect":' * 5_000, "recursion"),
        (b'{"effect": {"kind": "dance"}}', "'dance'"),
        (b'{"effect": {"kind": "status"}}', "missing required field `status`"),
        (b'{"effect": {"kind": "status", "status": 99}}', "status must be from 200 to 599"),
        (b'{"effect": {"kind": "reset"}, "paths": "*"}', "unknown field `paths`"),
        (b'{"effect": {"kind": "reset"}, "times": 0}', "times must be at least 1"),
        (b'{"effect": {"kind": "reset"}, "skip": -1}', "skip must be at least 0"),
        (b'{"effect": {"kind": "reset"}, "probability": 2}', "probability must be from 0 to 1"),
        (b'{"effect": {"kind": "latency", "milliseconds": -1}}', "milliseconds must be at least"),
        (b'{"effect": {"kind": "paging", "maximum": 0}}', "maximum must be at least 1"),
        (b'{"effect": {"kind": "edit", "path": "a["}}', "is no path"),
        (b'{"effect": {"kind": "cut", "share": 1}}', "share must be"),
        (b'{"effect": {"kind": "headers", "values": {"X-A": "b\\nc"}}}', "a header is one line"),
        (b'{"effect": {"kind": "headers", "values": {"X-A": "\\u0000"}}}', "a header is one line"),
        (b'{"effect": {"kind": "caching", "cache_control": "a\\nb"}}', "a header is one line"),
        (
            b'{"effect": {"kind": "status", "status": 429, "retry_after": "1\\r\\nX-A: b"}}',
            "a header is one line",
        ),
        (
            b'{"effect": {"kind": "status", "status": 302, "location": "/a\\nb"}}',
            "a header is one line",
        ),
        (
            b'{"effect": {"kind": "status", "status": 429, "retry_at": 1e30}}',
            "retry_at must be within",
        ),
        (b'{"effect": {"kind": "drip", "milliseconds": -1}}', "milliseconds must be at least 0"),
        (b'{"effect": {"kind": "huge", "megabytes": 0}}', "megabytes must be at least 1"),
        (b'{"effect": {"kind": "bomb", "megabytes": 5000}}', "megabytes must be at most 4096"),
        (b'{"effect": {"kind": "delete"}}', "give position or id"),
        (
            b'{"effect": {"kind": "insert", "position": 0, "values": {"rank": 1}}}',
            "values can't hold rank",
        ),
        (
            b'{"effect": {"kind": "insert", "position": 0, "table":"labels", "values":{"icpn":1}}}',
            "values can't hold icpn",
        ),
    ],
)
async def test_an_order_that_is_described_wrongly_is_refused(body: bytes, sentence: str) -> None:
    async with (
        _caller() as (upstream, session),
        session.post("/_sandbox/orders", data=body) as response,
    ):
        assert response.status == 422
        assert sentence in (await response.json())["error_description"]
        assert upstream.orders.standing == []


async def test_what_steers_the_sandbox_is_no_part_of_the_journal_or_of_orders() -> None:
    async with _caller() as (upstream, session):
        upstream.orders.add(sandbox.Status(500))
        assert await _status(session, "/_sandbox/requests") == 200
        assert await _status(session, "/_sandbox") == 404
        async with session.put("/_sandbox/orders") as response:
            assert response.status == 405
        assert len(upstream.journal) == 0
