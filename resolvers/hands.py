"""A hand: the rows of one list that one window has seen, by place, and what they tell of it.

It knows between which numbers the list's length lies; every page narrows them down. Where pages
contradict each other, since rows moved between two requests, the later page is right.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from upstream.listing import Page
from upstream.records import number_of

from .cursors import Beside
from .habits import Reading
from .windows import Ask

Kept: TypeAlias = Mapping[tuple[int, int], float]
"""Of which batch the pages are that came from a cache, by their number and size.

Pages of one batch were got at the same time; all others were got just now.
"""


class Hand:
    """The rows that one window has seen, by place, and the place of each numbered one.

    The list has `floor` rows at least, and `ceiling` at most, None where nothing tells. `last` is
    the number of the last page, and the size of the pages that it counts, where Link has told.
    `served` is the length of the longest page.
    """

    def __init__(self, kept: Kept) -> None:
        """`kept` tells which pages are older than this window."""
        self._kept = kept
        self._held: list[tuple[int, int, tuple[int, int]]] = []
        self.rows: dict[int, Any] = {}
        self.places: dict[int | None, int] = {}
        self.floor = 0
        self.ceiling: int | None = None
        self.last: tuple[int, int] | None = None
        self.served = 0
        # Where the last page with rows said that the list ends.
        self._told_end: int | None = None
        # Where pages began that were empty although another page tells of more.
        self._denied: set[int] = set()

    @property
    def end(self) -> int | None:
        """The length of the list, None where it is not known."""
        return self.floor if self.floor == self.ceiling else None

    @property
    def is_linked(self) -> bool:
        """Whether Link has told where the list ends."""
        return self.last is not None

    @property
    def is_aged(self) -> bool:
        """Whether a page in hand is older than this window."""
        return any(page in self._kept for _, _, page in self._held)

    @property
    def is_torn(self) -> bool:
        """Whether rows are in hand behind the end that the list seems to have, with a gap between.

        Rows that follow the end without one were there until a moment ago.
        """
        end = self.end
        return end is not None and end not in self.rows and any(at > end for at in self.rows)

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

    def knowledge(self) -> tuple[object, ...]:
        """Something that is another whenever a page has told anything new."""
        return len(self.rows), self.floor, self.ceiling, len(self._denied)

    def may_hold(self, place: int) -> bool:
        """Whether the list may reach to a place, by what is known."""
        return self.ceiling is None or place < self.ceiling

    def is_beyond(self, place: int) -> bool:
        """Whether Link, or a page with rows, tells that the list ends in front of a place."""
        if self.last is not None and self.last[0] * self.last[1] <= place:
            return True
        return self._told_end is not None and self._told_end <= place

    def missing(self, low: int, high: int) -> range:
        """From the first to the last place that the list may have, and of which no row is in hand.

        `low` to `high - 1` are those that count.
        """
        if self.ceiling is not None:
            high = min(high, self.ceiling)
        missing = [place for place in range(low, high) if place not in self.rows]
        if not missing:
            return range(0)
        stop = missing[-1] + 1
        if self.last is not None:
            said = self.last[0] * self.last[1]
            if self.floor < said and missing[0] < said:
                stop = min(stop, said)  # what Link knows of is read before what it does not
        return range(missing[0], stop)

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

    def agrees(self, start: int, rows: Sequence[Any]) -> bool:
        """Whether one of these rows is in hand at the very place that it has from `start` on."""
        return any(self.places.get(number_of(row), -1) == at for at, row in enumerate(rows, start))

    def pages_said(self, size: int) -> int | None:
        """How many pages of this size there are, where that is known without the length."""
        if self.end is not None:
            return -(-self.end // size)
        if self.last is None or self.last[1] != size:
            return None
        return self.last[0] if self.last[0] * size >= self.floor else None

    def take(self, ask: Ask, reading: Reading, page: Page) -> None:
        """Take the rows of a page, and what it tells of the list."""
        start, rows = reading.start, page.rows
        stop = start + len(rows)
        self.served = max(self.served, len(rows))
        self._held.append((start, stop, (ask.page, ask.per_page)))
        for place, record in enumerate(rows, start):
            self.rows[place] = record
            # As number_of: the call would cost more than all the rest of this.
            number = getattr(record, "database_id", None)
            if isinstance(number, int):
                self.places[number] = place
        if not rows:
            self._end_at(start)
            return
        self._told_end = stop if reading.ends else None
        if reading.ends:
            self.floor = self.ceiling = stop
            return
        self.floor = max(self.floor, stop + reading.goes_on)
        if self.ceiling is not None and self.ceiling < self.floor:
            self.ceiling = None
        while self.ceiling is None and self.floor in self.rows:
            self.floor += 1  # a gap was filled, so the rows behind it count again

    def _end_at(self, start: int) -> None:
        """There are no rows on the page that begins at `start`."""
        if start < self.floor and start not in self._denied:
            # Another page tells of more. It may have been read later, so that both were right:
            # this one is asked for once more.
            self._denied.add(start)
            return
        self.ceiling = start if self.ceiling is None else min(start, self.ceiling)
        self.floor = min(self.floor, self.ceiling)

    def _number(self, place: int) -> int | None:
        return number_of(self.rows.get(place))
