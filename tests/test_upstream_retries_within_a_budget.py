"""Retries: a GET that failed in passing is sent again, within its deadline and a budget."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import sandbox
from tests.upstream_asked import COLD, Watching, caller, client
from upstream.errors import (
    BadResponse,
    BudgetSpent,
    RateLimited,
    TimedOut,
    Unavailable,
    UpstreamError,
)
from upstream.policy import Policy
from upstream.retries import Retries

PASSING: list[Any] = [
    sandbox.Status(429, retry_after=0),
    sandbox.Status(502),
    sandbox.Status(503),
    sandbox.Status(503, retry_after=0),
    sandbox.Status(504),
    sandbox.Reset(),
]
LASTING: list[Any] = [
    sandbox.Status(400),
    sandbox.Status(401),
    sandbox.Status(403),
    sandbox.Status(429),
    sandbox.Status(429, retry_after=3),
    sandbox.Status(429, retry_after="nonsense"),
    sandbox.Status(500),
    sandbox.Status(501),
    sandbox.Status(503, retry_after=3600),
    sandbox.Junk("html"),
    sandbox.Cut(),
    sandbox.Hang(),
]
QUICK = {**COLD, "request_timeout": 1, "retry_pause": 0.01, "breaker_failures": 0}


@pytest.mark.parametrize("fault", PASSING, ids=repr)
async def test_a_fault_in_passing_is_not_noticed(fault: Any) -> None:
    async with sandbox.running() as api, client(api.url, **QUICK) as upstream:
        api.orders.add(fault, times=2)
        asking = caller()
        assert (await upstream.artist(asking, 544)).value is not None
        assert len(api.journal) == 3
        assert asking.requests == 3
        assert [(each.requests, each.status) for each in asking.exchanges] == [(3, 200)]


@pytest.mark.parametrize("fault", PASSING, ids=repr)
async def test_a_fault_that_stays_is_asked_three_times_in_all(fault: Any) -> None:
    async with sandbox.running() as api, client(api.url, **QUICK) as upstream:
        api.orders.add(fault)
        with pytest.raises((RateLimited, Unavailable, TimedOut)):
            await upstream.artist(caller(), 544)
        assert len(api.journal) == 3


@pytest.mark.parametrize("fault", LASTING, ids=repr)
async def test_what_will_not_pass_is_asked_once(fault: Any) -> None:
    async with sandbox.running() as api, client(api.url, **QUICK) as upstream:
        api.orders.add(fault)
        with pytest.raises(UpstreamError):
            await upstream.artist(caller(), 544)
        assert len(api.journal) == 1


async def test_a_refused_connection_is_tried_again() -> None:
    watching = Watching()
    async with sandbox.running() as api, client(api.url, watching, **QUICK) as upstream, api.down():
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 544)
    assert watching.of("requested") == [("/api/v1/artists/:id", "Unavailable")] * 3
    assert watching.of("retried") == [("/api/v1/artists/:id", "Unavailable")] * 2


async def test_a_short_retry_after_is_waited_for() -> None:
    async with sandbox.running() as api, client(api.url, **QUICK) as upstream:
        api.orders.add(sandbox.Status(429, retry_after=1), times=1)
        await upstream.artist(caller(), 544)
        first, second = api.journal.entries
        assert second.started - first.started >= 1


async def test_both_album_paths_share_the_retries_of_one_question() -> None:
    async with (
        sandbox.running(album_path="plural") as api,
        client(api.url, **QUICK) as upstream,
    ):
        api.orders.add(sandbox.Status(503), path="/api/v1/albums/*")
        with pytest.raises(Unavailable):
            await upstream.album(caller(), 273)
        assert api.journal.targets == ["/api/v1/album/273"] + ["/api/v1/albums/273"] * 3


async def test_a_pause_beyond_the_deadline_is_not_begun() -> None:
    async with sandbox.running() as api, client(api.url, **QUICK) as upstream:
        api.orders.add(sandbox.Status(429, retry_after=2))
        async with asyncio.timeout(1):
            with pytest.raises(RateLimited):
                await upstream.artist(caller(seconds=1.5), 544)
        assert len(api.journal) == 1


async def test_retries_count_for_the_callers_bound_and_the_first_failure_stands() -> None:
    async with sandbox.running() as api, client(api.url, **QUICK) as upstream:
        api.orders.add(sandbox.Status(503))
        with pytest.raises(Unavailable):
            await upstream.artist(caller(most_requests=2), 544)
        assert len(api.journal) == 2
        with pytest.raises(BudgetSpent):
            await upstream.artist(caller(most_requests=0), 544)
        assert len(api.journal) == 2


async def test_an_outage_is_not_multiplied() -> None:
    async with (
        sandbox.running() as api,
        client(api.url, **QUICK, retry_reserve=5) as upstream,
    ):
        api.orders.add(sandbox.Status(503))
        for number in range(100):
            with pytest.raises(Unavailable):
                await upstream.artist(caller(), number)
        # A tenth of the traffic, the reserve, and one a second.
        assert 100 <= len(api.journal) <= 100 + 10 + 5 + 5


async def test_no_retries_where_policy_has_none() -> None:
    async with sandbox.running() as api, client(api.url, **QUICK, most_retries=0) as upstream:
        api.orders.add(sandbox.Status(503), times=1)
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 544)
        assert len(api.journal) == 1


async def test_the_pauses_grow_and_are_never_twice_the_same() -> None:
    retries = Retries(Policy(retry_pause=0.1, retry_reserve=1000))
    failed = Unavailable()
    first = [retries.pause(failed, 503, 1, 60) for _ in range(200)]
    second = [retries.pause(failed, 503, 2, 60) for _ in range(200)]
    assert all(pause is not None and 0 <= pause <= 0.1 for pause in first)
    assert all(pause is not None and 0 <= pause <= 0.2 for pause in second)
    assert len(set(first)) == 200
    assert max(pause or 0 for pause in second) > 0.1
    assert retries.pause(failed, 503, 3, 60) is None


async def test_a_budget_of_nothing_but_the_reserve_runs_dry() -> None:
    retries = Retries(Policy(retry_budget=0, retry_reserve=2))
    pauses = [retries.pause(Unavailable(), 503, 1, 60) is None for _ in range(4)]
    assert pauses == [False, False, True, True]


async def test_traffic_pays_for_retries() -> None:
    retries = Retries(Policy(retry_budget=0.5, retry_reserve=2))
    for _ in range(2):
        assert retries.pause(Unavailable(), 503, 1, 60) is not None
    retries.earn()
    assert retries.pause(Unavailable(), 503, 1, 60) is None
    retries.earn()
    assert retries.pause(Unavailable(), 503, 1, 60) is not None


def test_what_was_understood_wrongly_is_never_worth_a_retry() -> None:
    assert Retries(Policy()).pause(BadResponse(), 200, 1, 60) is None


async def test_a_hundred_questions_that_fail_once_are_all_answered_and_nobody_is_refused() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        numbers = [row["id"] for row in api.rows("artists")[:100]]
        for number in numbers:
            api.orders.add(sandbox.Status(503), path=f"/api/v1/artists/{number}", times=1)
        asking = caller()
        replies = await asyncio.gather(*(upstream.artist(asking, each) for each in numbers))
        assert [reply.value and reply.value.database_id for reply in replies] == numbers
        assert (len(api.journal), upstream.state().breaker) == (2 * len(numbers), "closed")


@asynccontextmanager
async def forgetful(
    answers: int = 1_000_000, failures: int = 0
) -> AsyncIterator[tuple[str, list[int]]]:
    """An API that ends each connection unannounced once a second request has come on it.

    It gives so many answers in all, of which the first `failures` are 500; `asked` are the numbers
    of the connections that requests came on.
    """
    asked: list[int] = []
    connections = iter(range(1_000_000))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = next(connections)
        try:
            for turn in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                asked.append(connection)
                if turn == 0 and len(set(asked)) <= answers:
                    body = b'{"id": %b, "name": "A"}' % head.split()[1].rsplit(b"/")[-1]
                    status = 500 if connection < failures else 200
                    writer.write(
                        b"HTTP/1.1 %d A\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
                    )
                else:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", asked
    finally:
        listening.close()


async def test_a_kept_connection_that_had_ended_costs_neither_the_answer_nor_the_budget() -> None:
    poor = {**QUICK, "retry_budget": 0, "retry_reserve": 1}
    async with forgetful() as (url, asked), client(url, **poor) as upstream:
        for number in range(30):
            assert (await upstream.artist(caller(), number)).value is not None
        assert asked == sorted([*range(30), *range(29)])


async def test_the_request_on_a_kept_connection_is_one_of_three_in_all() -> None:
    async with forgetful(answers=1) as (url, asked), client(url, **QUICK) as upstream:
        await upstream.artist(caller(), 1)
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 2)
        assert asked == [0, 0, 1, 2]


async def test_without_a_reserve_nothing_is_sent_again_on_a_new_connection_either() -> None:
    none = {**QUICK, "retry_reserve": 0}
    async with forgetful() as (url, asked), client(url, **none) as upstream:
        await upstream.artist(caller(), 1)
        with pytest.raises(Unavailable):
            await upstream.artist(caller(), 2)
        assert asked == [0, 0]


async def test_a_kept_connection_that_had_ended_does_not_prolong_an_outage() -> None:
    touchy = {**QUICK, "breaker_failures": 2, "breaker_pause": 0.2}
    async with forgetful(failures=2) as (url, _), client(url, **touchy) as upstream:
        outcomes = await asyncio.gather(
            *(upstream.artist(caller(), number) for number in range(2)), return_exceptions=True
        )
        assert {type(each) for each in outcomes} == {Unavailable}
        assert upstream.state().breaker == "open"
        await asyncio.sleep(0.25)
        assert (await upstream.artist(caller(), 2)).value is not None
        assert upstream.state().breaker == "closed"


async def test_a_kept_connection_that_had_ended_does_not_make_the_facade_unready() -> None:
    async with forgetful() as (url, _), client(url, **QUICK) as upstream:
        await upstream.artist(caller(), 1)
        await upstream.check()
