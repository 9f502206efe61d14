"""The transport: one HTTP request to the REST API, sent once, and its whole answer."""

import asyncio
import zlib
from dataclasses import dataclass, field
from typing import Any, Final, Self
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.tracing import Trace
from multidict import CIMultiDictProxy
from yarl import URL

from upstream import statuses
from upstream.errors import BadResponse, TimedOut, Unavailable, UpstreamError
from upstream.policy import Policy

_FORM: Final = "application/x-www-form-urlencoded"
_WITH_BODY: Final = frozenset({statuses.OK, statuses.CREATED})
_MOST_OPENED_AT_ONCE: Final = 6
_MOMENT: Final = 0.02
"""Seconds for which a connection that was opened keeps others from being opened, at most."""
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


@dataclass(slots=True, frozen=True)
class Answer:
    """What came back. `body` is decompressed, and empty for every status but 200 and 201."""

    status: int
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """All values of a header as one list with commas, or None without any."""
        values = self.headers.getall(name, None)
        return None if values is None else ", ".join(values)


class _ConnectionBroke(Exception):
    """A connection that broke before there was an answer."""


class Transport:
    """HTTP to one address and to no other: redirects are not followed, cookies not kept.

    `send` raises TimedOut, Unavailable and BadResponse, each with a reason that names neither
    address nor contents. ValueError where the address is none that can be asked.
    """

    def __init__(self, address: str, policy: Policy) -> None:
        self._base = _base(address)
        self._policy = policy
        self._session: aiohttp.ClientSession | None = None
        self._posting: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # upstream.gate bounds the requests, and fairly: so these have no limit.
        self._session = self._opened(
            _Connections(
                self._policy.connect_timeout,
                limit=0,
                ttl_dns_cache=60,
                keepalive_timeout=self._policy.keepalive,
            )
        )
        # What is sent once must not meet a connection that the other side is just closing.
        self._posting = self._opened(
            _Connections(self._policy.connect_timeout, limit=0, force_close=True)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        sessions = self._session, self._posting
        self._session = self._posting = None
        for session in sessions:
            if session is not None:
                await session.close()

    def _opened(self, connections: "_Connections") -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connections,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": self._policy.compression,
                "User-Agent": "onedtouch-graphql",
            },
            middlewares=(connections.sent_once,),
        )

    async def send(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        target: str,
        *,
        timeout: float,  # noqa: ASYNC109 - raises our own error, and covers the body too
        token: str | None = None,
        etag: str | None = None,
        form: bytes | None = None,
    ) -> Answer:
        """The answer to one request, within so many seconds.

        `target` is a path of the REST API with its query, already encoded; the token goes into
        the Authorization header, the ETag into If-None-Match, the form into the body.
        """
        session = self._session if form is None else self._posting
        if session is None:
            raise Unavailable("the client is closed")
        headers: dict[str, str] = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if etag is not None:
            headers["If-None-Match"] = etag
        if form is not None:
            headers["Content-Type"] = _FORM
        failed: UpstreamError
        # The library's exceptions carry addresses and headers: ours are raised outside of the
        # except blocks, so that nothing leads from them to those.
        try:
            async with asyncio.timeout(timeout):
                response = await session.request(
                    method,
                    URL(self._base + target, encoded=True),
                    headers=headers,
                    data=form,
                    allow_redirects=False,
                )
                try:
                    if response.status not in _WITH_BODY:
                        return Answer(response.status, response.headers, b"")
                    body = await self._body(response)
                finally:
                    # Back to the pool if the body was read, or came along whole; closed if not.
                    response.release()
                return Answer(response.status, response.headers, body)
        except TimeoutError:
            failed = TimedOut("no whole answer in time")
        except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, HttpProcessingError):
            failed = BadResponse("cut short, or no HTTP")
        except (_ConnectionBroke, aiohttp.ClientError, OSError):
            failed = Unavailable("no connection")
        raise failed

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        most = self._policy.most_body_bytes
        length = response.content_length
        if length is not None and length > most:
            raise BadResponse("too large")
        chunks: list[bytes] = []
        size = 0
        while chunk := await response.content.readany():
            size += len(chunk)
            if size > most:
                raise BadResponse("too large")
            chunks.append(chunk)
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        return body if encoding == "identity" else _decompressed(body, encoding, most)


class _Connections(aiohttp.TCPConnector):
    """The connections to the REST API, of which few are opened at once, and silent ones kept.

    A simple server has room for five that it has not accepted yet (Python's http.server, say);
    the system keeps the others waiting for seconds. So one that was opened counts until it has
    answered, or for a moment where that takes longer: what hangs must not hold up the others.

    One on which something has come in since its last answer is not used again: that would be
    read as the answer to the next request, which may be one of another token.
    """

    def __init__(self, patience: float, **options: Any) -> None:
        """`patience` is the number of seconds until a connection must stand."""
        super().__init__(**options)
        self._patience = patience
        self._room = asyncio.Semaphore(_MOST_OPENED_AT_ONCE)
        self._fresh: dict[aiohttp.ClientRequest, asyncio.TimerHandle] = {}
        self._given: WeakSet[ResponseHandler] = WeakSet()

    async def sent_once(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Send a request once; a middleware of the session.

        aiohttp would send a GET again by itself when its connection breaks, out of sight of every
        bound. An exception that it does not know keeps it from that.
        """
        try:
            return await send(request)
        except aiohttp.ServerTimeoutError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            raise _ConnectionBroke from None
        finally:
            if request in self._fresh:
                self._make_room(request)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own, of which no part is set
    ) -> Connection:
        """A kept connection that is silent, or a new one."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None:
                return connection
            if protocol not in self._given:
                self._given.add(protocol)
                return connection
            if not protocol.should_close:
                return connection
            connection.close()

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: Any,
        timeout: Any,  # noqa: ASYNC109 - aiohttp's own, of which no part is set
    ) -> Any:
        # aiohttp has no public place between taking a connection from the pool and opening one.
        await self._room.acquire()
        self._fresh[req] = self._loop.call_later(_MOMENT, self._make_room, req)
        async with asyncio.timeout(self._patience):
            return await super()._create_connection(req, traces, timeout)

    def _make_room(self, request: aiohttp.ClientRequest) -> None:
        self._fresh.pop(request).cancel()
        self._room.release()


def _base(address: str) -> str:
    try:
        url = URL(address)
        sound = (
            url.scheme in {"http", "https"}
            and bool(url.host)
            and url.user is None
            and url.password is None
            and not url.query_string
            and not url.fragment
        )
    except ValueError:
        sound = False
    if not sound:
        raise ValueError(
            "the REST API's address must be http(s)://host[:port][/path], without user, password, "
            "query and fragment"
        )
    return str(url).rstrip("/")


def _decompressed(body: bytes, encoding: str, most: int) -> bytes:
    """The body that was compressed, never more than so many bytes of it."""
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise BadResponse("an encoding that nobody asked for")
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        found = decompressor.decompress(body, most + 1)
    except zlib.error:
        found = None
    if found is None or not (decompressor.eof or len(found) > most):
        raise BadResponse("compressed wrongly, or cut short")
    if len(found) > most:
        raise BadResponse("too large")
    return found
