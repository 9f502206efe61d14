"""The loaders of one operation: what is asked in one tick goes out together, each request once.

A loader lives for one operation and so for one token. Its futures carry a failure as a value, and
are awaited through a shield: graphql-core cancels the siblings of a failing non-null field, and
a cancelled future of a DataLoader would take the whole batch along.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import cached_property, partial
from typing import Generic, TypeAlias, TypeVar

from aiodataloader import DataLoader
from aiodataloader import Loader as Enqueued
from msgspec import Struct

from upstream import records
from upstream.caller import Caller, Replies, Reply
from upstream.client import Upstream
from upstream.errors import UpstreamError
from upstream.listing import Listing, Page, PageKey

from .arrivals import Arrivals, Kind
from .scans import FEWEST_WANTED, scan

SCANNABLE: dict[Kind, Listing] = {"artist": Listing("artists"), "label": Listing("labels")}
"""The lists that bring whole objects at little more than the objects' own weight."""

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")

Ask: TypeAlias = Callable[[list[KeyT]], Awaitable[Replies[ValueT]]]
"""What answers some keys, with an exception in the place of each that it can't."""


class Failure(Struct, frozen=True):
    """A request that failed: a value, so that nobody has to retrieve it."""

    error: BaseException

    def raisable(self) -> BaseException:
        """The error, as one of its own for each who asked."""
        return self.error.fresh() if isinstance(self.error, UpstreamError) else self.error


