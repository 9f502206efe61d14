"""The pool of connections to the REST API: few are opened at once, and silent ones are kept."""

import asyncio
from collections import deque
from collections.abc import Mapping
from functools import lru_cache, partial
from time import monotonic
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from msgspec import Struct
from yarl import URL

from .lane import Lane
from .reader import Reader
from .slots import MOST_OPENED_AT_ONCE, Slot


class Lease(Struct):
    """A connection in use: as the pool knows it, what reads it, and what writes to it.

    `kept` says that it has been used before.
    """

    connection: Connection
    reader: Reader
    transport: asyncio.Transport
    kept: bool = False


class Connections(aiohttp.TCPConnector):
    """A pool of connections to one address: aiohttp's, with care for both ends.

    Few are opened at once: each takes a slot until it is given back, or for a moment.

    One on which something has come in since its last answer is not used again: that would be
    read as the answer to the next request, which may be one of another token.

    Those that are kept are kept here: aiohttp's own pool is for any number of addresses, and takes
    a dozen steps to give one out and to have it back. The one that was used last is used next, so
    that those that a busy hour has opened grow old.

    `header_lines` are those that every request has, Host among them; `call_later` is the loop's.
    """

    def __init__(
        self,
        address: URL,
        headers: Mapping[str, str],
        patience: float,
        *,
        keepalive: float,
        large_body: int = 0,
        **options: Any,
    ) -> None:
        """`patience` is the number of seconds until a connection must stand.

        `keepalive` is for how many one that is idle is kept; with 0 none is. Bodies of so many
        bytes as `large_body` have turns in the lane; with 0 there is none.
        """
        super().__init__(limit=0, **options)
        reader: type[ResponseHandler] = Reader
        self._factory = partial(reader, loop=self._loop)
        self._patience = patience
        self._request = aiohttp.ClientRequest("GET", address, headers=headers, loop=self._loop)
        self.header_lines = "".join(
            f"{name}: {value}\r\n" for name, value in self._request.headers.items()
        )
        self._room = asyncio.Semaphore(MOST_OPENED_AT_ONCE)
        self.call_later = self._loop.call_later
        self.lane = Lane(self._loop, large_body) if large_body else None
        self._keepalive = keepalive
        self._idle: deque[tuple[Lease, float]] = deque()
        self._tidying: asyncio.TimerHandle | None = None

    async def take(self, seconds: float, *, new: bool = False) -> Lease:
        """A kept connection that is silent, or a `new` one; `give_back` must follow.

        TimeoutError where there is none in time, and aiohttp's own errors.
        """
        while self._idle and not new:
            lease, since = self._idle.pop()
            if lease.reader.may_be_used_again() and monotonic() - since <= self._keepalive:
                return lease
            lease.connection.close()
        connection = await self.connect(self._request, [], _within(seconds))
        reader, transport = connection.protocol, connection.transport
        if not isinstance(reader, Reader) or transport is None:
            connection.close()
            raise aiohttp.ServerDisconnectedError
        return Lease(connection, reader, transport)

    def give_back(self, lease: Lease, *, usable: bool) -> None:
        """Keep a connection for the next request, or close it.

        Whether it can be used again is looked at then: it may still hear the rest of an error.
        """
        reader = lease.reader
        if reader.slot is not None:
            reader.slot.leave()
            reader.slot = None
        if reader.turn is not None:
            reader.turn.over()
            reader.turn = None
        if not usable or self._keepalive == 0 or self._closed:
            lease.connection.close()
            return
        lease.kept = True
        self._idle.append((lease, monotonic()))
        if self._tidying is None:
            self._tidying = self.call_later(self._keepalive, self._tidy)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections."""
        if self._tidying is not None:
            self._tidying.cancel()
        while self._idle:
            self._idle.pop()[0].connection.close()
        await super().close(abort_ssl=abort_ssl)

    def _tidy(self) -> None:
        """Close what has been idle for too long, and look again when the next one may be."""
        self._tidying = None
        oldest = monotonic() - self._keepalive
        while self._idle and self._idle[0][1] <= oldest:
            self._idle.popleft()[0].connection.close()
        if self._idle:
            left = self._idle[0][1] - oldest
            self._tidying = self.call_later(left, self._tidy)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: Any,
        timeout: Any,  # noqa: ASYNC109 - aiohttp's own
    ) -> Any:
        # aiohttp has no public place between taking a connection from the pool and opening one.
        await self._room.acquire()
        slot = Slot(self._room)
        try:
            async with asyncio.timeout(self._patience):
                reader: Any = await super()._create_connection(req, traces, timeout)
        except BaseException:
            slot.leave()
            raise
        reader.slot = slot
        return reader


@lru_cache(maxsize=8)
def _within(seconds: float) -> aiohttp.ClientTimeout:
    # aiohttp rounds what is above the threshold up to whole seconds.
    return aiohttp.ClientTimeout(connect=seconds, ceil_threshold=seconds)
