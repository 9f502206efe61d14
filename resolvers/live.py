"""Live: the deliveries that were processed since somebody began to wait, each told once.

The REST API tells nobody of anything, so it is polled: once for each token, however many wait with
it. Whoever begins to wait hears of what is new from then on, not of what the list held already;
only one who joins others with the same token may also hear of what was processed since their last
look. Nobody is told of a delivery twice.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from upstream.caller import Caller
from upstream.client import Upstream
from upstream.errors import Forbidden, Overloaded, Unauthenticated, UpstreamError
from upstream.listing import LARGEST_PAGE_SIZE, Listing, goes_on
from upstream.records import number_of

from .context import Context, Info
from .deliveries import joined_deliveries

MOST_PAGES: Final = 400
"""Pages that one look reads, one after the other: ten thousand deliveries where `per_page` is
ignored, far more than three days ever had."""

MOST_WAITING: Final = 10_000
"""Deliveries that somebody may be behind, and one look may well bring at once. Whoever is slower is
told so, and waits no more."""

MOST_TOLD: Final = 50_000
"""Numbers of deliveries that are remembered as told, for each token."""

News = asyncio.Queue[Any]
"""Deliveries for one who waits, and at the end perhaps the error that ends it."""


class Live:
    """The looks at the list of deliveries, one for each token that anybody waits with."""

    def __init__(self, upstream: Upstream, *, interval: float, patience: float) -> None:
        """`interval` is in seconds, between two looks; `patience` bounds each page of one."""
        self._upstream = upstream
        self._interval = interval
        self.patience = patience
        self._feeds: dict[str, _Feed] = {}

    async def deliveries(self, token: str) -> AsyncIterator[Any]:
        """Deliveries, as they are processed; raises what ends them."""
        feed = self._feeds.get(token)
        if feed is None or feed.over:
            feed = self._feeds[token] = _Feed(self._upstream, token, self._interval, self.patience)
        news: News = asyncio.Queue()
        feed.waiting.add(news)
        try:
            await feed.begun()
            while True:
                item = await news.get()
                if isinstance(item, Exception):
                    raise _fresh(item)
                yield item
        finally:
            feed.waiting.discard(news)
            if not feed.waiting:
                feed.close()
                if self._feeds.get(token) is feed:
                    del self._feeds[token]


class _Feed:
    """What is new for one token, as long as anybody waits."""

    def __init__(self, upstream: Upstream, token: str, interval: float, patience: float) -> None:
        self._upstream = upstream
        self._token = token
        self._interval = interval
        self._patience = patience
        self._told: OrderedDict[int, None] = OrderedDict()
        self._looked_on: dt.date | None = None
        self._first = asyncio.get_running_loop().create_future()
        self._task = asyncio.get_running_loop().create_task(self._run())
        self.waiting: set[News] = set()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    async def begun(self) -> None:
        """Return after the first look; raises what it failed with."""
        failed = await asyncio.shield(self._first)
        if failed is not None:
            raise _fresh(failed)

    def close(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._look_again_and_again()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            if self._first.done():
                self._tell([error])
            else:
                self._first.set_result(error)

    async def _look_again_and_again(self) -> None:
        with self._upstream.revocation(self._token) as revoked:
            await self._new()
            self._first.set_result(None)
            await self._look_until(revoked)

    async def _look_until(self, revoked: asyncio.Event) -> None:
        """Look for ever; raises what ends that, and looks at once when the token is revoked."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await revoked.wait()
            # it may be given out again before the look: then it is as good as before
            revoked.clear()
            try:
                rows = await self._new()
            except (Unauthenticated, Forbidden):
                # asking again with the same token is of no use
                raise
            except UpstreamError:
                # the next look brings what this one missed
                continue
            self._tell(rows)

    async def _new(self) -> list[Any]:
        """The deliveries that no look has shown before.

        They are looked for from the day before the last good look to tomorrow: the REST API's day
        may have begun, or not be over, where it is another day here.
        """
        today = _today()
        day = dt.timedelta(days=1)
        listing = Listing("deliveries", (self._looked_on or today) - day, today + day)
        rows: list[Any] = []
        size = 0
        for number in range(1, MOST_PAGES + 1):
            # a long list takes longer than an operation may
            caller = Caller(self._token, monotonic() + self._patience)
            page = (await self._upstream.page(caller, listing, number, LARGEST_PAGE_SIZE)).value
            size = size or len(page.rows)
            rows += page.rows
            if not goes_on(page, size):
                break
        self._looked_on = today
        return [row for row in rows if self._is_new(row)]

    def _is_new(self, row: Any) -> bool:
        number = number_of(row)
        if number is None or number in self._told:
            return False
        self._told[number] = None
        if len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        return True

    def _tell(self, items: list[Any]) -> None:
        for news in list(self.waiting):
            for item in items:
                news.put_nowait(item)
            if news.qsize() > MOST_WAITING:
                while not news.empty():
                    news.get_nowait()
                news.put_nowait(Overloaded("too far behind"))
                self.waiting.discard(news)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _fresh(error: Exception) -> Exception:
    """An error for one of several who wait: a traceback grows where an exception is shared."""
    return error.fresh() if isinstance(error, UpstreamError) else error


async def processed_deliveries(live: Live, info: Info) -> AsyncIterator[Any]:
    """Deliveries as they are processed, joined with what is selected of their albums.

    Each is joined in a context of its own: nothing is kept from one to the next.
    """
    ours = info.context
    selection = info.selection
    deliveries = live.deliveries(ours.caller.token)
    try:
        async for row in deliveries:
            deadline = monotonic() + live.patience
            context = Context(
                Caller(ours.caller.bearer, deadline), ours.upstream, ours.habits, ours.turns
            )
            raw = info._raw_info._replace(context=context)  # noqa: SLF001 - it has no public name
            try:
                (joined,) = await joined_deliveries(
                    Info(_raw_info=raw, _field=info._field),  # noqa: SLF001 - likewise
                    [row],
                    selection,
                )
            finally:
                context.close()
            yield joined
    finally:
        with suppress(RuntimeError):  # it may be running: who cancelled this has cancelled it, too
            await deliveries.aclose()  # type: ignore[attr-defined] # it is a generator
