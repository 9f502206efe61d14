"""The transport: one HTTP request to the REST API, sent once, and its whole answer."""

import zlib
from http import HTTPStatus
from time import monotonic
from typing import Final, Self

import aiohttp
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct
from multidict import CIMultiDictProxy
from yarl import URL

from . import statuses
from .connections import Connections
from .errors import BadResponse, Dropped, TimedOut, Unavailable, UpstreamError
from .policy import Policy
from .reader import Reader
from .territories import LISTS, Folded, Folding

_FORM: Final = "application/x-www-form-urlencoded"
_INTERIM: Final = frozenset(range(100, 200)) - {HTTPStatus.SWITCHING_PROTOCOLS}
_MOST_INTERIM: Final = 20
"""Answers like 100 and 103 before the one that counts: a server that sends them without end keeps
the parser, and so everybody, busy."""

_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
_NO_BODY: Final = LISTS.folded(b"").with_its_lists()


class Answer(Struct, frozen=True):
    """What came back. `body` is decompressed, and empty for every status but 200 and 201."""

    status: int
    headers: CIMultiDictProxy[str]
    body: Folded

    def __repr__(self) -> str:
        return f"Answer({self.status}, ...)"

    def header(self, name: str) -> str | None:
        """All values of a header as one list with commas, or None without any."""
        values = self.headers.getall(name, None)
        return None if values is None else ", ".join(values)


