"""Walks over the sandbox by real HTTP: every row once, whatever the REST API's manners."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest

import sandbox
from resolvers.habits import Habits
from resolvers.listings import Arguments, Window, checked, window
from tests.facade import facade
from upstream.caller import Caller
from upstream.client import Upstream
from upstream.listing import Collection, Listing, Page
from upstream.policy import Policy

MANNERS: dict[str, list[sandbox.Paging | sandbox.Link]] = {
    "as documented": [],
    "per_page ignored": [sandbox.Paging(ignored=True)],
    "a smaller maximum": [sandbox.Paging(maximum=40)],
    "no Link": [sandbox.Link("none")],
    "a foreign host in Link": [sandbox.Link("foreign")],
    "a lying Link": [sandbox.Link("lying")],
    "a trailing comma in Link": [sandbox.Link("trailing")],
    "per_page ignored, no Link": [sandbox.Paging(ignored=True), sandbox.Link("none")],
}


class Lists:
    """One caller's lists, and the sandbox that serves them."""

    def __init__(self, upstream: Upstream, running: sandbox.Running) -> None:
        self.running = running
        self._upstream = upstream
        self._habits = Habits()

    async def window(self, collection: Collection, arguments: Arguments) -> Window:
        """The window that the arguments ask for, with its count."""
        listing = Listing(collection)
        deadline = monotonic() + 30
        caller = Caller(bearer=sandbox.LISTENER_TOKEN, deadline=deadline)

        async def fetch(page: int, per_page: int) -> Page:
            return (await self._upstream.page(caller, listing, page, per_page)).value

        return await window(fetch, self._habits, listing, checked(arguments, listing), count=True)

    async def walked(
        self,
        collection: Collection,
        size: int,
        *,
        backwards: bool = False,
        between: Callable[[int], None] = lambda _: None,
    ) -> list[int]:
        """The numbers that a walk shows; `between` is called after each of its windows."""
        found: list[int] = []
        cursor: str | None = None
        steps = 0
        while True:
            arguments = (
                Arguments(last=size, before=cursor)
                if backwards
                else Arguments(first=size, after=cursor)
            )
            shown = await self.window(collection, arguments)
            numbers = [row.record.database_id for row in shown.rows]
            found = numbers + found if backwards else found + numbers
            if not (shown.has_previous if backwards else shown.has_next):
                return found
            cursor = shown.rows[0 if backwards else -1].cursor(Listing(collection))
            steps += 1
            between(steps)


@asynccontextmanager
async def lists(manner: str = "as documented") -> AsyncIterator[Lists]:
    """Lists of a sandbox with some manner, nothing of them cached."""
    async with (
        sandbox.running() as running,
        Upstream(running.url, Policy(cache_bytes=0)) as upstream,
    ):
        for effect in MANNERS[manner]:
            running.orders.add(effect)
        yield Lists(upstream, running)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("collection", ["artists", "labels"])
async def test_walks_show_every_row_once(manner: str, collection: Collection) -> None:
    async with lists(manner) as here:
        expected = here.running.numbers(collection)
        for size in (25, 30, 250):
            assert await here.walked(collection, size) == expected
            assert await here.walked(collection, size, backwards=True) == expected


@pytest.mark.parametrize("size", [1, 7, 25, 30, 100, 250])
async def test_walks_of_all_sizes_show_every_label_once(size: int) -> None:
    async with lists() as here:
        expected = here.running.numbers("labels")

        assert await here.walked("labels", size) == expected
        assert await here.walked("labels", size, backwards=True) == expected


async def test_a_walk_shows_every_album_once() -> None:
    async with lists() as here:
        expected = here.running.numbers("albums")

        assert await here.walked("albums", 250) == expected
        assert await here.walked("albums", 250, backwards=True) == expected


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("backwards", [False, True])
async def test_rows_that_come_and_go_between_pages_spoil_no_walk(
    manner: str, *, backwards: bool
) -> None:
    async with lists(manner) as here:
        artists = sandbox.listing("artists")
        lived_through = set(here.running.numbers("artists"))

        def change(step: int) -> None:
            if step % 2:
                for _ in range(4):
                    here.running.database.insert(artists, 0)
            else:
                gone = here.running.numbers("artists")[:7]
                for number in gone:
                    here.running.database.delete(artists, number=number)
                lived_through.difference_update(gone)

        found = await here.walked("artists", 30, backwards=backwards, between=change)

        assert len(found) == len(set(found))
        assert lived_through <= set(found)


@pytest.mark.parametrize(
    ("manner", "count"),
    [("as documented", 400), ("per_page ignored", 400), ("no Link", None), ("a lying Link", None)],
)
async def test_the_count_is_true_or_none(manner: str, count: int | None) -> None:
    async with lists(manner) as here:
        shown = await here.window("artists", Arguments(first=30))

        expected = None if count is None else len(here.running.numbers("artists"))
        assert shown.total_count == expected
        assert expected is None or expected >= 400


async def test_a_window_of_the_largest_size_is_one_request_more_than_its_hundreds_at_most() -> None:
    async with lists() as here:
        first = await here.window("albums", Arguments(first=30))
        cursor = first.rows[-1].cursor(Listing("albums"))
        here.running.journal.clear()

        await here.window("albums", Arguments(first=500, after=cursor))

        assert len(here.running.journal.matching("/api/v1/albums")) <= 6 + 1  # and its count


@pytest.mark.parametrize("fact", ["hasNextPage", "hasPreviousPage"])
async def test_each_fact_is_told_though_the_other_is_not_asked_for(fact: str) -> None:
    shape = "query($c: String) { labels(first: 2, after: $c) { pageInfo { endCursor %s } } }"
    query = shape % fact
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        first = (await here.data(query))["labels"]["pageInfo"]
        second = (await here.data(query, {"c": first["endCursor"]}))["labels"]["pageInfo"]

    assert first[fact] is (fact == "hasNextPage")
    assert second[fact] is True
