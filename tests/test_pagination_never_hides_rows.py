"""A window is never cut short: a gap among its rows is filled, or the window is a BadResponse."""

from dataclasses import dataclass
from typing import Any

import pytest

from resolvers.cursors import cursor_of
from resolvers.habits import Habit
from resolvers.hands import Hand
from resolvers.listings import Arguments
from resolvers.windows import Ask
from tests.paged_list import ALBUMS, PagedList, Record, numbers_of
from upstream.errors import BadResponse
from upstream.listing import Links, Page, PageLink


@dataclass
class TornList(PagedList):
    """A list that serves nothing for the page that holds one of its places, once or always."""

    torn: int = 0
    mends: bool = False

    async def fetch(self, page: int, per_page: int) -> Page:
        """One page."""
        answer = await super().fetch(page, per_page)
        size = self.fixed or min(per_page, self.largest)
        if not (page - 1) * size <= self.torn < page * size:
            return answer
        if self.mends:
            self.torn = -1
        return Page([], answer.links)


@pytest.mark.parametrize("warm", [10, 60])
@pytest.mark.parametrize("length", [25, 40, 50, 90, 200, 240, 250])
@pytest.mark.parametrize(
    "manner", [{"largest": 30}, {"largest": 40}, {"largest": 50}, {"largest": 90}, {"fixed": 25}]
)
async def test_without_link_a_smaller_maximum_hides_no_rows_from_a_window_that_ends_beyond_the_list(
    manner: dict[str, Any], length: int, warm: int
) -> None:
    rows = PagedList(list(range(length)), linked=False, **manner)
    await rows.window(Arguments(first=warm))

    shown = await rows.window(Arguments(last=250, before=cursor_of(ALBUMS, 301, None)))

    assert numbers_of(shown) == list(range(length))
    assert (shown.has_next, shown.has_previous) == (False, False)


async def test_a_short_list_that_ignores_per_page_is_whole_though_its_length_is_round() -> None:
    rows = PagedList(list(range(20)), linked=False, fixed=25)
    await rows.window(Arguments(first=100))

    shown = await rows.window(Arguments(last=79, before=cursor_of(ALBUMS, 52, None)))

    assert numbers_of(shown) == list(range(20))


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize(
    "arguments", [Arguments(first=500), Arguments(last=500, before=cursor_of(ALBUMS, 499, None))]
)
async def test_an_empty_page_in_the_middle_is_asked_for_again(
    arguments: Arguments, *, linked: bool
) -> None:
    rows = TornList(list(range(600)), linked=linked)
    await rows.window(Arguments(first=100))
    rows.torn, rows.mends = 250, True

    assert numbers_of(await rows.window(arguments))[:499] == list(range(499))


async def test_an_empty_page_is_asked_for_again_though_no_other_came_with_it() -> None:
    rows = TornList(list(range(200)), torn=150, mends=True)

    assert numbers_of(await rows.window(Arguments(first=200))) == list(range(200))


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize(
    "arguments", [Arguments(first=500), Arguments(last=500, before=cursor_of(ALBUMS, 499, None))]
)
async def test_a_page_in_the_middle_that_stays_empty_is_a_bad_response(
    arguments: Arguments, *, linked: bool
) -> None:
    rows = TornList(list(range(600)), linked=linked)
    await rows.window(Arguments(first=100))
    rows.torn = 250

    with pytest.raises(BadResponse):
        await rows.window(arguments)


@pytest.mark.parametrize("fixed", [None, 25])
@pytest.mark.parametrize("length", [1, 25, 240, 1_000])
async def test_the_end_is_found_in_spite_of_a_link_that_is_far_from_it(
    length: int, fixed: int | None
) -> None:
    rows = PagedList(list(range(length)), last=99_999_999, fixed=fixed)

    shown = await rows.window(Arguments(last=30))

    assert numbers_of(shown) == list(range(length))[-30:]
    assert not shown.has_next
    assert len(rows.asked) <= 15


@pytest.mark.parametrize("fixed", [None, 25])
async def test_the_end_of_a_long_list_whose_link_is_wrong_is_given_up_soon(
    fixed: int | None,
) -> None:
    rows = PagedList(list(range(100_000)), last=99_999_999, fixed=fixed)

    with pytest.raises(BadResponse):
        await rows.window(Arguments(last=30))

    assert len(rows.asked) <= 16


def page_in(hand: Hand, number: int, size: int, numbers: list[int], *, last: int) -> None:
    """Take a page of so many rows, of a list that has so many pages."""
    links = Links(
        first=PageLink(1, size),
        prev=PageLink(number - 1, size) if number > 1 else None,
        next=PageLink(number + 1, size) if number < last else None,
        last=PageLink(last, size),
    )
    ask, page = Ask(number, size), Page([Record(each) for each in numbers], links)
    hand.take(ask, Habit().read(ask, page), page)


def test_rows_behind_a_new_end_are_missing_only_where_there_is_a_gap() -> None:
    hand = Hand({})
    page_in(hand, 2, 2, [3, 4], last=3)
    page_in(hand, 1, 2, [1, 2], last=1)
    assert (hand.end, hand.is_torn) == (2, False)

    hand = Hand({})
    page_in(hand, 3, 2, [5, 6], last=4)
    page_in(hand, 1, 2, [1, 2], last=1)
    assert (hand.end, hand.is_torn) == (2, True)


def test_pages_of_different_times_are_mixed_only_where_both_show_a_place_that_counts() -> None:
    hand = Hand({(1, 2): 1.0, (2, 2): 2.0})
    page_in(hand, 1, 2, [1, 2], last=2)
    page_in(hand, 2, 2, [3, 4], last=2)
    assert [hand.is_mixed(0, 2), hand.is_mixed(0, 3), hand.is_mixed(2, 4)] == [False, True, False]
