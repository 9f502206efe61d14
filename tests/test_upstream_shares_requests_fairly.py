"""Sharing: equal questions of one token are one request, and tokens take turns for the others."""

import asyncio
from time import monotonic
from typing import Any

import pytest

import sandbox
from tests.upstream_asked import COLD, caller, client
from upstream.cache import Shelf
from upstream.client import Upstream
from upstream.errors import (
    BadResponse,
    BudgetSpent,
    Overloaded,
    TimedOut,
    Unavailable,
    UpstreamError,
)
from upstream.flights import Flight, Flights, Waiter
from upstream.gate import Gate
from upstream.listing import Listing
from upstream.policy import Policy

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN


async def outcomes(*questions: Any) -> list[Any]:
    return await asyncio.gather(*questions, return_exceptions=True)


async def test_fifty_callers_with_one_token_cost_one_request_and_two_tokens_cost_two() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Latency(50))
        askers = [caller(LISTENER) for _ in range(50)] + [caller(PARTNER) for _ in range(50)]
        replies = await asyncio.gather(
            *(upstream.page(each, Listing("albums"), 1, 25) for each in askers)
        )
        assert sorted(str(entry.user) for entry in api.journal.entries) == [
            sandbox.LISTENER,
            sandbox.PARTNER,
        ]
        for token, rows in ((LISTENER, sandbox.LISTENER), (PARTNER, sandbox.PARTNER)):
            expected = [row["id"] for row in api.rows("albums", rows)[:25]]
            for each, reply in zip(askers, replies, strict=True):
                if each.bearer == token:
                    assert [row.database_id for row in reply.value.rows] == expected
        sources = [each.exchanges[0].source for each in askers]
        assert sources.count("upstream") == 2
        assert sources.count("shared") == 98
        assert sum(each.requests for each in askers) == 2


async def test_a_failure_is_each_waiters_own_exception() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Latency(30))
        api.orders.add(sandbox.Junk("html"))
        found = await outcomes(*(upstream.artist(caller(), 544) for _ in range(10)))
        assert {type(each) for each in found} == {BadResponse}
        assert len({id(each) for each in found}) == 10
        assert len(api.journal) == 1


async def test_one_waiters_cancellation_leaves_the_others() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Latency(100))
        tasks = [asyncio.create_task(upstream.artist(caller(), 544)) for _ in range(3)]
        await api.journal.until(lambda journal: journal.under_way == 1)
        tasks[0].cancel()
        tasks[2].cancel()
        found = await outcomes(*tasks)
        assert isinstance(found[0], asyncio.CancelledError)
        assert found[1].value.name == "1902"
        assert isinstance(found[2], asyncio.CancelledError)
        assert len(api.journal) == 1


async def test_the_last_waiters_cancellation_cancels_the_request() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Hang())
        tasks = [asyncio.create_task(upstream.artist(caller(), 544)) for _ in range(3)]
        await api.journal.until(lambda journal: journal.under_way == 1)
        for task in tasks:
            task.cancel()
        await api.journal.until(lambda journal: journal.under_way == 0)
        assert api.journal.entries[0].disconnected
        await outcomes(*tasks)
        assert upstream.state().flights == 0
        assert upstream.state().under_way == 0


async def test_who_comes_after_the_last_waiter_left_gets_a_request_of_their_own() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Hang(), times=1)
        first = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        first.cancel()
        await asyncio.sleep(0)
        assert (await upstream.artist(caller(), 544)).value is not None
        assert len(api.journal) == 2


async def test_a_waiter_with_more_time_is_not_failed_by_one_with_less() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Latency(1500))
        hasty, patient = caller(seconds=0.5), caller()
        found = await outcomes(upstream.artist(hasty, 544), upstream.artist(patient, 544))
        assert isinstance(found[0], TimedOut)
        assert found[1].value.name == "1902"
        assert patient.exchanges[0].source == "shared"
        assert len(api.journal) == 1


