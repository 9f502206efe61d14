"""A walk shows every row that lives through it once, whatever comes and goes between its windows.

What may happen between two windows is bounded, as resolvers/listings.py says: a score of rows
come or go, and of a cursor's row and the rows beside it, one lives on.
"""

import asyncio
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from resolvers.cursors import Beside, cursor_of, read_cursor
from resolvers.listings import Arguments
from tests.paged_list import ALBUMS, MANNERS, PagedList, end_of, numbers_of, start_of

MOST_CHANGES = 20
SIZES = st.sampled_from([1, 2, 7, 25, 30, 100, 120])


class Walker:
    """One walk over a list: what it has seen, and where it goes on."""

    def __init__(self, rows: PagedList, *, backwards: bool) -> None:
        self.rows = rows
        self.backwards = backwards
        self.cursor: str | None = None
        self.lived_through = set(rows.numbers)
        self.seen: list[Any] = []
        self.finished = False
        self.changes = 0

    def step(self, size: int) -> None:
        """Take the next window."""
        if self.backwards:
            arguments = Arguments(last=size, before=self.cursor)
        else:
            arguments = Arguments(first=size, after=self.cursor)
        shown = asyncio.run(self.rows.window(arguments))
        self.seen += numbers_of(shown)
        self.finished = not (shown.has_previous if self.backwards else shown.has_next)
        if shown.rows:
            self.cursor = start_of(shown) if self.backwards else end_of(shown)
        self.changes = 0

    def may_lose(self, number: int) -> bool:
        """Whether its cursor can still be placed without this row."""
        if self.cursor is None:
            return True
        cursor = read_cursor(self.cursor, ALBUMS)
        named = {cursor.number, *(number for _, number in cursor.beside)} - {number}
        return bool(named & set(self.rows.numbers))


