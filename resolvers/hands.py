"""A hand: the rows of one list that one window has seen, by place, and how it gets more of them.

It knows between which numbers the list's length lies, and narrows them down with every page.
Where pages contradict each other, since rows moved between two requests, the later page is right.
What they leave open is a BadResponse, never a guess.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

from upstream.errors import BadResponse, UpstreamError
from upstream.listing import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, Page
from upstream.records import number_of

from .cursors import Beside
from .habits import Habit, Reading
from .windows import Ask, Sizes, page_outwards, pages_for

Fetch: TypeAlias = Callable[[int, int], Awaitable[Page]]
"""The page of a number and a size, as one caller sees it."""

Kept: TypeAlias = Mapping[tuple[int, int], float]
"""Of which batch the pages are that came from a cache, by their number and size.

Pages of one batch were got at the same time; all others were got just now.
"""

_ROUNDS: Final = 6
"""How often a stretch is planned anew, each time with something learned; two is usual."""

LONGEST_SEARCH: Final = 40
"""Requests to find the end of a list without Link: enough for a billion rows."""

_SEARCH_AGAINST_LINK: Final = 12
"""Requests to find the end of a list whose Link is wrong about it: enough for thousands of rows."""

_FEWEST_IN_ORDER: Final = 8
"""Rows that must be in the order of their numbers, for this to be no chance."""

_FAR_OUT: Final = 500
"""Rows beyond those in hand, by the usual step between two numbers, where another may stand."""

_MOMENT: Final = 0.1
"""Seconds in which pages beyond the end of a list may still contradict it."""

_REACH: Final = (50, 150)
"""How far the first and the second look for a row that moved go, in places; there is no third."""


class Hand:
    """The rows that one window has seen.

    `expected` are the numbers that should stand at some places: they prove that a page of a list
    whose habits are unknown is where it should be. `kept` tells which pages are older than this
    window. `spent` counts the requests, without looks that only taught how the list serves its
    pages.
    """

    def __init__(self, fetch: Fetch, habit: Habit, expected: Mapping[int, int], kept: Kept) -> None:
        self._fetch = fetch
        self._habit = habit
        self._expected = expected
        self._kept = kept
        self._held: list[tuple[int, int, tuple[int, int]]] = []
        self.rows: dict[int, Any] = {}
        self.places: dict[int | None, int] = {}
        self._floor = 0
        self._ceiling: int | None = None
        # Where the last page with rows said that the list ends.
        self._told_end: int | None = None
        # Where pages began that were empty although another page tells of more.
        self._denied: set[int] = set()
        self._last: tuple[int, int] | None = None
        self._cautious: Sizes | None = None
        self._suspect: int | None = None
        self._doubted: list[tuple[Ask, Page]] = []
        self._served = 0
        self._wanted = 0
        self._looks = 0
        self.spent = 0

    @property
    def end(self) -> int | None:
        """The length of the list, None where it is not known."""
        return self._floor if self._floor == self._ceiling else None

    @property
    def is_linked(self) -> bool:
        """Whether Link has told where the list ends."""
        return self._last is not None

    @property
    def is_aged(self) -> bool:
        """Whether a page in hand is older than this window."""
        return any(page in self._kept for _, _, page in self._held)

    def is_mixed(self, low: int, high: int) -> bool:
        """Whether pages of different times show places from `low` to `high - 1`.

        Rows may then be missing where these pages meet.
        """
        if not self._kept:
            return False
        batches = {
            self._kept.get(page) for start, stop, page in self._held if start < high and stop > low
        }
        return len(batches) > 1

    def may_hold(self, place: int) -> bool:
        """Whether the list may reach to a place, by what is known."""
        return self._ceiling is None or place < self._ceiling

    @property
    def is_torn(self) -> bool:
        """Whether rows are in hand behind the end that the list seems to have, with a gap between.

        Rows that follow the end without one were there until a moment ago.
        """
        end = self.end
        return end is not None and end not in self.rows and any(at > end for at in self.rows)

    def beside(self, place: int) -> Beside:
        """The two rows nearest to a place that are in hand and have numbers; one, or none."""
        before, after = self._number(place - 1), self._number(place + 1)
        if before is not None and after is not None:
            return ((-1, before), (1, after))
        if before is not None:
            further = self._number(place - 2)
            return ((-1, before),) if further is None else ((-1, before), (-2, further))
        if after is not None:
            further = self._number(place + 2)
            return ((1, after),) if further is None else ((1, after), (2, further))
        return ()

    async def cover(
        self, low: int, high: int, *, backwards: bool = False, telling_next: bool = False
    ) -> None:
        """Bring the rows from place `low` to `high - 1` to hand, as far as the list has them.

        `backwards` says that the last rows matter first. `telling_next` asks for pages that also
        tell whether there is a row at `high`, where no further request is needed for that.
        """
        for _ in range(_ROUNDS):
            missing = self._missing(low, high)
            if not missing:
                return
            before, ceiling = self._knowledge(), self._ceiling
            self._wanted = missing[-1 if backwards else 0]
            if self._cautious is not None:
                # Whether the first page was the last one decides how all others are asked for.
                # A second one of its length begins where it ended, whatever the answer is.
                asks = [Ask(2, self._cautious.greatest)]
            else:
                asks = self._planned(missing, telling_next=telling_next and missing.stop == high)
                if not backwards:
                    asks = self._within_reach(asks)
            await self._ask(asks, backwards=backwards)
            if self._knowledge() == before:
                return
            if backwards and self._ceiling != ceiling and not self.may_hold(high - 1):
                return  # the last rows stand further in front, so these may not be needed

    async def holds(self, place: int) -> bool:
        """Whether the list has a row at a place; asked only where it is not known."""
        if place >= self._floor:
            await self.cover(place, place + 1)
        if place >= self._floor and self.may_hold(place):
            raise BadResponse("a list does not tell whether it goes on")
        return place < self._floor

    async def look(self, place: int, number: int | None) -> bool:
        """Look for a row that moved around a place; False where there is nothing more to see.

        Where the rows in hand are in the order of their numbers, that tells on which side it is.
        """
        if self._looks == len(_REACH):
            return False
        side = 0 if number is None else self._side_of(number)
        reach = _REACH[-1] if side else _REACH[self._looks]
        ask = page_outwards(place, self.rows, self._sizes, self._ceiling, reach, side)
        if ask is None:
            return False
        sizes, spent = self._sizes, self.spent
        await self._ask([ask])
        if sizes == self._sizes:
            self._looks += 1
        else:
            self.spent = spent  # a page of another size taught something, but of other places
        return True

    async def find_end(self, size: int, after: int = -1) -> None:
        """Make the end of the list known, and bring its last `size` rows to hand.

        Of these only the rows from place `after` on are brought, and with them the one there.
        Link tells the end, or nearly so. Without it, or where it is wrong, the end is searched
        for, close to where it was or should be, and then from the front with ever fewer pages
        between; BadResponse where even that does not find it.
        """
        habit = self._habit
        if self._last is None and habit.linked is not False:
            await self._ask([Ask(1, 1)])
        elif self._last is None and not self.rows and habit.end is None:
            # Another list of the collection may have had no Link, for it had but one page.
            await self._ask([Ask(1, min(self._sizes.greatest, LARGEST_PAGE_SIZE))])
        for _ in range(2):  # the list may have grown since, and Link with it
            if self._last is None or self.end is not None:
                break
            said = page, stride = self._last
            low = (page - 1) * stride + 1 - size
            await self.cover(
                max(0, after if after >= low - 1 else low), page * stride, backwards=True
            )
            if self._last == said:
                break
        if self.end is None:
            await self._search_end()

    async def _search_end(self) -> None:
        is_linked, habit = self.is_linked, self._habit
        granted = self.spent + (_SEARCH_AGAINST_LINK if is_linked else LONGEST_SEARCH)
        known = None if is_linked else habit.end
        close = known is not None or self._ceiling is not None
        while self.end is None:
            if self.spent >= granted:
                raise BadResponse("a list has no end that could be found")
            stride = self._sizes.greatest
            first = self._floor // stride
            page = 2 * first + 1
            if self._ceiling is not None:
                last = (self._ceiling - 1) // stride
                page = last + 1 if close else min(page, (first + last) // 2 + 1)
                close = False
            elif close and known is not None:
                # Where it was seen last, and then one page further.
                page = max(first, (known - 1) // stride) + 1
                close = first == 0 or page > first + 1
            await self._ask([Ask(page, min(stride, LARGEST_PAGE_SIZE))])
        if not is_linked:
            habit.ended(self.end)

    async def count(self) -> int | None:
        """The length of the list, for one request at most; None where that can't tell it."""
        if self.end is None and self._last is None:
            # A full page without Link: where that is the list's only one, the next one is empty.
            await self._ask(self._planned(range(self._floor, self._floor + 1), telling_next=False))
        elif self.end is None and self._last is not None and self._last[1] != 1:
            page, stride = self._last
            last = Ask(page, min(stride, LARGEST_PAGE_SIZE))
            await self._ask([Ask(1, 1) if self._habit.confirmed else last])
        if self.end is not None or self._last is None:
            return self.end
        length, stride = self._last
        return length if stride == 1 and length >= self._floor else None

    def pages_said(self, size: int) -> int | None:
        """How many pages of this size there are, where that is known without the length."""
        if self.end is not None:
            return -(-self.end // size)
        if self._last is None or self._last[1] != size:
            return None
        return self._last[0] if self._last[0] * size >= self._floor else None

    @property
    def _sizes(self) -> Sizes:
        return self._cautious or self._habit.sizes

    def gap_of(self, number: int) -> tuple[int, int] | None:
        """The places between which a row that is gone stood, by the order of the numbers.

        None where the rows in hand have none that it fits into, or do not show both sides of the
        gap. Rows that came by now may stand anywhere: the gap is where the fewest rows are on the
        wrong side.
        """
        places, numbers, number = self._in_order(number)
        if not places:
            return None
        misplaced = least = sum(each < number for each in numbers)
        at = 0
        for seen, each in enumerate(numbers, 1):
            misplaced += 1 if each > number else -1
            if misplaced < least:
                at, least = seen, misplaced
        if at == 0:
            return (0, 0) if places[0] == 0 else None
        behind = places[at - 1] + 1
        if at == len(places):
            return (behind, behind) if behind == self.end else None
        return behind, places[at]

    def _side_of(self, number: int) -> int:
        """1 where the rows in hand come before this one, -1 where after it, 0 for unknown.

        One row out of order makes it unknown: a side that is wrong would cost what both would find.
        """
        places, numbers, number = self._in_order(number)
        if not places or any(one >= other for one, other in pairwise(numbers)):
            return 0
        return 1 if number > numbers[-1] else -1 if number < numbers[0] else 0

    def _in_order(self, number: int) -> tuple[list[int], list[int], int]:
        """The places of the rows in hand, and their numbers and this one so turned that they rise.

        No places where they are in no order, but for a few, or where this one is far out of it:
        a row that came late, most likely.
        """
        held = [
            (place, found)
            for place in sorted(self.rows)
            if (found := self._number(place)) is not None
        ]
        steps = sorted(other - one for (_, one), (_, other) in pairwise(held))
        allowed = len(held) // _FEWEST_IN_ORDER
        rising = sum(step > 0 for step in steps)
        if not allowed or allowed < rising < len(steps) - allowed:
            return [], [], number
        sign = -1 if rising <= allowed else 1
        numbers = [sign * each for _, each in held]
        number *= sign
        far = _FAR_OUT * abs(steps[len(steps) // 2])
        if not min(numbers) - far <= number <= max(numbers) + far:
            return [], [], number
        return [place for place, _ in held], numbers, number

    def _number(self, place: int) -> int | None:
        return number_of(self.rows.get(place))

    def _knowledge(self) -> tuple[object, ...]:
        known = self._habit.known
        return len(self.rows), self._floor, self._ceiling, self._sizes, known, len(self._denied)

    def _missing(self, low: int, high: int) -> range:
        if self._ceiling is not None:
            high = min(high, self._ceiling)
        missing = [place for place in range(low, high) if place not in self.rows]
        if not missing:
            return range(0)
        stop = missing[-1] + 1
        if self._last is not None:
            said = self._last[0] * self._last[1]
            if self._floor < said and missing[0] < said:
                stop = min(stop, said)  # what Link knows of is read before what it does not
        return range(missing[0], stop)

    def _planned(self, missing: range, *, telling_next: bool) -> list[Ask]:
        sizes = self._sizes
        asks = pages_for(missing.start, missing.stop, sizes)
        habit = self._habit
        one_more = habit.linked is False or (habit.linked is None and missing.start > 0)
        if telling_next and (one_more or (missing.stop == 1 and self._expected)):
            # Without Link, a full page does not tell whether more follow; one row more does. Many
            # lists of one page have none: where a cursor's row is the first, that may be all.
            longer = pages_for(missing.start, missing.stop + 1, sizes)
            asks = longer if len(longer) == len(asks) else asks
        if not habit.known and len(asks) == 1 and asks[0].page > 1:
            # A page of the default size stands still, whatever the list does about `per_page`.
            plain = pages_for(missing.start, missing.stop, Sizes(fixed=DEFAULT_PAGE_SIZE))
            asks = plain if len(plain) == 1 else asks
        if asks[0].page == 1 and self._cautious is None and sizes != Sizes():
            # The first page begins at the first row whatever its size: a chance to unlearn.
            asks[0] = Ask(1, min(missing.stop, LARGEST_PAGE_SIZE))
        return asks

    def _within_reach(self, asks: list[Ask]) -> list[Ask]:
        """The first page, and of the others those that the list had when that was last told.

        The first page tells whether the others are there, where nothing told it before.
        """
        if self.rows or self._ceiling is not None or self._last is not None:
            return asks
        reach = self._habit.reach
        return asks[:1] + [ask for ask in asks[1:] if self._start_of(ask) < reach]

    async def _ask(self, asks: Sequence[Ask], *, backwards: bool = False) -> None:
        # Until a list has served pages of some size, it may have none that large. The last page
        # tells the size: the first one may be asked for anew, to unlearn.
        size, habit = asks[-1].per_page, self._habit
        proven = habit.fixed is not None or habit.confirmed >= size or size == DEFAULT_PAGE_SIZE
        careful = self._cautious is not None or not proven
        if careful:
            asks = asks[-1:] if backwards else asks[:1]
        await self._taken_side_by_side(asks)
        doubted, self._doubted = self._doubted, []
        for ask, page in doubted:
            await self._dispel(ask, page)

    async def _taken_side_by_side(self, asks: Sequence[Ask]) -> None:
        """Take several pages, asked for at the same time; the first of those that fail is raised.

        Those beyond the end that one before them tells are taken where they come, for they may
        contradict it; they need not come, and nobody waits for them.
        """
        if len(asks) == 1:
            self._take(asks[0], await self._page(asks[0]))
            return
        sizes = self._sizes
        tasks = [asyncio.ensure_future(self._page(ask)) for ask in asks]
        moment = _MOMENT
        try:
            for ask, task in zip(asks, tasks, strict=True):
                if self._sizes == sizes and self._is_beyond(ask):
                    await asyncio.wait(tasks, timeout=moment)
                    moment = 0.0  # all of them have had it
                    if not task.done() or isinstance(task.exception(), UpstreamError):
                        continue
                self._take(ask, await task)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _is_beyond(self, ask: Ask) -> bool:
        """Whether Link, or a page with rows, tells that the list ends in front of a page."""
        start = self._start_of(ask)
        if self._last is not None and self._last[0] * self._last[1] <= start:
            return True
        return self._told_end is not None and self._told_end <= start

    def _start_of(self, ask: Ask) -> int:
        """The place of a page's first row, by what is known of the sizes."""
        return (ask.page - 1) * (self._sizes.fixed or ask.per_page)

    async def _page(self, ask: Ask) -> Page:
        self.spent += 1
        return await self._fetch(ask.page, ask.per_page)

    async def _dispel(self, ask: Ask, page: Page) -> None:
        """Find out where a page stands: pages of the default size stand still in any case."""
        if ask.per_page > self._sizes.greatest or self._sizes.fixed is not None:
            return  # what else was learned shows that it is not where it was thought to be
        start = (ask.page - 1) * ask.per_page
        if not page.rows and not self.may_hold(start):
            return  # there is nothing to find out beyond the end
        # By a page that is wanted in any case; where the list ends in front of it, by the first.
        wanted = self._wanted if start <= self._wanted < start + ask.per_page else start
        for place in dict.fromkeys((wanted, start)):
            if self._habit.confirmed >= ask.per_page or self._sizes.fixed is not None:
                break
            check = Ask(place // DEFAULT_PAGE_SIZE + 1, DEFAULT_PAGE_SIZE)
            self._take(check, await self._page(check))
            if self._agrees(start, page.rows):
                self._habit.respected(ask.per_page)
            elif place in self.rows or (page.rows and place == start):
                self._habit.ignored(DEFAULT_PAGE_SIZE)
        if self._habit.confirmed >= ask.per_page:
            self._take(ask, page)

    def _take(self, ask: Ask, page: Page) -> None:
        reading = self._habit.read(
            ask, page, trusted=0 if self._cautious is None else self._cautious.greatest
        )
        if reading.doubtful:
            if not self._proven(reading, page):
                self._doubted.append((ask, page))
                return
            self._habit.respected(ask.per_page)
            reading = self._habit.read(ask, page)
        if self._is_misplaced(ask, reading, page):
            raise BadResponse("a list has pages of several sizes")
        self._served = max(self._served, len(page.rows))
        if reading.last is not None:
            self._last = reading.last, reading.stride
            self._habit.reached(reading.last * reading.stride)
        if self._ends_as_said(reading, page):
            reading.ends, reading.suspect = True, False
        held = reading.start, reading.start + len(page.rows)
        self._held.append((*held, (ask.page, ask.per_page)))
        self._place(reading, page.rows)

    def _ends_as_said(self, reading: Reading, page: Page) -> bool:
        """Whether a page ends just where Link has said that the list does: it may have no Link."""
        if self._last is None or page.links is not None or not page.rows:
            return False
        stop = reading.start + len(page.rows)
        number = reading.start // reading.stride + 1
        return self._last in {(stop, 1), (number, reading.stride)} and stop >= self._floor

    def _is_misplaced(self, ask: Ask, reading: Reading, page: Page) -> bool:
        """Whether a page looks like one of a smaller size than this same list has just served."""
        smaller = reading.stride < min(ask.per_page, self._served)
        return smaller and reading.start > 0 and not self._agrees(reading.start, page.rows)

    def _agrees(self, start: int, rows: Sequence[Any]) -> bool:
        return any(self.places.get(number_of(row), -1) == at for at, row in enumerate(rows, start))

    def _proven(self, reading: Reading, page: Page) -> bool:
        held = range(reading.start, reading.start + len(page.rows))
        if self._last == (held.stop, 1):
            return True  # this is the last page, and it ends where the list does
        return any(
            place in held and number_of(page.rows[place - reading.start]) == number
            for place, number in self._expected.items()
        )

    def _place_nothing(self, start: int) -> None:
        """There are no rows on the page that begins at `start`."""
        if start == 0:
            self._habit.reached(0)
        if start < self._floor and start not in self._denied:
            # Another page tells of more. It may have been read later, so that both were right:
            # this one is asked for once more.
            self._denied.add(start)
            return
        self._ceiling = start if self._ceiling is None else min(start, self._ceiling)
        self._floor = min(self._floor, self._ceiling)
        if self._suspect is not None and self._ceiling <= self._suspect:
            self._suspect = self._cautious = None

    def _place(self, reading: Reading, rows: Sequence[Any]) -> None:
        start, stop = reading.start, reading.start + len(rows)
        for place, record in enumerate(rows, start):
            self.rows[place] = record
            # As number_of: the call would cost more than all the rest of this.
            number = getattr(record, "database_id", None)
            if isinstance(number, int):
                self.places[number] = place
        if not rows:
            self._place_nothing(start)
            return
        self._told_end = stop if reading.ends else None
        if reading.ends:
            self._floor = self._ceiling = stop
            self._habit.reached(stop)
        else:
            self._floor = max(self._floor, stop + reading.goes_on)
            if self._ceiling is not None and self._ceiling < self._floor:
                self._ceiling = None
            while self._ceiling is None and self._floor in self.rows:
                self._floor += 1  # a gap was filled, so the rows behind it count again
        if reading.suspect:
            self._suspect = stop
            self._cautious = Sizes(
                largest=len(rows),
                fixed=DEFAULT_PAGE_SIZE if len(rows) == DEFAULT_PAGE_SIZE else None,
            )
        elif self._suspect is not None and self._cautious is not None and stop > self._suspect:
            self._habit.shortened(self._cautious.fixed or self._cautious.largest)
            self._suspect = self._cautious = None