async def test_a_retry_is_worth_it_while_the_most_patient_waiter_waits() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Latency(50), times=1)
        api.orders.add(sandbox.Status(429, retry_after=1), times=1)
        hasty = asyncio.create_task(upstream.artist(caller(seconds=0.5), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        patient = asyncio.create_task(upstream.artist(caller(), 544))
        found = await outcomes(hasty, patient)
        assert isinstance(found[0], TimedOut)
        assert found[1].value.name == "1902"


async def test_a_spent_budget_is_only_the_starters_trouble() -> None:
    async with sandbox.running() as api, client(api.url, **COLD, most_concurrent=1) as upstream:
        api.orders.add(sandbox.Latency(50))
        before = asyncio.create_task(upstream.artist(caller(), 399))
        await api.journal.until(lambda journal: journal.under_way == 1)
        poor = asyncio.create_task(upstream.artist(caller(most_requests=0), 544))
        await asyncio.sleep(0)
        rich = asyncio.create_task(upstream.artist(caller(), 544))
        found = await outcomes(before, poor, rich)
        assert isinstance(found[1], BudgetSpent)
        assert found[2].value.name == "1902"
        assert len(api.journal) == 2


async def test_what_one_caller_asks_for_twice_at_once_is_one_request() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        asking = caller(seconds=10)
        async with asyncio.timeout(5):
            replies = await upstream.artists(asking, [544, 399, 544])
        assert replies[0] == replies[2] != replies[1]
        assert len(api.journal) == asking.requests == 2
        assert len(asking.exchanges) == 3


async def test_sharing_costs_the_joining_caller_nothing_of_its_budget() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        api.orders.add(sandbox.Latency(50))
        first = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        assert (await upstream.artist(caller(most_requests=0), 544)).value is not None
        await first


async def test_a_flight_that_breaks_by_a_mistake_of_ours_tells_all_who_wait() -> None:
    flights: Flights[int] = Flights()

    async def broken(_: Flight[int]) -> int:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    deadline = monotonic() + 1
    flight = flights.open((Shelf(b""), ""), deadline, broken)
    waiters = [Waiter(deadline), Waiter(deadline)]
    for waiter in waiters:
        waiter.join(flight)
    flight.begin()
    await asyncio.gather(*(waiter.landed() for waiter in waiters))
    assert isinstance(flight.outcome, ZeroDivisionError)
    assert len(flights) == 0


async def test_a_flight_that_nobody_could_wait_for_any_more_is_cancelled() -> None:
    flights: Flights[int] = Flights()
    ended = asyncio.Event()

    async def endless(_: Flight[int]) -> int:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return 1

    now = monotonic()
    flight = flights.open((Shelf(b""), ""), now, endless)
    waiter = Waiter(now - 1)
    waiter.join(flight)
    flight.begin()
    await asyncio.sleep(0)
    await waiter.landed()
    waiter.leave()
    assert flight.outcome is None
    await asyncio.wait_for(ended.wait(), 1)


async def test_never_more_requests_are_under_way_than_policy_allows() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **COLD, most_concurrent=64, most_concurrent_per_token=64) as upstream,
    ):
        api.orders.add(sandbox.Latency(100))
        numbers = [row["id"] for row in api.rows("artists")[:300]]
        found = await outcomes(*(upstream.artist(caller(), number) for number in numbers))
        assert all(reply.value is not None for reply in found)
        assert api.journal.high_water == 64
        assert upstream.state().under_way == 0
        assert upstream.state().queued == 0


async def test_a_greedy_token_does_not_starve_another() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **COLD, most_concurrent=4, most_concurrent_per_token=4) as upstream,
    ):
        api.orders.add(sandbox.Latency(20))
        greedy = [
            asyncio.create_task(upstream.artist(caller(LISTENER), row["id"]))
            for row in api.rows("artists")[:200]
        ]
        await api.journal.until(lambda journal: journal.under_way == 4)
        row = api.rows("artists", sandbox.PARTNER)[0]
        assert (await upstream.artist(caller(PARTNER), row["id"])).value is not None
        assert len(api.journal) < 20
        for task in greedy:
            task.cancel()
        await outcomes(*greedy)
        assert upstream.state().queued == 0


