"""The sandbox keeps a journal: every request in the order of arrival, and no secret in it."""

import asyncio
import json
from dataclasses import asdict

import aiohttp

import sandbox

HEADERS = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}


async def test_requests_are_noted_in_the_order_of_arrival() -> None:
    async with sandbox.running() as upstream, aiohttp.ClientSession(upstream.url) as session:
        partner = {"Authorization": f"Bearer {sandbox.PARTNER_TOKEN}"}
        await session.get("/api/v1/albums?page=2&per_page=1", headers=HEADERS)
        await session.get("/api/v1/deliveries", headers=partner)
        await session.get("/api/v1/artists", headers={"Authorization": "Bearer wrong"})
        noted = [
            (entry.order, entry.method, entry.path, entry.query, entry.user, entry.status)
            for entry in upstream.journal.entries
        ]
        durations = [entry.duration for entry in upstream.journal.entries]
        assert upstream.journal.targets == [
            "/api/v1/albums?page=2&per_page=1",
            "/api/v1/deliveries",
            "/api/v1/artists",
        ]
        assert len(upstream.journal.matching("/api/v1/a*", user=sandbox.LISTENER)) == 1
    assert noted == [
        (
            1,
            "GET",
            "/api/v1/albums",
            {"page": "2", "per_page": "1"},
            "listener@example.com",
            200,
        ),
        (2, "GET", "/api/v1/deliveries", {}, "partner@example.com", 403),
        (3, "GET", "/api/v1/artists", {}, None, 401),
    ]
    assert all(duration is not None and duration > 0 for duration in durations)


async def test_no_token_or_password_is_noted() -> None:
    async with sandbox.running() as upstream, aiohttp.ClientSession(upstream.url) as session:
        form = {"grant_type": "password", "username": "listener@example.com", "password": "sandbox"}
        async with session.post("/oauth/token", data=form) as response:
            token = (await response.json())["access_token"]
        await session.post("/oauth/revoke", data={"token": token}, headers=HEADERS)
        await session.get("/api/v1/albums", headers={"Authorization": f"Bearer {token}"})
        noted = json.dumps([asdict(entry) for entry in upstream.journal.entries])
        async with session.get("/_sandbox/requests") as response:
            noted += await response.text()
    assert noted.count("/oauth/revoke") == 2
    for secret in (token, sandbox.LISTENER_TOKEN, '"sandbox"', "password"):
        assert secret not in noted


async def test_the_most_requests_at_once_are_counted() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        upstream.orders.add(sandbox.Latency(50))
        await asyncio.gather(*(session.get("/api/v1/artists/544") for _ in range(7)))
        await session.get("/api/v1/artists/544")
        assert upstream.journal.high_water == 7
        assert upstream.journal.under_way == 0
        upstream.journal.clear()
        assert upstream.journal.high_water == 0
        assert len(upstream.journal) == 0


async def test_a_caller_who_leaves_before_the_answer_is_noted() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        upstream.orders.add(sandbox.Latency(10_000), path="/api/v1/albums")
        leaving = asyncio.ensure_future(session.get("/api/v1/albums"))
        await upstream.journal.until(lambda journal: journal.under_way == 1)
        assert upstream.journal.entries[0].duration is None
        leaving.cancel()
        await upstream.journal.until(lambda journal: journal.under_way == 0)
        await session.get("/api/v1/artists")
        assert [(entry.status, entry.disconnected) for entry in upstream.journal.entries] == [
            (None, True),
            (200, False),
        ]


async def test_the_journal_is_read_and_emptied_over_http() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=HEADERS) as session,
    ):
        await session.get("/api/v1/album/273")
        async with session.get("/_sandbox/requests") as response:
            noted = await response.json()
        async with session.delete("/_sandbox/requests") as response:
            assert response.status == 200
        async with session.get("/_sandbox/requests") as response:
            emptied = await response.json()
    assert noted["requests"][0].pop("duration") > 0
    assert noted == {
        "requests": [
            {
                "order": 1,
                "method": "GET",
                "path": "/api/v1/album/273",
                "query": {},
                "user": "listener@example.com",
                "status": 200,
                "disconnected": False,
                "effects": [],
            }
        ],
        "under_way": 0,
        "high_water": 1,
    }
    assert emptied == {"requests": [], "under_way": 0, "high_water": 0}
