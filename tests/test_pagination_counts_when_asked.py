"""A list's length and its numbered pages cost one request at most, and nothing unless asked for."""

from typing import Any

import pytest

from resolvers.cursors import cursor_of
from resolvers.listings import Arguments, PageCursors
from tests.paged_list import ALBUMS, PagedList, numbers_of
from upstream.errors import BadResponse


def after(place: int) -> str:
    return cursor_of(ALBUMS, place, place)


def shape(pages: object) -> list[int | list[int] | None]:
    """The page numbers of first, previous, next, last and around."""
    assert isinstance(pages, PageCursors)
    links = (pages.first, pages.previous, pages.next, pages.last)
    return [
        *[None if link is None else link.page for link in links],
        [link.page for link in pages.around],
    ]


async def test_nothing_is_counted_unless_asked_for() -> None:
    rows = PagedList(list(range(333)))

    shown = await rows.window(Arguments(first=25))

    assert (shown.total_count, shown.page_cursors) == (None, None)
    assert rows.asked == [(1, 25)]


@pytest.mark.parametrize(
    ("length", "arguments", "asked"),
    [
        (333, Arguments(first=60), [(1, 60), (1, 1)]),
        (333, Arguments(first=10, after=after(100)), [(5, 25), (14, 25)]),
        (333, Arguments(first=60, after=after(300)), [(5, 73)]),
        (333, Arguments(last=10), [(1, 1), (24, 14)]),
        (333, Arguments(first=0), [(1, 1)]),
        (333, Arguments(last=0), [(1, 1)]),
        (60, Arguments(first=60), [(1, 60)]),
        (60, Arguments(first=100), [(1, 100)]),
        (1, Arguments(first=0), [(1, 1)]),
        (0, Arguments(first=25), [(1, 25)]),
    ],
)
async def test_counting_takes_no_request_where_the_end_is_in_hand_and_one_else(
    length: int, arguments: Arguments, asked: list[tuple[int, int]]
) -> None:
    rows = PagedList(list(range(length)))

    shown = await rows.window(arguments, count=True)

    assert shown.total_count == length
    assert rows.asked == asked


async def test_where_it_is_not_known_whether_per_page_is_ignored_the_last_page_is_counted() -> None:
    rows = PagedList(list(range(333)))

    shown = await rows.window(Arguments(), count=True)

    assert shown.total_count == 333
    assert rows.asked == [(1, 25), (14, 25)]


@pytest.mark.parametrize("echoes", [True, False])
async def test_where_per_page_is_ignored_the_last_page_is_counted(*, echoes: bool) -> None:
    rows = PagedList(list(range(333)), fixed=25, echoes=echoes)

    shown = await rows.window(Arguments(first=30), count=True)

    assert shown.total_count == 333
    assert rows.asked == [(1, 30), (2, 25), (14, 25)]


@pytest.mark.parametrize(
    ("length", "arguments", "asked", "count"),
    [
        (24, Arguments(first=3), [(1, 3), (1, 25)], 24),
        (24, Arguments(first=0), [(1, 1), (1, 100)], 24),
        (25, Arguments(first=25), [(1, 25), (2, 25)], 25),
        (73, Arguments(first=25), [(1, 25), (2, 25), (1, 100)], 73),
        (173, Arguments(first=100), [(1, 100), (101, 1), (2, 100)], 173),
        (333, Arguments(first=100), [(1, 100), (101, 1), (2, 100)], None),
        (333, Arguments(first=25), [(1, 25), (2, 25), (1, 100)], None),
    ],
)
async def test_without_link_what_one_page_can_tell_is_counted(
    length: int, arguments: Arguments, asked: list[tuple[int, int]], count: int | None
) -> None:
    rows = PagedList(list(range(length)), linked=False)

    shown = await rows.window(arguments, count=True)

    assert shown.total_count == count
    assert rows.asked == asked


@pytest.mark.parametrize("last", [1, 2, 400])
async def test_a_count_that_contradicts_the_rows_is_none(last: int) -> None:
    rows = PagedList(list(range(333)), last=last, fixed=25)

    assert (await rows.window(Arguments(first=100), count=True)).total_count is None


async def test_a_last_page_below_the_rows_in_hand_is_no_count() -> None:
    rows = PagedList(list(range(333)), last=20)

    assert (await rows.window(Arguments(first=60), count=True)).total_count is None


async def test_a_count_that_fails_leaves_the_rows_and_facts() -> None:
    rows = PagedList(list(range(333)), failing={(1, 1)})

    await rows.window(Arguments(first=60))
    rows.asked.clear()

    shown = await rows.window(Arguments(first=10, after=after(99)), count=True, pages=True)

    assert numbers_of(shown) == list(range(100, 110))
    assert shown.has_next
    assert isinstance(shown.total_count, BadResponse)
    assert isinstance(shown.page_cursors, BadResponse)
    assert shown.total_count is not shown.page_cursors
    assert rows.asked == [(10, 11), (1, 1)]