class _DataLoader(DataLoader[KeyT, Reply[ValueT] | Failure]):
    """aiodataloader's, but for the batches: one is made in each operation, so its steps are few."""

    def __init__(self, ask: Ask[KeyT, ValueT], tasks: set[asyncio.Task[None]]) -> None:
        # In place of the library's own, which finds out each time what kind of function it has.
        self.loop = asyncio.get_running_loop()
        self.get_cache_key = _same
        self._ask = ask
        self._tasks = tasks
        self._cache = {}
        self._queue = []

    def do_resolve_reject(self, key: KeyT, future: asyncio.Future[Reply[ValueT] | Failure]) -> None:
        """Enqueue a key, and see to it that the queue is dispatched once the tick is over."""
        self._queue.append(Enqueued(key=key, future=future))
        if len(self._queue) == 1:
            # As late as the library has it, without the task that it makes for that.
            self.loop.call_soon(self.loop.call_soon, self._dispatch)

    def _dispatch(self) -> None:
        """Ask for what is in the queue, in a task of its own."""
        queue, self._queue = self._queue, []
        task = self.loop.create_task(self._answer(queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, queue: list[Enqueued]) -> None:
        """Give each key of a batch what came of it."""
        keys = [each.key for each in queue]
        try:
            replies = await self._ask(keys)
        except Exception as error:  # noqa: BLE001 - it is told at each key's own path
            # Without the traceback: its frames hold what had come until then.
            replies = [error.with_traceback(None)] * len(keys)
        for each, reply in zip(queue, replies, strict=True):
            if not each.future.done():
                each.future.set_result(
                    Failure(reply) if isinstance(reply, BaseException) else reply
                )


def _same(key: KeyT) -> KeyT:
    return key


class Loader(Generic[KeyT, ValueT]):
    """One kind of request: batched by the tick, each key sent once in an operation."""

    def __init__(self, ask: Ask[KeyT, ValueT], tasks: set[asyncio.Task[None]]) -> None:
        """`ask` answers a batch of keys; `tasks` are those in which it does."""
        self._loader: _DataLoader[KeyT, ValueT] = _DataLoader(ask, tasks)

    async def load(self, key: KeyT) -> Reply[ValueT]:
        """The answer to one request; raises what the REST client raises."""
        outcome = await _shielded(self._loader.load(key))
        if isinstance(outcome, Failure):
            raise outcome.raisable()
        return outcome

    def forget(self, key: KeyT) -> None:
        """Let the next who asks for it send a request of its own."""
        self._loader.clear(key)

    async def load_each(self, keys: Iterable[KeyT]) -> dict[KeyT, Reply[ValueT] | Failure]:
        """The answers to several requests, or their failures, without a task for each."""
        futures = {key: self._loader.load(key) for key in keys}
        for future in futures.values():
            # Those of one batch are done all at once: so nearly all need not be waited for.
            if not future.done():
                await _shielded(future)
        return {key: future.result() for key, future in futures.items()}


def _shielded(loaded: asyncio.Future[ValueT]) -> asyncio.Future[ValueT]:
    """The same value for one who waits, in a future of their own.

    As asyncio.shield does it, at half the cost; no future of a loader has an exception.
    """
    if loaded.done():
        return loaded
    mine: asyncio.Future[ValueT] = loaded.get_loop().create_future()

    def tell(loaded: asyncio.Future[ValueT]) -> None:
        if mine.done():
            return
        if loaded.cancelled():
            mine.cancel()
        else:
            mine.set_result(loaded.result())

    loaded.add_done_callback(tell)
    return mine


async def _through(
    loader: Loader[int, ValueT], _caller: Caller, keys: list[int]
) -> Replies[ValueT]:
    """What another loader has, or asks for: so that no key is asked for by both."""
    outcomes = (await loader.load_each(keys)).values()
    return [each.error if isinstance(each, Failure) else each for each in outcomes]


class _Records(Struct, Generic[ValueT]):
    """One type of object by number: from the lists that bring it, else from its own address."""

    kind: Kind
    fetch: Callable[[Caller, list[int]], Awaitable[Replies[ValueT]]]
    caller: Caller
    arrivals: Arrivals
    pages: Loader[PageKey, Page] | None
    """For one scan of the type's own list, if that may be; None once it was tried."""

    async def ask(self, numbers: list[int]) -> Replies[ValueT]:
        await self._lists_have_arrived(numbers)
        brought = [self.arrivals.find(self.kind, number) for number in numbers]
        missing = [number for number, reply in zip(numbers, brought, strict=True) if reply is None]
        fetched = iter(await self.fetch(self.caller, missing) if missing else ())
        return [next(fetched) if reply is None else reply for reply in brought]

    async def _lists_have_arrived(self, numbers: list[int]) -> None:
        kind, arrivals, pages = self.kind, self.arrivals, self.pages
        await arrivals.settled(kind, self.caller.remaining())
        if pages is not None and len(numbers) >= FEWEST_WANTED:
            self.pages = None

            def missing() -> list[int]:
                return [each for each in numbers if arrivals.find(kind, each) is None]

            await scan(SCANNABLE[kind], pages.load, missing, self.caller.remaining())


class _Pages(Struct):
    """Pages of lists, of whose records the whole operation is told."""

    upstream: Upstream
    caller: Caller
    arrivals: Arrivals
    new: set[PageKey]
    """The pages that are known to be as the list is now."""
    renewed: bool

    async def ask(self, keys: list[PageKey]) -> Replies[Page]:
        replies = await self.upstream.pages(self.caller, keys, renewed=self.renewed)
        for key, reply in zip(keys, replies, strict=True):
            if isinstance(reply, BaseException):
                continue
            if reply.batch is None and not self.renewed:
                self.new.add(key)
            self.arrivals.bring(key[0].collection, reply)
        return replies


class Loaders:
    """All loaders of one operation.

    No loader, and nothing that it calls, refers to this or to another that refers to it: what an
    operation has got, which can be megabytes, goes with its last reference, and not only when the
    garbage collector next looks at everything.
    """

    def __init__(
        self, upstream: Upstream, caller: Caller, arrivals: Arrivals, *, scans: bool
    ) -> None:
        """`scans` allows to read a short list where many of its objects are wanted."""
        self._upstream = upstream
        self._caller = caller
        self._arrivals = arrivals
        self._scans = scans
        self._tasks: set[asyncio.Task[None]] = set()
        self._new_pages: set[PageKey] = set()

    @cached_property
    def albums(self) -> Loader[int, records.Album | None]:
        """Albums with everything in them."""
        return self._records("album", self._upstream.albums)

    @cached_property
    def artists(self) -> Loader[int, records.Artist | None]:
        """Artists."""
        return self._records("artist", self._upstream.artists)

    @cached_property
    def labels(self) -> Loader[int, records.Label | None]:
        """Labels."""
        return self._records("label", self._upstream.labels)

    @cached_property
    def album_tracks(self) -> Loader[int, records.AlbumTrack | None]:
        """Tracks from anywhere: an album in a list may have brought them, without their cover."""
        return self._records("track", partial(_through, self.tracks))

    @cached_property
    def tracks(self) -> Loader[int, records.Track | None]:
        """Tracks from their own address: with a cover of their own."""
        return Loader(partial(self._upstream.tracks, self._caller), self._tasks)

    @cached_property
    def pages(self) -> Loader[PageKey, Page]:
        """Pages of lists, by list, number and size."""
        return self._pages(renewed=False)

    async def new_page(self, key: PageKey) -> Reply[Page]:
        """A page of a list as it is now, whatever is kept."""
        loader = self.pages if key in self._new_pages else self._renewed_pages
        return await loader.load(key)

    async def page_again(self, key: PageKey) -> Reply[Page]:
        """A page as it is now, though this operation may have asked for it just before."""
        self._renewed_pages.forget(key)
        return await self._renewed_pages.load(key)

    def close(self) -> None:
        """Cancel what is still under way: nobody waits for it any more."""
        for task in self._tasks:
            task.cancel()

    @cached_property
    def _renewed_pages(self) -> Loader[PageKey, Page]:
        return self._pages(renewed=True)

    def _records(
        self,
        kind: Kind,
        fetch: Callable[[Caller, list[int]], Awaitable[Replies[ValueT]]],
    ) -> Loader[int, ValueT]:
        pages = self.pages if self._scans and kind in SCANNABLE else None
        source = _Records(kind, fetch, self._caller, self._arrivals, pages)
        return Loader(source.ask, self._tasks)

    def _pages(self, *, renewed: bool) -> Loader[PageKey, Page]:
        source = _Pages(
            self._upstream, self._caller, self._arrivals, self._new_pages, renewed=renewed
        )
        return Loader(source.ask, self._tasks)
