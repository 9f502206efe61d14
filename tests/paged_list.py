"""A list in this process that is served by pages, with every manner that the REST API may have."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from resolvers.habits import Habits
from resolvers.listings import Arguments, Window, checked, window
from upstream.errors import BadResponse
from upstream.listing import Links, Listing, Page, PageLink

ALBUMS = Listing("albums")


class Record(Struct, frozen=True):
    """A row with a number, and nothing else."""

    database_id: Any


@dataclass
class PagedList:
    """Numbers that are served as rows; None is served as a row that is none.

    `fixed` is the page size of a list that ignores `per_page`; `largest` the most that it serves;
    `linked` whether it gives a Link header, `echoes` whether that repeats the size that was asked
    for, `last` what it claims to be the last page, whatever the truth, and `endless` whether it
    claims that there is always a next one.
    """

    numbers: list[Any]
    fixed: int | None = None
    largest: int = 100
    linked: bool = True
    echoes: bool = False
    last: int | None = None
    endless: bool = False
    failing: set[tuple[int, int]] = field(default_factory=set)
    asked: list[tuple[int, int]] = field(default_factory=list)
    at_once: int = 0
    meanwhile: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What happens to the list just before its n-th request is answered."""
    habits: Habits = field(default_factory=Habits)
    _waiting: int = 0

    async def fetch(self, page: int, per_page: int) -> Page:
        """One page, in a later turn of the event loop, as over a network."""
        assert page >= 1
        assert 1 <= per_page <= 100
        self.asked.append((page, per_page))
        turn = len(self.asked)
        self._waiting += 1
        self.at_once = max(self.at_once, self._waiting)
        try:
            await asyncio.sleep(0)
        finally:
            self._waiting -= 1
        self.meanwhile.pop(turn, lambda: None)()
        if (page, per_page) in self.failing:
            raise BadResponse("told to fail")
        size = self.fixed or min(per_page, self.largest)
        rows = self.numbers[(page - 1) * size : page * size]
        return Page(
            [BadResponse("no row") if number is None else Record(number) for number in rows],
            self._links(page, size, per_page if self.echoes else size) if self.linked else None,
        )

    def _links(self, page: int, size: int, said: int) -> Links:
        pages = max(1, math.ceil(len(self.numbers) / size))
        return Links(
            first=PageLink(1, said),
            prev=PageLink(page - 1, said) if page > 1 else None,
            next=PageLink(page + 1, said) if page < pages or self.endless else None,
            last=PageLink(self.last or pages, said),
        )

    async def window(
        self, arguments: Arguments, *, count: bool = False, pages: bool = False
    ) -> Window:
        """The window that the arguments ask for."""
        request = checked(arguments, ALBUMS)
        return await window(self.fetch, self.habits, ALBUMS, request, count=count, pages=pages)

    async def cost(self, arguments: Arguments, *, count: bool = False) -> int:
        """How many requests the window takes."""
        before = len(self.asked)
        await self.window(arguments, count=count)
        return len(self.asked) - before


def numbers_of(shown: Window) -> list[Any]:
    """The numbers of a window's rows, None for a row that is none."""
    return [getattr(row.record, "database_id", None) for row in shown.rows]


def start_of(shown: Window) -> str:
    """The startCursor of a window."""
    return shown.rows[0].cursor(ALBUMS)


def end_of(shown: Window) -> str:
    """The endCursor of a window."""
    return shown.rows[-1].cursor(ALBUMS)


async def walk_forward(rows: PagedList, size: int) -> list[Any]:
    """All numbers, by windows of a size from the start."""
    found: list[Any] = []
    after = None
    while True:
        shown = await rows.window(Arguments(first=size, after=after))
        found += numbers_of(shown)
        assert shown.has_previous == (after is not None)
        if not shown.has_next:
            return found
        after = end_of(shown)


async def walk_backward(rows: PagedList, size: int) -> list[Any]:
    """All numbers, by windows of a size from the end."""
    found: list[Any] = []
    before = None
    while True:
        shown = await rows.window(Arguments(last=size, before=before))
        found = numbers_of(shown) + found
        assert shown.has_next == (before is not None)
        if not shown.has_previous:
            return found
        before = start_of(shown)


MANNERS: Sequence[dict[str, Any]] = (
    {},
    {"echoes": True},
    {"linked": False},
    {"fixed": 25},
    {"fixed": 25, "echoes": True},
    {"fixed": 25, "linked": False},
    {"largest": 50},
    {"largest": 50, "linked": False},
    {"largest": 40, "echoes": True},
)
"""Ways to serve pages that are all within what the REST documentation allows."""