class Walks(RuleBasedStateMachine):
    """Walks in both directions over one list that changes."""

    @initialize(manner=st.sampled_from(MANNERS), length=st.integers(min_value=0, max_value=400))
    def begin(self, manner: dict[str, Any], length: int) -> None:
        """A list with some manner, and a walk from either end."""
        self.rows = PagedList(list(range(length)), **manner)
        self.next_number = length
        self.walkers = [
            Walker(self.rows, backwards=False),
            Walker(self.rows, backwards=True),
        ]

    @rule(which=st.integers(min_value=0, max_value=1), size=SIZES)
    def step(self, which: int, size: int) -> None:
        """One of the walks goes on."""
        walker = self.walkers[which]
        if not walker.finished:
            walker.step(size)

    def _may_change(self) -> bool:
        return all(walker.finished or walker.changes < MOST_CHANGES for walker in self.walkers)

    def _changed(self) -> None:
        for walker in self.walkers:
            walker.changes += 1

    def _near_a_cursor(self, which: int, offset: int) -> int | None:
        cursor = self.walkers[which].cursor
        if cursor is None:
            return None
        return max(0, min(len(self.rows.numbers), read_cursor(cursor, ALBUMS).place + offset))

    def _insert(self, place: int) -> None:
        self.rows.numbers.insert(place, self.next_number)
        self.next_number += 1
        self._changed()

    def _delete(self, place: int) -> None:
        if place < len(self.rows.numbers):
            number = self.rows.numbers[place]
            assert number is not None
            if all(walker.finished or walker.may_lose(number) for walker in self.walkers):
                del self.rows.numbers[place]
                for walker in self.walkers:
                    walker.lived_through.discard(number)
                self._changed()

    @precondition(lambda self: self._may_change())
    @rule(share=st.floats(min_value=0, max_value=1))
    def insert_anywhere(self, share: float) -> None:
        """A row comes."""
        self._insert(int(share * len(self.rows.numbers)))

    @precondition(lambda self: self._may_change())
    @rule(share=st.floats(min_value=0, max_value=1))
    def delete_anywhere(self, share: float) -> None:
        """A row goes."""
        self._delete(int(share * len(self.rows.numbers)))

    @precondition(lambda self: self._may_change())
    @rule(count=st.integers(min_value=1, max_value=MOST_CHANGES))
    def insert_in_front(self, count: int) -> None:
        """Rows come in front of all others."""
        for _ in range(count):
            if self._may_change():
                self._insert(0)

    @precondition(lambda self: self._may_change())
    @rule(count=st.integers(min_value=1, max_value=MOST_CHANGES))
    def delete_in_front(self, count: int) -> None:
        """The first rows go."""
        for _ in range(count):
            if self._may_change():
                self._delete(0)

    @precondition(lambda self: self._may_change())
    @rule(
        which=st.integers(min_value=0, max_value=1),
        offset=st.integers(min_value=-2, max_value=2),
        count=st.integers(min_value=1, max_value=5),
    )
    def insert_near_a_cursor(self, which: int, offset: int, count: int) -> None:
        """Rows come close to where a walk goes on."""
        place = self._near_a_cursor(which, offset)
        for _ in range(count):
            if place is not None and self._may_change():
                self._insert(place)

    @precondition(lambda self: self._may_change())
    @rule(which=st.integers(min_value=0, max_value=1), count=st.integers(min_value=0, max_value=9))
    def move_all_and_delete_the_row_of_a_cursor(self, which: int, count: int) -> None:
        """The very row that a walk goes on from goes, and all others move."""
        place = self._near_a_cursor(which, 0)
        if place is not None:
            self._delete(place)
            for _ in range(count):
                if self._may_change():
                    self._insert(0)

    @precondition(lambda self: self._may_change())
    @rule(
        which=st.integers(min_value=0, max_value=1), offset=st.integers(min_value=-3, max_value=3)
    )
    def delete_near_a_cursor(self, which: int, offset: int) -> None:
        """A row goes close to where a walk goes on."""
        place = self._near_a_cursor(which, offset)
        if place is not None:
            self._delete(place)

    @precondition(lambda self: self._may_change())
    @rule()
    def change_the_manner(self) -> None:
        """The Link header goes, or comes back."""
        self.rows.linked = not self.rows.linked

    @invariant()
    def nothing_is_seen_twice(self) -> None:
        """No walk has shown a row twice."""
        for walker in getattr(self, "walkers", []):
            assert len(walker.seen) == len(set(walker.seen))

    def teardown(self) -> None:
        """The walks come to their ends, and have missed nothing that lived through them."""
        for walker in getattr(self, "walkers", []):
            steps = 0
            while not walker.finished:
                walker.step(100)
                steps += 1
                assert steps < 50
            assert walker.lived_through <= set(walker.seen)
            assert len(walker.seen) == len(set(walker.seen))


def test_a_walk_shows_every_row_that_lives_through_it_once() -> None:
    run_state_machine_as_test(
        Walks, settings=settings(max_examples=60, stateful_step_count=25, deadline=None)
    )


async def test_a_deleted_row_whose_neighbours_are_unknown_is_followed_by_place() -> None:
    rows = PagedList([number for number in range(200) if number != 99])
    cursor = cursor_of(ALBUMS, 99, 99)

    forward = await rows.window(Arguments(first=3, after=cursor))
    backward = await rows.window(Arguments(last=3, before=cursor))

    assert numbers_of(forward) == [100, 101, 102]
    assert numbers_of(backward) == [96, 97, 98]


@pytest.mark.parametrize("gone", [{99}, {99, 98}, {99, 100}, {99, 100, 101}])
@pytest.mark.parametrize(
    "beside", [((-1, 98), (1, 100)), ((-1, 98), (-2, 97)), ((1, 100), (2, 101))]
)
async def test_a_deleted_row_is_told_by_its_neighbours_however_all_moved(
    gone: set[int], beside: Beside
) -> None:
    if {number for _, number in beside} <= gone:
        return
    rows = PagedList([*range(500, 513), *(number for number in range(200) if number not in gone)])
    cursor = cursor_of(ALBUMS, 99, 99, beside)
    remaining = [number for number in range(200) if number not in gone]

    forward = await rows.window(Arguments(first=2, after=cursor))
    backward = await rows.window(Arguments(last=2, before=cursor))

    assert numbers_of(forward) == [number for number in remaining if number > 99][:2]
    assert numbers_of(backward) == [number for number in remaining if number < 99][-2:]


