"""The circuit breaker: opens when the REST API fails too often, probes it singly, and closes."""

import asyncio
import time
from typing import Any

import pytest

import sandbox
from tests.upstream_asked import COLD, Client, Watching, caller, client
from upstream.breaker import Breaker
from upstream.errors import BreakerOpen, TimedOut, Unavailable, UpstreamError
from upstream.observer import Nobody
from upstream.policy import Policy

TOUCHY = {
    **COLD,
    "most_retries": 0,
    "breaker_failures": 3,
    "breaker_pause": 0.5,
}
PAUSE_OVER = 0.55
"""Seconds after which the pause is over."""


async def fail(upstream: Client, times: int) -> None:
    for _ in range(times):
        with pytest.raises(UpstreamError):
            await upstream.artist(caller(), 544)


@pytest.mark.parametrize(
    "fault",
    [
        sandbox.Status(500),
        sandbox.Status(503),
        sandbox.Status(504),
        sandbox.Reset(),
        sandbox.Hang(),
    ],
    ids=repr,
)
async def test_while_it_is_open_answers_come_at_once_and_nothing_is_sent(fault: Any) -> None:
    options = {**TOUCHY, "breaker_pause": 60, "request_timeout": 0.2}
    async with sandbox.running() as api, client(api.url, **options) as upstream:
        api.orders.add(fault)
        await fail(upstream, 3)
        assert upstream.state().breaker == "open"
        with pytest.raises(BreakerOpen) as raised:
            await upstream.artist(caller(), 544)
        assert raised.value.retry_after is not None
        assert 0 < raised.value.retry_after <= 60
        assert len(api.journal) == 3


async def test_a_question_is_one_failure_however_often_it_is_sent() -> None:
    options = {**TOUCHY, "most_retries": 2, "retry_pause": 0.001}
    async with sandbox.running() as api, client(api.url, **options) as upstream:
        api.orders.add(sandbox.Status(503))
        await fail(upstream, 2)
        assert (len(api.journal), upstream.state().breaker) == (6, "closed")
        await fail(upstream, 1)
        assert upstream.state().breaker == "open"


async def test_while_half_of_it_can_be_had_it_is_asked() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        api.orders.add(sandbox.Status(503), path="/api/v1/artists/544")
        for _ in range(20):
            assert (await upstream.label(caller(), 212)).value is not None
            await fail(upstream, 1)
        assert upstream.state().breaker == "closed"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
async def test_what_is_wrong_with_one_request_does_not_open_it(status: int) -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        api.orders.add(sandbox.Status(status))
        for _ in range(10):
            assert not isinstance(await told(upstream, 544), BreakerOpen)
        assert len(api.journal) == 10


async def test_a_minority_of_failures_does_not_open_it() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        for _ in range(10):
            await upstream.artist(caller(), 544)
        api.orders.add(sandbox.Status(503))
        await fail(upstream, 14)
        assert upstream.state().breaker == "closed"
        await fail(upstream, 1)
        assert upstream.state().breaker == "open"


async def test_after_the_pause_one_request_probes_and_closes_it() -> None:
    watching = Watching()
    async with sandbox.running() as api, client(api.url, watching, **TOUCHY) as upstream:
        api.orders.add(sandbox.Status(503), times=3)
        await fail(upstream, 3)
        await asyncio.sleep(PAUSE_OVER)
        api.orders.add(sandbox.Latency(50))
        asked = [
            asyncio.create_task(told(upstream, number)) for number in (544, 399, 610, 545, 546)
        ]
        found = await asyncio.gather(*asked)
        assert [type(each).__name__ for each in found] == ["Artist"] + ["BreakerOpen"] * 4
        assert len(api.journal) == 4
        assert upstream.state().breaker == "closed"
        await upstream.artist(caller(), 399)
    assert watching.of("breaker") == [("open",), ("half-open",), ("closed",)]


async def test_a_probe_that_fails_opens_it_again() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        api.orders.add(sandbox.Status(503))
        await fail(upstream, 3)
        await asyncio.sleep(PAUSE_OVER)
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 544)
        assert len(api.journal) == 4
        with pytest.raises(BreakerOpen):
            await upstream.artist(caller(), 544)
        assert len(api.journal) == 4


