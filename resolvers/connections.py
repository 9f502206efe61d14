"""Relay connections: a window of one of the REST API's lists, joined with what is selected.

Follows the Relay cursor connections specification; the types that callers see are in schema/.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from upstream.caller import Reply
from upstream.errors import UpstreamError
from upstream.listing import Listing, Page

from .context import Info
from .listings import Arguments, PageCursors, Renewal, Window, checked, window
from .loaders import Loaders
from .selection import Selection
from .turns import LONG, Pieces, Turns, in_pieces


class Edge(Struct, gc=False):
    """One row of a connection, and the cursor that names its place."""

    cursor: str
    node: Any


class PageInfo(Struct, gc=False):
    """Which part of the list a connection shows."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Connection(Struct):
    """One window of a list; an exception stands where only that part could not be had."""

    edges: list[Edge] | Pieces[Edge]
    nodes: list[Any] | Pieces[Any]
    page_info: PageInfo
    total_count: int | UpstreamError | None
    page_cursors: PageCursors | UpstreamError | None


Join = Callable[[Info, list[Any], Selection], Awaitable[list[Any]]]
"""From a window's records, and what is selected of each, to the objects that the answer shows."""


async def connection(
    info: Info, listing: Listing, arguments: Arguments, join: Join | None = None
) -> Connection:
    """The window of a list that the arguments ask for.

    Raises BadUserInput before any request, and whatever the REST client raises.
    """
    request = checked(arguments, listing)
    context = info.context
    # An empty window needs no request, which would find out.
    context.upstream.assert_accepted(context.caller)
    selection = info.selection
    pages = _Pages(context.loaders, listing)

    with context.arrivals.expected(listing.collection):
        shown = await window(
            pages.fetch_new if request.follows_rows else pages.fetch,
            context.habits,
            listing,
            request,
            beyond=bool({"hasNextPage", "hasPreviousPage"} & selection.below("pageInfo").names),
            count="totalCount" in selection,
            pages="pageCursors" in selection,
            renewal=Renewal(pages.kept, pages.fetch_new),
        )
    if shown.has_moved:
        context.upstream.outdate(context.caller, listing.collection)
    for reply in pages.shown:
        context.unpack(reply, info.path)
    nodes = [row.record for row in shown.rows]
    if join is not None:
        nodes = await join(info, nodes, selection.below("nodes", "edges.node"))
    if len(nodes) <= LONG:
        await context.turns.turn(len(nodes))
    return _connection_of(listing, shown, nodes, context.turns, edges="edges" in selection)


class _Pages:
    """The pages of one window.

    `shown` are the answers that were used. `kept` tells which of them came from a cache, and may be
    fetched anew: by page and size, with the batch of each. While the REST API fails that can't be
    done, so then nothing counts as kept. A page that is asked for a second time contradicted
    another one: it is fetched anew.
    """

    def __init__(self, loaders: Loaders, listing: Listing) -> None:
        self._loaders = loaders
        self._listing = listing
        self._renewing = False
        self._failing = False
        self.kept: dict[tuple[int, int], float] = {}
        self.shown: list[Reply[Page]] = []
        self._asked: set[tuple[int, int]] = set()

    async def fetch(self, page: int, per_page: int) -> Page:
        """A page, from a cache where it is there."""
        if (page, per_page) in self._asked:
            self.kept.pop((page, per_page), None)
            return await self._again(page, per_page)
        self._asked.add((page, per_page))
        reply = await self._loaders.pages.load((self._listing, page, per_page))
        self.shown.append(reply)
        if reply.batch is None and reply.stale_age is not None:
            self._failing = True
            self.kept.clear()
        elif reply.batch is not None and not self._failing:
            self.kept[page, per_page] = reply.batch
        return reply.value

    async def fetch_new(self, page: int, per_page: int) -> Page:
        """A page as it is now."""
        if not self._renewing:
            self._renewing = True
            self.shown = []
            self._asked.clear()
        if (page, per_page) in self._asked:
            return await self._again(page, per_page)
        self._asked.add((page, per_page))
        reply = await self._loaders.new_page((self._listing, page, per_page))
        self.shown.append(reply)
        return reply.value

    async def _again(self, page: int, per_page: int) -> Page:
        reply = await self._loaders.page_again((self._listing, page, per_page))
        self.shown.append(reply)
        return reply.value


def _connection_of(
    listing: Listing, shown: Window, nodes: list[Any], turns: Turns, *, edges: bool
) -> Connection:
    rows = shown.rows
    return Connection(
        # cursors cost more than the rows: none are made for those who read `nodes`
        edges=in_pieces(
            [Edge(row.cursor(listing), node) for row, node in zip(rows, nodes, strict=True)], turns
        )
        if edges
        else [],
        nodes=in_pieces(nodes, turns),
        page_info=PageInfo(
            has_next_page=shown.has_next,
            has_previous_page=shown.has_previous,
            start_cursor=rows[0].cursor(listing) if rows else None,
            end_cursor=rows[-1].cursor(listing) if rows else None,
        ),
        total_count=shown.total_count,
        page_cursors=shown.page_cursors,
    )