@pytest.mark.parametrize("change", [0, 7, -7])
async def test_a_row_that_is_none_by_now_is_still_where_its_neighbours_say(change: int) -> None:
    rows = PagedList([None if number == 99 else number for number in range(200)])
    cursor = cursor_of(ALBUMS, 99, 99, ((-1, 98), (1, 100)))
    if change > 0:
        rows.numbers[:0] = range(500, 500 + change)
    else:
        del rows.numbers[:-change]

    forward = await rows.window(Arguments(first=2, after=cursor))
    backward = await rows.window(Arguments(last=2, before=cursor))

    assert numbers_of(forward) == [100, 101]
    assert numbers_of(backward) == [97, 98]


async def test_a_row_that_was_none_is_told_by_its_neighbours() -> None:
    rows = PagedList([500, 501, *(None if number == 99 else number for number in range(200))])
    cursor = cursor_of(ALBUMS, 99, None, ((-1, 98), (1, 100)))

    assert numbers_of(await rows.window(Arguments(first=2, after=cursor))) == [100, 101]
    assert numbers_of(await rows.window(Arguments(last=2, before=cursor))) == [97, 98]


@pytest.mark.parametrize("change", [-30, 30])
async def test_both_cursors_follow_their_rows(change: int) -> None:
    rows = PagedList(list(range(300)))
    after, before = cursor_of(ALBUMS, 99, 99), cursor_of(ALBUMS, 110, 110)
    if change > 0:
        rows.numbers[:0] = range(500, 500 + change)
    else:
        del rows.numbers[:-change]

    for size in (5, 25):
        forward = await rows.window(Arguments(first=size, after=after, before=before))
        backward = await rows.window(Arguments(last=size, after=after, before=before))
        assert numbers_of(forward) == list(range(100, 110))[:size]
        assert numbers_of(backward) == list(range(100, 110))[-size:]


async def test_a_row_that_moved_out_of_reach_is_taken_by_place() -> None:
    came = [5_000 + number * 431 % 1_000 for number in range(1_000)]
    rows = PagedList([*came, *range(300)])

    shown = await rows.window(Arguments(first=2, after=cursor_of(ALBUMS, 99, 99)))

    assert numbers_of(shown) == came[99:101]
    assert len(rows.asked) == 3


@pytest.mark.parametrize("backwards", [True, False])
async def test_where_the_list_shrank_away_the_window_is_empty_or_its_end(
    *, backwards: bool
) -> None:
    rows = PagedList(list(range(40)))
    cursor = cursor_of(ALBUMS, 400, 900)

    if backwards:
        shown = await rows.window(Arguments(last=3, before=cursor))
        assert numbers_of(shown) == [37, 38, 39]
    else:
        shown = await rows.window(Arguments(first=3, after=cursor))
        assert numbers_of(shown) == []
    assert not shown.has_next
    assert shown.has_previous


async def test_a_row_that_two_pages_of_a_window_show_counts_once() -> None:
    rows = PagedList(list(range(400)))
    await rows.window(Arguments(first=100))
    rows.asked.clear()
    rows.meanwhile[2] = lambda: rows.numbers.insert(0, 5_000)

    shown = await rows.window(Arguments(first=200))

    assert numbers_of(shown) == [*range(100), *range(100, 199)]
    assert shown.has_next


async def test_the_end_is_found_where_the_list_grew_since_link_told_it() -> None:
    rows = PagedList(list(range(333)))
    rows.meanwhile[2] = lambda: rows.numbers.extend(range(333, 340))

    shown = await rows.window(Arguments(last=10), count=True)

    assert numbers_of(shown) == list(range(330, 340))
    assert (shown.has_next, shown.total_count) == (False, 340)


async def test_the_end_is_found_where_the_list_shrank_since_link_told_it() -> None:
    rows = PagedList(list(range(333)))
    rows.meanwhile[2] = lambda: rows.numbers.__delitem__(slice(250, None))

    shown = await rows.window(Arguments(last=10), count=True)

    assert numbers_of(shown) == list(range(240, 250))
    assert (shown.has_next, shown.total_count) == (False, 250)


