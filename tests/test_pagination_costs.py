"""A window costs no more requests than the contract grants, by size, direction and manner."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.cursors import cursor_of
from resolvers.habits import Habits
from resolvers.listings import Arguments
from tests.paged_list import ALBUMS, PagedList, end_of, numbers_of
from upstream.errors import BadResponse

LENGTH = 1_237
WAYS = ["from the start", "after", "before", "at the end"]


def place_at(place: int) -> str:
    """A cursor that names a place, and no row."""
    return cursor_of(ALBUMS, place, None)


def arguments_of(way: str, size: int, place: int) -> Arguments:
    cursor = cursor_of(ALBUMS, place, place)
    if way == "from the start":
        return Arguments(first=size)
    if way == "after":
        return Arguments(first=size, after=cursor)
    if way == "before":
        return Arguments(last=size, before=cursor)
    return Arguments(last=size)


async def costs(way: str, size: int, *, warm: bool, **manner: Any) -> list[int]:
    """Fewest and most requests for a window, over cursors at all kinds of places."""
    places = range(640, 740, 3) if way in {"after", "before"} else [0]
    found = []
    for place in places:
        rows = PagedList(list(range(LENGTH)), **manner)
        if warm:
            await rows.window(Arguments(first=60))
        found.append(await rows.cost(arguments_of(way, size, place)))
    return [min(found), max(found)]


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, [[1, 1], [1, 1], [1, 1], [1, 1]]),
        (1, [[1, 1], [1, 1], [1, 1], [2, 2]]),
        (25, [[1, 1], [1, 1], [1, 1], [2, 2]]),
        (50, [[1, 1], [1, 1], [1, 1], [2, 2]]),
        (75, [[1, 1], [1, 1], [1, 1], [2, 2]]),
        (100, [[1, 1], [2, 2], [2, 2], [3, 3]]),
        (101, [[2, 2], [2, 2], [2, 2], [3, 3]]),
        (250, [[3, 3], [3, 3], [3, 3], [4, 4]]),
        (500, [[5, 5], [6, 6], [6, 6], [7, 7]]),
    ],
)
async def test_where_per_page_is_respected(
    size: int, expected: list[list[int]], *, warm: bool
) -> None:
    found = [await costs(way, size, warm=warm) for way in WAYS]

    assert found == expected
    granted = math.ceil(size / 100) + 1
    assert max(most for _, most in found[:3]) <= granted
    assert found[3][1] <= granted + 1


@st.composite
def places_of_cursors(draw: st.DrawFn, length: int) -> int | None:
    """The place of a cursor, edges of pages more often than others; or no cursor."""
    if length == 0 or draw(st.booleans()):
        return None
    likely = st.sampled_from([0, 24, 25, 50, 99, 100, length - 1])
    return min(draw(likely | st.integers(0, length - 1)), length - 1)


@settings(max_examples=600, deadline=None)
@given(data=st.data(), warm=st.booleans(), backwards=st.booleans())
async def test_any_window_of_n_rows_is_a_request_a_hundred_and_one(
    data: st.DataObject, *, warm: bool, backwards: bool
) -> None:
    length = data.draw(
        st.sampled_from([0, 1, 25, 26, 50, 99, 100, 101, 125]) | st.integers(0, 1_100)
    )
    size = data.draw(st.sampled_from([0, 1, 25, 75, 99, 100, 101, 250, 500]) | st.integers(0, 500))
    after, before = (data.draw(places_of_cursors(length)) for _ in range(2))
    # Without Link the end has to be searched for, once.
    rows = PagedList(list(range(400)), linked=not warm or data.draw(st.booleans()))
    if warm:
        await rows.window(Arguments(first=60))
    rows.numbers = list(range(length))
    if warm and not rows.linked:
        await rows.window(Arguments(last=3))

    cost = await rows.cost(
        Arguments(
            first=None if backwards else size,
            last=size if backwards else None,
            after=None if after is None else cursor_of(ALBUMS, after, after),
            before=None if before is None else cursor_of(ALBUMS, before, before),
        )
    )

    to_find_the_end = backwards and before is None
    assert cost <= math.ceil(size / 100) + 1 + to_find_the_end


@pytest.mark.parametrize("size", [1, 25, 75, 100, 101, 250, 500])
@pytest.mark.parametrize("more", [-30, -1, 0, 1, 30])
@pytest.mark.parametrize("length", [LENGTH, 1_200, 1_201])
async def test_an_end_that_was_searched_for_once_is_found_near_where_it_was(
    size: int, more: int, length: int
) -> None:
    rows = PagedList(list(range(length)), linked=False)
    await rows.window(Arguments(first=60))
    searching = await rows.cost(Arguments(last=10))
    rows.numbers = list(range(length + more))

    shown = await rows.window(Arguments(last=size))
    found = await rows.cost(Arguments(last=size))

    assert numbers_of(shown) == rows.numbers[-size:]
    assert searching > 4
    assert found <= math.ceil(size / 100) + 2


@pytest.mark.parametrize(("before", "after"), [(1_237, 300), (300, 1_237), (1_237, 0), (0, 90)])
async def test_an_end_that_is_far_from_where_it_was_is_searched_for_anew(
    before: int, after: int
) -> None:
    rows = PagedList(list(range(before)), linked=False)
    await rows.window(Arguments(last=10))
    rows.numbers = list(range(after))

    assert numbers_of(await rows.window(Arguments(last=10))) == rows.numbers[-10:]
    assert rows.habits.of("albums").end in {before, after}


def test_where_somebodys_own_list_ended_is_not_remembered() -> None:
    habits = Habits()
    for collection in ("listenings", "deliveries", "albums"):
        habits.of(collection).ended(100)

    assert habits.of("listenings").end is None
    assert habits.of("deliveries").end is None
    assert habits.of("albums").end == 100


async def test_the_last_rows_after_a_cursor_come_with_the_row_of_the_cursor() -> None:
    rows = PagedList(list(range(101)))

    assert await rows.cost(Arguments(last=75, after=cursor_of(ALBUMS, 25, 25))) == 3


async def test_the_last_rows_that_a_cursor_leaves_are_all_that_is_read() -> None:
    rows = PagedList(list(range(1_237)))

    shown = await rows.window(Arguments(last=500, after=cursor_of(ALBUMS, 1_206, 1_206)))

    assert numbers_of(shown) == list(range(1_207, 1_237))
    assert len(rows.asked) == 2


@pytest.mark.parametrize("echoes", [True, False])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, [[1, 1], [1, 1], [1, 1], [1, 1]]),
        (1, [[1, 1], [1, 2], [1, 2], [2, 2]]),
        (25, [[1, 1], [2, 2], [2, 2], [3, 3]]),
        (50, [[2, 2], [3, 3], [3, 3], [4, 4]]),
        (75, [[3, 3], [4, 4], [4, 4], [5, 5]]),
        (100, [[4, 4], [5, 5], [5, 5], [6, 6]]),
        (101, [[5, 5], [5, 6], [5, 6], [6, 6]]),
        (250, [[10, 10], [11, 11], [11, 11], [12, 12]]),
        (500, [[20, 20], [21, 21], [21, 21], [22, 22]]),
    ],
)
async def test_where_per_page_is_known_to_be_ignored(
    size: int, expected: list[list[int]], *, echoes: bool
) -> None:
    found = [await costs(way, size, warm=True, fixed=25, echoes=echoes) for way in WAYS]

    assert found == expected
    granted = math.ceil(size / 25) + 2
    assert max(most for _, most in found[:3]) <= granted
    assert found[3][1] <= granted + 1


@pytest.mark.parametrize("size", [0, 1, 25, 50, 75, 100, 101, 250, 500])
async def test_finding_out_that_per_page_is_ignored_stays_within_what_is_granted(
    size: int,
) -> None:
    found = [await costs(way, size, warm=False, fixed=25) for way in WAYS]

    assert max(most for _, most in found[:3]) <= math.ceil(size / 25) + 2
    assert found[3][1] <= math.ceil(size / 25) + 3


@pytest.mark.parametrize("size", [1, 25, 50, 75, 100, 101, 250, 500])
@pytest.mark.parametrize("way", ["from the start", "after", "before"])
async def test_a_missing_link_header_costs_no_more_than_is_granted(way: str, size: int) -> None:
    respecting = await costs(way, size, warm=True, linked=False)
    ignoring = await costs(way, size, warm=True, linked=False, fixed=25)

    assert respecting[1] <= math.ceil(size / 100) + 1
    assert ignoring[1] <= math.ceil(size / 25) + 2


@pytest.mark.parametrize("size", [1, 24, 25, 26, 60, 99, 100])
async def test_up_to_a_hundred_rows_from_the_start_are_one_page_of_that_size(size: int) -> None:
    rows = PagedList(list(range(LENGTH)))

    await rows.window(Arguments(first=size))

    assert rows.asked == [(1, size)]


async def test_a_short_list_without_link_is_one_request() -> None:
    rows = PagedList(list(range(37)), linked=False)

    shown = await rows.window(Arguments(first=100), count=True)

    assert rows.asked == [(1, 100)]
    assert (shown.has_next, shown.total_count) == (False, 37)


async def test_the_pages_of_a_large_window_are_asked_for_side_by_side() -> None:
    rows = PagedList(list(range(LENGTH)))
    await rows.window(Arguments(first=100))

    await rows.window(Arguments(first=500))

    assert rows.at_once == 5


async def test_a_page_that_fails_ends_the_others_and_the_window() -> None:
    rows = PagedList(list(range(LENGTH)), failing={(3, 100)})
    await rows.window(Arguments(first=100))

    with pytest.raises(Exception, match="told to fail") as failed:
        await rows.window(Arguments(first=500))

    assert type(failed.value).__name__ == "BadResponse"


@pytest.mark.parametrize("change", [-20, -5, -1, 1, 5, 20, 40])
@pytest.mark.parametrize("size", [1, 25, 50, 100, 250])
async def test_a_row_that_moved_is_found_for_two_requests_more_at_most(
    size: int, change: int
) -> None:
    rows = PagedList(list(range(LENGTH)))
    after = end_of(await rows.window(Arguments(first=300)))
    if change > 0:
        rows.numbers[:0] = range(5_000, 5_000 + change)
    else:
        del rows.numbers[:-change]
    rows.asked.clear()

    shown = await rows.window(Arguments(first=size, after=after))

    assert numbers_of(shown) == list(range(300, 300 + size))
    assert len(rows.asked) <= math.ceil(size / 100) + 3


async def test_a_row_that_moved_within_the_rows_in_hand_costs_nothing() -> None:
    rows = PagedList(list(range(LENGTH)))
    after = end_of(await rows.window(Arguments(first=300)))
    del rows.numbers[1_000:]
    rows.numbers.insert(0, 5_000)
    rows.asked.clear()

    shown = await rows.window(Arguments(first=10, after=after))

    assert numbers_of(shown) == list(range(300, 310))
    assert len(rows.asked) == 1


async def test_a_deleted_row_is_told_by_the_rows_beside_it_for_nothing() -> None:
    rows = PagedList(list(range(LENGTH)))
    after = end_of(await rows.window(Arguments(first=300)))
    rows.numbers.remove(299)
    rows.asked.clear()

    shown = await rows.window(Arguments(first=50, after=after))

    assert numbers_of(shown) == list(range(300, 350))
    assert len(rows.asked) <= 2


@pytest.mark.parametrize(
    ("manner", "length", "asked"),
    [
        ({}, 120, [(1, 100), (2, 100)]),
        ({"fixed": 25}, 60, [(1, 100), (2, 25), (3, 25)]),
        ({"largest": 50}, 60, [(1, 100), (2, 50)]),
    ],
)
async def test_pages_behind_the_end_that_link_tells_are_not_asked_for(
    manner: dict[str, Any], length: int, asked: list[tuple[int, int]]
) -> None:
    rows = PagedList(list(range(length)), **manner)

    shown = await rows.window(Arguments(first=500), count=True)

    assert numbers_of(shown) == rows.numbers
    assert (rows.asked, shown.total_count) == (asked, length)


async def test_rows_that_came_behind_the_end_that_link_told_are_shown() -> None:
    rows = PagedList(list(range(120)))
    rows.meanwhile[2] = lambda: rows.numbers.extend(range(120, 350))

    assert numbers_of(await rows.window(Arguments(first=500))) == list(range(350))


@pytest.mark.parametrize("place", [30, 55, 80])
async def test_finding_out_without_link_that_per_page_is_ignored_stays_within_what_is_granted(
    place: int,
) -> None:
    rows = PagedList(list(range(125)), linked=False, fixed=25)

    shown = await rows.window(Arguments(first=25, after=cursor_of(ALBUMS, place, place)))

    assert numbers_of(shown) == list(range(125))[place + 1 : place + 26]
    assert len(rows.asked) <= math.ceil(25 / 25) + 2


async def test_a_size_that_was_never_served_is_tried_by_one_page() -> None:
    rows = PagedList(list(range(LENGTH)), largest=50)
    await rows.window(Arguments(first=30))
    rows.asked.clear()

    await rows.window(Arguments(first=500, after=cursor_of(ALBUMS, 600, 600)))

    assert len(rows.asked) <= 12
    assert rows.at_once > 1


@pytest.mark.parametrize(("manner", "granted"), [({}, 3), ({"fixed": 25}, 4), ({"largest": 50}, 3)])
@pytest.mark.parametrize("place", [12_000, 12_001, 20_000])
async def test_the_last_rows_after_a_cursor_behind_the_end_need_no_search(
    manner: dict[str, Any], granted: int, place: int
) -> None:
    rows = PagedList(list(range(12_000)), **manner)

    shown = await rows.window(Arguments(last=5, after=cursor_of(ALBUMS, place, None)), count=True)

    assert (shown.rows, shown.has_next, shown.has_previous) == ([], False, True)
    assert shown.total_count == 12_000
    assert len(rows.asked) <= granted


@pytest.mark.parametrize(("length", "place"), [(150, 151), (1_000, 1_020)])
async def test_finding_out_that_a_cursor_is_behind_the_end_asks_for_no_page_twice(
    length: int, place: int
) -> None:
    rows = PagedList(list(range(length)))

    shown = await rows.window(Arguments(first=25, after=cursor_of(ALBUMS, place, None)))

    assert (shown.rows, shown.has_next, shown.has_previous) == ([], False, True)
    assert len(rows.asked) == len(set(rows.asked)) == 3


async def test_a_list_that_serves_row_by_row_is_not_asked_without_end() -> None:
    rows = PagedList(list(range(500)), largest=1)

    with pytest.raises(BadResponse):
        await rows.window(Arguments(first=500))

    assert len(rows.asked) == 128
    assert numbers_of(await rows.window(Arguments(first=100))) == list(range(100))


@pytest.mark.parametrize(
    ("length", "manner", "arguments", "numbers"),
    [
        # The end is known once the page that ends in front of the cursor was read.
        (85, {"linked": False}, Arguments(last=60, before=place_at(90)), range(25, 85)),
        (85, {"linked": False}, Arguments(last=30, before=place_at(90)), range(55, 85)),
        # A page of more than 25 rows was not cut to them: what it lacks is behind the end.
        (
            250,
            {},
            Arguments(last=140, after=place_at(84), before=place_at(260)),
            range(110, 250),
        ),
        # One of 25 rows most likely was: the page that tells is one that the window needs.
        (199, {"fixed": 25}, Arguments(last=50, before=place_at(129)), range(79, 129)),
        (
            500,
            {"fixed": 25, "linked": False},
            Arguments(last=200, before=place_at(271)),
            range(71, 271),
        ),
        # Where the list ends in front of that one, a page at the place asked for tells.
        (
            242,
            {"fixed": 25, "linked": False},
            Arguments(last=101, before=place_at(262)),
            range(141, 242),
        ),
    ],
)
async def test_a_cursor_that_names_no_row_costs_no_more_where_nothing_is_known(
    length: int, manner: dict[str, Any], arguments: Arguments, numbers: range
) -> None:
    rows = PagedList(list(range(length)), **manner)

    assert numbers_of(await rows.window(arguments)) == list(numbers)
    if manner.get("fixed"):
        assert len(rows.asked) <= math.ceil(len(numbers) / 25) + 2
    else:
        assert len(rows.asked) <= math.ceil(len(numbers) / 100) + 1


@pytest.mark.parametrize("length", [440, 445])
async def test_finding_out_where_a_page_stands_asks_for_no_page_twice(length: int) -> None:
    rows = PagedList(list(range(length)), fixed=25, linked=False)

    shown = await rows.window(Arguments(first=101, after=place_at(length)))

    assert (shown.rows, shown.has_next, shown.has_previous) == ([], False, True)
    assert len(rows.asked) == len(set(rows.asked)) == 2


async def test_where_it_is_known_that_there_is_no_link_none_is_asked_for() -> None:
    rows = PagedList(list(range(250)), linked=False)
    await rows.window(Arguments(first=60))
    for asked in ([(1, 100), (3, 100)], [(3, 100)]):
        rows.asked.clear()
        assert numbers_of(await rows.window(Arguments(last=10))) == list(range(240, 250))
        assert rows.asked == asked


@pytest.mark.parametrize(("change", "is_found"), [(-120, True), (-60, True), (55, False)])
async def test_the_second_look_for_a_row_goes_further_and_is_the_last(
    change: int, *, is_found: bool
) -> None:
    numbers = [number * 431 % 1_000 for number in range(600)]
    rows = PagedList(list(numbers))
    await rows.window(Arguments(first=100))
    after = cursor_of(ALBUMS, 300, numbers[300])
    if change > 0:
        rows.numbers[:0] = [5_000 + number for number in numbers[:change]]
    else:
        del rows.numbers[:-change]
    rows.asked.clear()

    shown = await rows.window(Arguments(first=1, after=after))

    assert (numbers_of(shown) == [numbers[301]]) is is_found
    assert len(rows.asked) == 3
