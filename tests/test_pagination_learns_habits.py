"""How a list serves its pages is learned once for all callers, and unlearned when it changes."""

import asyncio
from typing import Any

import pytest

from resolvers.cursors import cursor_of
from resolvers.habits import Habit, Habits
from resolvers.listings import Arguments, checked, window
from resolvers.windows import Ask, Sizes
from tests.paged_list import ALBUMS, PagedList, Record, end_of, numbers_of
from upstream.errors import BadResponse
from upstream.listing import Links, Page, PageLink


def rows_with(**manner: Any) -> PagedList:
    return PagedList(list(range(1_000, 1_500)), **manner)


def after(place: int) -> str:
    return cursor_of(ALBUMS, place, 1_000 + place)


@pytest.mark.parametrize("echoes", [True, False])
async def test_that_per_page_is_ignored_is_learned_from_the_first_answer(*, echoes: bool) -> None:
    rows = rows_with(fixed=25, echoes=echoes)

    await rows.window(Arguments(first=100))
    assert rows.asked == [(1, 100), (2, 25), (3, 25), (4, 25)]
    rows.asked.clear()
    await rows.window(Arguments(first=30, after=after(199)))

    assert rows.asked == [(8, 25), (9, 25), (10, 25)]


@pytest.mark.parametrize("asked", [10, 30])
async def test_that_per_page_is_ignored_no_longer_is_learned_from_the_first_page(
    asked: int,
) -> None:
    rows = rows_with(fixed=25)
    await rows.window(Arguments(first=100))
    rows.fixed = None
    await rows.window(Arguments(first=asked))
    rows.asked.clear()

    await rows.window(Arguments(first=80, after=after(199)))

    assert rows.asked == [(3, 94)]


async def test_a_list_that_begins_to_ignore_per_page_is_still_shown_right() -> None:
    rows = rows_with()
    first = await rows.window(Arguments(first=100))
    rows.fixed = 25

    shown = await rows.window(Arguments(first=100, after=end_of(first)))

    assert numbers_of(shown) == list(range(1_100, 1_200))


@pytest.mark.parametrize("echoes", [True, False])
@pytest.mark.parametrize("largest", [10, 40, 64])
async def test_a_smaller_maximum_is_learned(largest: int, *, echoes: bool) -> None:
    rows = rows_with(largest=largest, echoes=echoes)
    await rows.window(Arguments(first=100))
    rows.asked.clear()

    shown = await rows.window(Arguments(first=100, after=after(199)))

    assert numbers_of(shown) == list(range(1_200, 1_300))
    assert all(per_page <= largest for _, per_page in rows.asked)


async def test_a_smaller_maximum_is_unlearned_from_the_first_page() -> None:
    rows = rows_with(largest=40)
    await rows.window(Arguments(first=100))
    rows.largest = 100
    await rows.window(Arguments(first=100))
    rows.asked.clear()

    await rows.window(Arguments(first=100))

    assert rows.asked == [(1, 100)]


async def test_a_short_last_page_is_no_smaller_maximum() -> None:
    rows = PagedList(list(range(60)))

    await rows.window(Arguments(first=100))

    assert rows.habits.of("albums").sizes.largest == 100
    assert rows.habits.of("albums").sizes.fixed is None


@pytest.mark.parametrize("length", [1, 7, 24, 60])
@pytest.mark.parametrize("size", [61, 500])
async def test_a_short_page_whose_next_link_leads_nowhere_is_no_smaller_maximum(
    length: int, size: int
) -> None:
    asked: list[int] = []

    async def fetch(page: int, per_page: int) -> Page:
        asked.append(page)
        await asyncio.sleep(0)
        rows = list(range(length))[(page - 1) * per_page : page * per_page]
        return Page([Record(number) for number in rows], Links(next=PageLink(page + 1)))

    habits = Habits()
    shown = await window(fetch, habits, ALBUMS, checked(Arguments(first=size), ALBUMS))

    assert numbers_of(shown) == list(range(length))
    assert not shown.has_next
    assert asked == [1, 2, 2]
    assert habits.of("albums").sizes == Sizes()


@pytest.mark.parametrize(("length", "further"), [(25, (2, 25)), (40, (2, 40))])
async def test_without_link_a_suspiciously_round_page_is_followed_by_one_more(
    length: int, further: tuple[int, int]
) -> None:
    ended = PagedList(list(range(length)), linked=False)
    limited = PagedList(list(range(200)), linked=False, largest=length)

    assert len((await ended.window(Arguments(first=100))).rows) == length
    assert ended.asked == [(1, 100), further]
    assert len((await limited.window(Arguments(first=100))).rows) == 100


async def test_collections_have_habits_of_their_own() -> None:
    habits = Habits()
    habits.of("labels").ignored(25)

    assert habits.of("labels").sizes.fixed == 25
    assert habits.of("albums").sizes.fixed is None


async def test_only_the_first_page_is_asked_for_until_it_is_known_what_the_list_does() -> None:
    cold = rows_with()
    await cold.window(Arguments(first=500))

    assert cold.at_once == 4
    assert cold.asked[0] == (1, 100)


@pytest.mark.parametrize("place", [30, 90, 270, 450, 499])
@pytest.mark.parametrize("size", [1, 40, 100])
async def test_a_cursor_works_where_nothing_is_known_of_its_list(place: int, size: int) -> None:
    for manner in ({"fixed": 25, "echoes": True}, {"fixed": 25, "linked": False}, {"largest": 40}):
        shown = await rows_with(**manner).window(Arguments(first=size, after=after(place)))

        assert numbers_of(shown) == list(range(1_000, 1_500))[place + 1 : place + 1 + size]


