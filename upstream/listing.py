"""The lists of the REST API: which there are, and one page of one of them."""

import datetime as dt
from typing import Any, Literal, TypeAlias

from msgspec import Struct

Collection: TypeAlias = Literal["albums", "artists", "labels", "listenings", "deliveries"]

DEFAULT_PAGE_SIZE = 25
"""Items on a page where `per_page` is not given, or ignored (REST documentation)."""

LARGEST_PAGE_SIZE = 100
"""The most that `per_page` may ask for (REST documentation)."""


class Listing(Struct, frozen=True):
    """One list: a collection and, for reports, the days it covers (both, or neither)."""

    collection: Collection
    since: dt.date | None = None
    until: dt.date | None = None


PageKey: TypeAlias = tuple[Listing, int, int]
"""A page: its list, its number and its size."""


class PageLink(Struct, frozen=True):
    """Where a Link header points to: only the query string is trusted."""

    page: int
    per_page: int | None = None


class Links(Struct, frozen=True):
    """The Link header of one page; a relation that is absent or makes no sense is None."""

    first: PageLink | None = None
    prev: PageLink | None = None
    next: PageLink | None = None
    last: PageLink | None = None


class Page(Struct):
    """One page of a list.

    `rows` are records in the REST API's order, with an errors.BadResponse in the place of a row
    that is none. `links` is the Link header, None where there was none.
    """

    rows: list[Any]
    links: Links | None = None


def is_likely_full(count: int) -> bool:
    """Whether a page of so many rows may have no more because a page must not be longer.

    A maximum that somebody chose is a multiple of ten, most likely, if not the REST API's own.
    """
    return count > 0 and (count % 10 == 0 or count == DEFAULT_PAGE_SIZE)


def goes_on(page: Page, size: int) -> bool:
    """Whether a page may have another one behind it; the first one of its list had `size` rows."""
    if page.links is not None:
        return page.links.next is not None
    return len(page.rows) == size and is_likely_full(size)