async def test_a_row_that_was_none_and_is_nowhere_told_is_taken_by_place() -> None:
    rows = PagedList(list(range(200)))
    cursor = cursor_of(ALBUMS, 99, None, ((-1, 900), (1, 901)))

    assert numbers_of(await rows.window(Arguments(first=2, after=cursor))) == [100, 101]
    assert numbers_of(await rows.window(Arguments(last=2, before=cursor))) == [97, 98]


@pytest.mark.parametrize("change", range(35, 60, 3))
@pytest.mark.parametrize("beside", [((-1, 298), (-2, 297)), ((1, 300), (2, 301))])
async def test_a_deleted_row_is_told_by_neighbours_at_the_edge_of_what_was_seen(
    beside: Beside, change: int
) -> None:
    remaining = [number for number in range(600) if number != 299]
    ahead = PagedList(remaining[change:])
    cursor = cursor_of(ALBUMS, 299, 299, beside)

    forward = await ahead.window(Arguments(first=1, after=cursor))
    backward = await ahead.window(Arguments(last=1, before=cursor))

    assert (numbers_of(forward), numbers_of(backward)) == ([300], [298])


async def test_a_cursor_names_the_rows_beside_its_row() -> None:
    rows = PagedList(list(range(200)))

    first = await rows.window(Arguments(first=10))
    second = await rows.window(Arguments(first=10, after=end_of(first)))

    assert read_cursor(first.rows[0].cursor(ALBUMS), ALBUMS).beside == ((1, 1), (2, 2))
    assert read_cursor(first.rows[5].cursor(ALBUMS), ALBUMS).beside == ((-1, 4), (1, 6))
    assert read_cursor(end_of(first), ALBUMS).beside == ((-1, 8), (-2, 7))
    assert read_cursor(start_of(second), ALBUMS).beside == ((-1, 9), (1, 11))


async def test_rows_that_came_between_a_row_and_its_neighbour_do_not_hide_it() -> None:
    rows = PagedList([*range(99), 500, 501, 502, 503, 504, *range(99, 200)])
    cursor = cursor_of(ALBUMS, 99, 99, ((-1, 98), (-2, 97)))

    assert numbers_of(await rows.window(Arguments(first=1, after=cursor))) == [100]
    assert numbers_of(await rows.window(Arguments(last=1, before=cursor))) == [504]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize(("manner", "change"), [({"fixed": 25}, 45), ({}, 100)])
async def test_where_rows_are_in_the_order_of_their_numbers_a_row_is_found_further_away(
    manner: dict[str, Any], change: int, size: int, order: int, *, backwards: bool
) -> None:
    numbers = list(range(1_000, 1_600))[::order]
    for place in range(300, 325, 3):
        cursor = cursor_of(ALBUMS, place, numbers[place])
        for rows in (
            PagedList([*range(5_000 + change, 5_000, -1), *numbers], **manner),
            PagedList(numbers[change:], **manner),
        ):
            await rows.window(Arguments(first=60))
            rows.asked.clear()

            if backwards:
                shown = await rows.window(Arguments(last=size, before=cursor))
                assert numbers_of(shown) == numbers[place - size : place]
            else:
                shown = await rows.window(Arguments(first=size, after=cursor))
                assert numbers_of(shown) == numbers[place + 1 : place + 1 + size]
            assert len(rows.asked) <= 5


