"""Replicas: they share answers and the news of dead tokens through a Redis that tells nothing."""

import asyncio
import signal
import sys
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

import sandbox
from tests.redis_server import RedisServer
from tests.upstream_asked import Client, Scripted, Watching, caller, client, scripted
from upstream import sealing
from upstream.caller import Exchange
from upstream.errors import Unauthenticated, Unavailable
from upstream.freshness import Freshness
from upstream.listing import Listing
from upstream.sharing import SharedAnswer

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN


@asynccontextmanager
async def replica(
    api: sandbox.Running | Scripted, redis: RedisServer, watching: Any = None, **policy: Any
) -> AsyncIterator[Client]:
    policy = {"redis_url": redis.url, "redis_timeout": 1, "redis_pause": 0.1, **policy}
    async with client(api.url, watching, **policy) as upstream:
        yield upstream


@asynccontextmanager
async def two_replicas(
    redis: RedisServer,
) -> AsyncIterator[tuple[sandbox.Running, Client, Client]]:
    """A sandbox, and two replicas in front of it."""
    async with sandbox.running() as api, replica(api, redis) as one, replica(api, redis) as two:
        yield api, one, two


async def asked(upstream: Client, number: int = 544, token: str = LISTENER) -> Exchange:
    asking = caller(token)
    await upstream.artist(asking, number)
    return asking.exchanges[-1]


