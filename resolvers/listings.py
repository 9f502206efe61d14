"""Windows of the REST API's lists: what first, after, last and before bring, and at what cost.

A window of n rows costs at most ceil(n / 100) + 1 requests where `per_page` is respected and
ceil(n / 25) + 2 where it is not; one more for `last` without `before`, and for the count.

A cursor is an anchor, not an offset: its row is looked for where it stood, among the rows in
hand, and then around them for two requests more; the window goes on from where it now is. Where
the row is gone, the rows that stood beside it tell its place, and where they are gone too, the
order of the numbers does, if the rows have one, or else its old place. So a walk shows each row
that lives through it once, as long as no more than about fifty rows come or go between two windows
(25 where `per_page` is ignored; twice as many where the rows are in the order of their numbers,
which tells on which side to look). Within one window the pages are asked for at the same time: a
row that two of them show counts once; one that slips between two of them, since others came or
vanished at that very moment, is missed. A window is never cut short by a page that holds fewer
rows than the list has: where asking again does not fill the gap, that is a BadResponse.

Pages from a cache are used where they are of one time, and never to look for a cursor's row.
"""

from typing import Any, Final

from msgspec import Struct

from upstream.errors import BadResponse, UpstreamError
from upstream.listing import DEFAULT_PAGE_SIZE, Listing
from upstream.records import number_of

from .anchors import Anchor
from .cursors import Cursor, cursor_of, read_cursor
from .errors import BadUserInput
from .habits import Habits
from .hands import Hand, Kept
from .pagers import Fetch, Pager
from .windows import window_places

LARGEST_WINDOW: Final = 500
"""The most rows that one window may have."""

_PAGES_AROUND: Final = 5
"""How many numbered pages are shown around the current one, itself included."""

_MORE_FOR_A_SHIFT: Final = 2
"""Requests after which rows that moved are looked for no more."""

_ROUNDS: Final = 16
"""How often a window may be placed anew: more than its cursors, its looks and its end can need."""


