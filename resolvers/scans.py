"""Scans: many objects by number from a few pages of their list, where that takes fewer requests.

The REST API has no way to ask for several objects at once. But artists and labels are whole in
their lists, so where many are wanted, the first page of the list tells how long it is, and the
rest is read where it is short. What is in no page is asked for by its number afterwards: a list
may show less than its owner may see. A scan is tried once an operation and type.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from upstream.caller import Reply
from upstream.errors import UpstreamError
from upstream.listing import LARGEST_PAGE_SIZE, Listing, Page

FEWEST_WANTED: Final = 20
"""So many objects must be wanted at once, for a first page that may tell nothing to be worth it."""

WANTED_FOR_A_PAGE: Final = 4
"""So many objects must still be wanted for each further page that is read."""

FetchPage = Callable[[tuple[Listing, int, int]], Awaitable[Reply[Page]]]


def most_requests(wanted: int) -> int:
    """The requests that a scan can cost beyond those by number, when so many are wanted."""
    return 1 + wanted // WANTED_FOR_A_PAGE if wanted >= FEWEST_WANTED else 0


async def scan(listing: Listing, fetch: FetchPage, missing: Callable[[], Collection[int]]) -> None:
    """Read the list where it is short; `missing` tells what no page has brought so far.

    A page that fails is not missed: its objects are asked for by number.
    """
    if len(missing()) < FEWEST_WANTED:
        return
    try:
        first = (await fetch((listing, 1, LARGEST_PAGE_SIZE))).value
    except UpstreamError:
        return
    last = first.links.last if first.links else None
    if last is None or last.page - 1 > len(missing()) // WANTED_FOR_A_PAGE:
        return
    await asyncio.gather(
        *(fetch((listing, page, LARGEST_PAGE_SIZE)) for page in range(2, last.page + 1)),
        return_exceptions=True,
    )
