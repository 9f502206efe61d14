"""/healthz and /readyz: whether the process lives, and whether it can serve."""

import asyncio
from typing import Any

import pytest

import sandbox
from tests.served import NOWHERE, Served, application, served


async def look(here: Served, path: str) -> tuple[int, Any]:
    """Status and body of a look at the process's health."""
    async with here.client.get(here.base + path) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json()


async def test_it_is_ready_while_the_rest_api_answers() -> None:
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        assert await look(here, "/readyz") == (200, {"status": "ready", "breaker": "closed"})


async def test_ten_looks_within_a_second_ask_the_rest_api_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A second that lasts, however slow the machine.
    monkeypatch.setattr("upstream.client._CHECKED_FOR", 60.0)
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        for _ in range(10):
            await look(here, "/readyz")
        assert len(upstream.journal.targets) == 1


async def test_it_lives_but_is_not_ready_while_the_rest_api_is_down() -> None:
    async with served(application(upstream=NOWHERE)) as here:
        assert await look(here, "/readyz") == (
            503,
            {"status": "unavailable", "breaker": "closed", "reason": "UPSTREAM_UNAVAILABLE"},
        )
        assert await look(here, "/healthz") == (200, {"status": "alive"})


async def test_it_is_ready_while_it_is_only_itself_that_has_no_room() -> None:
    narrow = {"ONEDTOUCH_MOST_CONCURRENT": "1", "ONEDTOUCH_LONGEST_QUEUE": "0"}
    async with (
        sandbox.running() as upstream,
        served(application(narrow, upstream=upstream.url)) as here,
    ):
        upstream.orders.add(sandbox.Latency(1000), path="/api/v1/labels")
        bearer = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
        slow = asyncio.create_task(here.post({"query": "{ labels { nodes { name } } }"}, bearer))
        await upstream.journal.until(lambda journal: len(journal) == 1)
        assert (await look(here, "/readyz"))[0] == 200
        assert len(upstream.journal) == 1
        assert (await slow)[0] == 200


async def test_it_lives_but_is_not_ready_once_it_drains() -> None:
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        here.app.drain.begin()
        status, told = await look(here, "/readyz")
        assert (status, told["reason"]) == (503, "DRAINING")
        assert await look(here, "/healthz") == (200, {"status": "alive"})


async def test_answers_close_their_connection_once_it_drains() -> None:
    async with served(application()) as here:
        _, headers, _ = await here.post({"query": "{ __typename }"})
        assert "Connection" not in headers
        here.app.drain.begin()
        _, headers, _ = await here.post({"query": "{ __typename }"})
        assert headers["Connection"] == "close"


async def test_it_lives_but_is_not_ready_while_the_rest_api_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.health.LONGEST_CHECK_SECONDS", 0.1)
    async with sandbox.running() as upstream, served(application(upstream=upstream.url)) as here:
        upstream.orders.add(sandbox.Hang())
        assert await look(here, "/readyz") == (
            503,
            {"status": "unavailable", "breaker": "closed", "reason": "UPSTREAM_TIMEOUT"},
        )
