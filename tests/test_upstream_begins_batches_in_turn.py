"""Batches: the requests of one operation are begun a few at a time, and after those of others."""

import asyncio
from collections import Counter
from time import monotonic
from typing import Any

import pytest

import sandbox
from tests.upstream_asked import COLD, Client, caller, client
from upstream.batches import Batches
from upstream.cache import Shelf
from upstream.caller import Reply
from upstream.errors import Overloaded, TimedOut, Unavailable
from upstream.flights import Flight, Flights, Waiter
from upstream.gate import Gate
from upstream.policy import Policy

LISTENER, PARTNER = sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN
A, B, C = b"a", b"b", b"c"

_MOST_ROUNDS = 10_000


class Asking:
    """Batches of requests that go through a gate, and answer once they are told to.

    `begun` names them in the order in which they were begun, and the round of the event loop.
    """

    def __init__(self, **policy: Any) -> None:
        # A turn that is lost is not made good for by a wait that ends.
        policy = {"most_concurrent": 10, "most_concurrent_per_token": 10, "batch_wait": 60} | policy
        self.gate = Gate(Policy(**policy))
        self.batches = Batches(self.gate, Policy(**policy))
        self.flights: Flights[str] = Flights()
        self.begun: dict[str, int] = {}
        self.answers: dict[str, asyncio.Event] = {}
        self.round = 0
        self._count()

    def ask(self, token: bytes, name: str, size: int, *, patience: float = 60) -> asyncio.Task[Any]:
        """Ask for a batch: the requests are a0, a1 and so on for the name a."""
        return asyncio.create_task(self._asked(token, name, size, patience))

    def answer(self, name: str) -> None:
        """Let the requests of a batch be answered, those too that have not begun."""
        self.answers.setdefault(name, asyncio.Event()).set()

    def begun_of(self, name: str) -> int:
        """How many requests of a batch have begun."""
        return sum(each.startswith(name) for each in self.begun)

    async def until_begun(self, name: str, count: int) -> None:
        """Return once so many requests of a batch have begun."""
        async with asyncio.timeout(20):
            while self.begun_of(name) < count:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0)

    async def _asked(self, token: bytes, name: str, size: int, patience: float) -> list[Any]:
        waiter = Waiter(monotonic() + patience)
        flights = []
        try:
            for number in range(size):
                each = f"{name}{number}"
                request = self._request(token, name, each)
                flight = self.flights.open((Shelf(token), each), waiter.deadline, request)
                waiter.join(flight)
                flights.append(flight)
            await self.batches.begin(flights, token, patience)
            await waiter.landed()
        finally:
            waiter.leave()
        return [flight.outcome for flight in flights]

    def _request(self, token: bytes, name: str, each: str) -> Any:
        answered = self.answers.setdefault(name, asyncio.Event())

        async def request(_: Flight[str]) -> str:
            self.begun[each] = self.round
            await self.gate.enter(token)
            try:
                await answered.wait()
            finally:
                self.gate.leave(token)
            return each

        return request

    def _count(self) -> None:
        self.round += 1
        if self.round < _MOST_ROUNDS:
            asyncio.get_running_loop().call_soon(self._count)


async def a_few_rounds() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_eight_requests_are_begun_in_a_round() -> None:
    asking = Asking()
    batch = asking.ask(A, "a", 20)
    await asking.until_begun("a", 20)
    asking.answer("a")

    assert await batch == [f"a{number}" for number in range(20)] == list(asking.begun)
    assert list(Counter(asking.begun.values()).values()) == [8, 8, 4]


async def test_of_a_batch_that_is_given_up_the_rest_is_not_begun() -> None:
    asking = Asking()
    batch = asking.ask(A, "a", 20)
    await asking.until_begun("a", 1)
    batch.cancel()
    await asyncio.wait([batch])
    await a_few_rounds()

    assert 8 <= asking.begun_of("a") < 20
    assert (len(asking.flights), asking.gate.under_way, asking.gate.queued) == (0, 0, 0)
    # Whose turn it was has given it back.
    asking.ask(B, "b", 20)
    await asking.until_begun("b", 20)
    asking.answer("b")


async def test_a_batch_waits_undivided_until_those_before_it_have_left_room() -> None:
    asking = Asking()
    first = asking.ask(A, "a", 20)
    await asking.until_begun("a", 20)
    second = asking.ask(B, "b", 20)
    await a_few_rounds()

    assert asking.begun_of("b") == 0
    assert asking.batches.queued == 20
    assert asking.gate.queued == 10
    asking.answer("a")
    await first
    await asking.until_begun("b", 20)
    assert asking.batches.queued == 0
    asking.answer("b")
    assert len(await second) == 20


