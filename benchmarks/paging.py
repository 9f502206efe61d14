"""Paging: what walks cost and whether they are right, beside offset cursors as most facades do.

`python -m benchmarks.paging` walks a list of 1,237 rows in this process, forward, in windows of
some sizes, once at rest and once while a row comes and a row goes between each two windows. It
prints requests, rows fetched that no window showed, and rows that were missed or shown twice.
"""

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from msgspec import Struct

from resolvers.habits import Habits
from resolvers.listings import Arguments, checked, window
from upstream.listing import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, Links, Listing, Page, PageLink

LENGTH: Final = 1_237
SIZES: Final = (10, 25, 30, 50, 100, 250)
ALBUMS: Final = Listing("albums")


class Row(Struct, frozen=True):
    """A row of the list."""

    database_id: int


class Rows:
    """The list, as the REST API serves it; it counts what it gave."""

    def __init__(self, *, ignoring: bool) -> None:
        self.numbers = list(range(LENGTH))
        self.ignoring = ignoring
        self.requests = 0
        self.given = 0

    async def fetch(self, page: int, per_page: int) -> Page:
        """One page, with its Link header."""
        size = DEFAULT_PAGE_SIZE if self.ignoring else per_page
        pages = max(1, math.ceil(len(self.numbers) / size))
        rows = [Row(number) for number in self.numbers[(page - 1) * size : page * size]]
        self.requests += 1
        self.given += len(rows)
        following = PageLink(page + 1, size) if page < pages else None
        return Page(rows, Links(PageLink(1, size), None, following, PageLink(pages, size)))

    def change(self, step: int) -> None:
        """A row comes in front of all others; or the second one goes."""
        if step % 2:
            self.numbers.insert(0, LENGTH + step)
        else:
            del self.numbers[1]


Walk: TypeAlias = Callable[[Rows, int, Callable[[int], None]], Awaitable[list[int]]]


async def by_anchors(rows: Rows, size: int, between: Callable[[int], None]) -> list[int]:
    """Cursors that are anchors, and the planner: resolvers/listings.py."""
    habits = Habits()
    found: list[int] = []
    after: str | None = None
    for step in range(LENGTH):
        request = checked(Arguments(first=size, after=after), ALBUMS)
        shown = await window(rows.fetch, habits, ALBUMS, request)
        found += [row.record.database_id for row in shown.rows]
        if not shown.has_next:
            break
        after = shown.rows[-1].cursor(ALBUMS)
        between(step)
    return found


async def by_offset(rows: Rows, size: int, between: Callable[[int], None]) -> list[int]:
    """A cursor that is an offset, one row more than the window for hasNextPage, full pages."""
    return await _by_offset(rows, size, min(size, LARGEST_PAGE_SIZE), between)


async def by_offset_in_default_pages(
    rows: Rows, size: int, between: Callable[[int], None]
) -> list[int]:
    """The same, never asking for another page size: right even where `per_page` is ignored."""
    return await _by_offset(rows, size, DEFAULT_PAGE_SIZE, between)


async def _by_offset(
    rows: Rows, size: int, per_page: int, between: Callable[[int], None]
) -> list[int]:
    found: list[int] = []
    for step, offset in enumerate(range(0, LENGTH * 2, size)):
        first, last = offset // per_page, (offset + size) // per_page
        pages = await asyncio.gather(
            *(rows.fetch(page + 1, per_page) for page in range(first, last + 1))
        )
        held = [row.database_id for page in pages for row in page.rows][offset % per_page :]
        found += held[:size]
        if len(held) <= size:
            break
        between(step)
    return found


WALKS: Final[dict[str, Walk]] = {
    "anchors": by_anchors,
    "offsets": by_offset,
    "offsets, default pages": by_offset_in_default_pages,
}


async def compared(*, ignoring: bool) -> list[str]:
    """The table's lines for a list that ignores `per_page`, or respects it."""
    lines = []
    for size in SIZES:
        for name, walk in WALKS.items():
            resting = Rows(ignoring=ignoring)
            found = await walk(resting, size, lambda _: None)
            wrong = len(set(resting.numbers) - set(found)) + len(found) - len(set(found))
            moving = Rows(ignoring=ignoring)
            shown = await walk(moving, size, moving.change)
            missed = len((set(range(LENGTH)) & set(moving.numbers)) - set(shown))
            twice = len(shown) - len(set(shown))
            surplus = resting.given - len(set(found))
            lines.append(
                f"{size:6}  {name:24}{resting.requests:9}{surplus:9}{wrong:9}"
                f"{moving.requests:12}{missed:9}{twice:9}"
            )
    return lines


async def main() -> None:
    """Print the tables."""
    for ignoring in (False, True):
        title = "per_page ignored" if ignoring else "per_page respected"
        heading = f"{'window':>6}  {'cursors':24}{'requests':>9}{'surplus':>9}{'wrong':>9}"
        heading += f"{'requests':>12}{'missed':>9}{'twice':>9}"
        lines = [f"{title}, {LENGTH} rows: at rest, then while rows come and go", heading]
        sys.stdout.write("\n".join([*lines, *await compared(ignoring=ignoring), "", ""]))


if __name__ == "__main__":
    asyncio.run(main())