@pytest.mark.parametrize("manner", [{}, {"fixed": 25}, {"fixed": 25, "linked": False}])
@pytest.mark.parametrize("order", [1, -1])
async def test_a_row_that_went_with_all_beside_it_is_told_by_the_order_of_the_numbers(
    manner: dict[str, Any], order: int
) -> None:
    for start, stop, length in ((0, 30, 300), (70, 130, 300), (88, 100, 100), (90, 103, 300)):
        numbers = list(range(1_000, 1_000 + length))[::order]
        rows = PagedList(list(numbers), **manner)
        window = await rows.window(Arguments(first=500))
        cursors = {place: window.rows[place].cursor(ALBUMS) for place in (24, 99) if place < length}
        place = 24 if start == 0 else 99
        del rows.numbers[start:stop]
        rows.numbers[start:start] = [9_000]
        left = [number for number in rows.numbers if number != 9_000]

        forward = await rows.window(Arguments(first=30, after=cursors[place]))
        backward = await rows.window(Arguments(last=30, before=cursors[place]))

        after, before = numbers_of(forward), numbers_of(backward)
        assert [each for each in after if each != 9_000][:29] == left[start : start + 29]
        assert [each for each in before if each != 9_000][-29:] == left[max(0, start - 29) : start]


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("size", [1, 24])
async def test_dozens_of_rows_that_came_beside_a_row_do_not_hide_it(size: int, offset: int) -> None:
    numbers = [number * 431 % 1_000 for number in range(300)]
    rows = PagedList(list(numbers))
    first = await rows.window(Arguments(first=24))
    rows.numbers[23 + offset : 23 + offset] = range(5_000, 5_037)
    here = rows.numbers.index(numbers[23])

    shown = await rows.window(Arguments(first=size, after=end_of(first)))

    assert numbers_of(shown) == rows.numbers[here + 1 : here + 1 + size]


async def test_rows_that_came_in_heaps_do_not_mislead_the_search() -> None:
    heaps = [range(start, start + 20) for start in range(5_000, 1_000, -20)]
    rows = PagedList([number for heap in heaps for number in heap], fixed=25)
    await rows.window(Arguments(first=60))
    for place in range(300, 350):
        number = rows.numbers[place]
        for change in (-20, 20):
            moved = PagedList(list(rows.numbers), fixed=25, habits=rows.habits)
            if change > 0:
                moved.numbers[:0] = range(5_100, 5_100 + change)
            else:
                del moved.numbers[:-change]

            shown = await moved.window(Arguments(last=1, before=cursor_of(ALBUMS, place, number)))

            assert numbers_of(shown) == [rows.numbers[place - 1]]


async def test_a_row_that_a_window_shows_already_is_none_that_follows_it() -> None:
    rows = PagedList(list(range(51)), fixed=25, linked=False)
    rows.meanwhile = {2: lambda: rows.numbers.pop(0), 3: lambda: rows.numbers.insert(0, 99)}

    shown = await rows.window(Arguments(first=50))

    assert numbers_of(shown)[-1] == rows.numbers[-1]
    assert not shown.has_next


async def test_a_cursor_is_not_expected_in_front_of_the_list() -> None:
    rows = PagedList(list(range(60, 200)))

    shown = await rows.window(
        Arguments(last=25, after=cursor_of(ALBUMS, 40, 40), before=cursor_of(ALBUMS, 70, 70))
    )

    assert numbers_of(shown) == list(range(60, 70))


async def test_a_row_that_is_gone_is_not_looked_for_in_front_of_the_list() -> None:
    rows = PagedList(list(range(30, 200)))
    await rows.window(Arguments(first=60))
    rows.asked.clear()

    after = cursor_of(ALBUMS, 29, 29, ((1, 30), (2, 31)))

    assert numbers_of(await rows.window(Arguments(first=5, after=after))) == [30, 31, 32, 33, 34]
    assert len(rows.asked) == 2


async def test_a_row_that_lost_its_number_is_still_where_the_cursor_cuts() -> None:
    rows = PagedList([*range(30), None, *range(31, 100)])
    cursor = cursor_of(ALBUMS, 30, 30)

    assert numbers_of(await rows.window(Arguments(first=3, after=cursor))) == [31, 32, 33]
    assert numbers_of(await rows.window(Arguments(last=3, before=cursor))) == [27, 28, 29]


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (Arguments(first=101), range(101)),
        (Arguments(last=101, before=cursor_of(ALBUMS, 150, None)), range(48, 149)),
    ],
)
async def test_where_two_pages_show_a_row_the_window_is_filled_by_another_in_hand(
    arguments: Arguments, numbers: range
) -> None:
    rows = PagedList(list(range(300)))
    await rows.window(Arguments(first=100))
    rows.asked.clear()
    rows.meanwhile[2] = lambda: rows.numbers.insert(0, 1_000)

    assert numbers_of(await rows.window(arguments)) == list(numbers)
    assert len(rows.asked) == 2