async def test_what_has_just_begun_has_its_room_before_the_next_batch_looks_for_any() -> None:
    asking = Asking(most_concurrent=20, most_concurrent_per_token=20)
    asking.ask(A, "a", 20)
    asking.ask(B, "b", 20)
    await asking.until_begun("a", 20)
    await a_few_rounds()

    assert asking.begun_of("b") == 0
    asking.answer("a")
    asking.answer("b")
    await asking.until_begun("b", 20)


async def test_a_batch_begins_while_there_is_room_for_any_of_it() -> None:
    asking = Asking(most_concurrent=30, most_concurrent_per_token=20)
    asking.ask(A, "a", 20)
    asking.ask(B, "b", 20)
    asking.ask(C, "c", 20)
    await asking.until_begun("b", 20)
    await a_few_rounds()

    assert (asking.gate.under_way, asking.gate.queued) == (30, 10)
    assert asking.begun_of("c") == 0
    for name in "abc":
        asking.answer(name)
    await asking.until_begun("c", 20)


async def test_a_token_that_has_its_share_keeps_no_other_ones_batch_waiting() -> None:
    asking = Asking(most_concurrent=30, most_concurrent_per_token=20)
    asking.ask(A, "a", 20)
    await asking.until_begun("a", 20)
    asking.ask(A, "more", 20)
    await a_few_rounds()
    asking.ask(B, "b", 20)
    asking.answer("b")

    await asking.until_begun("b", 20)
    assert asking.begun_of("more") == 0
    asking.answer("a")
    await asking.until_begun("more", 20)
    asking.answer("more")


async def test_batches_of_tokens_take_turns() -> None:
    asking = Asking()
    asking.ask(A, "held", 20)
    await asking.until_begun("held", 20)
    for token, name in ((A, "a"), (A, "again"), (B, "b"), (C, "c")):
        asking.ask(token, f"{name}-", 12)
        asking.answer(f"{name}-")
        await a_few_rounds()
    asking.answer("held")

    await asking.until_begun("again-", 12)
    order = [name.partition("-")[0] for name in asking.begun if not name.startswith("held")]
    assert list(dict.fromkeys(order)) == ["a", "b", "c", "again"]


async def test_a_few_requests_wait_for_no_batch() -> None:
    asking = Asking()
    asking.ask(A, "a", 20)
    asking.ask(B, "b", 20)
    await asking.until_begun("a", 20)
    few = asking.ask(C, "c", 8)
    await asking.until_begun("c", 8)

    assert asking.begun_of("b") == 0
    for name in "abc":
        asking.answer(name)
    await few
    await asking.until_begun("b", 20)


@pytest.mark.parametrize(("batch_wait", "patience"), [(0.05, 60), (60, 0.05)])
async def test_a_batch_waits_for_so_long_at_most(batch_wait: float, patience: float) -> None:
    asking = Asking(batch_wait=batch_wait)
    asking.ask(A, "a", 20)
    await asking.until_begun("a", 20)
    started = monotonic()
    asking.ask(B, "b", 20, patience=patience)
    async with asyncio.timeout(5):
        while asking.begun_of("b") < 20:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)

    assert monotonic() - started >= 0.045
    assert asking.batches.queued == 0
    asking.answer("a")
    asking.answer("b")


async def test_batches_need_not_wait_at_all() -> None:
    asking = Asking(batch_wait=0)
    asking.ask(A, "a", 20)
    asking.ask(B, "b", 20)
    await asking.until_begun("b", 20)

    assert list(asking.begun)[8:16] == [f"b{number}" for number in range(8)]
    asking.answer("a")
    asking.answer("b")


async def test_a_batch_for_which_the_queue_has_no_place_is_left_to_the_gate() -> None:
    asking = Asking(longest_queue=30)
    asking.ask(A, "a", 20)
    await asking.until_begun("a", 20)
    asking.ask(B, "b", 12)
    refused = asking.ask(C, "c", 25)
    await asking.until_begun("c", 25)

    assert asking.begun_of("b") == 0
    for name in "abc":
        asking.answer(name)
    outcomes = await refused
    assert {type(each) for each in outcomes} == {str, Overloaded}


