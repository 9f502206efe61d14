"""Scans: many objects by number from a few pages of their list, where that takes fewer requests.

The REST API has no way to ask for several objects at once. But artists and labels are whole in
their lists, so where many are wanted, the first page of the list tells how long it is, and the
rest is read where it is short. Where no page tells the last one, the next is read for as long as
each brings enough of what is wanted. What is in no page is asked for by its number afterwards: a
list may show less than its owner may see. A scan is tried once an operation and type.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Final

from upstream.caller import Reply
from upstream.errors import UpstreamError
from upstream.listing import LARGEST_PAGE_SIZE, Listing, Page, goes_on

FEWEST_WANTED: Final = 20
"""So many objects must be wanted at once, for a first page that may tell nothing to be worth it."""

WANTED_FOR_A_PAGE: Final = 4
"""So many objects must still be wanted for each further page that is read."""

SHARE_OF_TIME: Final = 0.25
"""The part of the operation's remaining time that a scan may take.

Past it the objects are asked for by number: a list that hangs must not take them along.
"""

FetchPage = Callable[[tuple[Listing, int, int]], Awaitable[Reply[Page]]]


def most_requests(wanted: int) -> int:
    """The requests that a scan can cost beyond those by number, when so many are wanted."""
    return 1 + wanted // WANTED_FOR_A_PAGE if wanted >= FEWEST_WANTED else 0


async def scan(
    listing: Listing, fetch: FetchPage, missing: Callable[[], Collection[int]], remaining: float
) -> None:
    """Read the list where it is short; `missing` tells what no page has brought so far.

    A page that fails, or does not come within a part of the `remaining` seconds, is not missed:
    its objects are asked for by number.
    """
    wanted = len(missing())
    if wanted < FEWEST_WANTED:
        return
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(remaining * SHARE_OF_TIME):
            first = (await fetch((listing, 1, LARGEST_PAGE_SIZE))).value
            last = first.links.last if first.links else None
            if last is None:
                await _read_on(listing, fetch, missing, first, wanted)
            elif last.page - 1 <= len(missing()) // WANTED_FOR_A_PAGE:
                rest = range(2, last.page + 1)
                await asyncio.gather(
                    *(fetch((listing, page, LARGEST_PAGE_SIZE)) for page in rest),
                    return_exceptions=True,
                )


async def _read_on(
    listing: Listing,
    fetch: FetchPage,
    missing: Callable[[], Collection[int]],
    first: Page,
    wanted: int,
) -> None:
    """Read page after page behind the first one, while each brings enough of what is wanted."""
    page, number = first, 1
    while goes_on(page, len(first.rows)):
        left = len(missing())
        if left < WANTED_FOR_A_PAGE or wanted - left < WANTED_FOR_A_PAGE:
            return
        wanted = left
        number += 1
        page = (await fetch((listing, number, LARGEST_PAGE_SIZE))).value
