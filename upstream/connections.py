"""The connections to the REST API: few are opened at once, and silent ones are kept."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from time import monotonic
from typing import Any, Final

import aiohttp
from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from msgspec import Struct
from yarl import URL

from . import statuses
from .lane import Lane, Turn

_END_OF_HEAD: Final = b"\r\n\r\n"
_MOST_OPENED_AT_ONCE: Final = 6
_MOMENT: Final = 0.02
"""Seconds for which a connection that was opened keeps others from being opened, at most."""


class Reader(ResponseHandler):
    """aiohttp's reader of answers, which tells a body that waits for more of what went wrong.

    aiohttp leaves the body waiting where it is the framing of a chunk that is no HTTP.

    `is_reset` says that its connection was broken off from the other side, and not just closed;
    `slot` is the one that it takes among those being opened, None once it has left it; `turn` the
    one that a large body has or waits for.
    """

    is_reset: bool = False
    slot: "_Slot | None" = None
    turn: Turn | None = None
    _expected: tuple[Callable[[bytes], None], int, Lane | None] | None = None

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - aiohttp's own
        """Read on, where reading was paused: aiohttp asks for it after each piece of a body."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def may_be_used_again(self) -> bool:
        """Whether the connection stands, and nothing has come in since its last answer."""
        transport = self.transport
        return not (transport is None or transport.is_closing() or self.should_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every wait: nothing more will come."""
        self.is_reset = isinstance(exc, OSError)
        super().connection_lost(exc)

    def expect(self, take: Callable[[bytes], None], most: int, lane: Lane | None = None) -> None:
        """Give the next answer's body to `take`, piece by piece, where it can be given as it is.

        That is one of a known length, up to so many bytes, which is not encoded; what reads the
        body from aiohttp then only sees it end. aiohttp's parser would copy each piece once more,
        keep them all, and wake who waits for them each time. A large one takes a turn in the lane,
        if there is one.
        """
        self._expected = take, most, lane

    def data_received(self, data: bytes) -> None:
        """Take what came in; a head by itself, so that its body need not go through the parser."""
        end = 0 if self._expected is None else data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if len(_END_OF_HEAD) <= end < len(data):
            super().data_received(data[:end])
            data = data[end:]
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take a head from the parser, and what has come of its body."""
        head, body = data
        if self._expected is not None and head.code >= statuses.OK:
            take, most, lane = self._expected
            # Once: what comes behind the answer belongs to nobody.
            self._expected = None
            left = _plain_length(head) - body.total_bytes
            if 0 < left <= most - body.total_bytes:
                self.set_parser(_Rest(self, body, left, take), body)
                if body.total_bytes:
                    take(body.read_nowait())
                if lane is not None and left >= lane.large and self.transport is not None:
                    self.turn = lane.enter(self.transport)
        super().feed_data(data, size)

    def end_rest(self, body: StreamReader) -> None:
        """Go on without a parser: whatever comes in now was not asked for."""
        self._payload_parser = None
        self._parser = None
        body.feed_eof()

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """End every wait for what should come."""
        body = self._payload
        cause = () if exc_cause is None else (exc_cause,)
        super().set_exception(exc, *cause)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(exc, *cause)


def _plain_length(head: RawResponseMessage) -> int:
    """The length of a body that comes as it is, 0 where nobody knows or there is none."""
    if head.chunked or head.code not in statuses.WITH_BODY or "Content-Encoding" in head.headers:
        return 0
    return int(head.headers.get("Content-Length", 0))


class _Rest:
    """What aiohttp gives the rest of a body to."""

    __slots__ = ("_body", "_left", "_reader", "_take")

    def __init__(
        self,
        reader: Reader,
        body: StreamReader,
        left: int,
        take: Callable[[bytes], None],
    ) -> None:
        self._reader = reader
        self._body = body
        self._left = left
        self._take = take

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take the next bytes; what is over is left to be found by who looks for it."""
        if data:
            self._take(data[: self._left])
        over = data[self._left :]
        self._left = max(0, self._left - len(data))
        if self._left == 0:
            self._reader.end_rest(self._body)
            if over:
                self._reader.data_received(over)
        return False, b""

    def feed_eof(self) -> None:
        """Nothing more comes: aiohttp's own parser says what is wrong with that."""


class Lease(Struct):
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
        self._room = asyncio.Semaphore(_MOST_OPENED_AT_ONCE)
        self.call_later = self._loop.call_later
        self.lane = Lane(self._loop, large_body) if large_body else None
        self._keepalive = keepalive
        self._idle: deque[tuple[Lease, float]] = deque()
        self._tidying: asyncio.TimerHandle | None = None

    async def take(self, seconds: float) -> Lease:
        """A kept connection that is silent, or a new one; `give_back` must follow.

        TimeoutError where there is none in time, and aiohttp's own errors.
        """
        while self._idle:
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