async def test_pages_and_count_together_take_one_request() -> None:
    rows = PagedList(list(range(333)))

    shown = await rows.window(Arguments(first=10, after=after(110)), count=True, pages=True)

    assert shown.total_count == 333
    assert shape(shown.page_cursors) == [1, 11, 13, 34, [10, 11, 12, 13, 14]]
    assert len(rows.asked) == 2


async def test_pages_take_no_request_where_link_counts_pages_of_that_size() -> None:
    rows = PagedList(list(range(333)))

    shown = await rows.window(Arguments(), pages=True)

    assert shape(shown.page_cursors) == [1, None, 2, 14, [1, 2, 3, 4, 5]]
    assert rows.asked == [(1, 25)]


@pytest.mark.parametrize(
    ("length", "arguments", "expected"),
    [
        (0, Arguments(), [None, None, None, None, []]),
        (20, Arguments(), [1, None, None, 1, [1]]),
        (50, Arguments(), [1, None, 2, 2, [1, 2]]),
        (333, Arguments(first=25, after=after(24)), [1, 1, 3, 14, [1, 2, 3, 4, 5]]),
        (333, Arguments(first=25, after=after(74)), [1, 3, 5, 14, [2, 3, 4, 5, 6]]),
        (333, Arguments(first=25, after=after(77)), [1, 3, 5, 14, [2, 3, 4, 5, 6]]),
        (333, Arguments(first=25, after=after(324)), [1, 13, None, 14, [10, 11, 12, 13, 14]]),
        (333, Arguments(last=33), [1, 9, 11, 11, [7, 8, 9, 10, 11]]),
        (333, Arguments(first=500), [1, None, None, 1, [1]]),
    ],
)
async def test_numbered_pages_are_those_around_the_window(
    length: int, arguments: Arguments, expected: list[Any]
) -> None:
    shown = await PagedList(list(range(length))).window(arguments, pages=True)

    assert shape(shown.page_cursors) == expected


async def test_there_are_no_numbered_pages_without_a_size_or_a_count() -> None:
    rows = PagedList(list(range(333)))
    unlinked = PagedList(list(range(333)), linked=False)

    assert (await rows.window(Arguments(first=0), pages=True)).page_cursors is None
    assert (await unlinked.window(Arguments(first=60), pages=True)).page_cursors is None


@pytest.mark.parametrize("manner", [{}, {"fixed": 25}, {"largest": 40}])
@pytest.mark.parametrize("size", [1, 10, 25, 60, 100, 150])
async def test_the_cursor_of_a_numbered_page_brings_that_page(
    manner: dict[str, Any], size: int
) -> None:
    rows = PagedList(list(range(333)), **manner)
    shown = await rows.window(Arguments(first=size, after=after(149)), pages=True)
    assert isinstance(shown.page_cursors, PageCursors)

    for link in [
        shown.page_cursors.first,
        shown.page_cursors.previous,
        *shown.page_cursors.around,
        shown.page_cursors.last,
    ]:
        assert link is not None
        start = (link.page - 1) * size
        page = await rows.window(Arguments(first=size, after=link.cursor), pages=True)
        assert numbers_of(page) == list(range(333))[start : start + size]
        assert isinstance(page.page_cursors, PageCursors)
        assert [one.page for one in page.page_cursors.around if one.is_current] == [link.page]


async def test_a_numbered_page_of_up_to_a_hundred_rows_is_one_request_without_surplus() -> None:
    rows = PagedList(list(range(333)))
    shown = await rows.window(Arguments(first=30), pages=True)
    assert isinstance(shown.page_cursors, PageCursors)
    assert shown.page_cursors.next is not None
    rows.asked.clear()

    await rows.window(Arguments(first=30, after=shown.page_cursors.next.cursor))

    assert rows.asked == [(2, 30)]


async def test_pages_of_another_size_than_link_counts_are_told_by_the_length() -> None:
    rows = PagedList(list(range(199)), fixed=25)

    shown = await rows.window(Arguments(first=50), pages=True)

    assert isinstance(shown.page_cursors, PageCursors)
    assert shown.page_cursors.last is not None
    assert shown.page_cursors.last.page == 4


@pytest.mark.parametrize(("place", "previous"), [(98, 9), (99, 10), (109, None)])
async def test_the_page_before_the_current_one_is_told_as_far_as_the_list_has_it(
    place: int, previous: int | None
) -> None:
    rows = PagedList(list(range(100)))
    after_place = cursor_of(ALBUMS, place, None)

    shown = await rows.window(Arguments(first=10, after=after_place), pages=True)

    assert isinstance(shown.page_cursors, PageCursors)
    told = shown.page_cursors.previous
    assert (None if told is None else told.page) == previous
