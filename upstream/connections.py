"""The connections to the REST API: few are opened at once, and silent ones are kept."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

_MOST_OPENED_AT_ONCE: Final = 6
_MOMENT: Final = 0.02
"""Seconds for which a connection that was opened keeps others from being opened, at most."""


class Reader(ResponseHandler):
    """aiohttp's reader of answers, which tells a body that waits for more of what went wrong.

    aiohttp leaves the body waiting where it is the framing of a chunk that is no HTTP.

    `is_kept` says that its connection has been given back, to be used again, `is_reset` that it
    was broken off from the other side, and not just closed; `slot` is the one that it takes among
    those being opened, None once it has left it.
    """

    is_kept: bool = False
    is_reset: bool = False
    slot: "_Slot | None" = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every wait: nothing more will come."""
        self.is_reset = isinstance(exc, OSError)
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """End every wait for what should come."""
        body = self._payload
        cause = () if exc_cause is None else (exc_cause,)
        super().set_exception(exc, *cause)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(exc, *cause)


class Lease(NamedTuple):
    """A connection in use: as the pool knows it, what reads it, and what writes to it."""

    connection: Connection
    reader: Reader
    transport: asyncio.Transport


class Connections(aiohttp.TCPConnector):
    """A pool of connections to one address: aiohttp's, with care for both ends.

    A simple server has room for five connections that it has not accepted yet (Python's
    http.server, say); the system keeps the others waiting for seconds. So one that was opened
    counts until it is given back, or for a moment where that takes longer: what hangs must not
    hold up the others.

    One on which something has come in since its last answer is not used again: that would be
    read as the answer to the next request, which may be one of another token.

    `headers` are the lines that every request has, Host among them.
    """

    def __init__(
        self, address: URL, headers: Mapping[str, str], patience: float, **options: Any
    ) -> None:
        """`patience` is the number of seconds until a connection must stand."""
        super().__init__(limit=0, **options)
        reader: type[ResponseHandler] = Reader
        self._factory = partial(reader, loop=self._loop)
        self._patience = patience
        self._request = aiohttp.ClientRequest("GET", address, headers=headers, loop=self._loop)
        self.headers = "".join(
            f"{name}: {value}\r\n" for name, value in self._request.headers.items()
        )
        self._room = asyncio.Semaphore(_MOST_OPENED_AT_ONCE)

    async def take(self, seconds: float) -> Lease:
        """A kept connection that is silent, or a new one; `give_back` must follow.

        TimeoutError where there is none in time, and aiohttp's own errors.
        """
        while True:
            connection = await self.connect(self._request, [], _within(seconds))
            reader, transport = connection.protocol, connection.transport
            if not isinstance(reader, Reader) or transport is None:
                connection.close()
                raise aiohttp.ServerDisconnectedError
            if not (reader.is_kept and reader.should_close):
                return Lease(connection, reader, transport)
            connection.close()

    def give_back(self, lease: Lease, *, usable: bool) -> None:
        """Keep a connection for the next request, or close it; where it has more to say as well."""
        reader = lease.reader
        if reader.slot is not None:
            reader.slot.leave()
            reader.slot = None
        if usable:
            reader.is_kept = True
            lease.connection.release()
        else:
            lease.connection.close()

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: Any,
        timeout: Any,  # noqa: ASYNC109 - aiohttp's own
    ) -> Any:
        # aiohttp has no public place between taking a connection from the pool and opening one.
        await self._room.acquire()
        slot = _Slot(self._room)
        try:
            async with asyncio.timeout(self._patience):
                reader: Any = await super()._create_connection(req, traces, timeout)
        except BaseException:
            slot.leave()
            raise
        reader.slot = slot
        return reader


class _Slot:
    """A slot among the connections that are being opened: left once, and after a moment anyway."""

    def __init__(self, room: asyncio.Semaphore) -> None:
        self._room: asyncio.Semaphore | None = room
        self._timer = asyncio.get_running_loop().call_later(_MOMENT, self.leave)

    def leave(self) -> None:
        """Make room for the next."""
        room, self._room = self._room, None
        if room is not None:
            self._timer.cancel()
            room.release()


@lru_cache(maxsize=8)
def _within(seconds: float) -> aiohttp.ClientTimeout:
    # aiohttp rounds what is above the threshold up to whole seconds.
    return aiohttp.ClientTimeout(connect=seconds, ceil_threshold=seconds)