async def test_one_token_leaves_room_for_others() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **COLD, most_concurrent=4, most_concurrent_per_token=3) as upstream,
    ):
        api.orders.add(sandbox.Hang(), user=sandbox.LISTENER)
        greedy = [
            asyncio.create_task(upstream.artist(caller(LISTENER), row["id"]))
            for row in api.rows("artists")[:20]
        ]
        await api.journal.until(lambda journal: journal.under_way == 3)
        row = api.rows("artists", sandbox.PARTNER)[0]
        assert (await upstream.artist(caller(PARTNER), row["id"])).value is not None
        assert api.journal.under_way == 3
        for task in greedy:
            task.cancel()
        await outcomes(*greedy)


async def test_a_full_queue_turns_the_next_away() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **COLD, most_concurrent=2, longest_queue=3) as upstream,
    ):
        api.orders.add(sandbox.Latency(50))
        numbers = [row["id"] for row in api.rows("artists")[:8]]
        found = await outcomes(*(upstream.artist(caller(), number) for number in numbers))
        turned_away = [each for each in found if isinstance(each, Overloaded)]
        assert len(turned_away) == 3
        assert {each.retry_after for each in turned_away} == {1.0}
        assert len(api.journal) == 5


async def test_a_full_queue_makes_room_for_a_token_that_has_less_in_it() -> None:
    gate = Gate(Policy(most_concurrent=1, most_concurrent_per_token=1, longest_queue=4))
    await gate.enter(b"greedy")
    greedy = [asyncio.create_task(gate.enter(b"greedy")) for _ in range(4)]
    await asyncio.sleep(0)
    modest = asyncio.create_task(gate.enter(b"modest"))
    await asyncio.sleep(0)
    assert gate.queued == 4
    # The newest of the greedy ones went.
    await asyncio.sleep(0)
    assert [task.done() for task in greedy] == [False, False, False, True]
    assert isinstance(greedy[3].exception(), Overloaded)
    gate.leave(b"greedy")
    await asyncio.sleep(0)
    gate.leave(b"greedy")
    await modest
    gate.leave(b"modest")
    await asyncio.gather(*greedy[1:2])
    for task in greedy:
        task.cancel()
    await outcomes(*greedy)


async def test_a_full_queue_turns_nobody_away_for_a_token_that_would_then_have_more_in_it() -> None:
    gate = Gate(Policy(most_concurrent=1, most_concurrent_per_token=1, longest_queue=3))
    await gate.enter(b"one")
    waiting = [asyncio.create_task(gate.enter(key)) for key in (b"one", b"one", b"other")]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await asyncio.wait_for(gate.enter(b"other"), 1)
    assert [task.done() for task in waiting] == [False] * 3
    for task in waiting:
        task.cancel()
    await outcomes(*waiting)


async def test_tokens_take_turns() -> None:
    gate = Gate(Policy(most_concurrent=1, most_concurrent_per_token=1))
    await gate.enter(b"a")
    order: list[str] = []

    async def enter(token_key: bytes, name: str) -> None:
        await gate.enter(token_key)
        order.append(name)
        gate.leave(token_key)

    names = ["a1", "a2", "a3", "b1", "b2", "c1"]
    tasks = [asyncio.create_task(enter(name[:1].encode(), name)) for name in names]
    await asyncio.sleep(0)
    gate.leave(b"a")
    await asyncio.gather(*tasks)
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert gate.under_way == 0


async def test_a_turn_that_comes_while_its_waiter_leaves_goes_to_the_next() -> None:
    gate = Gate(Policy(most_concurrent=1, most_concurrent_per_token=1))
    await gate.enter(b"a")
    leaving = asyncio.create_task(gate.enter(b"b"))
    next_one = asyncio.create_task(gate.enter(b"c"))
    await asyncio.sleep(0)
    gate.leave(b"a")
    leaving.cancel()
    await asyncio.wait_for(next_one, 1)
    gate.leave(b"c")
    assert gate.under_way == 0