class Arguments(Struct, frozen=True):
    """What the caller gave; None is not given."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class Request(Struct, frozen=True):
    """A window that may be asked for: its size, from which end it is filled, and its cursors."""

    size: int
    backwards: bool = False
    after: Cursor | None = None
    before: Cursor | None = None

    @property
    def follows_rows(self) -> bool:
        """Whether a cursor names a row, and so has to be looked for in the list as it is now.

        In pages that a cache has kept it may be far from where it is by now: too far to be
        found, once a walk goes on from them.
        """
        cursors = [cursor for cursor in (self.after, self.before) if cursor is not None]
        return any(cursor.number is not None or cursor.beside for cursor in cursors)


class Renewal(Struct):
    """A second way to the pages of a window, where some came from a cache.

    `kept` tells which these are; `fetch` brings the same pages as they are now.
    """

    kept: Kept
    fetch: Fetch


class Row(Struct, eq=False):
    """One row of a window: its place, and its record or the BadResponse that stands for it."""

    place: int
    record: Any
    among: Hand

    def cursor(self, listing: Listing) -> str:
        """The cursor of the row; the rows beside it go into it, as far as they are in hand."""
        return cursor_of(listing, self.place, number_of(self.record), self.among.beside(self.place))


class PageCursor(Struct, frozen=True):
    """A numbered page: `after: cursor` with the same `first` brings it."""

    page: int
    cursor: str
    is_current: bool


class PageCursors(Struct, frozen=True):
    """The pages to link to. `first` and `last` are None only where the list is empty."""

    first: PageCursor | None
    previous: PageCursor | None
    next: PageCursor | None
    last: PageCursor | None
    around: list[PageCursor]


class Window(Struct):
    """Some rows of a list, in its order.

    `has_next` and `has_previous` tell whether the list has rows after and before the window, and
    nothing where that was not asked for. `has_moved` tells whether a cursor's row stands elsewhere
    than when the cursor was given.
    `total_count` and `page_cursors` are None where they were not asked for or where the REST API
    can't tell; an error where the one request that they needed failed.
    """

    rows: list[Row]
    has_next: bool
    has_previous: bool
    total_count: int | UpstreamError | None = None
    page_cursors: PageCursors | UpstreamError | None = None
    has_moved: bool = False


def checked(arguments: Arguments, listing: Listing) -> Request:
    """The window that the arguments ask for; BadUserInput where there can be none.

    Without a size it is 25: the last ones where only `before` is given, or else the first.
    """
    first, last = arguments.first, arguments.last
    if first is not None and last is not None:
        raise BadUserInput("Give first or last, not both: a window is filled from one end.")
    for name, size in (("first", first), ("last", last)):
        if size is not None and size < 0:
            raise BadUserInput(f"{name} can't be negative: give 0 to {LARGEST_WINDOW}.")
        if size is not None and size > LARGEST_WINDOW:
            raise BadUserInput(
                f"{name} can be {LARGEST_WINDOW} at most: ask for fewer rows, and go on from the "
                "endCursor or startCursor that comes with them."
            )
    after = None if arguments.after is None else read_cursor(arguments.after, listing)
    before = None if arguments.before is None else read_cursor(arguments.before, listing)
    if last is not None:
        return Request(last, backwards=True, after=after, before=before)
    if first is not None:
        return Request(first, after=after, before=before)
    backwards = before is not None and after is None
    return Request(DEFAULT_PAGE_SIZE, backwards=backwards, after=after, before=before)


async def window(  # noqa: PLR0913 -- two of them say what a caller does not want to pay for
    fetch: Fetch,
    habits: Habits,
    listing: Listing,
    request: Request,
    *,
    beyond: bool = True,
    count: bool = False,
    pages: bool = False,
    renewal: Renewal | None = None,
) -> Window:
    """The window of a list; UpstreamError where a page of it can't be had.

    `beyond` says whether it has to be known if there are rows before and after the window.
    Pages from a cache that don't go together are got anew.
    """
    kept = {} if renewal is None else renewal.kept
    try:
        return await _window(
            fetch, kept, habits, listing, request, beyond=beyond, count=count, pages=pages
        )
    except _Outdated:
        assert renewal is not None  # noqa: S101 - nothing else was kept
    return await _window(
        renewal.fetch, {}, habits, listing, request, beyond=beyond, count=count, pages=pages
    )


class _Outdated(Exception):
    """What a cache has kept of a list does not show a window of it."""


async def _window(  # noqa: PLR0913 -- two of them say what a caller does not want to pay for
    fetch: Fetch,
    kept: Kept,
    habits: Habits,
    listing: Listing,
    request: Request,
    *,
    beyond: bool,
    count: bool,
    pages: bool,
) -> Window:
    after = None if request.after is None else Anchor(request.after, after=True)
    before = None if request.before is None else Anchor(request.before, after=False)
    anchors = [anchor for anchor in (after, before) if anchor is not None]
    expected = {place: number for anchor in anchors for place, number in anchor.expected.items()}
    hand = Hand(kept)
    pager = Pager(fetch, habits.of(listing.collection), expected, hand)
    try:
        found, start = await _Search(pager, request, after, before).found(
            beyond=beyond or count or pages
        )
    except BadResponse:
        if hand.is_aged:
            raise _Outdated from None
        raise
    found.has_moved = any(anchor.has_moved for anchor in anchors)
    if count:
        found.total_count = await _count(pager)
    if pages and request.size:
        last = hand.pages_said(request.size)
        if last is None:
            total = found.total_count if count else await _count(pager)
            if isinstance(total, UpstreamError):
                found.page_cursors = total.fresh()
                return found
            last = None if total is None else -(-total // request.size)
        if last is not None:
            found.page_cursors = _page_cursors(listing, request.size, start, last)
    return found


class _Search:
    """The search for the rows of one window."""

    def __init__(
        self, pager: Pager, request: Request, after: Anchor | None, before: Anchor | None
    ) -> None:
        self._pager = pager
        self._hand = pager.hand
        self._request = request
        self._after = after
        self._before = before
        self._anchors = [anchor for anchor in (after, before) if anchor is not None]

    async def found(self, *, beyond: bool) -> tuple[Window, int]:
        """The window, without its count, and the place where it starts."""
        pager, hand, request = self._pager, self._hand, self._request
        if request.backwards and request.before is None and request.size == 0:
            return Window([], has_next=False, has_previous=beyond and await pager.holds(0)), 0
        span = await self._settled(telling_next=beyond)
        if hand.is_torn:
            raise BadResponse("rows are missing among those of a list")
        places = self._places(span)
        if not places:
            start = stop = span.start
        elif request.backwards:
            start, stop = places[0], span.stop
        else:
            start, stop = places[0], places[-1] + 1
        rows = [Row(place, hand.rows[place], hand) for place in places]
        has_next = beyond and await self._is_more(rows, stop)
        if hand.is_mixed(start - 1, stop + 1):
            raise _Outdated
        has_previous = beyond and start > 0 and (bool(places) or await pager.holds(0))
        return Window(rows, has_next, has_previous), start

    async def _is_more(self, rows: list[Row], stop: int) -> bool:
        """Whether the list has another row behind these; `stop` is the first place there.

        One of these may stand there again, where rows came while the pages did.
        """
        pager, shown = self._pager, {number_of(row.record) for row in rows}
        while await pager.holds(stop):
            number = number_of(pager.hand.rows.get(stop))
            if number is None or number not in shown:
                return True
            stop += 1
        return False

    async def _settled(self, *, telling_next: bool) -> range:
        """The places of the window, once its cursors' rows are found or given up."""
        pager, hand, backwards = self._pager, self._hand, self._request.backwards
        span, granted = range(0), 0
        for _ in range(_ROUNDS):
            span = await self._span()
            near = [
                anchor
                for anchor in self._anchors
                if not anchor.settled and span.start - 1 <= anchor.place <= span.stop
            ]
            low = min([span.start, *(anchor.place for anchor in near)])
            high = max([span.stop, *(anchor.place + 1 for anchor in near)])
            await pager.cover(
                low, high, backwards=backwards, telling_next=telling_next and high == span.stop
            )
            granted = granted or pager.spent + _MORE_FOR_A_SHIFT
            if self._any_learned():
                continue
            if near:
                if pager.spent >= granted or not await pager.look(near[0].place, near[0].number):
                    near[0].give_up(hand)
            elif backwards and span and not hand.may_hold(span.stop - 1):
                await pager.find_end(self._request.size)
            else:
                break
        return span

    async def _span(self) -> range:
        hand, size = self._hand, self._request.size
        start = 0 if self._after is None else self._after.gap
        stop = None if self._before is None else self._before.gap
        if not self._request.backwards:
            return window_places(size, backwards=False, start=start, stop=stop)
        if stop is None and hand.end is None:
            await self._pager.find_end(size, start - 1)
        if hand.end is not None:
            stop = hand.end if stop is None else min(stop, hand.end)
        return window_places(size, backwards=True, start=start, stop=stop)

    def _any_learned(self) -> bool:
        for anchor in self._anchors:
            place = anchor.place
            if anchor.learn(self._hand):
                if anchor.settled:
                    for other in self._anchors:
                        other.shift(anchor.place - place)
                return True
        return False

    def _places(self, span: range) -> list[int]:
        """The places whose rows are the window, each row once, in the list's order.

        BadResponse where there is a gap among them.
        """
        hand, request = self._hand, self._request
        if request.backwards:
            stop = 0 if self._after is None else self._after.gap
            candidates = range(span.stop - 1, stop - 1, -1)
        else:
            limit = max(span.stop, max(hand.rows, default=-1) + 1)
            stop = limit if self._before is None else min(limit, self._before.gap)
            candidates = range(span.start, stop)
        places: list[int] = []
        seen: set[int] = set()
        for place in candidates:
            if len(places) == request.size:
                break
            if place not in hand.rows:
                if place in span and self._is_gap(place, span):
                    raise BadResponse("rows are missing among those of a list")
                break
            number = number_of(hand.rows[place])
            if number is None or number not in seen:
                places.append(place)
            if number is not None:
                seen.add(number)
        return places[::-1] if request.backwards else places

    def _is_gap(self, place: int, span: range) -> bool:
        """Whether a place without a row is not just where the list ends."""
        if self._request.backwards or self._hand.may_hold(place):
            return True
        return any(further in self._hand.rows for further in range(place + 1, span.stop))


async def _count(pager: Pager) -> int | UpstreamError | None:
    try:
        count = await pager.count()
    except UpstreamError as error:
        return error
    if count is None and pager.hand.is_linked and pager.hand.is_aged:
        raise _Outdated
    return count


def _page_cursors(listing: Listing, size: int, start: int, last: int) -> PageCursors:
    """The numbered pages of a size, seen from the one in which the window starts."""
    current = start // size + 1

    def numbered(page: int) -> PageCursor:
        cursor = cursor_of(listing, (page - 1) * size - 1, None)
        return PageCursor(page, cursor, is_current=page == current)

    around = _pages_around(current, last)
    return PageCursors(
        first=numbered(1) if last else None,
        previous=numbered(current - 1) if 1 < current <= last + 1 else None,
        next=numbered(current + 1) if current < last else None,
        last=numbered(last) if last else None,
        around=[numbered(page) for page in around],
    )


def _pages_around(current: int, last: int) -> range:
    first = max(1, min(current - _PAGES_AROUND // 2, last - _PAGES_AROUND + 1))
    return range(first, min(last, first + _PAGES_AROUND - 1) + 1)
