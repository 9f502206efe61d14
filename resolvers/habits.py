"""Habits of the REST API's lists: what was learned of how each serves its pages.

The documentation lets a list ignore `per_page` without saying which ones do. So it is read off
the answers: too many rows for what was asked, or too few where a next page exists. What is known
of a list is shared by all callers, for it is about the list, not about anybody's rows; and it is
unlearned as soon as an answer shows otherwise.
"""

from typing import Final

from msgspec import Struct

from upstream.listing import (
    DEFAULT_PAGE_SIZE,
    LARGEST_PAGE_SIZE,
    Collection,
    Links,
    Page,
    is_likely_full,
)

from .windows import Ask, Sizes

_COMMON: Final = frozenset({"albums", "artists", "labels"})
"""The lists of the catalogue; reports are of somebody and some days."""


class Reading(Struct):
    """What one page says, seen with what is known of its list.

    `start` is the place of its first row, `stride` the size of the pages it is one of, `last` the
    number of the last of them, None where Link does not tell. `ends` and `goes_on` tell whether
    rows follow; where neither holds, the page does not tell.
    `doubtful` is a page that may stand elsewhere, since the list may have ignored its size;
    `suspect` one that may be short only because a page must not be longer.
    """

    start: int
    stride: int
    last: int | None
    ends: bool = False
    goes_on: bool = False
    doubtful: bool = False
    suspect: bool = False


class Habit:
    """What is known of one list.

    `fixed` is the size of its pages where it ignores `per_page`; `largest` the most that it
    serves; `confirmed` the largest size that it was seen to respect, 0 for none; `linked` whether
    it gives a Link header, None where that is not known. `end` is how long a list without Link
    was when its end was last searched for, None where nobody has, or where each caller has a list
    of their own: it tells where to look first, and nothing else. So does `reach`: about how long
    it was when Link, or a last page, told that last; 0 where nothing has, and for lists of which
    each caller has one.
    """

    def __init__(self, *, is_common: bool = True) -> None:
        """`is_common` says that all callers see about the same list."""
        self._is_common = is_common
        self.end: int | None = None
        self.reach = 0
        self.fixed: int | None = None
        self.largest = LARGEST_PAGE_SIZE
        self.confirmed = 0
        self.linked: bool | None = None

    @property
    def sizes(self) -> Sizes:
        """The sizes to plan with."""
        return Sizes(self.largest, self.fixed)

    @property
    def known(self) -> bool:
        """Whether it is known that the list respects `per_page`, or that it does not."""
        return self.fixed is not None or self.confirmed > 0

    def ended(self, end: int) -> None:
        """The end of the list was found by searching."""
        if self._is_common:
            self.end = end

    def reached(self, length: int) -> None:
        """A page told about how long the list is."""
        if self._is_common:
            self.reach = length

    def respected(self, size: int) -> None:
        """A page had just the size that was asked for."""
        if size in (self.fixed, DEFAULT_PAGE_SIZE):
            return  # a list that ignores `per_page` would have served the same
        if self.fixed is not None or size > self.largest:
            self.fixed, self.largest = None, LARGEST_PAGE_SIZE
        self.confirmed = max(self.confirmed, size)

    def shortened(self, size: int) -> None:
        """A page that is not the last had fewer rows than were asked for."""
        if size == DEFAULT_PAGE_SIZE:
            self.ignored(size)
        else:
            self.fixed, self.largest, self.confirmed = None, size, size

    def ignored(self, size: int) -> None:
        """Pages have this size, whatever is asked for."""
        self.fixed = size
        self.confirmed = 0

    def read(self, ask: Ask, page: Page, trusted: int = 0) -> Reading:
        """What a page says, and what it teaches; sizes up to `trusted` are taken as respected."""
        count = len(page.rows)
        links = _meaningful(page.links, ask.page)
        if links is not None:
            self.linked = True
        goes_on = links is not None and links.next is not None and count > 0
        stride = self._learned_stride(ask, count, links, trusted, goes_on=goes_on)
        last = None if links is None or links.last is None else links.last.page
        reading = Reading((ask.page - 1) * stride, stride, last, goes_on=goes_on)
        if goes_on:
            reading.suspect = count < ask.per_page and count not in (self.fixed, self.largest)
            return reading
        # A page that is not full may be the last one, or one of a list with smaller pages.
        proven = max(self.confirmed, trusted)
        unproven = count < ask.per_page == stride > proven and self.fixed is None
        reading.doubtful = unproven and ask.page > 1 and stride != DEFAULT_PAGE_SIZE
        if count == 0:
            reading.ends = ask.page == 1
        elif links is not None:
            reading.ends = True
        else:
            reading.suspect = unproven and stride > DEFAULT_PAGE_SIZE and is_likely_full(count)
            reading.ends = count < stride and not reading.suspect
            if not reading.ends:
                self.linked = False
        return reading

    def _learned_stride(
        self, ask: Ask, count: int, links: Links | None, trusted: int, *, goes_on: bool
    ) -> int:
        if count > ask.per_page:
            full = count if goes_on else max(count, self.fixed or DEFAULT_PAGE_SIZE)
            self.ignored(full)
            return full
        if count == ask.per_page:
            if goes_on or count > DEFAULT_PAGE_SIZE:
                self.respected(count)  # else the list may end there by chance
            return count
        said = _size_said(links, ask.per_page)
        size = count if goes_on else said if said is not None and said >= count else None
        if goes_on and ask.page == 1 and count not in (said, self.largest, DEFAULT_PAGE_SIZE):
            return count  # or it is the last page, and its next link is wrong
        if size is None and ask.per_page <= trusted:
            return ask.per_page  # whatever others have learned of the list since
        if size is None:
            return self.fixed or min(ask.per_page, self.largest)
        if size != self.fixed:
            self.shortened(size)
        return size


class Habits:
    """What is known of the lists, by collection; one for the whole process."""

    def __init__(self) -> None:
        self._by_collection: dict[str, Habit] = {}

    def is_unlinked(self, collection: Collection) -> bool:
        """Whether a collection's lists are known to come without Link headers."""
        return self.of(collection).linked is False

    def of(self, collection: Collection) -> Habit:
        """What is known of one collection's lists."""
        habit = self._by_collection.get(collection)
        if habit is None:
            is_common = collection in _COMMON
            habit = self._by_collection[collection] = Habit(is_common=is_common)
        return habit


def _meaningful(links: Links | None, page: int) -> Links | None:
    """Links to go by: None where there are none, or where they contradict each other.

    A next page after the last one, or none before it: one of the two is missing or wrong.
    """
    if links is None or not (links.first or links.prev or links.next or links.last):
        return None
    if links.last is not None and (links.next is None) != (links.last.page <= page):
        return None
    return links


def _size_said(links: Links | None, asked: int) -> int | None:
    """A page size that Link gives and that is smaller than what was asked for.

    The same size says nothing: a list that ignores `per_page` may repeat it nevertheless.
    """
    if links is None:
        return None
    for link in (links.next, links.prev, links.last, links.first):
        if link is not None and link.per_page is not None and 0 < link.per_page < asked:
            return link.per_page
    return None