class Transport:
    """HTTP to one address and to no other: redirects are not followed, cookies not kept.

    Connections and parser are aiohttp's; its session is left out. What that builds and takes apart
    for each request is two thirds of the CPU time of a small GET, and it would send a GET again by
    itself when the connection breaks, out of sight of every bound.

    `send` raises TimedOut, Unavailable and BadResponse, each with a reason that names neither
    address nor contents. ValueError where the address is none that can be asked.
    """

    def __init__(self, address: str, policy: Policy) -> None:
        self._base = _base(address)
        self._path = self._base.raw_path.rstrip("/")
        self._policy = policy
        self._kept: Connections | None = None
        self._single: Connections | None = None

    async def __aenter__(self) -> Self:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": self._policy.compression,
            "User-Agent": "onedtouch-graphql",
        }
        # upstream.gate bounds how many are used at once, and fairly: so these have no limit.
        self._kept = Connections(
            self._base,
            headers,
            self._policy.connect_timeout,
            ttl_dns_cache=60,
            keepalive=self._policy.keepalive,
            large_body=self._policy.large_body_bytes,
        )
        # What is sent once must not meet a connection that the other side is just closing.
        headers["Connection"] = "close"
        self._single = Connections(self._base, headers, self._policy.connect_timeout, keepalive=0)
        return self

    async def __aexit__(self, *_: object) -> None:
        pools = self._kept, self._single
        self._kept = self._single = None
        for pool in pools:
            if pool is not None:
                await pool.close()

    async def send(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        target: str,
        *,
        timeout: float,  # noqa: ASYNC109 - raises our own error, and covers the body too
        token: str | None = None,
        etag: str | None = None,
        form: bytes | None = None,
        familiar: Folded | None = None,
        new: bool = False,
    ) -> Answer:
        """The answer to one request, within so many seconds.

        `target` is a path of the REST API with its query, already encoded; the token goes into
        the Authorization header, the ETag into If-None-Match, the form into the body. Where the
        familiar body comes, with its lists, the answer's is that very object. A `new` connection
        is one that was not kept.
        """
        pool = self._kept if form is None else self._single
        if pool is None:
            raise Unavailable("the client is closed")
        head = f"{method} {self._path}{target} HTTP/1.1\r\n{pool.header_lines}"
        if token is not None:
            head += f"Authorization: Bearer {token}\r\n"
        if etag is not None:
            head += f"If-None-Match: {etag}\r\n"
        if form is not None:
            head += f"Content-Type: {_FORM}\r\nContent-Length: {len(form)}\r\n"
        # An ETag goes back as the bytes that it came as: so aiohttp's parser has decoded it.
        request = (head + "\r\n").encode(errors="surrogateescape") + (form or b"")
        # The library's exceptions carry addresses and headers: ours are raised outside of the
        # except block, so that nothing leads from them to those.
        try:
            return await self._exchanged(pool, request, timeout, familiar, new=new)
        except (TimeoutError, aiohttp.ClientError, HttpProcessingError, OSError) as error:
            failed = _failure(error)
            # A reader holds it, and its frames would hold the reader and all that it has read.
            error.__traceback__ = None
        raise failed

    async def _exchanged(
        self,
        pool: Connections,
        request: bytes,
        seconds: float,
        familiar: Folded | None,
        *,
        new: bool,
    ) -> Answer:
        """What comes back for these bytes; raises the library's exceptions, and TimeoutError."""
        deadline = monotonic() + seconds
        lease = await pool.take(seconds, new=new)
        reader = lease.reader
        too_late = usable = begun = False

        def give_up() -> None:
            nonlocal too_late
            too_late = True
            reader.set_exception(TimeoutError())

        # asyncio.timeout costs five times as much, which is a tenth of a small GET.
        alarm = pool.call_later(deadline - monotonic(), give_up)
        try:
            reader.set_response_params(read_until_eof=True, auto_decompress=False)
            folding = LISTS.folding(familiar)
            # What is familiar is only compared: it makes no way for others, and needs none.
            lane = pool.lane if familiar is None else None
            reader.expect(folding.feed, self._policy.most_body_bytes, lane)
            lease.transport.write(request)
            head, content = await reader.read()
            begun = True
            if head.code in _INTERIM:
                head, content = await self._after_interim(reader)
            body = _NO_BODY
            if head.code in statuses.WITH_BODY:
                body = await self._body(head, content, folding)
            # A body without a length ends with the connection, but not in that way.
            ends_with_it = not (head.chunked or "Content-Length" in head.headers)
            broken_off = reader.is_reset and ends_with_it and head.code in statuses.WITH_BODY
            usable = not (too_late or broken_off)
        except Exception as error:
            ended = reader.is_reset or isinstance(error, aiohttp.ServerDisconnectedError)
            if ended and lease.kept and not begun:
                raise _Ended from None
            if reader.is_reset:
                # aiohttp does not tell it from an answer that is too short.
                raise aiohttp.ClientOSError from None
            if not too_late:
                raise
        finally:
            alarm.cancel()
            pool.give_back(lease, usable=usable)
        if too_late:
            raise TimeoutError
        if broken_off:
            raise aiohttp.ClientOSError
        return Answer(head.code, head.headers, body)

    @staticmethod
    async def _after_interim(reader: Reader) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
        """The head that counts, after one that does not; BadResponse where more and more follow."""
        for _ in range(_MOST_INTERIM - 1):
            head, content = await reader.read()
            if head.code not in _INTERIM:
                return head, content
        raise BadResponse("one interim answer after the other")

    async def _body(
        self, head: RawResponseMessage, content: aiohttp.StreamReader, folding: Folding
    ) -> Folded:
        """The whole body, of which the reader may have fed the folding with some already."""
        most = self._policy.most_body_bytes
        length = None if head.chunked else head.headers.get("Content-Length")
        if length is not None and int(length) > most:
            raise BadResponse("too large")
        encoding = head.headers.get("Content-Encoding", "identity").strip().lower()
        is_plain = encoding == "identity"
        packed: list[bytes] = []
        take = folding.feed if is_plain else packed.append
        size = 0
        while not content.at_eof():
            piece = await content.readany()
            size += len(piece)
            if size > most:
                raise BadResponse("too large")
            take(piece)
        if not is_plain:
            folding.feed(_decompressed(b"".join(packed), encoding, most))
        return folding.folded()


class _Ended(aiohttp.ServerDisconnectedError):
    """A connection that was kept ended before anything came."""


def _failure(error: Exception) -> UpstreamError:
    """What one of the library's exceptions comes to."""
    if isinstance(error, _Ended):
        return Dropped("a kept connection had ended")
    if isinstance(error, TimeoutError):
        return TimedOut("no whole answer in time")
    if isinstance(error, aiohttp.ClientPayloadError | HttpProcessingError):
        return BadResponse("cut short, or no HTTP")
    return Unavailable("no connection")


def _base(address: str) -> URL:
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
    return url


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