async def test_a_probe_whose_caller_leaves_makes_room_for_the_next() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        api.orders.add(sandbox.Status(503), times=3)
        await fail(upstream, 3)
        await asyncio.sleep(PAUSE_OVER)
        api.orders.add(sandbox.Hang(), times=1)
        leaving = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert (await upstream.artist(caller(), 544)).value is not None
        assert upstream.state().breaker == "closed"


async def test_readiness_probes_as_well_so_that_no_traffic_is_needed_to_recover() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        api.orders.add(sandbox.Status(503), times=3)
        await fail(upstream, 3)
        with pytest.raises(BreakerOpen):
            await upstream.check()
        await asyncio.sleep(1.05)
        await upstream.check()
        assert upstream.state().breaker == "closed"


async def test_readiness_never_contradicts_the_breaker_by_an_earlier_look() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        await upstream.check()
        api.orders.add(sandbox.Status(503), times=3)
        await fail(upstream, 3)
        with pytest.raises(BreakerOpen):
            await upstream.check()
        await asyncio.sleep(PAUSE_OVER)
        await upstream.artist(caller(), 544)
        assert upstream.state().breaker == "closed"
        await upstream.check()


async def test_a_hang_counts_also_where_the_callers_wait_is_shorter_than_the_patience() -> None:
    # A hang counts for who has waited for half as long as a request may take, at least.
    async with (
        sandbox.running() as api,
        client(api.url, **TOUCHY, request_timeout=3) as upstream,
    ):
        api.orders.add(sandbox.Hang())
        hanging = [upstream.artist(caller(seconds=2.5), number) for number in (544, 399, 610)]
        found = await asyncio.gather(*hanging, return_exceptions=True)
        assert [type(each) for each in found] == [TimedOut] * 3
        await api.journal.until(lambda journal: journal.under_way == 0)
        assert upstream.state().breaker == "open"


async def test_callers_who_leave_quickly_do_not_open_it() -> None:
    async with sandbox.running() as api, client(api.url, **TOUCHY) as upstream:
        api.orders.add(sandbox.Hang())
        for _ in range(5):
            with pytest.raises(TimedOut):
                await upstream.artist(caller(seconds=0.02), 544)
        assert upstream.state().breaker == "closed"


async def test_it_can_be_turned_off() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **{**TOUCHY, "breaker_failures": 0}) as upstream,
    ):
        api.orders.add(sandbox.Status(503))
        await fail(upstream, 30)
        assert len(api.journal) == 30


async def test_failures_of_long_ago_are_forgotten() -> None:
    breaker = Breaker(Policy(breaker_failures=3, breaker_window=0.1), Nobody())
    for _ in range(4):
        breaker.failed(probe=breaker.enter())
        breaker.failed(probe=breaker.enter())
        await asyncio.sleep(0.11)
    assert breaker.state == "closed"


async def test_answers_that_were_under_way_when_it_opened_change_nothing() -> None:
    breaker = Breaker(Policy(breaker_failures=1, breaker_pause=60), Nobody())
    late = [breaker.enter() for _ in range(3)]
    breaker.failed(probe=breaker.enter())
    breaker.answered(probe=late[0])
    breaker.failed(probe=late[1])
    breaker.abandoned(probe=late[2])
    assert breaker.state == "open"
    with pytest.raises(BreakerOpen):
        breaker.enter()


async def told(upstream: Client, number: int) -> object:
    try:
        return (await upstream.artist(caller(), number)).value
    except UpstreamError as error:
        return error


def test_who_comes_during_a_probe_is_told_when_to_come_back() -> None:
    breaker = Breaker(Policy(breaker_failures=1, breaker_pause=0.001), Nobody())
    breaker.failed(probe=False)
    time.sleep(0.01)
    assert breaker.enter()
    with pytest.raises(BreakerOpen) as refused:
        breaker.refuse()
    assert refused.value.retry_after == 0.001
