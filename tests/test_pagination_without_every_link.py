"""Lists that leave Link out where all rows fit on one page, or on their last page, and repeat rows.

The documentation allows the former; the latter is what a careless query behind it gives.
"""

from dataclasses import dataclass

from resolvers.listings import Arguments, checked, window
from tests.paged_list import ALBUMS, PagedList, numbers_of, walk_backward
from upstream.listing import Page


@dataclass
class QuietList(PagedList):
    """A list without Link on its last page, and so on its only one."""

    async def fetch(self, page: int, per_page: int) -> Page:
        """One page."""
        answer = await super().fetch(page, per_page)
        goes_on = answer.links is not None and answer.links.next is not None
        return answer if goes_on else Page(answer.rows, None)


async def test_the_last_rows_are_where_link_said_that_the_list_ends() -> None:
    rows = QuietList(list(range(120)))

    assert numbers_of(await rows.window(Arguments(last=30))) == list(range(90, 120))
    assert rows.asked == [(1, 1), (4, 30)]


async def test_empty_pages_beyond_the_end_are_not_looked_into() -> None:
    rows = QuietList(list(range(255)))
    await rows.window(Arguments(first=100))
    rows.numbers = list(range(55))
    rows.asked.clear()

    assert numbers_of(await rows.window(Arguments(first=500))) == list(range(55))
    assert len(rows.asked) == 3


async def test_the_only_page_is_counted_though_it_is_full() -> None:
    rows = QuietList([7])

    assert (await rows.window(Arguments(last=0), count=True)).total_count == 1
    assert len(rows.asked) == 2


async def test_rows_alone_never_cost_a_look_beyond_them() -> None:
    rows = QuietList(list(range(100)))
    request = checked(Arguments(first=100), ALBUMS)

    shown = await window(rows.fetch, rows.habits, ALBUMS, request, beyond=False)

    assert numbers_of(shown) == list(range(100))
    assert rows.asked == [(1, 100)]


async def test_a_walk_backwards_over_a_row_that_is_there_twice_ends() -> None:
    assert await walk_backward(PagedList([1, 2, 2, 3]), 1) == [1, 2, 2, 3]


async def test_a_list_of_one_page_does_not_hide_the_link_of_another_list() -> None:
    short, long = QuietList(list(range(25))), PagedList(list(range(330)))
    long.habits = short.habits
    await short.window(Arguments(first=25))

    assert numbers_of(await long.window(Arguments(last=25))) == list(range(305, 330))
    assert len(long.asked) <= 3


async def test_the_last_page_ends_where_link_said_though_it_is_full_and_has_none_itself() -> None:
    rows = QuietList(list(range(1_000)), fixed=25)

    shown = await rows.window(Arguments(last=75), count=True)

    assert numbers_of(shown) == list(range(925, 1_000))
    assert shown.total_count == 1_000
    assert len(rows.asked) <= 5
