"""What lies beyond the end of a list is hardly asked for, and what becomes of it matters not."""

import asyncio
from typing import Any

import pytest

import sandbox
from resolvers.habits import Habits
from resolvers.listings import Arguments, Window, checked, window
from tests.facade import facade
from tests.paged_list import PagedList, numbers_of
from upstream.errors import BadResponse
from upstream.listing import Listing, Page

DELIVERIES = Listing("deliveries")
MANNERS: list[dict[str, Any]] = [{"fixed": 25}, {"fixed": 25, "linked": False}]


class Endless(PagedList):
    """A list that never answers for the pages from the fifth on."""

    async def fetch(self, page: int, per_page: int) -> Page:
        """One page."""
        found = await super().fetch(page, per_page)
        if page > 4:
            await asyncio.Event().wait()
        return found


class Growing(PagedList):
    """A list whose first page is read after all others, and after rows were put in front."""

    async def fetch(self, page: int, per_page: int) -> Page:
        """One page."""
        if page == 1 and len(self.numbers) == 100:
            await asyncio.sleep(0.01)
            self.numbers[0:0] = range(1000, 1030)
        return await super().fetch(page, per_page)


async def known_from_a_longer_list(length: int) -> Habits:
    """What a list of so many rows has taught, of which others see fewer."""
    longer = PagedList(list(range(length)), fixed=25)
    await longer.window(Arguments(first=100))
    return longer.habits


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_list_is_asked_for_as_far_as_it_was_seen_to_reach(manner: dict[str, Any]) -> None:
    rows = PagedList(list(range(39)), **manner, habits=await known_from_a_longer_list(174))
    assert await rows.cost(Arguments(first=500)) == 7
    assert await rows.cost(Arguments(first=500)) == 2
    rows.numbers = list(range(400))
    assert numbers_of(await rows.window(Arguments(first=500))) == list(range(400))


async def reports(rows: PagedList) -> Window:
    """As many rows as one window may have, of a list of which each caller has one of their own."""
    request = checked(Arguments(first=500), DELIVERIES)
    return await window(rows.fetch, rows.habits, DELIVERIES, request)


async def test_of_reports_the_first_page_tells_how_far_they_reach() -> None:
    rows = PagedList(list(range(300)))
    for _ in range(2):
        rows.asked.clear()
        rows.at_once = 0
        assert numbers_of(await reports(rows)) == list(range(300))
    assert (len(rows.asked), rows.at_once) == (3, 2)
    few = PagedList(list(range(58)), habits=rows.habits)
    assert numbers_of(await reports(few)) == list(range(58))
    assert len(few.asked) == 1


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("failing", [{3}, {7}, {3, 4, 5, 6, 7}])
async def test_a_page_beyond_the_end_may_fail(manner: dict[str, Any], failing: set[int]) -> None:
    rows = PagedList(list(range(39)), **manner, habits=await known_from_a_longer_list(174))
    rows.failing = {(page, 25) for page in failing}

    shown = await rows.window(Arguments(first=500))

    assert numbers_of(shown) == list(range(39))
    assert not shown.has_next


@pytest.mark.parametrize("manner", MANNERS)
async def test_a_page_beyond_the_end_may_hang(manner: dict[str, Any]) -> None:
    rows = Endless(list(range(90)), **manner, habits=await known_from_a_longer_list(174))
    async with asyncio.timeout(5):
        assert numbers_of(await rows.window(Arguments(first=500))) == list(range(90))


@pytest.mark.parametrize("failing", [1, 2])
async def test_a_page_that_is_wanted_must_not_fail(failing: int) -> None:
    rows = PagedList(list(range(39)), fixed=25, habits=await known_from_a_longer_list(174))
    rows.failing = {(failing, 25), (failing, 100)}

    with pytest.raises(BadResponse):
        await rows.window(Arguments(first=500))


async def test_an_empty_page_does_not_excuse_one_that_fails_behind_it() -> None:
    rows = PagedList(
        list(range(50)), fixed=25, linked=False, habits=await known_from_a_longer_list(174)
    )
    rows.failing = {(4, 25)}

    with pytest.raises(BadResponse):
        await rows.window(Arguments(first=500))


async def test_an_empty_page_is_asked_for_again_where_another_tells_of_more() -> None:
    longer = PagedList(list(range(174)))
    await longer.window(Arguments(first=500))
    rows = Growing(list(range(100)), habits=longer.habits)

    assert numbers_of(await rows.window(Arguments(first=500))) == rows.numbers
    assert rows.asked.count((2, 100)) == 2


async def test_one_that_stays_empty_is_believed() -> None:
    rows = PagedList(list(range(50)), fixed=25, endless=True, last=99)
    await rows.window(Arguments(first=100))
    rows.asked.clear()

    shown = await rows.window(Arguments(first=100))

    assert (numbers_of(shown), shown.has_next) == (list(range(50)), False)
    assert rows.asked.count((3, 25)) == 2


async def test_what_is_asked_for_again_is_got_anew_over_http() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        query = "{ labels(first: 100) { nodes { databaseId } pageInfo { hasNextPage } } }"
        expected = await here.ask(query)
        upstream.orders.add(
            sandbox.Status(200, body="[]"), path="/api/v1/labels", query={"page": "3"}, times=1
        )
        upstream.journal.clear()

        assert (await here.ask(query)).body == expected.body
        assert [entry.query["page"] for entry in upstream.journal.entries].count("3") == 2
