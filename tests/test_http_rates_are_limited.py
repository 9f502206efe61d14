"""Rate limits: a token, or an address without one, may send so much, and is told what is left."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.served import Served, application, served
from tests.upstream_asked import Watching
from upstream.observer import Nobody
from upstream.policy import Policy
from web.rates import BoundedMemory, Rates, _site
from web.refusals import Refused
from web.settings import BadSetting

ASK = {"query": "{ __typename }"}


async def statuses(here: Served, count: int, headers: dict[str, str]) -> list[int]:
    """The statuses of so many requests."""
    return [(await here.post(ASK, headers))[0] for _ in range(count)]


async def test_by_default_nobody_is_counted() -> None:
    async with served(application()) as here:
        _, headers, _ = await here.post(ASK)
        assert "RateLimit" not in headers


async def test_each_token_has_a_limit_of_its_own() -> None:
    async with served(application({"ONEDTOUCH_RATE_LIMIT": "3"})) as here:
        assert await statuses(here, 4, {"Authorization": "Bearer a"}) == [200, 200, 200, 429]
        assert await statuses(here, 3, {"Authorization": "Bearer b"}) == [200, 200, 200]
        assert await statuses(here, 5, {}) == [200] * 5


async def test_an_address_without_a_token_has_one_too() -> None:
    async with served(application({"ONEDTOUCH_RATE_LIMIT_PER_ADDRESS": "2"})) as here:
        assert await statuses(here, 3, {}) == [200, 200, 429]
        assert await statuses(here, 3, {"Authorization": "Bearer a"}) == [200] * 3


async def test_the_headers_tell_what_is_left_and_when_to_come_back() -> None:
    async with served(application({"ONEDTOUCH_RATE_LIMIT": "2"})) as here:
        bearer = {"Authorization": "Bearer a"}
        _, first, _ = await here.post(ASK, bearer)
        assert first["RateLimit-Policy"] == '"caller";q=2;w=60'
        assert first["RateLimit"].startswith('"caller";r=1;t=')
        assert (first["RateLimit-Limit"], first["RateLimit-Remaining"]) == ("2", "1")
        assert "Retry-After" not in first
        await here.post(ASK, bearer)
        status, refused, body = await here.post(ASK, bearer)
        assert (status, refused["RateLimit-Remaining"]) == (429, "0")
        assert 1 <= int(refused["Retry-After"]) <= 60
        assert refused["Retry-After"] == refused["RateLimit-Reset"]
        assert refused["Cache-Control"] == "no-store"
        assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_hostile_requests_are_counted_as_well() -> None:
    async with served(application({"ONEDTOUCH_RATE_LIMIT_PER_ADDRESS": "2"})) as here:
        seen = []
        for _ in range(3):
            async with here.client.post(here.url, data=b"nonsense") as response:
                seen.append(response.status)
        assert seen == [415, 415, 429]


async def test_addresses_of_one_ipv6_site_are_one() -> None:
    assert _site("2001:db8:1:2:3::4") == _site("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert _site("2001:db8:1:3::1") != _site("2001:db8:1:2::1")
    assert _site("192.0.2.1") == "192.0.2.1"
    assert _site("::ffff:192.0.2.1") != _site("::ffff:192.0.2.2")
    assert _site("testclient") == "testclient"


async def test_only_a_trusted_proxy_says_who_asks() -> None:
    limit = {"ONEDTOUCH_RATE_LIMIT_PER_ADDRESS": "1"}
    one, two = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    async with served(application(limit)) as here:
        assert await statuses(here, 1, one) + await statuses(here, 1, two) == [200, 429]
    async with served(application({**limit, "ONEDTOUCH_TRUSTED_PROXIES": "127.0.0.1"})) as here:
        assert await statuses(here, 1, one) + await statuses(here, 2, two) == [200, 200, 429]


async def test_memory_holds_so_many_callers_and_no_more() -> None:
    memory = BoundedMemory(most=10)
    for number in range(1_000):
        assert await memory.acquire_sliding_window_entry(f"key{number}", 1, 60)
    assert await memory.reset() == 10


async def test_a_window_slides_from_a_callers_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_230.0
    monkeypatch.setattr("web.rates.time.monotonic", lambda: now)
    memory = BoundedMemory()

    async def admitted(count: int) -> list[bool]:
        return [await memory.acquire_sliding_window_entry("key", 10, 60) for _ in range(count)]

    assert await admitted(5) == [True] * 5
    now += 31
    assert await admitted(6) == [True] * 5 + [False], "a whole minute of the clock changes nothing"
    assert await memory.get_sliding_window("key", 60) == (0, 0.0, 10, 89.0)
    now += 29
    assert await admitted(1) == [False]
    now += 30
    assert await admitted(6) == [True] * 5 + [False]
    assert await memory.get_sliding_window("key", 60) == (10, 30.0, 5, 90.0)
    now += 90
    assert await admitted(10) == [True] * 10
    assert await memory.get_sliding_window("key", 60) == (0, 0.0, 10, 120.0)


async def test_replicas_count_together_in_redis_and_no_token_stands_there(
    redis: RedisServer,
) -> None:
    policy = Policy(redis_url=redis.url, redis_timeout=2)
    one = Rates(3, 0, policy, Nobody())
    two = Rates(3, 0, policy, Nobody())
    await one.admit("canary", "")
    await two.admit("canary", "")
    await one.admit("canary", "")
    with pytest.raises(Refused):
        await two.admit("canary", "")
    await asyncio.gather(one.close(), two.close())
    keys = redis.command("KEYS", "*")
    assert keys.startswith(b"*")
    assert keys != b"*0\r\n"
    assert b"canary" not in keys


async def test_a_burst_is_counted_in_redis_to_its_last_request(redis: RedisServer) -> None:
    watching = Watching()
    rates = Rates(5, 0, Policy(redis_url=redis.url, redis_timeout=5), watching)

    outcomes = await asyncio.gather(
        *(rates.admit("a", "") for _ in range(300)), return_exceptions=True
    )
    await rates.close()

    assert watching.of("redis") == []
    refused = [each for each in outcomes if isinstance(each, Refused)]
    admitted = [each for each in outcomes if isinstance(each, list)]
    assert (len(admitted), len(refused)) == (5, 295)


async def test_without_redis_everybody_is_let_through_and_it_is_told() -> None:
    watching = Watching()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        rates = Rates(1, 1, Policy(redis_url=url, redis_timeout=0.05), watching)
        async with asyncio.timeout(5):
            for _ in range(100):
                assert await rates.admit("a", "") == []
            await rates.close()
    assert watching.of("redis") == [("limit",)]


def test_without_its_package_it_says_which_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "web.rates")
    monkeypatch.setitem(sys.modules, "limits", None)
    with pytest.raises(BadSetting, match="need the package limits, of the extra rates"):
        application({"ONEDTOUCH_RATE_LIMIT": "1"})


async def test_who_was_seen_lately_is_still_counted_once_others_made_room() -> None:
    memory = BoundedMemory(most=2)
    for key in ("old", "often", "old", "new"):
        assert await memory.acquire_sliding_window_entry(key, 2, 60)
    assert not await memory.acquire_sliding_window_entry("old", 2, 60)
    assert not await memory.acquire_sliding_window_entry("new", 1, 60)
    assert await memory.acquire_sliding_window_entry("often", 1, 60), "it made room for the new"


async def test_redis_may_be_a_socket_in_the_file_system(tmp_path: Path) -> None:
    watching = Watching()
    rates = Rates(1, 1, Policy(redis_url=f"unix://{tmp_path}/redis.sock"), watching)
    assert await rates.admit("a", "") == []
    assert watching.of("redis") == [("limit",)]
    await rates.close()
