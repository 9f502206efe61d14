"""The pager: asks for the pages that one window needs, and brings their rows to its hand.

It plans with what is known of how the list serves its pages, and plans anew with what each page
teaches. What the pages leave open is a BadResponse, never a guess.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from upstream.errors import BadResponse, UpstreamError
from upstream.listing import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, Page
from upstream.records import number_of

from .habits import Habit, Reading
from .hands import Hand
from .row_order import side_of
from .windows import Ask, Sizes, page_outwards, pages_for

Fetch: TypeAlias = Callable[[int, int], Awaitable[Page]]
"""The page of a number and a size, as one caller sees it."""

_ROUNDS: Final = 6
"""How often a stretch is planned anew, each time with something learned; two is usual."""

LONGEST_SEARCH: Final = 40
"""Requests to find the end of a list without Link: enough for a billion rows."""

_SEARCH_AGAINST_LINK: Final = 12
"""Requests to find the end of a list whose Link is wrong about it: enough for thousands of rows."""

_MOST_REQUESTS: Final = 128
"""Requests of one window: enough for the most rows in pages of five, where 25 are documented."""

_MOMENT: Final = 0.1
"""Seconds in which pages beyond the end of a list may still contradict it."""

_REACH: Final = (50, 150)
"""How far the first and the second look for a row that moved go, in places; there is no third."""


class Pager:
    """What one window asks of its list.

    `hand` has the rows that have come. `spent` counts the requests, without looks that only taught
    how the list serves its pages.
    """

    def __init__(self, fetch: Fetch, habit: Habit, expected: Mapping[int, int], hand: Hand) -> None:
        """`expected` are the numbers that should stand at some places.

        They prove that a page of a list whose habits are unknown is where it should be.
        """
        self.hand = hand
        self._fetch = fetch
        self._habit = habit
        self._expected = expected
        # How to ask while the first page may be the list's only one, or one that was cut short:
        # as if it had been cut short.
        self._cautious: Sizes | None = None
        self._doubted: list[tuple[Ask, Page]] = []
        self._wanted = 0
        self._looks = 0
        self.spent = 0

    async def cover(
        self, low: int, high: int, *, backwards: bool = False, telling_next: bool = False
    ) -> None:
        """Bring the rows from place `low` to `high - 1` to hand, as far as the list has them.

        `backwards` says that the last rows matter first. `telling_next` asks for pages that also
        tell whether there is a row at `high`, where no further request is needed for that.
        """
        hand = self.hand
        for _ in range(_ROUNDS):
            missing = hand.missing(low, high)
            if not missing:
                return
            before, ceiling = self._knowledge(), hand.ceiling
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
            if backwards and hand.ceiling != ceiling and not hand.may_hold(high - 1):
                return  # the last rows stand further in front, so these may not be needed

    async def holds(self, place: int) -> bool:
        """Whether the list has a row at a place; asked only where it is not known."""
        hand = self.hand
        if place >= hand.floor:
            await self.cover(place, place + 1)
        if place >= hand.floor and hand.may_hold(place):
            raise BadResponse("a list does not tell whether it goes on")
        return place < hand.floor

    async def look(self, place: int, number: int | None) -> bool:
        """Look for a row that moved around a place; False where there is nothing more to see.

        Where the rows in hand are in the order of their numbers, that tells on which side it is.
        """
        if self._looks == len(_REACH):
            return False
        rows = self.hand.rows
        side = 0 if number is None else side_of(number, rows)
        reach = _REACH[-1] if side else _REACH[self._looks]
        ask = page_outwards(place, rows, self._sizes, self.hand.ceiling, reach, side)
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
        hand, habit = self.hand, self._habit
        if hand.end is not None:
            return
        if hand.last is None and habit.linked is not False:
            await self._ask([Ask(1, 1)])
        elif hand.last is None and not hand.rows and habit.end is None:
            # Another list of the collection may have had no Link, for it had but one page.
            await self._ask([Ask(1, min(self._sizes.greatest, LARGEST_PAGE_SIZE))])
        for _ in range(2):  # the list may have grown since, and Link with it
            if hand.last is None or hand.end is not None:
                break
            said = page, stride = hand.last
            low = (page - 1) * stride + 1 - size
            low = after if after >= low - 1 else low
            # The last row tells the end, even where the cursor's stood behind it.
            await self.cover(max(0, min(low, page * stride - 1)), page * stride, backwards=True)
            if hand.last == said:
                break
        if hand.end is None:
            await self._search_end()

    async def count(self) -> int | None:
        """The length of the list, for one request at most; None where that can't tell it."""
        hand = self.hand
        if hand.end is None and hand.last is None:
            # Without Link a page tells the end by not being full: the largest one may do so best.
            greatest, behind = self._sizes.greatest, hand.floor
            largest = Ask(behind // greatest + 1, min(greatest, LARGEST_PAGE_SIZE))
            stands_still = largest.page == 1 or self._habit.confirmed >= largest.per_page
            if not stands_still:
                largest = pages_for(behind, behind + 1, self._sizes)[0]
            await self._ask([largest])
        elif hand.end is None and hand.last is not None and hand.last[1] != 1:
            page, stride = hand.last
            last = Ask(page, min(stride, LARGEST_PAGE_SIZE))
            await self._ask([Ask(1, 1) if self._habit.confirmed else last])
        if hand.end is not None or hand.last is None:
            return hand.end
        length, stride = hand.last
        return length if stride == 1 and length >= hand.floor else None

    @property
    def _sizes(self) -> Sizes:
        return self._cautious or self._habit.sizes

    def _knowledge(self) -> tuple[object, ...]:
        return self.hand.knowledge(), self._sizes, self._habit.known

    async def _search_end(self) -> None:
        hand, habit = self.hand, self._habit
        is_linked = hand.is_linked
        granted = self.spent + (_SEARCH_AGAINST_LINK if is_linked else LONGEST_SEARCH)
        known = None if is_linked else habit.end
        close = known is not None or hand.ceiling is not None
        while hand.end is None:
            if self.spent >= granted:
                raise BadResponse("a list has no end that could be found")
            stride = self._sizes.greatest
            first = hand.floor // stride
            page = 2 * first + 1
            if hand.ceiling is not None:
                last = (hand.ceiling - 1) // stride
                page = last + 1 if close else min(page, (first + last) // 2 + 1)
                close = False
            elif close and known is not None:
                # Where it was seen last, and then one page further.
                page = max(first, (known - 1) // stride) + 1
                close = first == 0 or page > first + 1
            await self._ask([Ask(page, min(stride, LARGEST_PAGE_SIZE))])
        if not is_linked:
            habit.ended(hand.end)

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
        if asks[0].page == 1 and sizes != Sizes():
            # The first page begins at the first row whatever its size: a chance to unlearn.
            asks[0] = Ask(1, min(missing.stop, LARGEST_PAGE_SIZE))
        return asks

    def _within_reach(self, asks: list[Ask]) -> list[Ask]:
        """The first page, and those of the others that the list had when its length was last told.

        Whether the rest are there, the first page tells.
        """
        hand = self.hand
        if hand.rows or hand.ceiling is not None or hand.last is not None:
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
                if self._sizes == sizes and self.hand.is_beyond(self._start_of(ask)):
                    await asyncio.wait(tasks, timeout=moment)
                    moment = 0.0  # all of them have had it
                    if not task.done() or isinstance(task.exception(), UpstreamError):
                        continue
                self._take(ask, await task)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start_of(self, ask: Ask) -> int:
        """The place of a page's first row, by what is known of the sizes."""
        return (ask.page - 1) * (self._sizes.fixed or ask.per_page)

    async def _page(self, ask: Ask) -> Page:
        if self.spent == _MOST_REQUESTS:
            raise BadResponse("a list has pages of too few rows")
        self.spent += 1
        return await self._fetch(ask.page, ask.per_page)

    async def _dispel(self, ask: Ask, page: Page) -> None:
        """Find out where a page stands whose size may not be the one that was asked for.

        A page of the default size tells: it holds the same rows whether or not the list ignores
        `per_page`.
        """
        if ask.per_page > self._sizes.greatest or self._sizes.fixed is not None:
            return  # what else was learned shows that it is not where it was thought to be
        hand, habit = self.hand, self._habit
        start = (ask.page - 1) * ask.per_page
        if not page.rows and not hand.may_hold(start):
            return  # there is nothing to find out beyond the end
        # By a page that is wanted in any case; where the list ends in front of it, by the first. A
        # page of the default size was most likely cut to it: of any other, it ends with its rows.
        length = len(page.rows)
        stop = start + (ask.per_page if length == DEFAULT_PAGE_SIZE else length)
        wanted = self._wanted if start <= self._wanted < stop else start
        for place in dict.fromkeys((wanted, start)):
            if habit.confirmed >= ask.per_page or self._sizes.fixed is not None:
                break
            if place not in hand.rows and hand.may_hold(place):
                check = Ask(place // DEFAULT_PAGE_SIZE + 1, DEFAULT_PAGE_SIZE)
                self._take(check, await self._page(check))
            if hand.agrees(start, page.rows):
                habit.respected(ask.per_page)
            elif place in hand.rows or (page.rows and place == start):
                habit.ignored(DEFAULT_PAGE_SIZE)
        if habit.confirmed >= ask.per_page:
            self._take(ask, page)

    def _take(self, ask: Ask, page: Page) -> None:
        hand, habit = self.hand, self._habit
        trusted = 0 if self._cautious is None else self._cautious.greatest
        reading = habit.read(ask, page, trusted)
        if reading.doubtful:
            if not self._proven(reading, page):
                self._doubted.append((ask, page))
                return
            habit.respected(ask.per_page)
            reading = habit.read(ask, page)
        if self._is_misplaced(ask, reading, page):
            raise BadResponse("a list has pages of several sizes")
        if reading.last is not None:
            hand.last = reading.last, reading.stride
            habit.reached(reading.last * reading.stride)
        if self._ends_as_said(reading, page):
            reading.ends, reading.suspect = True, False
        hand.take(ask, reading, page)
        if reading.ends:
            habit.reached(reading.start + len(page.rows))
        self._weigh_suspicion(reading, page)

    def _weigh_suspicion(self, reading: Reading, page: Page) -> None:
        """Become suspicious by the first page, or find out by another whether that is the last."""
        length = len(page.rows)
        if reading.suspect:
            fixed = DEFAULT_PAGE_SIZE if length == DEFAULT_PAGE_SIZE else None
            self._cautious = Sizes(length, fixed)
        elif self._cautious is not None:
            end = self._cautious.largest
            if length and reading.start + length > end:
                self._habit.shortened(end)
                self._cautious = None
            elif not length and not self.hand.may_hold(end):
                self._cautious = None

    def _ends_as_said(self, reading: Reading, page: Page) -> bool:
        """Whether a page ends just where Link has said that the list does: it may have no Link."""
        last = self.hand.last
        if last is None or page.links is not None or not page.rows:
            return False
        stop = reading.start + len(page.rows)
        number = reading.start // reading.stride + 1
        return last in {(stop, 1), (number, reading.stride)} and stop >= self.hand.floor

    def _is_misplaced(self, ask: Ask, reading: Reading, page: Page) -> bool:
        """Whether a page looks like one of a smaller size than this same list has just served."""
        smaller = reading.stride < min(ask.per_page, self.hand.served)
        return smaller and reading.start > 0 and not self.hand.agrees(reading.start, page.rows)

    def _proven(self, reading: Reading, page: Page) -> bool:
        held = range(reading.start, reading.start + len(page.rows))
        if self.hand.last == (held.stop, 1):
            return True  # this is the last page, and it ends where the list does
        return any(
            place in held and number_of(page.rows[place - reading.start]) == number
            for place, number in self._expected.items()
        )