async def test_a_waiter_that_is_being_cancelled_is_passed_over() -> None:
    gate = Gate(Policy(most_concurrent=1, most_concurrent_per_token=1))
    await gate.enter(b"a")
    leaving = asyncio.create_task(gate.enter(b"b"))
    next_one = asyncio.create_task(gate.enter(b"c"))
    await asyncio.sleep(0)
    leaving.cancel()
    gate.leave(b"a")
    await asyncio.wait_for(next_one, 1)
    assert gate.under_way == 1
    assert gate.queued == 0


async def test_waiting_in_the_queue_counts_for_the_deadline() -> None:
    async with sandbox.running() as api, client(api.url, **COLD, most_concurrent=1) as upstream:
        api.orders.add(sandbox.Latency(500))
        first = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        with pytest.raises(TimedOut):
            await upstream.artist(caller(seconds=0.05), 399)
        await first
        await settled(upstream)
        assert len(api.journal) == 1


async def test_storms_of_cancellations_and_faults_leave_nothing_behind() -> None:
    async with (
        sandbox.running() as api,
        client(
            api.url,
            **COLD,
            most_concurrent=5,
            longest_queue=30,
            retry_pause=0.001,
            breaker_failures=0,
            request_timeout=0.2,
        ) as upstream,
    ):
        api.orders.add(sandbox.Status(503), probability=0.2, seed=1)
        api.orders.add(sandbox.Reset(), probability=0.1, seed=2)
        api.orders.add(sandbox.Hang(), probability=0.05, seed=3)
        numbers = [row["id"] for row in api.rows("artists")[:20]]
        tasks = []
        for turn in range(300):
            token = PARTNER if turn % 3 else LISTENER
            question = upstream.artist(caller(token, seconds=0.5), numbers[turn % 20])
            tasks.append(asyncio.create_task(question))
            if turn % 4 == 0:
                tasks[turn // 2].cancel()
            if turn % 10 == 0:
                await asyncio.sleep(0.002)
        found = await outcomes(*tasks)
        unexpected = [
            each
            for each in found
            if isinstance(each, BaseException)
            and not isinstance(each, UpstreamError | asyncio.CancelledError)
        ]
        assert unexpected == []
        await settled(upstream)


async def settled(upstream: Upstream) -> None:
    async with asyncio.timeout(2):
        while True:
            state = upstream.state()
            if (state.flights, state.queued, state.under_way) == (0, 0, 0):
                return
            await asyncio.sleep(0.01)


async def test_no_connection_is_told_to_each_of_many() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream, api.down():
        found = await outcomes(*(upstream.artist(caller(), 544) for _ in range(5)))
        assert {type(each) for each in found} == {Unavailable}


async def test_who_joins_with_less_time_takes_none_from_who_asked_first() -> None:
    async with sandbox.running() as api, client(api.url, retry_pause=0.3) as upstream:
        api.orders.add(sandbox.Status(503), path="/api/v1/artists/544", times=1)
        first = asyncio.create_task(upstream.artist(caller(seconds=10), 544))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        hasty = asyncio.create_task(upstream.artist(caller(seconds=0.001), 544))
        await asyncio.gather(hasty, return_exceptions=True)
        assert (await first).value is not None
        assert len(api.journal) == 2


async def test_who_asks_after_a_purge_joins_nothing_from_before_it() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        api.orders.add(sandbox.Latency(200), path="/api/v1/artists/544")
        before = asyncio.create_task(upstream.artist(caller(), 544))
        await api.journal.until(lambda journal: journal.under_way == 1)
        await upstream._answers.purge(upstream._tokens.key(sandbox.LISTENER_TOKEN))
        assert (await upstream.artist(caller(), 544)).value is not None
        assert (await before).value is not None
        assert len(api.journal) == 2