async def two_that_wait(asking: Asking) -> tuple[asyncio.Task[Any], asyncio.Task[Any]]:
    """The batches b and c, which wait for what a has taken."""
    asking.ask(A, "a", 20)
    await asking.until_begun("a", 20)
    both = asking.ask(B, "b", 20), asking.ask(C, "c", 20)
    await a_few_rounds()
    return both


async def test_who_leaves_while_waiting_leaves_no_gap() -> None:
    asking = Asking()
    leaving, staying = await two_that_wait(asking)
    leaving.cancel()
    await asyncio.wait([leaving])

    assert asking.batches.queued == 20
    assert list(asking.batches._waiting) == [C]
    asking.answer("a")
    asking.answer("c")
    await staying
    assert asking.begun_of("b") == 0


async def test_a_turn_that_comes_while_its_batch_leaves_goes_to_the_next() -> None:
    asking = Asking()
    leaving, staying = await two_that_wait(asking)
    admit = asking.gate.on_room

    def admit_and_cancel() -> None:
        admit()
        leaving.cancel()

    asking.gate.on_room = admit_and_cancel
    asking.answer("a")
    asking.answer("c")
    async with asyncio.timeout(20):
        await staying

    assert leaving.cancelled()
    assert asking.begun_of("b") == 0
    assert not asking.batches._waiting


NUMBERS = [273, 1297, *range(1_000_000, 1_000_010)]


async def waiting(upstream: Client, count: int) -> None:
    """Return once so many requests wait in batches."""
    async with asyncio.timeout(5):
        while upstream._batches.queued != count:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.001)


async def full(upstream: Client, api: sandbox.Running) -> asyncio.Task[Any]:
    """A request that takes a while, and all the room there is."""
    api.orders.add(sandbox.Latency(400), path="/api/v1/artists*")
    task = asyncio.create_task(upstream.artist(caller(PARTNER), 544))
    await api.journal.until(lambda journal: journal.under_way == 1)
    return task


async def test_equal_batches_are_sent_once_even_while_they_wait() -> None:
    async with sandbox.running() as api, client(api.url, **COLD, most_concurrent=1) as upstream:
        await upstream.album(caller(), 273)
        busy = await full(upstream, api)
        before = len(api.journal)
        asked = [asyncio.create_task(upstream.albums(caller(), NUMBERS)) for _ in range(3)]
        await waiting(upstream, len(NUMBERS))
        for replies in await asyncio.gather(*asked):
            found = [isinstance(each, Reply) and each.value is not None for each in replies]
            assert found == [True, True] + [False] * 10
        assert len(api.journal) - before == len(NUMBERS)
        await busy


async def test_who_has_joined_a_batch_that_is_given_up_gets_its_answers() -> None:
    async with sandbox.running() as api, client(api.url, **COLD, most_concurrent=1) as upstream:
        busy = await full(upstream, api)
        leaving = asyncio.create_task(upstream.albums(caller(), NUMBERS))
        await waiting(upstream, len(NUMBERS))
        staying = asyncio.create_task(upstream.album(caller(), 273))
        await asyncio.sleep(0)
        assert len(api.journal) == 1
        leaving.cancel()
        reply = await staying
        assert reply.value is not None
        assert reply.value.database_id == 273
        assert upstream.state().queued == 0
        await busy


async def test_a_batch_that_waits_beyond_its_deadline_is_told_so() -> None:
    async with sandbox.running() as api, client(api.url, **COLD, most_concurrent=1) as upstream:
        busy = await full(upstream, api)
        replies = await upstream.albums(caller(seconds=0.1), NUMBERS)
        assert {type(each) for each in replies} == {TimedOut}
        await busy
        assert len(api.journal) == 1
        assert upstream.state().flights == 0


async def test_a_batch_that_waits_ends_with_its_client() -> None:
    async with sandbox.running() as api:
        async with client(api.url, **COLD, most_concurrent=1, batch_wait=60) as upstream:
            await upstream._sender.gate.enter(b"somebody")
            asked = asyncio.create_task(upstream.albums(caller(), NUMBERS))
            await waiting(upstream, len(NUMBERS))
        async with asyncio.timeout(5):
            assert {type(each) for each in await asked} == {Unavailable}


async def test_what_waits_in_batches_counts_as_queued() -> None:
    async with sandbox.running() as api, client(api.url, **COLD, most_concurrent=1) as upstream:
        busy = await full(upstream, api)
        asked = asyncio.create_task(upstream.albums(caller(), NUMBERS))
        await waiting(upstream, len(NUMBERS))
        assert upstream.state().queued == len(NUMBERS)
        await asyncio.gather(busy, asked)
        assert upstream.state().queued == 0