async def test_a_page_beyond_the_end_is_told_from_one_that_stands_elsewhere() -> None:
    place = cursor_of(ALBUMS, 399, None)
    short = PagedList(list(range(404)), fixed=25, echoes=True)
    other = PagedList(list(range(404)), echoes=True)

    assert numbers_of(await short.window(Arguments(first=10, after=place))) == [400, 401, 402, 403]
    assert numbers_of(await other.window(Arguments(first=10, after=place))) == [400, 401, 402, 403]


async def test_an_endpoint_whose_next_link_makes_no_sense_is_read_to_its_end() -> None:
    async def fetch(page: int, per_page: int) -> Page:
        await asyncio.sleep(0)
        rows = list(range(60))[(page - 1) * per_page : page * per_page]
        return Page([Record(number) for number in rows], Links(last=PageLink(9)))

    request = checked(Arguments(first=30), ALBUMS)
    first = await window(fetch, Habits(), ALBUMS, request)
    request = checked(Arguments(first=50, after=end_of(first)), ALBUMS)
    second = await window(fetch, Habits(), ALBUMS, request)

    assert numbers_of(first) == list(range(30))
    assert first.has_next
    assert numbers_of(second) == list(range(30, 60))
    assert not second.has_next


async def test_an_end_that_is_nowhere_is_a_bad_response() -> None:
    async def fetch(page: int, per_page: int) -> Page:
        await asyncio.sleep(0)
        return Page([Record((page - 1) * per_page + at) for at in range(per_page)])

    with pytest.raises(BadResponse):
        await window(fetch, Habits(), ALBUMS, checked(Arguments(last=5), ALBUMS))


async def test_the_end_of_a_long_list_without_link_is_searched_for() -> None:
    rows = PagedList(list(range(14_000)), linked=False)

    shown = await rows.window(Arguments(last=10), count=True)

    assert numbers_of(shown) == list(range(13_990, 14_000))
    assert shown.total_count == 14_000
    assert len(rows.asked) < 20


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("length", [1, 10, 24])
async def test_a_list_that_ends_where_it_was_asked_to_proves_nothing(
    length: int, *, linked: bool
) -> None:
    long = PagedList(list(range(1_000, 1_085)), fixed=25, linked=linked)
    short = PagedList(list(range(length)), fixed=25, linked=False, habits=long.habits)
    first = await long.window(Arguments(first=50))
    await short.window(Arguments(first=length))

    shown = await long.window(Arguments(first=10, after=end_of(first)), count=True)

    assert numbers_of(shown) == list(range(1_050, 1_060))
    assert shown.has_next
    assert shown.total_count in {85, None}


@pytest.mark.parametrize("arguments", [Arguments(first=28), Arguments(last=56)])
async def test_what_others_learn_in_the_meantime_confuses_no_window(arguments: Arguments) -> None:
    rows = PagedList(list(range(1_000, 1_010)), fixed=25, linked=False)
    rows.habits.of("albums").linked = False
    # While it asks whether the page of ten was cut short.
    rows.meanwhile[2] = lambda: rows.habits.of("albums").ignored(25)

    shown = await rows.window(arguments)

    assert numbers_of(shown) == rows.numbers
    assert len(rows.asked) <= 4


def page_of(count: int, links: Links | None = None) -> Page:
    return Page([Record(number) for number in range(count)], links)


def test_a_smaller_maximum_takes_the_place_of_what_was_known() -> None:
    habit = Habit()
    habit.shortened(50)
    habit.ignored(25)

    habit.read(Ask(1, 100), page_of(50, Links(next=PageLink(2), last=PageLink(4))))

    assert (habit.sizes, habit.confirmed) == (Sizes(50), 50)


def test_the_largest_size_that_was_respected_is_remembered() -> None:
    habit = Habit()
    for size in (60, 100, 10):
        habit.read(Ask(1, size), page_of(size, Links(next=PageLink(2), last=PageLink(90))))

    assert habit.confirmed == 100


def test_a_full_page_of_a_smaller_maximum_tells_no_end() -> None:
    habit = Habit()
    habit.shortened(50)

    reading = habit.read(Ask(1, 100), page_of(50))

    assert (reading.stride, reading.ends, reading.suspect) == (50, False, False)


def test_where_per_page_is_ignored_a_page_that_is_not_full_is_the_last_one() -> None:
    habit = Habit()
    habit.ignored(60)

    reading = habit.read(Ask(2, 60), page_of(50))

    assert (reading.ends, reading.suspect, reading.doubtful) == (True, False, False)


def test_a_page_of_the_default_size_is_not_suspected_of_being_cut_short() -> None:
    reading = Habit().read(Ask(1, 25), page_of(20))

    assert (reading.ends, reading.suspect) == (True, False)


def test_a_list_of_one_page_does_not_tell_that_others_come_without_link() -> None:
    habit = Habit()

    assert habit.read(Ask(1, 100), page_of(3)).ends
    assert habit.linked is None


def test_a_size_in_link_that_the_page_itself_exceeds_is_not_believed() -> None:
    links = Links(first=PageLink(1, 50), last=PageLink(1, 50))

    assert Habit().read(Ask(1, 100), page_of(60, links)).stride == 100


def test_any_of_the_links_may_tell_the_size_of_the_pages() -> None:
    for links in (Links(last=PageLink(1, 25)), Links(first=PageLink(1, 25))):
        assert Habit().read(Ask(1, 100), page_of(20, links)).stride == 25


def test_a_link_header_without_next_or_last_tells_that_the_page_is_the_last() -> None:
    for links in (Links(first=PageLink(1)), Links(prev=PageLink(1))):
        assert Habit().read(Ask(2, 25), page_of(25, links)).ends