async def until(true: Any, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def test_what_one_replica_asked_for_another_need_not(redis: RedisServer) -> None:
    watching = Watching()
    async with (
        sandbox.running() as api,
        replica(api, redis) as one,
        replica(api, redis, watching) as two,
    ):
        await asked(two, 399)
        first = caller()
        page = (await one.page(first, Listing("albums"), 2, 50)).value
        await until(lambda: len(redis.keys()) == 3)
        api.journal.clear()
        asking = caller()
        again = (await two.page(asking, Listing("albums"), 2, 50)).value
        assert again == page
        assert again.links == page.links
        assert api.journal.targets == []
        exchange = asking.exchanges[0]
        assert (exchange.source, exchange.requests) == ("replica", 0)
        assert 50 < exchange.fresh_for <= 60
        assert ("redis", "hit") in watching.of("looked_up")
        # From here on it is in the replica's own cache.
        await two.page(asking, Listing("albums"), 2, 50)
        assert asking.exchanges[1].source == "cache"


async def test_a_replica_serves_a_token_only_once_the_api_has_answered_it_there(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (_, one, two):
        await asked(one)
        await until(lambda: len(redis.keys()) == 2)
        assert (await asked(two)).source == "upstream"


async def test_an_etag_from_elsewhere_is_enough_to_confirm(redis: RedisServer) -> None:
    async with two_replicas(redis) as (api, one, two):
        api.orders.add(sandbox.Caching("max-age=60"))
        await asked(one)
        await until(lambda: len(redis.keys()) == 2)
        await asked(two)
        assert [entry.status for entry in api.journal.entries] == [200, 304]


async def test_a_shared_answer_stands_in_while_the_api_fails(redis: RedisServer) -> None:
    async with (
        sandbox.running() as api,
        replica(api, redis) as one,
        replica(api, redis, most_retries=0) as two,
    ):
        await asked(one)
        await until(lambda: len(redis.keys()) == 2)
        api.orders.add(sandbox.Status(503))
        assert (await asked(two)).source == "stale"
        with pytest.raises(Unavailable):
            await asked(two, token=PARTNER)


async def test_a_token_revoked_at_one_replica_is_dead_at_the_others_at_once(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        await asked(one, token=token)
        await asked(two, token=token)
        await one.revoke_token(caller(), token)
        await until(lambda: two.state().cache_entries == 0)
        api.journal.clear()
        with pytest.raises(Unauthenticated):
            await asked(two, token=token)
        assert api.journal.targets == []


async def test_a_replica_that_starts_later_knows_the_dead(redis: RedisServer) -> None:
    async with sandbox.running() as api, replica(api, redis) as one:
        token = api.token()
        await asked(one, token=token)
        await one.revoke_token(caller(), token)
        api.journal.clear()
        async with replica(api, redis) as late:
            with pytest.raises(Unauthenticated):
                await asked(late, token=token)
        assert api.journal.targets == []


async def test_a_401_at_one_replica_purges_the_token_at_all(redis: RedisServer) -> None:
    async with two_replicas(redis) as (api, one, two):
        await asked(one)
        await asked(two)
        await asked(two, api.rows("artists", sandbox.PARTNER)[0]["id"], PARTNER)
        api.orders.add(sandbox.Status(401), path="/api/v1/labels", times=1)
        with pytest.raises(Unauthenticated):
            await one.page(caller(), Listing("labels"), 1, 25)
        await until(lambda: two.state().cache_entries == 1)
        api.journal.clear()
        assert (await asked(two)).source == "upstream"


async def test_a_purge_also_beats_an_answer_that_is_just_being_written(redis: RedisServer) -> None:
    async with two_replicas(redis) as (api, one, two):
        await asked(one, 399)
        await until(lambda: len(redis.keys()) == 2)
        api.orders.add(sandbox.Latency(700), path="/api/v1/artists/544")
        writing = asyncio.create_task(asked(one))
        await api.journal.until(lambda journal: journal.under_way == 1)
        api.orders.add(sandbox.Status(403), path="/api/v1/labels", times=1)
        with pytest.raises(Exception, match="403"):
            await two.page(caller(), Listing("labels"), 1, 25)
        await writing
        await asyncio.sleep(0.1)
        await asked(two, 399)
        assert (await asked(two)).source == "upstream"


async def test_a_token_that_is_given_out_again_lives_at_all_replicas(redis: RedisServer) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        await one.revoke_token(caller(), token)
        body = f'{{"access_token": "{token}", "token_type": "bearer", "created_at": 1}}'
        api.orders.add(sandbox.Status(200, body=body), path="/oauth/token")
        await one.create_token(caller(None), "listener@example.com", "sandbox")

        def asks_the_api_again() -> bool:
            return not two._tokens.is_revoked(two._tokens.key(token))

        await until(asks_the_api_again)
        with pytest.raises(Unauthenticated, match="401"):
            await asked(two, token=token)


def inflated(stored: bytes) -> bytes:
    """Whatever is compressed in it and no more than that, from any of its bytes on."""
    found: list[bytes] = []
    for start in range(len(stored)):
        with suppress(zlib.error):
            found.append(zlib.decompressobj().decompress(memoryview(stored)[start:], 100_000))
    return b"".join(found)


async def test_redis_holds_nothing_that_can_be_read_without_the_token(redis: RedisServer) -> None:
    async with sandbox.running() as api, replica(api, redis) as one:
        await one.page(caller(), Listing("albums"), 1, 50)
        await asked(one)
        await until(lambda: len(redis.keys()) == 3)
        dumped = redis.dump()
        assert len(dumped) > 1_000
        readable = dumped + inflated(dumped)
        # Each is longer than what random bytes and digits show by chance.
        for canary in (LISTENER, "albums", "artists", '"1902"', "Mahler", "title", "/api/v1"):
            assert canary.encode() not in readable
            assert canary not in " ".join(redis.keys())


async def test_two_tokens_share_nothing_in_redis(redis: RedisServer) -> None:
    async with two_replicas(redis) as (api, one, two):
        await one.page(caller(LISTENER), Listing("albums"), 1, 25)
        await asked(two, api.rows("artists", sandbox.PARTNER)[0]["id"], PARTNER)
        page = (await two.page(caller(PARTNER), Listing("albums"), 1, 25)).value
        assert [row.database_id for row in page.rows] == [
            row["id"] for row in api.rows("albums", sandbox.PARTNER)[:25]
        ]


def sealed() -> bytes:
    answer = SharedAnswer(1.0, Freshness(True, 60, 0, 0), None, b'{"id": 5}')  # noqa: FBT003
    return sealing.seal(answer, token="token", secret=b"secret", context=b"here")


def unsealed(value: bytes, context: bytes = b"here", **changed: str) -> Any:
    token = changed.get("token", "token")
    return sealing.unseal(value, token=token, secret=b"secret", context=context, most=10_000)


def test_a_sealed_answer_opens_with_its_token_in_its_place_and_not_otherwise() -> None:
    found = unsealed(sealed())
    assert found.body == b'{"id": 5}'
    assert unsealed(sealed(), token="another") is None
    assert unsealed(sealed(), context=b"elsewhere") is None
    assert unsealed(sealed()[:-1]) is None
    assert unsealed(b"") is None
    assert sealed() != sealed()


def test_a_sealed_answer_that_is_too_large_is_none() -> None:
    answer = SharedAnswer(1.0, Freshness(True, 60, 0, 0), None, b" " * 20_000)  # noqa: FBT003
    value = sealing.seal(answer, token="token", secret=b"secret", context=b"here")
    assert unsealed(value) is None


async def test_values_of_a_stranger_are_no_answers(redis: RedisServer) -> None:
    async with two_replicas(redis) as (_, one, two):
        await asked(one)
        await asked(two, 399)
        await until(lambda: len(redis.keys()) == 3)
        for key in redis.keys():  # noqa: SIM118 - a method of the server, not a mapping
            if "mark" not in key:
                redis.command("SET", key, "forged")
        assert (await asked(two)).source == "upstream"
        redis.command("PUBLISH", "onedtouch:2:news", "forged")
        redis.command("PUBLISH", "onedtouch:2:news", "x")
        assert (await asked(two)).source == "cache"


async def test_without_redis_the_facade_goes_on_and_says_so(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    watching = Watching()
    redis.stop()
    async with sandbox.running() as api, replica(api, redis, watching) as one:
        assert one.state().redis is False
        assert (await asked(one)).source == "upstream"
        assert (await asked(one)).source == "cache"
        assert ("subscribe",) in watching.of("redis")
    assert "going on without it" in caplog.text
    assert str(redis.port) not in caplog.text


async def test_redis_may_go_and_come_back_in_the_middle(redis: RedisServer) -> None:
    watching = Watching()
    async with (
        sandbox.running() as api,
        replica(api, redis, watching) as one,
        replica(api, redis) as two,
    ):
        assert one.state().redis is True
        await asked(one)
        redis.stop()
        numbers = [row["id"] for row in api.rows("artists")[:21] if row["id"] != 544]
        for number in numbers:
            assert (await asked(one, number)).status == 200
        await until(lambda: one.state().redis is False)
        assert watching.of("redis") != []
        kept = one.state().cache_entries
        assert kept >= 20
        redis.start()
        await until(lambda: one.state().redis is True and two.state().redis is True)
        # It may have missed that a token died: nothing from before is served.
        assert one.state().cache_entries == 0
        await asked(one)
        await asked(two, 399)
        await until(lambda: len(redis.keys()) == 3)
        assert (await asked(two)).source == "replica"


async def test_a_revocation_while_redis_is_gone_is_told_once_it_is_back(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        await asked(two, token=token)
        redis.stop()
        await until(lambda: one.state().redis is False and two.state().redis is False)
        await one.revoke_token(caller(), token)
        with pytest.raises(Unauthenticated):
            await asked(one, token=token)
        redis.start()
        await until(lambda: len(redis.keys()) == 1)
        await until(lambda: two.state().redis is True)
        api.journal.clear()
        with pytest.raises(Unauthenticated):
            await asked(two, token=token)
        assert api.journal.targets == []


async def test_a_purge_does_not_take_the_place_of_a_revocation_that_could_not_be_told(
    redis: RedisServer,
) -> None:
    async with sandbox.running() as api, replica(api, redis) as one:
        key = one._tokens.key(api.token())
        shared = cast("Any", one._elsewhere)
        redis.stop()
        await until(lambda: one.state().redis is False)
        await shared.tell("revoked", key)
        await shared.tell("purged", key)
        redis.start()
        await until(lambda: not shared._untold)
        assert ["dead" in each for each in redis.keys()] == [True]  # noqa: SIM118 - no mapping


async def test_a_revocation_while_redis_hangs_for_a_moment_is_told_as_soon_as_it_goes_on(
    redis: RedisServer,
) -> None:
    async with (
        sandbox.running() as api,
        replica(api, redis, redis_timeout=0.2) as one,
        replica(api, redis) as two,
    ):
        token = api.token()
        await asked(two, token=token)
        redis.signal(signal.SIGSTOP)
        try:
            await one.revoke_token(caller(), token)
            assert one.state().redis is False
        finally:
            redis.signal(signal.SIGCONT)
        # No connection broke, and nobody asks anything meanwhile.
        await until(lambda: two.state().cache_entries == 0)
        await until(lambda: one.state().redis is True)
        api.journal.clear()
        with pytest.raises(Unauthenticated):
            await asked(two, token=token)
        assert api.journal.targets == []


async def test_a_revocation_whose_caller_leaves_before_it_is_told_is_told(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        await asked(two, token=token)
        redis.signal(signal.SIGSTOP)
        try:
            leaving = asyncio.ensure_future(one.revoke_token(caller(), token))
            await api.journal.until(lambda journal: "/oauth/revoke" in journal.targets)
            await asyncio.sleep(0.2)
            leaving.cancel()
            await asyncio.wait([leaving])
        finally:
            redis.signal(signal.SIGCONT)
        await until(lambda: two.state().cache_entries == 0)


async def test_a_redis_that_is_back_is_noticed_without_any_traffic(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upstream.replicas._HEARTBEAT", 0.5)
    async with sandbox.running() as api, replica(api, redis, redis_timeout=0.1) as one:
        redis.signal(signal.SIGSTOP)
        try:
            await asked(one)
            assert one.state().redis is False
        finally:
            redis.signal(signal.SIGCONT)
        await until(lambda: one.state().redis is True)


async def test_news_that_could_not_be_told_are_bounded(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upstream.replicas._MOST_UNTOLD", 2)
    async with sandbox.running() as api, replica(api, redis, redis_pause=0.5) as one:
        tokens = [api.token() for _ in range(3)]
        redis.stop()
        for token in tokens:
            await one.revoke_token(caller(), token)
        redis.start()
        await until(lambda: len(redis.keys()) == 2)


async def test_a_frozen_redis_costs_one_short_wait_and_then_none(redis: RedisServer) -> None:
    async with (
        sandbox.running() as api,
        replica(api, redis, redis_timeout=0.3, redis_pause=60) as one,
    ):
        await asked(one)
        redis.signal(signal.SIGSTOP)
        try:
            assert (await asked(one, 399)).duration >= 0.3
            numbers = [row["id"] for row in api.rows("artists")[:20]]
            durations = [(await asked(one, number)).duration for number in numbers]
            assert sum(durations) < 20 * 0.3
            assert one.state().redis is False
            await one.revoke_token(caller(), api.token())
        finally:
            redis.signal(signal.SIGCONT)


async def test_a_redis_that_falls_silent_is_noticed_without_any_traffic(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upstream.replicas._HEARTBEAT", 0.1)
    async with sandbox.running() as api, replica(api, redis) as one:
        await asked(one)
        await asyncio.sleep(0.5)
        assert one.state().redis is True
        assert one.state().cache_entries == 1
        redis.signal(signal.SIGSTOP)
        try:
            await until(lambda: one.state().redis is False)
        finally:
            redis.signal(signal.SIGCONT)
        await until(lambda: one.state().redis is True)
        assert one.state().cache_entries == 0


async def test_a_replica_stops_whatever_it_is_just_hearing(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a heartbeat all the time, half of these stops came just when one was being sent.
    monkeypatch.setattr("upstream.replicas._HEARTBEAT", 0.0005)
    async with sandbox.running() as api, asyncio.timeout(60):
        for moments in range(20):
            async with replica(api, redis):
                await asyncio.sleep(0.002 + moments * 0.00003)


async def test_an_answer_that_this_version_can_not_read_is_none(redis: RedisServer) -> None:
    async with two_replicas(redis) as (_, one, two):
        await asked(one, 399)
        await asked(two, 399)
        key = one._tokens.key(LISTENER)
        known = await one._elsewhere.read(LISTENER, key, "/api/v1/artists/399")
        lifetime = Freshness(stored=True, fresh=60, while_revalidating=0, if_error=0)
        one._elsewhere.write(
            LISTENER,
            key,
            "/api/v1/artists/544",
            mark=known.mark,
            answer=SharedAnswer(time.time(), lifetime, None, b'{"another": "shape"}'),
        )
        await until(lambda: len(redis.keys()) == 3)
        assert (await asked(two)).source == "upstream"


async def test_who_watches_a_token_hears_that_it_was_revoked_at_another_replica(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        with two.revocation(token) as revoked, two.revocation(LISTENER) as others:
            await one.revoke_token(caller(), token)
            await asyncio.wait_for(revoked.wait(), 5)
            assert not others.is_set()


async def test_a_token_that_was_revoked_while_its_answer_was_fetched_has_nothing_written(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        api.orders.add(sandbox.Latency(700), path="/api/v1/artists/544")
        waiting = asyncio.create_task(asked(one, token=token))
        await api.journal.until(lambda journal: journal.under_way == 1)
        await two.revoke_token(caller(), token)
        with pytest.raises(Unauthenticated):
            await waiting
        await asyncio.sleep(0.1)
        assert ["dead" in key for key in redis.keys()] == [True]  # noqa: SIM118 - no mapping


async def test_a_missing_package_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "upstream.replicas", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ValueError, match=r"^redis_url needs the package redis\S*, of the extra"):
        client("http://127.0.0.1", redis_url="redis://127.0.0.1")


async def test_a_cache_secret_keeps_strangers_with_the_same_redis_apart(
    redis: RedisServer,
) -> None:
    async with (
        sandbox.running() as api,
        replica(api, redis, cache_secret="one") as one,
        replica(api, redis, cache_secret="two") as two,
    ):
        await asked(one)
        await asked(two, 399)
        assert (await asked(two)).source == "upstream"


@pytest.mark.parametrize("url", ["http://host", "host:6379", "redis://user:pw@host:port"])
def test_an_address_that_is_no_redis_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^redis_url must be") as raised:
        client("http://127.0.0.1", redis_url=url)
    assert "pw" not in str(raised.value)
    assert raised.value.__context__ is None


async def test_what_is_asked_anew_is_not_taken_from_another_replica(redis: RedisServer) -> None:
    async with two_replicas(redis) as (_, one, two):
        await asked(two, 399)
        await one.page(caller(), Listing("albums"), 1, 50)
        await until(lambda: len(redis.keys()) == 3)
        usual, anew = caller(), caller()
        await asyncio.gather(
            two.page(usual, Listing("albums"), 1, 50),
            two.pages(anew, [(Listing("albums"), 1, 50)], renewed=True),
        )
        assert usual.exchanges[0].source == "replica"
        assert (anew.exchanges[0].source, anew.requests) == ("upstream", 1)


async def test_a_batch_that_another_replica_has_waits_for_no_room(redis: RedisServer) -> None:
    async with (
        sandbox.running() as api,
        replica(api, redis) as one,
        replica(api, redis, most_concurrent=1, batch_wait=60) as two,
    ):
        await asked(two, 399)
        numbers = [row["id"] for row in api.rows("labels")[:12]]
        await one.labels(caller(), numbers)
        await until(lambda: len(redis.keys()) == 14)
        await two._sender.gate.enter(b"somebody")
        asking = caller(seconds=5)
        await two.labels(asking, numbers)
        assert {each.source for each in asking.exchanges} == {"replica"}
        two._sender.gate.leave(b"somebody")


async def test_nothing_goes_on_once_it_is_closed(redis: RedisServer) -> None:
    async with sandbox.running() as api:
        before = asyncio.all_tasks()
        async with replica(api, redis) as one:
            redis.signal(signal.SIGSTOP)
            one._elsewhere.tell_in_background("purged", one._tokens.key(LISTENER))
            await asyncio.sleep(0.05)
        redis.signal(signal.SIGCONT)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before


async def test_a_revocation_that_nobody_knows_the_end_of_purges_the_token_at_all(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        await asked(one, token=token)
        await asked(two, token=token)
        api.orders.add(sandbox.Status(503), path="/oauth/revoke")
        with pytest.raises(Unavailable):
            await one.revoke_token(caller(), token)
        await until(lambda: two.state().cache_entries == 0)
        assert (await asked(two, token=token)).source == "upstream"


async def test_what_waits_for_a_slow_redis_is_bounded(redis: RedisServer) -> None:
    async with sandbox.running() as api, replica(api, redis) as one:
        release = asyncio.Event()

        async def held(*_: object) -> None:
            await release.wait()

        shared = cast("Any", one._elsewhere)
        shared._written = held
        for row in api.rows("artists")[:70]:
            await asked(one, row["id"])
        writing = len(shared._writes)
        release.set()
        assert writing == 64


async def test_a_dead_token_stays_dead_whoever_else_is_told_so(redis: RedisServer) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        await one.revoke_token(caller(), token)
        await two._answers.purge(two._tokens.key(token))
        api.journal.clear()
        async with replica(api, redis) as late:
            with pytest.raises(Unauthenticated, match="revoked elsewhere"):
                await asked(late, token=token)
        assert api.journal.targets == []


async def test_who_purges_a_token_that_dies_at_that_moment_does_not_revive_it(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (api, one, two):
        token = api.token()
        key = one._tokens.key(token)
        shared = cast("Any", two._elsewhere)
        # Both are told at once, on connections of their own, many times over.
        for _ in range(50):
            await asyncio.gather(
                two._answers.purge(key), cast("Any", one._elsewhere).tell("revoked", key)
            )
            assert (await shared.read(token, key, "any")).revoked
            await shared.tell("revived", key)
            assert not (await shared.read(token, key, "any")).revoked


@pytest.mark.parametrize("control", [None, "no-store"])
async def test_what_is_gone_or_may_be_kept_no_longer_is_no_longer_shared(
    redis: RedisServer, control: str | None
) -> None:
    """Gone by a 404, or here still, but with a header that nobody may keep it."""
    said: list[web.Response] = [
        web.json_response({"id": 544, "name": "1902"}, headers={"Cache-Control": control})
        if control
        else web.json_response(status=404),
        web.json_response({"id": 544, "name": "1902"}),
    ]

    async def answer(_: web.BaseRequest) -> web.Response:
        return said.pop()

    async with (
        scripted(answer) as api,
        replica(api, redis, fresh_catalogue=0) as one,
    ):
        await asked(one)
        await until(lambda: len(redis.keys()) == 2)
        await asked(one)
        await until(lambda: len(redis.keys()) == 1)


async def test_a_token_that_is_given_out_again_lives_where_its_death_was_not_heard_of(
    redis: RedisServer,
) -> None:
    async with sandbox.running() as api, replica(api, redis) as one:
        await one.revoke_token(caller(), LISTENER)
        async with (
            aiohttp.ClientSession(api.url) as session,
            session.post("/_sandbox/reset") as done,
        ):
            assert done.status == 200
        async with replica(api, redis) as late:
            await late._answers.revive(LISTENER)
            assert (await asked(late, token=LISTENER)).source == "upstream"
            await until(lambda: not one._tokens.is_revoked(one._tokens.key(LISTENER)))
            assert await asked(one, token=LISTENER)


async def test_a_page_from_another_replica_is_of_the_time_when_that_asked_for_it(
    redis: RedisServer,
) -> None:
    async with two_replicas(redis) as (_, one, two):
        await asked(two, 399)
        began = time.monotonic()
        assert (await one.page(caller(), Listing("albums"), 2, 50)).batch is None
        await until(lambda: len(redis.keys()) == 3)
        await asyncio.sleep(0.3)
        shared = (await two.page(caller(), Listing("albums"), 2, 50)).batch
        assert shared is not None
        assert abs(shared - began) < 0.25
        assert (await two.page(caller(), Listing("albums"), 2, 50)).batch == shared


def test_a_sealed_answer_that_was_packed_otherwise_is_none() -> None:
    nonce = bytes(12)
    value = nonce + sealing._cipher("token", b"secret").encrypt(nonce, b"not packed", b"here")
    assert sealing.unseal(value, token="token", secret=b"secret", context=b"here", most=100) is None
