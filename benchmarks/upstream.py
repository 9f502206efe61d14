"""The static upstream: the REST API's answers as bytes that were made before they are asked for.

`python -m benchmarks.upstream` prints its address and serves until standard input closes. Any
bearer token is accepted, none is 401. It counts requests and can be late, so that it is never
what is measured. Its own addresses: GET and DELETE /_requests, PUT /_delay/20 (milliseconds).
"""

import asyncio
import re
import sys
from typing import Final, cast
from urllib.parse import parse_qsl

import uvloop

from . import catalogue

BACKLOG: Final = 16_384
ANNOUNCEMENT: Final = "serving at "

_API: Final = re.compile(r"/api/v1/([a-z]+)(?:/([0-9]{1,9}))?(?:\?(.*))?")
_END: Final = b"\r\n\r\n"


def _answer(body: bytes, status: str = "200 OK", header: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n{header}\r\n"
    )
    return head.encode() + body


NOT_FOUND: Final = _answer(b'{"error":"not_found"}', "404 Not Found")
UNAUTHORIZED: Final = _answer(b'{"error":"unauthorized"}', "401 Unauthorized")


def _link(base: str, page: int, last: int, per_page: int) -> str:
    pages = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    return ", ".join(
        f'<{base}?page={number}&per_page={per_page}>; rel="{name}"'
        for name, number in pages.items()
        if 1 <= number <= last
    )


def answer_to(target: str) -> bytes:
    """The whole answer to a GET, headers and body."""
    found = _API.fullmatch(target)
    if found is None:
        return NOT_FOUND
    kind, number, query = found.groups()
    if number is not None:
        row = catalogue.one(kind, int(number)) if kind in catalogue.OBJECTS else None
        return NOT_FOUND if row is None else _answer(row)
    if kind not in catalogue.LISTS:
        return NOT_FOUND
    asked = dict(parse_qsl(query or ""))
    page = int(asked.get("page", 1))
    per_page = min(int(asked.get("per_page", 25)), catalogue.LARGEST_PAGE)
    rows, last = catalogue.page(kind, page, per_page)
    link = _link(f"http://localhost:3000/api/v1/{kind}", page, last, per_page)
    return _answer(rows, header=f"Link: {link}\r\n")


class Upstream:
    """What all connections share: the answers that were made, the count, the delay in seconds."""

    def __init__(self) -> None:
        self.answers: dict[bytes, bytes] = {}
        self.requests = 0
        self.delay = 0.0

    def control(self, method: bytes, target: bytes) -> bytes:
        """The answer to a request to one of the upstream's own addresses."""
        if target.startswith(b"/_delay/"):
            self.delay = float(target.removeprefix(b"/_delay/")) / 1000
        elif method == b"DELETE":
            self.requests = 0
        return _answer(b'{"requests":%d}' % self.requests)


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests have no body."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._transport: asyncio.Transport
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            head = self._received[:end]
            self._received = self._received[end + len(_END) :]
            self._respond(head)

    def _respond(self, head: bytes) -> None:
        upstream = self._upstream
        method, target, _ = head.split(b" ", 2)
        if target.startswith(b"/_"):
            self._transport.write(upstream.control(method, target))
            return
        upstream.requests += 1
        # Header names come in any case: h, or H, is left out.
        if b"uthorization: Bearer " not in head:
            answer = UNAUTHORIZED
        else:
            made = upstream.answers.get(target)
            if made is None:
                made = upstream.answers[target] = answer_to(target.decode("ascii"))
            answer = made
        if upstream.delay:
            asyncio.get_running_loop().call_later(upstream.delay, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


class _StandardInput(asyncio.Protocol):
    """What reads standard input only to notice its end."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._ended.set()


async def _serve() -> None:
    upstream = Upstream()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    await loop.connect_read_pipe(lambda: _StandardInput(ended), sys.stdin)
    server = await loop.create_server(lambda: Connection(upstream), "127.0.0.1", 0, backlog=BACKLOG)
    host, port = server.sockets[0].getsockname()
    sys.stdout.write(f"{ANNOUNCEMENT}http://{host}:{port}\n")
    sys.stdout.flush()
    await ended.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve())
